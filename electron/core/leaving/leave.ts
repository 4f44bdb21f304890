import { Problem } from '../../../sync/errors/problem.ts';
import { keyId, newSigningKey, publicHalf } from '../../../sync/protocol/seal/keys.ts';
import { Ed25519PrivateJwk } from '../../../sync/protocol/wire/batch.ts';
import type { CoreOptions } from '../interface.ts';
import type { SiteConfig } from '../site/config.ts';
import type { Store } from '../store/interface.ts';
import { readProxy } from '../sync/proxy.ts';
import { readServerLink } from '../sync/server-link.ts';
import type { Leaving } from './journal.ts';

/** Setting with the farewell's key, stored before it is announced: after a kill in between, the same key must be used. */
const FAREWELL_KEY = 'farewell-key';
/** A lost kiosk may be unplugged at any moment, so its last reports are awaited only this long, ms. */
const WIPE_REPORTS_MS = 30_000;
const POLL_MS = 500;

export interface Waiting {
  /** `server`: not yet received by the server. `backup`: received, but not yet in a backup. */
  readonly for: 'server' | 'backup';
  readonly count: number;
}

export interface LeaveDeps {
  readonly store: Pick<Store, 'device' | 'deviceState' | 'outbox' | 'settings'>;
  readonly site: Pick<SiteConfig, 'languages' | 'defaultLanguage'>;
  readonly nudge: () => void;
  /** Sets what the screen shows meanwhile; null: destroying. */
  readonly shows: (waiting: Waiting | null) => void;
  readonly stopped: () => boolean;
  /** True if a wipe was requested instead, which waits for nothing. */
  readonly hurried: () => boolean;
  /** Trusted time, ms since 1970. */
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly log: CoreOptions['log'];
}

/** What destroying and the farewell need once the store is deleted. */
export interface Left {
  readonly journal: Leaving;
  /** The device's own key, which is no longer in any file. */
  readonly key: Ed25519PrivateJwk;
  readonly proxy: string | undefined;
}

/**
 * Prepares for leaving, up to the point where data would be lost: notifies the server that it has begun, with the key that will
 * sign the last report, and sends what is waiting. A decommissioning waits until everything is sent, however long that takes,
 * and, until the command expires, for a server backup to include it: if the server were restored to an earlier state, only this
 * kiosk would have the data. A wipe sends what it can in a moment. Completed steps are not repeated, so it may be interrupted
 * anywhere.
 *
 * @returns null if the core stops meanwhile (the next start continues) or a wipe replaces a decommissioning
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
    // A backup can't be hurried: the kiosk learns of it through its regular requests.
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
 * Returns how many records the server has that are in none of its backups. 0 if it has never reported a backup: then there is
 * none to wait for.
 */
function notInBackup(marks: readonly { readonly made: number; readonly safe: number }[]): number {
  if (!marks.some(({ safe }) => safe > 0)) return 0;
  return marks.reduce((sum, { made, safe }) => sum + made - safe, 0);
}
