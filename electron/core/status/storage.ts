import { statfsSync } from 'node:fs';
import { DISK_FULL, DISK_LOW } from '../../../sync/protocol/wire/fleet.ts';
import type { Store } from '../store/interface.ts';

type StorageState = 'ok' | 'low' | 'full';

/** State of the disk under the kiosk's folder; one that can't be asked counts as full. */
export function storageState(home: string): StorageState {
  const free = freeBytes(home);
  if (free < DISK_FULL) return 'full';
  return free < DISK_LOW ? 'low' : 'ok';
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

/** The state last reported to the server; absent means `ok`. */
const REPORTED = 'storage-reported';

/**
 * Reports the state of the kiosk's disk to the server, once a change. Where the disk has no room for the event itself
 * it is reported when there is, the worst first, so that the server hears of every shortage, in its order.
 */
export function createStorageReporter(store: {
  readonly settings: Pick<Store['settings'], 'get'>;
  readonly events: Pick<Store['events'], 'reportIfSpace'>;
}): (state: StorageState) => void {
  let reported = (store.settings.get(REPORTED) ?? 'ok') as StorageState;
  let unsaid: StorageState[] = [];
  return (state) => {
    if (state !== (unsaid.at(-1) ?? reported)) unsaid.push(state);
    // A disk that comes and goes while it can't be reported: where it was worst, and where it is.
    if (unsaid.length > 2) unsaid = unsaid.includes('full') && state !== 'full' ? ['full', state] : [state];
    for (let next = unsaid[0]; next !== undefined; next = unsaid[0]) {
      if (!store.events.reportIfSpace('storage', { state: next }, { [REPORTED]: next })) return;
      reported = next;
      unsaid.shift();
    }
  };
}
