/** What one project may do, as Supabase counts it. */
export interface LimitSettings {
  /** Clients with a joined channel. */
  users: number;
  joinsPerSecond: number;
  channelsPerClient: number;
  /** Sent and delivered, of everybody. */
  messagesPerSecond: number;
  presencePerSecond: number;
  /** Presence messages of one client in one channel. */
  presencePerClient: { messages: number; seconds: number };
  /** Bytes of a broadcast or of what is tracked. */
  payload: number;
}

/** Larger than this a broadcast is refused: 3,000 kB and some room for the rest. */
export const maximumPayload = 3_000_500;

/** Those of a hosted Supabase project on the Pro plan without spend cap. */
export const defaultLimits: LimitSettings = {
  users: 10_000,
  joinsPerSecond: 2_500,
  channelsPerClient: 100,
  messagesPerSecond: 2_500,
  presencePerSecond: 1_000,
  presencePerClient: { messages: 5, seconds: 30 },
  payload: maximumPayload,
};

/** Seconds that a rate is the average of, as on Supabase: a short burst is no offence. */
const window = 60;

/** Counts events and tells when there are more a second than allowed. */
export class Rate {
  readonly #perSecond = new Uint32Array(window);
  #second = 0;
  #total = 0;

  constructor(
    private readonly limit: number,
    private readonly now: () => number = Date.now,
  ) {}

  add(count = 1): void {
    this.#advance();
    const at = this.#second % window;
    this.#perSecond[at] = (this.#perSecond[at] ?? 0) + count;
    this.#total += count;
  }

  /** Whether `more` events would be too many. */
  isExceeded(more = 0): boolean {
    this.#advance();
    return (this.#total + more) / window > this.limit;
  }

  /** Whether the rate and this many events at once come to more than the limit of one second. */
  isTooMuchAtOnce(count: number): boolean {
    this.#advance();
    return this.#total / window + count > this.limit;
  }

  /** Whether nothing is left of the limit. */
  isReached(): boolean {
    this.#advance();
    return this.#total / window >= this.limit;
  }

  #advance(): void {
    const second = Math.floor(this.now() / 1000);
    const from = Math.max(this.#second + 1, second - window + 1);
    for (let passed = from; passed <= second; passed++) {
      const at = passed % window;
      this.#total -= this.#perSecond[at] ?? 0;
      this.#perSecond[at] = 0;
    }
    this.#second = Math.max(this.#second, second);
  }
}

/** The limits and what has been used of them. */
export interface Limits {
  readonly settings: LimitSettings;
  readonly joins: Rate;
  readonly messages: Rate;
  readonly presence: Rate;
  /** Clients with a joined channel. */
  readonly users: Set<object>;
}

export const createLimits = (settings: Partial<LimitSettings> = {}): Limits => {
  const all = { ...defaultLimits, ...settings };
  return {
    settings: all,
    joins: new Rate(all.joinsPerSecond),
    messages: new Rate(all.messagesPerSecond),
    presence: new Rate(all.presencePerSecond),
    users: new Set(),
  };
};
