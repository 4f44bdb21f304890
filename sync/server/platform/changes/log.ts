import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { lockName } from '../database/once.ts';
import { insert } from '../database/rows.ts';
import type { Db, Row, Tx } from '../database/schema.ts';
import type { Job } from '../jobs/job.ts';

/**
 * An entry of the log of changes that kiosks read. Entries are appended under an advisory lock that is held until the commit,
 * so positions become visible in order: a reader that has seen 9 never finds a new 8 later. Only changes of people, templates,
 * erasures, policies or keys are appended. Check-ins are not, and don't wait for each other.
 */
export interface NewChange {
  readonly kind: Exclude<Row<'change'>['kind'], 'start'>;
  /** Scope that it concerns. Absent: all scopes. */
  readonly site?: string;
  /** The only device that it concerns. Absent: all devices of the scope. */
  readonly device?: string;
  readonly person?: string;
  readonly model?: string;
  /** Id of the erasure or command. */
  readonly request?: string;
}

/** Changes per statement. Each has several parameters, of which a statement may have 65,535. */
const CHUNK = 1000;

/** Appends changes in this order. Call it last in a transaction, so that nobody holding the lock waits for another row. */
export async function appendChanges(tx: Tx, changes: readonly NewChange[], now: Date): Promise<void> {
  if (changes.length === 0) return;
  await lockName(tx, 'change-log');
  // Random tags distinguish the entries of a database restored from an older copy from the original ones.
  const rows = changes.map((change) => ({ ...change, at: now, tag: randomBytes(9).toString('base64url') }));
  for (let i = 0; i < rows.length; i += CHUNK) await insert(tx, 'change', rows.slice(i, i + CHUNK));
}

const PUBLISHED_AS = { qr: 'issuers', pin: 'pinPeppers' } as const;

/**
 * Publishes the server's current keys to every kiosk. Call it in the transaction that changed the keys of this purpose.
 */
export function keysChanged(
  tx: Tx,
  now: Date,
  purpose: Row<'keyring.server_key'>['purpose'] = 'signing',
): Promise<void> {
  return appendChanges(tx, [{ kind: purpose === 'qr' || purpose === 'pin' ? PUBLISHED_AS[purpose] : 'keys' }], now);
}

/**
 * Deletes rows older than `before`. A kiosk with an older cursor gets a snapshot instead, which contains the same and the
 * erasures it hasn't confirmed. The newest row is always kept, because a cursor needs one to point at.
 *
 * @returns how many rows were deleted
 */
export async function compactChanges(db: Db, before: Date): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('change')
    // By position, because times may be out of order (replicas' clocks differ). The remaining rows have no gaps, so a valid
    // cursor is followed by everything after it.
    .where(
      'position',
      '<',
      sql<number>`least((select min(position) from change where at >= ${before}), (select max(position) from change))`,
    )
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/** Kiosks that were offline for longer than this get a snapshot, ms: two default leases. */
const KEEP_MS = 60 * 86_400_000;

export const changeLogJob: Job = {
  name: 'change-log',
  everyMs: 86_400_000,
  run: async ({ db, now }) => ({ removed: await compactChanges(db, new Date(now().getTime() - KEEP_MS)) }),
};
