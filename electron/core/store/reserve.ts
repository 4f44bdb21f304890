import { existsSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../../../sync/disk/replace.ts';
import { asProblem, guarded } from './database.ts';

/** Size of the reserve file. It is filled, not sparse. */
const RESERVE_BYTES = 4 * 1024 * 1024;
/** The file is recreated only when this many times its size is free on the disk. */
const MARGIN = 4;

/**
 * Space reserved for attendance: a file that is deleted when the disk is full, so that some thousand more check-ins fit until
 * someone frees space.
 */
export class Reserve {
  readonly #home: string;
  #kept = false;

  /** @param home the kiosk's folder */
  constructor(home: string) {
    this.#home = home;
  }

  get #file(): string {
    return join(this.#home, 'reserve.bin');
  }

  /**
   * Ensures that space is reserved; returns whether it is. While it is not, the disk counts as full for photos, which would use
   * up the space given to check-ins.
   */
  keep(): boolean {
    if (this.#kept) return true;
    try {
      this.#kept = this.#make();
    } catch (error) {
      if (!isStorageProblem(error)) throw error;
    }
    return this.#kept;
  }

  #make(): boolean {
    if (existsSync(this.#file)) return true;
    const { bavail, bsize } = statfsSync(this.#home);
    if (bavail * bsize < MARGIN * RESERVE_BYTES) return false;
    replaceFile(this.#file, Buffer.alloc(RESERVE_BYTES, 0x5a), { durable: false });
    return true;
  }

  /** Runs a small write that attendance depends on. If the disk is full, the reserve is released for it. */
  withReserve<T>(write: () => T): T {
    try {
      return write();
    } catch (error) {
      const problem = asProblem(error) as { code?: string };
      if (problem.code !== 'storage-full') throw problem;
      this.#kept = false;
      if (!existsSync(this.#file)) throw problem;
      rmSync(this.#file, { force: true });
      return guarded(write);
    }
  }
}

/** Returns whether the disk is to blame: full, or failing. */
export function isStorageProblem(error: unknown): boolean {
  const { code } = asProblem(error) as { code?: unknown };
  return code === 'storage-full' || code === 'storage-failed';
}
