import type { Problem } from '../../../sync/errors/problem.ts';
import type { Inventory } from '../../../sync/protocol/wire/fleet.ts';
import type { CoreOptions } from '../interface.ts';
import type { Retention } from '../retention/retention.ts';
import { createPresenceBoard } from '../roster/presence.ts';
import { leaseDaysOf, readPolicy } from '../site/policy.ts';
import type { Store } from '../store/interface.ts';
import type { RosterOutcome } from '../store/roster.ts';
import { createLeaseKeeper, type LeaseKeeper } from './lease-keeper.ts';
import { readServerLink, startUplink, type Uplink } from './link.ts';
import { type SyncReport, syncReport } from './report.ts';

/** How often the lease is checked, ms. */
const LEASE_MS = 60_000;

export type KioskSync = Awaited<ReturnType<typeof startKioskSync>>;

export interface KioskSyncDeps {
  readonly store: Store;
  readonly retention: Pick<Retention, 'now' | 'observeServerTime'>;
  readonly log: CoreOptions['log'];
  readonly onStatus: () => void;
  /** Called when a page is durable: the gallery has to be updated. */
  readonly applied: (outcome: RosterOutcome) => void;
  /** Called when the templates were deleted from disk: the gallery has to be emptied too. */
  readonly dropped: () => void;
  /** Returns this kiosk's inventory for the server; null if it is not known yet. */
  readonly inventory?: () => Inventory | null;
}

/**
 * The connection to the server with everything that depends on it: lease, roster, presence, photos, certificate.
 * @throws Problem `server-link-damaged`
 */
export async function startKioskSync(deps: KioskSyncDeps) {
  const { store, retention, log } = deps;
  const presence = createPresenceBoard(store.presence.elsewhere());
  const { now } = retention;
  let lease: LeaseKeeper | null = null;
  let stopped = false;
  const check = () =>
    lease
      ?.check()
      .then(deps.onStatus, (error: unknown) => log('error', 'lease: templates could not be removed', { error }));
  // A kiosk without a server needs no lease.
  const beginLease = async () => {
    if (lease || !readServerLink(store)) return;
    lease = createLeaseKeeper({
      store,
      now,
      days: () => leaseDaysOf(readPolicy(store.roster.policy)),
      dropped: deps.dropped,
      log,
    });
    await check();
  };
  const connect = () =>
    startUplink(store, {
      onStatus: deps.onStatus,
      onServerTime(serverMs, localMs) {
        retention.observeServerTime(serverMs, localMs);
        lease?.heard();
      },
      onProblem: (problem) => log('warn', 'sync: the server can’t be reached', { error: problem }),
      trustedNow: now,
      presence,
      ...(deps.inventory && { report: deps.inventory }),
      pageSettings: (outcome) => lease?.pageSettings(outcome) ?? {},
      applied(outcome) {
        deps.applied(outcome);
        lease?.applied(outcome);
        deps.onStatus();
      },
    });
  await beginLease();
  let uplink = connect();
  const ticker = setInterval(() => void check(), LEASE_MS);
  ticker.unref();
  return {
    get uplink(): Uplink {
      return uplink;
    },
    /** Stops the sync, lets `change` modify the link to the server, and restarts with the result. @throws what `change` throws */
    async relink(change: () => void): Promise<void> {
      await uplink.stop();
      try {
        change();
        await beginLease();
      } finally {
        // Even if the change failed: the kiosk then continues as before.
        if (!stopped) uplink = connect();
      }
    },
    presence,
    /** Why faces are not recognised although the models are loaded; null if they are recognised. */
    faceOff: (): Problem | null => lease?.off() ?? null,
    report: (): SyncReport => syncReport(store, { status: uplink.status(), contact: lease?.contact() ?? null }),
    async stop(): Promise<void> {
      stopped = true;
      clearInterval(ticker);
      await uplink.stop();
    },
  };
}
