/** Buffers that concurrent calls borrow and return. No two calls ever share one. */
export class Scratch<T> {
  readonly #free: T[] = [];
  readonly #make: () => T;

  constructor(make: () => T) {
    this.#make = make;
  }

  /** Runs `work` with its own buffer, which is returned when `work` has settled. */
  async use<R>(work: (buffer: T) => Promise<R>): Promise<R> {
    const buffer = this.#free.pop() ?? this.#make();
    try {
      return await work(buffer);
    } finally {
      this.#free.push(buffer);
    }
  }
}
