import type { Store } from '../store/interface.ts';

export type StorageState = 'ok' | 'low' | 'full';

/** The state last reported to the server; absent means `ok`. */
const REPORTED = 'storage-reported';

/**
 * Reports the state of the kiosk's disk to the server, once a change. Where the disk has no room for the event itself
 * it is reported when there is, the worst first, so that the server hears of every shortage, in its order.
 */
export function createStorageReporter(store: {
  readonly settings: Pick<Store['settings'], 'get'>;
  readonly events: Pick<Store['events'], 'reportIfRoom'>;
}): (state: StorageState) => void {
  let reported = (store.settings.get(REPORTED) ?? 'ok') as StorageState;
  let unsaid: StorageState[] = [];
  return (state) => {
    if (state !== (unsaid.at(-1) ?? reported)) unsaid.push(state);
    // A disk that comes and goes while it can't be reported: where it was worst, and where it is.
    if (unsaid.length > 2) unsaid = unsaid.includes('full') && state !== 'full' ? ['full', state] : [state];
    for (let next = unsaid[0]; next !== undefined; next = unsaid[0]) {
      if (!store.events.reportIfRoom('storage', { state: next }, { [REPORTED]: next })) return;
      reported = next;
      unsaid.shift();
    }
  };
}
