import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { lockName } from '../database/once.ts';
import { insert } from '../database/rows.ts';
import type { Db, Row, Tx } from '../database/schema.ts';
import type { Job } from '../jobs/job.ts';

/**
 * The log of changes that kiosks read. Appended under an advisory lock that is held until the commit, so that the order of
 * positions is the order in which they become visible: a reader that has seen 9 will never find a new 8. Only what changes
 * people, templates, erasures, policies or keys is appended; check-ins do not pass here and do not wait for each other.
 */
export interface NewChange {
  readonly kind: Exclude<Row<'change'>['kind'], 'start'>;
  /** Scope that it concerns; absent: every one. */
  readonly site?: string;
  /** The one device that it concerns. */
  readonly device?: string;
  readonly person?: string;
  readonly model?: string;
  /** Of an erasure, or of a command. */
  readonly request?: string;
}

/** Changes in one statement: each has several parameters, of which a statement takes 65,535. */
const CHUNK = 1000;

/** Appends in this order. The last thing of its transaction, so that nobody who holds the lock waits for another row. */
export async function appendChanges(tx: Tx, changes: readonly NewChange[], now: Date): Promise<void> {
  if (changes.length === 0) return;
  await lockName(tx, 'change-log');
  // Random, so that a database restored to an older copy, which then grows on, is distinguished from the one before.
  const rows = changes.map((change) => ({ ...change, at: now, tag: randomBytes(9).toString('base64url') }));
  for (let i = 0; i < rows.length; i += CHUNK) await insert(tx, 'change', rows.slice(i, i + CHUNK));
}

const PUBLISHED_AS = { qr: 'issuers', pin: 'pinPeppers' } as const;

/**
 * Publishes the server's keys as they are now to every kiosk. Called in the transaction that changed those of this
 * purpose.
 */
export function keysChanged(
  tx: Tx,
  now: Date,
  purpose: Row<'keyring.server_key'>['purpose'] = 'signing',
): Promise<void> {
  return appendChanges(tx, [{ kind: purpose === 'qr' || purpose === 'pin' ? PUBLISHED_AS[purpose] : 'keys' }], now);
}

/**
 * Drops what is older than `before`. A kiosk whose cursor stood there gets a snapshot instead, which holds the same and the
 * erasures that it has not confirmed. The newest row always stays: a cursor needs one to stand on.
 *
 * @returns how many rows went
 */
export async function compactChanges(db: Db, before: Date): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('change')
    // By position, which times need not follow (replicas' clocks): what is left has no hole, so a cursor that still stands
    // has everything after it.
    .where(
      'position',
      '<',
      sql<number>`least((select min(position) from change where at >= ${before}), (select max(position) from change))`,
    )
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/** Kiosks that were away longer than this get a snapshot, ms: two default leases. */
const KEEP_MS = 60 * 86_400_000;

export const changeLogJob: Job = {
  name: 'change-log',
  everyMs: 86_400_000,
  run: async ({ db, now }) => ({ removed: await compactChanges(db, new Date(now().getTime() - KEEP_MS)) }),
};
