import { type RawBuilder, sql } from 'kysely';
import { SYSTEM } from '../../../platform/audit/actor.ts';
import { writeAudit } from '../../../platform/audit/write.ts';
import { inTransaction } from '../../../platform/database/retry.ts';
import type { Db, Tx } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import type { ObjectStore } from '../../../platform/objects/store.ts';
import type { Kind } from './rules.ts';
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
  /** Looks and changes nothing. */
  find(context: PurgeContext): Promise<Found>;
  /** Removes some of what is due, at most a batch. @returns how many went; 0: none is due any more */
  batch(context: PurgeContext): Promise<number>;
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

/** Rows of one kind, as SQL over the same tables. */
export interface DueRows {
  readonly from: RawBuilder<unknown>;
  /** When each of them happened. */
  readonly at: RawBuilder<unknown>;
  readonly due: RawBuilder<unknown>;
  readonly isHeld: RawBuilder<unknown>;
}

export async function countDue(db: Db, { from, at, due, isHeld }: DueRows): Promise<Found> {
  const { rows } = await sql<Found>`
    select count(*) filter (where ${due} and not ${isHeld})::int as due,
           count(*) filter (where ${due} and ${isHeld})::int as held, min(${at}) as oldest
    from ${from}`.execute(db);
  return rows[0]!;
}
