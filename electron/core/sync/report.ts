import type { SyncStatus } from '../../../sync/edge/engine.ts';
import { leaseAt } from '../../../sync/edge/lease/lease.ts';
import { leaseDaysOf, readPolicy } from '../site/policy.ts';
import type { Store } from '../store/interface.ts';
import { readContact } from './lease-keeper.ts';
import { readLastAck } from './outbox-of.ts';
import { readProxy, shownProxy } from './proxy.ts';
import { readServerLink } from './server-link.ts';

/** State of a kiosk's sync, for its operator; names nobody. Instants are RFC 3339. */
export type SyncReport = ReturnType<typeof syncReport>;

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** @param live state of the running engine; without it only the store's own data is reported */
export function syncReport(store: Store, live?: { status: SyncStatus; contact: number | null }) {
  const link = readServerLink(store);
  const contact = live?.contact ?? readContact(store);
  const problem = live?.status.problem ?? null;
  const proxy = readProxy(store);
  const days = leaseDaysOf(readPolicy(store.roster.policy));
  return {
    /** Address of the server; null if the kiosk belongs to none. */
    server: link?.bundle.serverUrl ?? null,
    /** null if no core is running, or none of its exchanges has ended yet. */
    transport: live?.status.transport ?? null,
    /** null if no core is running: nothing tries to connect. */
    online: live ? live.status.online : null,
    queued: store.outbox.count(),
    /** Claimed time of the oldest event that the server lacks. */
    oldestQueuedAt: store.outbox.oldestAt(),
    /** Events that the server has but none of its backups: the kiosk keeps them in case the server is restored. */
    unsafe: store.outbox.marks().reduce((sum, { committed, safe }) => sum + Math.max(0, committed - safe), 0),
    /** The proxy in use, without its credentials; null for none. */
    proxy: proxy === undefined ? null : shownProxy(proxy),
    /** By the server's clock. */
    lastHeardAt: live?.status.lastSyncAt ?? readLastAck(store)?.serverTime ?? null,
    /** Last contact by trusted time, and how long faces are recognised without another one. */
    lastContactAt: iso(contact),
    leaseUntil: link && contact !== null ? iso(leaseAt(contact, days, contact).until) : null,
    /** The kiosk's position in the server's log; empty for none. */
    cursor: store.roster.cursor,
    photosWaiting: store.outbox.photosWaiting(),
    problem: problem && { code: problem.code, message: problem.message, nextStep: problem.nextStep },
    pausedUntil: iso(live?.status.pausedUntil ?? null),
  };
}
