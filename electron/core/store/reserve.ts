import { existsSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../../../sync/disk/replace.ts';
import { asProblem } from './database.ts';

/** Sizes of the reserve files, bytes. They are filled, not sparse. Attendance never uses the second. */
const RESERVES = [
  { name: 'reserve.bin', bytes: 4 * 1024 * 1024 },
  { name: 'reserve-erasures.bin', bytes: 1024 * 1024 },
] as const;
/** A file is recreated only when this many times its size is free on the disk. */
const MARGIN = 4;

/**
 * Space reserved for attendance and erasures: files that are deleted when the disk is full. Some thousand more check-ins fit until
 * someone frees space, and after those an erasure still does.
 */
export class Reserve {
  readonly #home: string;
  #kept = false;

  /** @param home the kiosk's folder */
  constructor(home: string) {
    this.#home = home;
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
    for (const { name, bytes } of RESERVES) {
      const file = join(this.#home, name);
      if (existsSync(file)) continue;
      const { bavail, bsize } = statfsSync(this.#home);
      if (bavail * bsize < MARGIN * bytes) return false;
      replaceFile(file, Buffer.alloc(bytes, 0x5a), { durable: false });
    }
    return true;
  }

  /**
   * Runs a small write that attendance depends on. If the disk is full, the reserve is released for it.
   * @param erasing the write erases someone, and may use the reserve for erasures too
   */
  withReserve<T>(write: () => T, erasing = false): T {
    try {
      return write();
    } catch (error) {
      const problem = asProblem(error) as { code?: string };
      if (problem.code !== 'storage-full') throw problem;
      this.#kept = false;
      const left = RESERVES.slice(0, erasing ? 2 : 1)
        .map(({ name }) => join(this.#home, name))
        .find((file) => existsSync(file));
      if (!left) throw problem;
      rmSync(left, { force: true });
      return this.withReserve(write, erasing);
    }
  }
}

/** Returns whether the disk is to blame: full, or failing. */
export function isStorageProblem(error: unknown): boolean {
  const { code } = asProblem(error) as { code?: unknown };
  return code === 'storage-full' || code === 'storage-failed';
}
