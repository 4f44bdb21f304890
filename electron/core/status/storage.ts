import { statfsSync } from 'node:fs';
import { DISK_FULL, DISK_LOW } from '../../../sync/protocol/wire/fleet.ts';
import type { Store } from '../store/interface.ts';

type StorageState = 'ok' | 'low' | 'full';

/** Returns the state of the disk with the kiosk's folder. A disk that can't be queried counts as full. */
export function storageState(home: string): StorageState {
  const free = freeBytes(home);
  if (free < DISK_FULL) return 'full';
  return free < DISK_LOW ? 'low' : 'ok';
}

/** Returns the free bytes on the disk with the kiosk's folder; 0 if that can't be queried. */
export function freeBytes(home: string): number {
  try {
    const { bavail, bsize } = statfsSync(home);
    return bavail * bsize;
  } catch {
    return 0; // an unmounted or broken disk: assume nothing
  }
}

/** The state last reported to the server; absent means `ok`. */
const REPORTED = 'storage-reported';

/**
 * Reports the state of the kiosk's disk to the server, once per change. If the disk has no space for the event itself, it is
 * reported later, the worst state first, so that the server learns of every shortage, in order.
 */
export function createStorageReporter(store: {
  readonly settings: Pick<Store['settings'], 'get'>;
  readonly events: Pick<Store['events'], 'reportIfSpace'>;
}): (state: StorageState) => void {
  let reported = (store.settings.get(REPORTED) ?? 'ok') as StorageState;
  let unsaid: StorageState[] = [];
  return (state) => {
    if (state !== (unsaid.at(-1) ?? reported)) unsaid.push(state);
    // The state changed several times while it could not be reported: keep the worst and the latest.
    if (unsaid.length > 2) unsaid = unsaid.includes('full') && state !== 'full' ? ['full', state] : [state];
    for (let next = unsaid[0]; next !== undefined; next = unsaid[0]) {
      if (!store.events.reportIfSpace('storage', { state: next }, { [REPORTED]: next })) return;
      reported = next;
      unsaid.shift();
    }
  };
}
