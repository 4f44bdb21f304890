import { type Lease, leaseAt } from '../../../sync/edge/lease/lease.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import type { CoreOptions } from '../interface.ts';
import type { Store } from '../store/interface.ts';
import type { RosterOutcome } from '../store/roster.ts';

/** Trusted time of the last verified contact with the server, ms since 1970. */
const CONTACT = 'server-contact';
/** Set while templates are dropped and the snapshot that brings them back is not complete. */
const DROPPED = 'lease-dropped';
/** The contact is kept at most this often, ms: the lease is counted in days. */
const KEEP_MS = 60_000;

export type LeaseKeeper = ReturnType<typeof createLeaseKeeper>;

/** Trusted time of the last contact as it is kept; null for a kiosk that has never had one. */
export function readContact(store: Pick<Store, 'settings'>): number | null {
  const kept = Number(store.settings.get(CONTACT) ?? Number.NaN);
  return Number.isFinite(kept) ? kept : null;
}

/**
 * Keeps the lease over restarts: without the server for too long, the templates go, from disk and from memory; events and
 * the other check-in methods stay. A kiosk that was just provisioned begins with a whole lease.
 */
export function createLeaseKeeper(deps: {
  readonly store: Pick<Store, 'settings' | 'roster'>;
  /** Trusted time, ms since 1970. */
  readonly now: () => number;
  readonly days: () => number;
  /** The templates are deleted from disk: the gallery has to follow. */
  readonly dropped: () => void;
  readonly log: CoreOptions['log'];
}) {
  const { store, now } = deps;
  let kept = readContact(store) ?? keep(now());
  let contact = kept;
  let dropped = store.settings.get(DROPPED) === 'yes';

  function keep(at: number): number {
    store.settings.set(CONTACT, String(Math.floor(at)));
    return at;
  }

  const current = (): Lease => leaseAt(contact, deps.days(), now());
  return {
    current,
    /** Trusted time of the last contact, ms since 1970. */
    contact: () => contact,
    /** Why faces are not recognised; null while they are. */
    off(): Problem | null {
      if (!dropped && !current().expired) return null;
      return new Problem('lease-expired');
    },
    /** The server was in contact just now. */
    heard(): void {
      // Not the later of the two: an earlier contact may have been noted by a clock that was ahead.
      contact = now();
      if (Math.abs(contact - kept) >= KEEP_MS) kept = keep(contact);
    },
    /** Settings to write in the transaction of a page, and what follows it: a complete snapshot brings the faces back. */
    pageSettings: (outcome: RosterOutcome): Readonly<Record<string, string>> =>
      outcome.complete && dropped ? { [DROPPED]: '' } : {},
    applied({ complete }: RosterOutcome): void {
      if (!complete || !dropped) return;
      dropped = false;
      deps.log('info', 'lease: back in contact with the server; faces are recognised again');
    },
    /** Drops the templates when the lease has run out. */
    async check(): Promise<void> {
      if (!current().expired || (dropped && !store.roster.hasTemplates())) return;
      dropped = true; // from now on nobody is recognised, even if the disk refuses what follows
      let count: number;
      try {
        count = await store.roster.dropTemplates({ [DROPPED]: 'yes' });
      } finally {
        // They may be gone although the disk could not wipe what they left.
        if (!store.roster.hasTemplates()) deps.dropped();
      }
      deps.log('warn', 'lease: no contact with the server for too long; face templates were removed', { count });
    },
  };
}
