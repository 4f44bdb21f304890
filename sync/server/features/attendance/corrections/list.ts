import { type Selectable, sql } from 'kysely';
import { NIL } from 'uuid';
import type { Correction } from '../../../../protocol/api/corrections.ts';
import { sameAs } from '../../../core/people/group.ts';
import { namesOf } from '../../../core/people/records.ts';
import { findAll } from '../../../platform/database/rows.ts';
import type { Db, Tables } from '../../../platform/database/schema.ts';
import { emailsOf } from '../../../platform/http/email.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { peopleOf, personBox } from '../../../platform/keys/persons.ts';
import { reasonPlace } from './correct.ts';

/**
 * Corrections, newest first. Of a person who was erased none is shown: what is left of it names nobody.
 *
 * @param o `person`: under every name that they had before a merge; `after`: those behind this one
 */
export async function listCorrections(
  db: Db,
  keys: Keys,
  o: { person?: string | undefined; id?: string; limit: number; after: { at: string; id: string } | null },
): Promise<Correction[]> {
  const made = sql<Date>`date_trunc('milliseconds', made_at)`;
  let query = db
    .selectFrom('correction')
    .selectAll()
    .where('person', '!=', NIL)
    .orderBy(made, 'desc')
    .orderBy('id', 'desc')
    .limit(o.limit);
  if (o.id !== undefined) query = query.where('id', '=', o.id);
  if (o.person !== undefined) query = query.where('person', 'in', await sameAs(db, [o.person]));
  if (o.after) query = query.where(sql<boolean>`(${made}, id) < (${o.after.at}::timestamptz, ${o.after.id}::uuid)`);
  const rows = await query.execute();
  const box = await personBox(db, keys, peopleOf(rows));
  const people = rows.map((r) => r.person);
  // Who was merged since has their name under another id.
  const kept = new Map(
    people.length === 0
      ? []
      : (await findAll(db, 'person', { id: people }, ['id', 'merged_into'])).map(
          (p) => [p.id, p.merged_into ?? p.id] as const,
        ),
  );
  const names = await namesOf(db, keys, [...new Set(kept.values())]);
  const emailOf = await emailsOf(db, keys);
  const valuesOf = await recordsBehind(db, rows);
  return rows.map((r) => ({
    id: r.id,
    kind: r.kind,
    target: r.target,
    person: r.person,
    name: names.get(kept.get(r.person) ?? r.person) ?? null,
    ...valuesOf(r),
    reason: String(box.openJson(reasonPlace(r.id, r.person), r.reason)),
    author: r.author,
    authorEmail: emailOf(r.author),
    madeAt: r.made_at.toISOString(),
    undone: r.undone_by !== null,
  }));
}

type Row = Pick<Selectable<Tables['correction']>, 'kind' | 'target' | 'at' | 'direction'>;

/** What counted before each correction, and what counts after it: an undo turns round what it undoes. */
async function recordsBehind(
  db: Db,
  rows: readonly Row[],
): Promise<(row: Row) => Pick<Correction, 'before' | 'after'>> {
  const undone = await byId(
    rows.flatMap((r) => (r.kind === 'undo' && r.target ? [r.target] : [])),
    (ids) => findAll(db, 'correction', { id: ids }, ['id', 'kind', 'target', 'at', 'direction']),
  );
  const corrected = [...rows, ...undone.values()].flatMap((r) => (r.kind !== 'undo' && r.target ? [r.target] : []));
  const records = await byId(corrected, (ids) =>
    db.selectFrom('checkin').select(['id', 'at', 'resolved as direction']).where('id', 'in', ids).execute(),
  );
  const values = (r: { at: Date | null; direction: 'in' | 'out' | null } | undefined) =>
    r?.at && r.direction ? { at: r.at.toISOString(), direction: r.direction } : null;
  const before = (r: Row) => values(r.target === null ? undefined : records.get(r.target));
  return (r) => {
    if (r.kind !== 'undo') return { before: before(r), after: values(r) };
    const done = r.target === null ? undefined : undone.get(r.target);
    return { before: values(done), after: done ? before(done) : null };
  };
}

async function byId<T extends { id: string }>(
  ids: readonly string[],
  read: (ids: readonly string[]) => Promise<T[]>,
): Promise<Map<string, T>> {
  return new Map(ids.length === 0 ? [] : (await read(ids)).map((row) => [row.id, row]));
}
