import { Problem } from '../../../errors/problem.ts';

/** A place in a device's queue, reserved before its message is read. */
export interface QueuePlace {
  /**
   * Runs the work when it is the device's turn and a slot is free. Releases the place afterwards.
   *
   * @throws Problem `too-many-requests` if the place was released before
   */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Releases a place whose work has not been started. Otherwise does nothing. */
  release(): void;
}

/** Places per device. An honest one has a single message in flight, and perhaps one that it sent again. */
const MAX_PER_DEVICE = 2;
const AT_ONCE = 8;

/** Handles one message at a time per device, with few waiting, and a limited number at once for all devices. */
export class PerDeviceQueue {
  readonly #atOnce: number;
  readonly #devices = new Map<string, { count: number; tail: Promise<unknown> }>();
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(atOnce = AT_ONCE) {
    this.#atOnce = atOnce;
  }

  /** @returns null if the device has no free place */
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
      // The slot is handed over rather than released, so that no other caller can take it.
      const next = this.#queue.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}
