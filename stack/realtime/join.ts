import { randomUUID } from "node:crypto";
import { z } from "zod";
import { Refused } from "./access.ts";
import { type Binding, bindingOf } from "./changes.ts";
import { type Replay, readReplay } from "./history.ts";
import { topicPrefix } from "./topics.ts";

/** What a client asks for when it joins a channel. */
export interface Join {
  /** Without `realtime:`. */
  name: string;
  private: boolean;
  /** Reply to every broadcast of this client. */
  ack: boolean;
  /** Send this client's broadcasts back to it. */
  self: boolean;
  /** Tell when changes of the database can be heard. */
  replicationReady: boolean;
  replay?: Replay;
  /** Whether the client wants to know who is there, and what it is known by itself. */
  presence: { enabled: boolean; key: string };
  /** The tables that it watches. */
  bindings: readonly Binding[];
  /** Absent: the socket's API key speaks for the client. */
  token?: string;
}

const Flag = z
  .union([z.boolean(), z.literal("true").transform(() => true)])
  .catch(false)
  .default(false);

const Token = z.string().min(1).optional().catch(undefined);

const Key = z.union([z.string(), z.number(), z.boolean()]).catch("").default("");

const JoinPayload = z.object({
  access_token: Token,
  /** The name that older clients give it. */
  user_token: Token,
  config: z
    .object({
      private: Flag,
      broadcast: z
        .object({ ack: Flag, self: Flag, replication_ready: Flag, replay: z.unknown() })
        .partial()
        .catch({})
        .default({}),
      presence: z.object({ enabled: Flag, key: Key }).partial().catch({}).default({}),
      postgres_changes: z.array(z.record(z.string(), z.unknown()).nullish()).catch([]).default([]),
    })
    .partial()
    .catch({})
    .default({}),
});

/** Reads a join; throws `Refused` for what cannot be joined. */
export const readJoin = (topic: string, payload: Record<string, unknown>): Join => {
  const { config, access_token, user_token } = JoinPayload.parse(payload);
  const name = topic.slice(topicPrefix.length);
  if (name === "") throw new Refused("TopicNameRequired", "You must provide a topic name");
  const { broadcast = {}, presence = {}, postgres_changes: changes = [] } = config;
  const isPrivate = config.private ?? false;
  const token = access_token ?? user_token;
  const replay = readReplay(broadcast.replay, isPrivate);
  return {
    name,
    private: isPrivate,
    ack: broadcast.ack ?? false,
    self: broadcast.self ?? false,
    replicationReady: broadcast.replication_ready ?? false,
    presence: {
      enabled: presence.enabled ?? false,
      key: String(presence.key ?? "") || randomUUID(),
    },
    bindings: changes.flatMap((params) => (params ? [bindingOf(params)] : [])),
    ...(replay && { replay }),
    ...(token && { token }),
  };
};
