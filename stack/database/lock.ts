/** A first-in, first-out lock: `run` starts when every earlier holder is done. */
export class Lock {
  #tail: Promise<unknown> = Promise.resolve();

  run<T>(use: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(use, use);
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  /** Takes the lock until the returned function is called, for holders without one callback. */
  acquire(): Promise<() => void> {
    return new Promise((acquired) => {
      void this.run(() => new Promise<void>((release) => acquired(release)));
    });
  }
}
