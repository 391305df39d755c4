/** A map that holds at most `size` entries; the one used longest ago goes first. */
export class Recent<Key, Value> {
  readonly #entries = new Map<Key, Value>();

  /** `onDropped` hears of what had to go. */
  constructor(
    readonly size: number,
    readonly onDropped: (value: Value) => void = () => undefined,
  ) {}

  get(key: Key): Value | undefined {
    const value = this.#entries.get(key);
    // Taken out and put back, so that the first of the map is the one used longest ago.
    if (value !== undefined && this.#entries.delete(key)) this.#entries.set(key, value);
    return value;
  }

  set(key: Key, value: Value): void {
    this.#entries.set(key, value);
    if (this.#entries.size <= this.size) return;
    const [oldest] = this.#entries;
    if (!oldest) return;
    this.#entries.delete(oldest[0]);
    this.onDropped(oldest[1]);
  }

  /** The entry, made and kept when there is none. */
  take(key: Key, make: () => Value): Value {
    const known = this.get(key);
    if (known !== undefined) return known;
    const value = make();
    this.set(key, value);
    return value;
  }

  clear(): void {
    const dropped = [...this.#entries.values()];
    this.#entries.clear();
    for (const value of dropped) this.onDropped(value);
  }
}
