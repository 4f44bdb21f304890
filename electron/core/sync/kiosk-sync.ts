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

/** How often the lease is looked at, ms. */
const LEASE_MS = 60_000;

export type KioskSync = Awaited<ReturnType<typeof startKioskSync>>;

export interface KioskSyncDeps {
  readonly store: Store;
  readonly retention: Pick<Retention, 'now' | 'observeServerTime'>;
  readonly log: CoreOptions['log'];
  readonly onStatus: () => void;
  /** A page is durable: the gallery has to follow. */
  readonly applied: (outcome: RosterOutcome) => void;
  /** The templates are gone from disk: the gallery too. */
  readonly dropped: () => void;
  /** How this kiosk is, for the server's inventory; null: not known yet. */
  readonly inventory?: () => Inventory | null;
}

/**
 * The line to the server with all that hangs on it: lease, roster, presence, photos, certificate.
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
  // A kiosk without a server has no lease: it is its own master.
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
    /** Stops, lets `change` alter what the kiosk knows of its server, and starts with that. @throws what `change` throws */
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
    /** Why faces are not recognised although the models are there; null while they are. */
    faceOff: (): Problem | null => lease?.off() ?? null,
    report: (): SyncReport => syncReport(store, { status: uplink.status(), contact: lease?.contact() ?? null }),
    async stop(): Promise<void> {
      stopped = true;
      clearInterval(ticker);
      await uplink.stop();
    },
  };
}
