import type { SyncStatus } from '../../../sync/edge/engine.ts';
import { leaseAt } from '../../../sync/edge/lease/lease.ts';
import { leaseDaysOf, readPolicy } from '../site/policy.ts';
import type { Store } from '../store/interface.ts';
import { readContact } from './lease-keeper.ts';
import { readLastAck } from './outbox-of.ts';
import { readProxy, shownProxy } from './proxy.ts';
import { readServerLink } from './server-link.ts';

/** State of a kiosk's sync, for its operator; names no one. Instants are RFC 3339. */
export type SyncReport = ReturnType<typeof syncReport>;

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** @param live of the running engine; without it what the store says of itself */
export function syncReport(store: Store, live?: { status: SyncStatus; contact: number | null }) {
  const link = readServerLink(store);
  const contact = live?.contact ?? readContact(store);
  const problem = live?.status.problem ?? null;
  const proxy = readProxy(store);
  const days = leaseDaysOf(readPolicy(store.roster.policy));
  return {
    /** Address of the server; null when the kiosk belongs to none. */
    server: link?.bundle.serverUrl ?? null,
    /** null when no core runs, or none of its exchanges has ended yet. */
    transport: live?.status.transport ?? null,
    /** null when no core runs: nobody tries. */
    online: live ? live.status.online : null,
    queued: store.outbox.count(),
    /** Claimed time of the oldest event that the server lacks. */
    oldestQueuedAt: store.outbox.oldestAt(),
    /** Events that the server has and no backup of its yet: the kiosk keeps them, for a server that is restored. */
    unsafe: store.outbox.marks().reduce((sum, { committed, safe }) => sum + Math.max(0, committed - safe), 0),
    /** The proxy on the way, without its credentials; null for none. */
    proxy: proxy === undefined ? null : shownProxy(proxy),
    /** By the server's clock. */
    lastHeardAt: live?.status.lastSyncAt ?? readLastAck(store)?.serverTime ?? null,
    /** Last contact by trusted time, and until when faces are recognised without another one. */
    lastContactAt: iso(contact),
    leaseUntil: link && contact !== null ? iso(leaseAt(contact, days, contact).until) : null,
    /** Where the kiosk is in the server's log; empty for nowhere. */
    cursor: store.roster.cursor,
    photosWaiting: store.outbox.photosWaiting(),
    problem: problem && { code: problem.code, message: problem.message, nextStep: problem.nextStep },
    pausedUntil: iso(live?.status.pausedUntil ?? null),
  };
}
