import { type RawBuilder, sql } from 'kysely';
import { v7 } from 'uuid';
import { Problem } from '../../../errors/problem.ts';
import { above, camelCase, exists, findSorted, insert, insertNew, update } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { type Keys, type Place, placeOf } from '../../platform/keys/envelope.ts';
import { lockPeople } from './people.ts';

/** A duty to keep data, e.g. for a dispute or an investigation. Nothing that it covers is purged or erased. */
interface NewHold {
  /** Covers only this person. Null: everybody. */
  readonly person: string | null;
  /** Covers only this site. Null: every site. */
  readonly site: string | null;
  /** Covers records from this moment on, and before `until`. */
  readonly from: Date | null;
  readonly until: Date | null;
  readonly reason: string;
  readonly setBy: string;
}

/** The reason is encrypted, since it may name the person. */
const place = (id: string): Place => placeOf('hold.reason', id);

/** @throws Problem `hold-covers-everything` (no person, site or period), `hold-period-wrong`, `person-unknown` (erased) */
export async function setHold(tx: Tx, keys: Keys, hold: NewHold, now: Date): Promise<string> {
  const { person, site, from, until, reason } = hold;
  if (!person && !site && !from && !until) throw new Problem('hold-covers-everything');
  if (from && until && from >= until) throw new Problem('hold-period-wrong');
  if (person && (await lockPeople(tx, [person])).get(person)?.erased) throw new Problem('person-unknown');
  const id = v7();
  await insert(tx, 'retention_hold', {
    id,
    person,
    site,
    from_at: from,
    until_at: until,
    reason: keys.sealJson(place(id), reason),
    set_by: hold.setBy,
    set_at: now,
  });
  return id;
}

/** Sets a hold that was set before and that a restored database lacks. @returns whether it was missing */
export async function repeatHold(
  tx: Tx,
  keys: Keys,
  hold: { readonly [K in 'id' | 'reason' | 'setBy' | 'setAt']: string } & {
    readonly [K in 'person' | 'site' | 'from' | 'until']: string | null;
  },
): Promise<boolean> {
  const { id, person, site, from, until, reason, setBy, setAt } = hold;
  if (person && (await lockPeople(tx, [person])).get(person)?.erased) return false;
  const values = { id, person, site, from_at: from, until_at: until, set_by: setBy, set_at: setAt };
  return (await insertNew(tx, 'retention_hold', { ...values, reason: keys.sealJson(place(id), reason) })) > 0;
}

/** Releases a hold: the next purge deletes what it kept, and waiting erasures continue now. @throws Problem `hold-unknown` */
export async function releaseHold(tx: Tx, id: string, by: string, now: Date): Promise<void> {
  const released = await update(tx, 'retention_hold', { id, released_at: null }, { released_at: now, released_by: by });
  if (released === 0) throw new Problem('hold-unknown');
  // People under another hold keep waiting.
  const waits = { code: 'legal-hold', done_at: null, next_at: above(now) };
  await update(tx, 'erasure_step', waits, { next_at: now });
}

/** Lists holds, newest first. @param o `released`: also released ones; `people`: only holds that name one of these */
export async function listHolds(
  db: Db,
  keys: Keys,
  o: { readonly released?: boolean | undefined; readonly people?: readonly string[] } = {},
) {
  const wanted = { ...(!o.released && { released_at: null }), ...(o.people && { person: o.people }) };
  const rows = await findSorted(db, 'retention_hold', wanted, ['set_at', 'id'], { descending: true });
  return rows.map(({ from_at: from, until_at: until, ...row }) => ({
    ...camelCase(row),
    from,
    until,
    reason: String(keys.openJson(place(row.id), row.reason)),
  }));
}

/** SQL for the values of a row that holds are compared with. Absent: the row has no such value. */
export interface Held {
  readonly person?: RawBuilder<unknown>;
  /** A null value is the default site. */
  readonly site?: RawBuilder<unknown>;
  readonly at?: RawBuilder<unknown>;
  /** Used instead of `at` if that is unknown: the row is no later than this. */
  readonly latest?: RawBuilder<unknown>;
}

/** Returns SQL for a person's current id: their own, or the one that they were merged into. */
const keptAs = (person: RawBuilder<unknown>) =>
  sql`(select coalesce(named.merged_into, named.id) from person named where named.id = ${person})`;

/**
 * Returns an SQL condition: a hold covers the row. A row without a site or time is covered by every hold of its person,
 * whatever site or period the hold names: in doubt, data is kept.
 */
export function held({ person, site, at, latest }: Held): RawBuilder<boolean> {
  const conditions = [
    sql`h.released_at is null`,
    person
      ? sql`(h.person is null or h.person = ${person} or ${keptAs(sql`h.person`)} = ${keptAs(person)})`
      : sql`h.person is null`,
  ];
  if (site)
    conditions.push(
      sql`(h.site is null or h.site = coalesce(${site}, (select general.id from site general where general.is_default)))`,
    );
  else if (!person) conditions.push(sql`h.site is null`);
  if (at)
    conditions.push(sql`(h.from_at is null or ${at} >= h.from_at) and (h.until_at is null or ${at} < h.until_at)`);
  if (latest) conditions.push(sql`(h.from_at is null or ${latest} >= h.from_at)`);
  // A person as a whole has no site or time: only a hold that names them covers them.
  if (person && !site && !at && !latest) conditions.push(sql`h.person is not null`);
  return sql<boolean>`exists (select from retention_hold h where ${sql.join(conditions, sql` and `)})`;
}

/** Returns whether a hold names one of these people, who are not erased before it is released. */
export const isHeld = (db: Db, people: readonly string[]): Promise<boolean> =>
  exists(db, 'retention_hold', { released_at: null, person: people });
