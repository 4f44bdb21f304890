import type { SyncStatus } from '../../../sync/edge/engine.ts';
import { leaseAt } from '../../../sync/edge/lease/lease.ts';
import { leaseDaysOf, readPolicy } from '../site/policy.ts';
import type { Store } from '../store/interface.ts';
import { readContact } from './lease-keeper.ts';
import { readLastAck } from './outbox-of.ts';
import { readProxy, shownProxy } from './proxy.ts';
import { readServerLink } from './server-link.ts';

/** How the sync of a kiosk stands, for its operator; names nobody. Instants are RFC 3339. */
export interface SyncReport {
  /** Address of the server; null when the kiosk belongs to none. */
  readonly server: string | null;
  /** null when no core runs, or none of its exchanges has ended yet. */
  readonly transport: 'https' | 'mqtt' | null;
  /** null when no core runs: nobody tries. */
  readonly online: boolean | null;
  readonly queued: number;
  /** Claimed time of the oldest event that the server lacks. */
  readonly oldestQueuedAt: string | null;
  /** Events that the server has and no backup of its yet: the kiosk keeps them, for a server that is restored. */
  readonly unsafe: number;
  /** The proxy on the way, without its credentials; null for none. */
  readonly proxy: string | null;
  /** By the server's clock. */
  readonly lastHeardAt: string | null;
  /** Last contact by trusted time, and until when faces are recognised without another one. */
  readonly lastContactAt: string | null;
  readonly leaseUntil: string | null;
  /** Where the kiosk is in the server's log; empty for nowhere. */
  readonly cursor: string;
  readonly photosWaiting: number;
  readonly problem: { readonly code: string; readonly message: string; readonly nextStep: string } | null;
  readonly pausedUntil: string | null;
}

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** @param live of the running engine; without it what the store says of itself */
export function syncReport(store: Store, live?: { status: SyncStatus; contact: number | null }): SyncReport {
  const link = readServerLink(store);
  const contact = live?.contact ?? readContact(store);
  const problem = live?.status.problem ?? null;
  const proxy = readProxy(store);
  const days = leaseDaysOf(readPolicy(store.roster.policy));
  return {
    server: link?.bundle.serverUrl ?? null,
    transport: live?.status.transport ?? null,
    online: live ? live.status.online : null,
    queued: store.outbox.count(),
    oldestQueuedAt: store.outbox.oldestAt(),
    unsafe: store.outbox.marks().reduce((sum, { committed, safe }) => sum + Math.max(0, committed - safe), 0),
    proxy: proxy === undefined ? null : shownProxy(proxy),
    lastHeardAt: live?.status.lastSyncAt ?? readLastAck(store)?.serverTime ?? null,
    lastContactAt: iso(contact),
    leaseUntil: link && contact !== null ? iso(leaseAt(contact, days, contact).until) : null,
    cursor: store.roster.cursor,
    photosWaiting: store.outbox.photosWaiting(),
    problem: problem && { code: problem.code, message: problem.message, nextStep: problem.nextStep },
    pausedUntil: iso(live?.status.pausedUntil ?? null),
  };
}
