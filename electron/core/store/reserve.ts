import { existsSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../keys/files.ts';

/**
 * Space set aside for attendance: a file that is given up when the disk is full, so that some thousand check-ins
 * still find room while somebody makes some. Not sparse: it is filled.
 */
const RESERVE_BYTES = 4 * 1024 * 1024;
/** It is made again only when the disk has this many times its size to spare. */
const MARGIN = 4;

const file = (home: string): string => join(home, 'reserve.bin');

/** Makes the reserve unless it is there or the disk is too full; whether it is there now. */
export function keepReserve(home: string): boolean {
  if (existsSync(file(home))) return true;
  const { bavail, bsize } = statfsSync(home);
  if (bavail * bsize < MARGIN * RESERVE_BYTES) return false;
  writeFileAtomic(file(home), Buffer.alloc(RESERVE_BYTES, 0x5a), false);
  return true;
}

/** Whether there was something to give up. */
export function releaseReserve(home: string): boolean {
  if (!existsSync(file(home))) return false;
  rmSync(file(home), { force: true });
  return true;
}
