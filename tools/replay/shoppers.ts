/** A session of the shop that one order at a time uses. */
interface Seat<T> {
  session: Promise<T>;
  /** Ends when everybody who came before has left. */
  queue: Promise<unknown>;
  waiting: number;
}

/**
 * Sessions of returning customers, at most `limit` kept, the least recently used given up first.
 * A session has one cart, so its orders follow each other. Guests get a session each.
 */
export class ShopperPool<T> {
  readonly #seats = new Map<string, Seat<T>>();
  #opened = 0;

  constructor(
    readonly open: () => Promise<T>,
    readonly limit: number,
  ) {}

  /** Sessions opened so far. */
  get opened(): number {
    return this.#opened;
  }

  /** Runs `work` with the customer's session, or with a new one for a guest (null). */
  async use<R>(customer: string | null, work: (session: T) => Promise<R>): Promise<R> {
    if (customer === null) {
      this.#opened += 1;
      return work(await this.open());
    }
    const seat = this.#seatOf(customer);
    seat.waiting += 1;
    const turn = seat.queue.then(async () => work(await seat.session));
    seat.queue = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      seat.waiting -= 1;
    }
  }

  #seatOf(customer: string): Seat<T> {
    const known = this.#seats.get(customer);
    this.#seats.delete(customer);
    const seat = known ?? this.#newSeat(customer);
    // Map order is order of use: the front is who has not come for longest.
    this.#seats.set(customer, seat);
    for (const [name, { waiting }] of this.#seats) {
      if (this.#seats.size <= this.limit) break;
      if (waiting === 0 && name !== customer) this.#seats.delete(name);
    }
    return seat;
  }

  #newSeat(customer: string): Seat<T> {
    this.#opened += 1;
    const session = this.open();
    // Whoever comes next tries anew instead of finding a failed session.
    session.catch(() => this.#seats.delete(customer));
    return { session, queue: Promise.resolve(), waiting: 0 };
  }
}
