import { type Access, Refused } from "./access.ts";
import type { Authorization, Extension } from "./authorization.ts";
import type { Join } from "./join.ts";

export interface ChannelPoliciesPorts {
  authorization: Authorization;
  headers: Record<string, string>;
  log(message: string): void;
}

export const databaseUnavailable = new Refused(
  "UnableToConnectToProject",
  "Realtime was unable to connect to the project database",
);

/**
 * What the policies on `realtime.messages` allow one client in one channel. Reading is asked when
 * joining and for every new token, writing with the first message. A public channel has none.
 */
export class ChannelPolicies {
  /** Absent before `admit`, and in a public channel. */
  #readable: ReadonlySet<string> | undefined;
  readonly #writable = new Map<Extension, Promise<boolean> | boolean>();

  constructor(
    private readonly join: Join,
    private access: Access,
    private readonly ports: ChannelPoliciesPorts,
  ) {}

  mayRead(extension: Extension): boolean {
    return this.#readable?.has(extension) ?? !this.join.private;
  }

  /** Lets the caller in, or go on as this one; rejects with `Refused`, and nothing has changed. */
  async admit(access: Access, extensions: readonly Extension[]): Promise<void> {
    if (this.join.private) {
      const readable = await this.#ask(access, extensions);
      for (const extension of this.#readable ?? []) {
        if (!readable.has(extension)) throw noLongerReadable(this.join.name);
      }
      this.#readable = readable;
    }
    if (access === this.access) return;
    this.access = access;
    this.#writable.clear();
  }

  mayWrite(extension: Extension): boolean | Promise<boolean> {
    if (!this.join.private) return true;
    const known = this.#writable.get(extension);
    if (known !== undefined) return known;
    const asked = this.#askToWrite(extension);
    this.#writable.set(extension, asked);
    return asked;
  }

  async #ask(access: Access, read: readonly Extension[]): Promise<ReadonlySet<string>> {
    const { name } = this.join;
    const { readable, problem } = await this.ports.authorization
      .ask({ ...this.#question(access), read, write: [] })
      .catch((error) => {
        this.ports.log(`Realtime could not authorise a join of ${name}: ${error}`);
        throw databaseUnavailable;
      });
    if (problem) this.#logPolicy(problem);
    if (readable.size === 0) throw notReadable(name);
    return readable;
  }

  async #askToWrite(extension: Extension): Promise<boolean> {
    const { access } = this;
    try {
      const { writable, problem } = await this.ports.authorization.ask({
        ...this.#question(access),
        read: [],
        write: [extension],
      });
      if (problem) this.#logPolicy(problem);
      const isAllowed = writable.has(extension);
      // A token that came meanwhile is asked about anew.
      if (access === this.access) this.#writable.set(extension, isAllowed);
      return isAllowed;
    } catch (error) {
      this.ports.log(`Realtime could not authorise a message to ${this.join.name}: ${error}`);
      // Not kept: the next message asks again.
      this.#writable.delete(extension);
      return false;
    }
  }

  #question(access: Access) {
    return { access, topic: this.join.name, headers: this.ports.headers };
  }

  #logPolicy(problem: string): void {
    this.ports.log(`A policy on realtime.messages failed for ${this.join.name}: ${problem}`);
  }
}

export const notReadable = (name: string): Refused =>
  new Refused(
    "Unauthorized",
    `You do not have permissions to read from this Channel topic: ${name}`,
  );

const noLongerReadable = (name: string): Refused =>
  new Refused(
    "Unauthorized",
    `You no longer have permission to read from this Channel topic: ${name}`,
  );
