import { z } from "zod";
import { Refused } from "./access.ts";
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
  /** Absent: the socket's API key speaks for the client. */
  token?: string;
}

const Flag = z
  .union([z.boolean(), z.literal("true").transform(() => true)])
  .catch(false)
  .default(false);

const Token = z.string().min(1).optional().catch(undefined);

const JoinPayload = z.object({
  access_token: Token,
  /** The name that older clients give it. */
  user_token: Token,
  config: z
    .object({
      private: Flag,
      broadcast: z
        .object({ ack: Flag, self: Flag, replay: z.unknown() })
        .partial()
        .catch({})
        .default({}),
      presence: z.object({ enabled: Flag }).partial().catch({}).default({}),
      postgres_changes: z.array(z.unknown()).catch([]).default([]),
    })
    .partial()
    .catch({})
    .default({}),
});

const notServed = (feature: string) =>
  new Refused(
    "NotSupported",
    `The local stack does not serve ${feature}; broadcast from the database instead ` +
      "(realtime.send, realtime.broadcast_changes)",
  );

/** Reads a join; throws `Refused` for what cannot be joined. */
export const readJoin = (topic: string, payload: Record<string, unknown>): Join => {
  const { config, access_token, user_token } = JoinPayload.parse(payload);
  const name = topic.slice(topicPrefix.length);
  if (name === "") throw new Refused("TopicNameRequired", "You must provide a topic name");
  // Joining without them would look like a subscription that stays silent.
  if (config.postgres_changes?.length) throw notServed("postgres_changes");
  if (config.presence?.enabled) throw notServed("presence");
  if (config.broadcast?.replay) throw notServed("replay of broadcasts");
  const token = access_token ?? user_token;
  return {
    name,
    private: config.private ?? false,
    ack: config.broadcast?.ack ?? false,
    self: config.broadcast?.self ?? false,
    ...(token ? { token } : {}),
  };
};
