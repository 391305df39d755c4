import { randomBytes } from "node:crypto";
import { keyOf, type Topic, type Topics } from "./topics.ts";

/** What a client tells of itself, and the reference that tells one telling from the next. */
export type Meta = Record<string, unknown> & { phx_ref: string; phx_ref_prev?: string };

/** Who is there by key, as `presence_state` and both halves of `presence_diff` have it. */
export type Roster = Record<string, { metas: Meta[] }>;

/** One client's place in a topic's presence. */
export interface Member {
  readonly topic: Topic;
  readonly key: string;
}

/** Who is present in which topic. */
export class Presence {
  readonly #rosters = new Map<string, Map<Member, Meta>>();

  constructor(private readonly topics: Topics) {}

  state(topic: Topic): Roster {
    return rosterOf(this.#rosters.get(keyOf(topic)) ?? []);
  }

  /** Enters or changes what is told of the member; tells the topic. */
  track(member: Member, payload: Readonly<Record<string, unknown>>): void {
    const key = keyOf(member.topic);
    const roster = this.#rosters.get(key) ?? new Map<Member, Meta>();
    this.#rosters.set(key, roster);
    const earlier = roster.get(member);
    const meta: Meta = {
      ...payload,
      phx_ref: newReference(),
      ...(earlier && { phx_ref_prev: earlier.phx_ref }),
    };
    roster.set(member, meta);
    this.#tell(member.topic, [[member, meta]], earlier ? [[member, earlier]] : []);
  }

  /** Takes the member out, if it is there; tells the topic. */
  untrack(member: Member): void {
    const key = keyOf(member.topic);
    const roster = this.#rosters.get(key);
    const earlier = roster?.get(member);
    if (!roster || !earlier) return;
    roster.delete(member);
    if (roster.size === 0) this.#rosters.delete(key);
    this.#tell(member.topic, [], [[member, earlier]]);
  }

  #tell(topic: Topic, joins: Iterable<[Member, Meta]>, leaves: Iterable<[Member, Meta]>): void {
    this.topics.tellPresence(topic, { joins: rosterOf(joins), leaves: rosterOf(leaves) });
  }
}

const newReference = () => randomBytes(12).toString("base64url");

const rosterOf = (entries: Iterable<[Member, Meta]>): Roster => {
  const roster = new Map<string, { metas: Meta[] }>();
  for (const [{ key }, meta] of entries) {
    const present = roster.get(key);
    if (present) present.metas.push(meta);
    else roster.set(key, { metas: [meta] });
  }
  return Object.fromEntries(roster);
};
