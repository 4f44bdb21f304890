import { Problem } from '../../../errors/problem.ts';

/** A place in a device's queue, taken before its message is read. */
export interface QueuePlace {
  /**
   * Does the work when it is the device's turn and there is room; the place is free again afterwards.
   *
   * @throws Problem `too-many-requests` when the place was given up
   */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Gives up a place that was not run; otherwise nothing. */
  release(): void;
}

/**
 * Messages of one device that may be there: an honest one has a single message under way, and perhaps one sent again.
 */
const MAX_PER_DEVICE = 2;
const AT_ONCE = 8;

/** One message in work for each device, few waiting, and a bounded number in work at once for all of them. */
export class PerDeviceQueue {
  readonly #atOnce: number;
  readonly #devices = new Map<string, { count: number; tail: Promise<unknown> }>();
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(atOnce = AT_ONCE) {
    this.#atOnce = atOnce;
  }

  /** @returns null when the device has as many there as it may */
  reserve(device: string): QueuePlace | null {
    const entry = this.#devices.get(device) ?? { count: 0, tail: Promise.resolve() };
    if (entry.count >= MAX_PER_DEVICE) return null;
    this.#devices.set(device, entry);
    entry.count += 1;
    let held: 'idle' | 'running' | 'free' = 'idle';
    const free = () => {
      held = 'free';
      entry.count -= 1;
      if (entry.count === 0) this.#devices.delete(device);
    };
    return {
      run: async (work) => {
        if (held !== 'idle') throw new Problem('too-many-requests');
        held = 'running';
        const mine = entry.tail.then(() => this.#inSlot(work));
        entry.tail = mine.catch(() => undefined);
        try {
          return await mine;
        } finally {
          free();
        }
      },
      release: () => {
        if (held === 'idle') free();
      },
    };
  }

  async #inSlot<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#atOnce) await new Promise<void>((resolve) => this.#queue.push(resolve));
    else this.#running += 1;
    try {
      return await work();
    } finally {
      // Handed over, not released: no one can get in between.
      const next = this.#queue.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}
