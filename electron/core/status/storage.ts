import { statfsSync } from 'node:fs';

/** Free space below which the screen warns, and below which nothing but attendance is written. */
const LOW_BYTES = 500 * 1024 * 1024;
const FULL_BYTES = 20 * 1024 * 1024;

/** State of the disk under the kiosk's folder. */
export function storageState(home: string): 'ok' | 'low' | 'full' {
  const { bavail, bsize } = statfsSync(home);
  const free = bavail * bsize;
  if (free < FULL_BYTES) return 'full';
  return free < LOW_BYTES ? 'low' : 'ok';
}
