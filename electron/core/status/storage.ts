import { statfsSync } from 'node:fs';

/** Free space below which the screen warns, and below which nothing but attendance is written. */
const LOW_BYTES = 500 * 1024 * 1024;
const FULL_BYTES = 20 * 1024 * 1024;

/** State of the disk under the kiosk's folder; one that can't be asked counts as full. */
export function storageState(home: string): 'ok' | 'low' | 'full' {
  const free = freeBytes(home);
  if (free < FULL_BYTES) return 'full';
  return free < LOW_BYTES ? 'low' : 'ok';
}

/** Bytes that are free under the kiosk's folder; 0 where that can't be asked. */
export function freeBytes(home: string): number {
  try {
    const { bavail, bsize } = statfsSync(home);
    return bavail * bsize;
  } catch {
    return 0; // an unmounted or broken disk: nothing can be counted on
  }
}
