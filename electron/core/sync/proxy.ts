import { Problem } from '../../../sync/errors/problem.ts';
import type { Store } from '../store/interface.ts';

const SETTING = 'proxy';

/** Returns the proxy between this kiosk and its server and brokers; undefined for none. */
export function readProxy(store: Pick<Store, 'settings'>): string | undefined {
  return store.settings.get(SETTING) || undefined;
}

/**
 * @param address http:// or https://, with user name and password if the proxy requires them; empty for no proxy
 * @throws Problem `proxy-address-wrong`, which does not quote it
 */
export function writeProxy(store: Pick<Store, 'settings'>, address: string): void {
  if (address !== '') {
    const url = URL.canParse(address) ? new URL(address) : null;
    if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '' || url.hash !== '')
      throw new Problem('proxy-address-wrong');
  }
  store.settings.set(SETTING, address);
}

/** Returns the address without credentials, as it may be shown. */
export function shownProxy(address: string): string {
  return new URL(address).origin;
}
