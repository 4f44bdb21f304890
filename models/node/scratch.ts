/** Buffers that concurrent calls borrow and return: no two calls ever share one. */
export class Scratch<T> {
  readonly #free: T[] = [];
  readonly #make: () => T;

  constructor(make: () => T) {
    this.#make = make;
  }

  /** Runs `work` with a buffer of its own; the buffer is free again when `work` has settled. */
  async use<R>(work: (buffer: T) => Promise<R>): Promise<R> {
    const buffer = this.#free.pop() ?? this.#make();
    try {
      return await work(buffer);
    } finally {
      this.#free.push(buffer);
    }
  }
}
