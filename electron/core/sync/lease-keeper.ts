import { type Lease, leaseAt } from '../../../sync/edge/lease/lease.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import type { CoreOptions } from '../interface.ts';
import type { Store } from '../store/interface.ts';
import type { RosterOutcome } from '../store/roster.ts';

/** Trusted time of the last verified contact with the server, ms since 1970. */
const CONTACT = 'server-contact';
/** Set while the templates are deleted and the snapshot that restores them is not complete. */
const DROPPED = 'lease-dropped';
/** The contact is stored at most this often, ms: the lease is counted in days. */
const KEEP_MS = 60_000;

export type LeaseKeeper = ReturnType<typeof createLeaseKeeper>;

/** Returns the trusted time of the last contact, as stored; null for a kiosk that never had one. */
export function readContact(store: Pick<Store, 'settings'>): number | null {
  const kept = Number(store.settings.get(CONTACT) ?? Number.NaN);
  return Number.isFinite(kept) ? kept : null;
}

/**
 * Keeps the lease across restarts. Without contact to the server for too long, the templates are deleted from disk and memory;
 * events and the other check-in methods remain. A newly provisioned kiosk starts with a full lease.
 */
export function createLeaseKeeper(deps: {
  readonly store: Pick<Store, 'settings' | 'roster'>;
  /** Trusted time, ms since 1970. */
  readonly now: () => number;
  readonly days: () => number;
  /** Called when the templates were deleted from disk: the gallery has to be emptied too. */
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
    /** Returns the trusted time of the last contact, ms since 1970. */
    contact: () => contact,
    /** Returns why faces are not recognised; null if they are. */
    off(): Problem | null {
      if (!dropped && !current().expired) return null;
      return new Problem('lease-expired');
    },
    /** Notes a contact with the server just now. */
    heard(): void {
      // Not the later of the two: an earlier contact may have been noted while the clock was ahead.
      contact = now();
      if (Math.abs(contact - kept) >= KEEP_MS) kept = keep(contact);
    },
    /** Returns settings to write in a page's transaction; `applied` follows it. A complete snapshot re-enables faces. */
    pageSettings: (outcome: RosterOutcome): Readonly<Record<string, string>> =>
      outcome.complete && dropped ? { [DROPPED]: '' } : {},
    applied({ complete }: RosterOutcome): void {
      if (!complete || !dropped) return;
      dropped = false;
      deps.log('info', 'lease: back in contact with the server; faces are recognised again');
    },
    /** Deletes the templates if the lease has expired. */
    async check(): Promise<void> {
      if (!current().expired || (dropped && !store.roster.hasTemplates())) return;
      dropped = true; // from now on nobody is recognised, even if the disk refuses what follows
      let count: number;
      try {
        count = await store.roster.dropTemplates({ [DROPPED]: 'yes' });
      } finally {
        // They may be deleted even if the disk could not wipe their remains.
        if (!store.roster.hasTemplates()) deps.dropped();
      }
      deps.log('warn', 'lease: no contact with the server for too long; face templates were removed', { count });
    },
  };
}
