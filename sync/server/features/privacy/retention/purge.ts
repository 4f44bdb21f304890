import { type RawBuilder, sql } from 'kysely';
import { SYSTEM } from '../../../platform/audit/actor.ts';
import { writeAudit } from '../../../platform/audit/write.ts';
import { inTransaction } from '../../../platform/database/retry.ts';
import type { Db, Tx } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import type { ObjectStore } from '../../../platform/objects/store.ts';
import { cutoff, type Kind } from './rules.ts';
import type { RetentionSettings } from './settings.ts';

/** What purges work with. */
export interface PurgeContext {
  readonly db: Db;
  readonly keys: Keys;
  readonly settings: RetentionSettings;
  /** Null: this server has no object store. */
  readonly objects: ObjectStore | null;
  /** One instant for the whole run. */
  readonly now: Date;
}

export interface Found {
  /** How many are too old and would go. */
  readonly due: number;
  /** How many are too old and stay, for a legal hold. */
  readonly held: number;
  /** Time of the oldest that is there; null: there is none. */
  readonly oldest: Date | null;
}

/** One kind of thing that goes after a time. */
export interface Purge {
  readonly kind: Kind;
  /** What there is of it, and what of that is too old. */
  rows(context: PurgeContext): Rows | Promise<Rows>;
  /** Removes some of it, at most a batch. @param due `from …`: what is too old and not held, as SQL over the same tables */
  remove(tx: Tx, due: RawBuilder<unknown>, context: PurgeContext): Promise<Removed>;
  /** Before anything is looked for. */
  prepare?(context: PurgeContext): Promise<void>;
  /** After a batch. @returns how many more went */
  more?(context: PurgeContext, removed: number): Promise<number>;
}

/** Looks and changes nothing. */
export async function findDue(purge: Purge, context: PurgeContext): Promise<Found> {
  await purge.prepare?.(context);
  const { from, at, due, isHeld } = await purge.rows(context);
  const { rows } = await sql<Found>`
    select count(*) filter (where ${due} and not ${isHeld})::int as due,
           count(*) filter (where ${due} and ${isHeld})::int as held, min(${at}) as oldest
    from ${from}`.execute(context.db);
  return rows[0]!;
}

/** Removes some of what is due, at most a batch. @returns how many went; 0: none is due any more */
export async function removeDue(purge: Purge, context: PurgeContext): Promise<number> {
  await purge.prepare?.(context);
  const { from, due, isHeld } = await purge.rows(context);
  const removed = await purgeBatch(context, purge.kind, (tx) =>
    purge.remove(tx, sql`${from} and ${due} and not ${isHeld}`, context),
  );
  return removed + ((await purge.more?.(context, removed)) ?? 0);
}

/** One batch's effect on the database: what it removed, and whose it was. */
export interface Removed {
  readonly removed: number;
  readonly people: readonly (string | null)[];
}

/** Does a batch in one transaction, with its row in the audit log. */
export function purgeBatch(context: PurgeContext, kind: Kind, work: (tx: Tx) => Promise<Removed>): Promise<number> {
  return inTransaction(context.db, async (tx) => {
    const { removed, people } = await work(tx);
    if (removed === 0) return 0;
    await writeAudit(
      tx,
      context.keys,
      {
        actor: SYSTEM,
        action: 'delete',
        route: `retention ${kind}`,
        data: DATA[kind],
        subjects: [...new Set(people.filter((p) => p !== null))],
        outcome: 'ok',
      },
      context.now,
    );
    return removed;
  });
}

const DATA: Readonly<Record<Kind, readonly string[]>> = {
  gps: ['checkin.gps'],
  photos: ['photo'],
  templates: ['template'],
  attendance: ['checkin'],
  consents: ['consent'],
  leavers: ['person'],
  quarantine: ['quarantine'],
};

/** Rows of one kind, as SQL over the same tables; `from` ends in a condition. */
export interface Rows {
  readonly from: RawBuilder<unknown>;
  /** When each of them happened. */
  readonly at: RawBuilder<unknown>;
  readonly due: RawBuilder<unknown>;
  readonly isHeld: RawBuilder<unknown>;
}

/** Older than is kept; where that has no end, nothing is. */
export const olderThan = (at: RawBuilder<unknown>, days: number | null, now: Date): RawBuilder<unknown> =>
  sql`${at} < ${cutoff(days, now)?.toISOString() ?? null}::timestamptz`;
