import { Problem } from '../../../sync/errors/problem.ts';
import { keyId, newSigningKey, publicHalf } from '../../../sync/protocol/seal/keys.ts';
import { Ed25519PrivateJwk } from '../../../sync/protocol/wire/batch.ts';
import type { CoreOptions } from '../interface.ts';
import type { SiteConfig } from '../site/config.ts';
import type { Store } from '../store/interface.ts';
import { readProxy } from '../sync/proxy.ts';
import { readServerLink } from '../sync/server-link.ts';
import type { Leaving } from './journal.ts';

/** Setting with the key of the farewell, from before it is announced: a kill in between must not make another one. */
const FAREWELL_KEY = 'farewell-key';
/** A lost kiosk may be unplugged any moment: its last reports are waited for so long, ms, and no longer. */
const WIPE_REPORTS_MS = 30_000;
const POLL_MS = 500;

export interface Waiting {
  /** `server`: it has yet to get there. `backup`: it is there, and in no backup yet. */
  readonly for: 'server' | 'backup';
  readonly count: number;
}

export interface LeaveDeps {
  readonly store: Pick<Store, 'device' | 'deviceState' | 'outbox' | 'settings'>;
  readonly site: Pick<SiteConfig, 'languages' | 'defaultLanguage'>;
  readonly nudge: () => void;
  /** What the screen shows meanwhile; null: it destroys. */
  readonly shows: (waiting: Waiting | null) => void;
  readonly stopped: () => boolean;
  /** Someone wants a wipe instead, which waits for nothing. */
  readonly hurried: () => boolean;
  /** Trusted time, ms since 1970. */
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly log: CoreOptions['log'];
}

/** What destroying and the farewell go by, once the store is gone. */
export interface Left {
  readonly journal: Leaving;
  /** The device's own key, which no file has any more. */
  readonly key: Ed25519PrivateJwk;
  readonly proxy: string | undefined;
}

/**
 * Up to where nothing is lost yet: notifies the server that it has begun, with the key that the last report will be
 * signed by, and sends what waits. Of a decommissioning everything gets there first, however long that takes, and until
 * the command's time is over it waits for a backup of the server's to have it too: were the server put back to before,
 * this kiosk would be the only one to have it. Of a wipe what gets there in a moment. What it did once is not done
 * again: it may be cut off anywhere.
 *
 * @returns null when the core stops meanwhile, and the next start goes on; or when a wipe takes the place of a decommissioning
 * @throws Problem `not-provisioned`
 */
export async function prepareToLeave(
  deps: LeaveDeps,
  command: {
    readonly id: string;
    readonly what: 'wipe' | 'decommission';
    readonly expires: string;
    readonly started?: boolean;
  },
): Promise<Left | null> {
  const { store, site } = deps;
  const link = readServerLink(store);
  if (!link) throw new Problem('not-provisioned');
  const kept = store.settings.get(FAREWELL_KEY);
  const farewellKey = kept ? Ed25519PrivateJwk.parse(JSON.parse(kept)) : newSigningKey();
  if (!kept) store.settings.set(FAREWELL_KEY, JSON.stringify(farewellKey));
  if (!command.started) {
    store.deviceState.answer(command.id, 'started', await keyId(publicHalf(farewellKey)));
    deps.log('warn', 'fleet: the server ordered this kiosk to destroy everything', { what: command.what });
  }
  deps.nudge();
  const until = deps.monotonic() + WIPE_REPORTS_MS;
  for (;;) {
    if (deps.stopped() || (command.what === 'decommission' && deps.hurried())) return null;
    const count = store.outbox.count() + store.outbox.photosWaiting();
    if (command.what === 'wipe' && (count === 0 || deps.monotonic() > until)) break;
    const unsafe = count > 0 || deps.now() >= Date.parse(command.expires) ? 0 : notInBackup(store.outbox.marks());
    if (count + unsafe === 0) break;
    deps.shows(count > 0 ? { for: 'server', count } : { for: 'backup', count: unsafe });
    // A backup comes when it comes: the kiosk hears of it with what it asks anyway.
    if (count > 0) deps.nudge();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  deps.shows(null);
  return {
    key: link.secret.signing,
    proxy: readProxy(store),
    journal: {
      v: 1,
      state: 'destroying',
      what: command.what,
      command: command.id,
      device: link.secret.device,
      server: { id: link.bundle.serverId, url: link.bundle.serverUrl, caPem: [...link.bundle.keys.caPem] },
      farewellKey,
      languages: [...site.languages],
      language: site.defaultLanguage,
    },
  };
}

/**
 * Records that the server has and no backup of it. 0 where it has never reported a backup: then there is none to wait
 * for.
 */
function notInBackup(marks: readonly { readonly made: number; readonly safe: number }[]): number {
  if (!marks.some(({ safe }) => safe > 0)) return 0;
  return marks.reduce((sum, { made, safe }) => sum + made - safe, 0);
}
