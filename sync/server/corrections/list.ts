import { sql } from 'kysely';
import { NIL } from 'uuid';
import type { Correction } from '../../protocol/api/corrections.ts';
import { sameAs } from '../attendance/merging/group.ts';
import type { Db } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import { personBox } from '../keys/persons.ts';
import { reasonPlace } from './correct.ts';

/**
 * Corrections, newest first. Of somebody who was erased none is told: what is left of it names nobody.
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
  const box = await personBox(
    db,
    keys,
    rows.map((r) => r.person),
  );
  return rows.map((r) => ({
    id: r.id,
    kind: r.kind,
    target: r.target,
    person: r.person,
    at: r.at?.toISOString() ?? null,
    direction: r.direction,
    reason: String(box.openJson(reasonPlace(r.id, r.person), r.reason)),
    author: r.author,
    madeAt: r.made_at.toISOString(),
    undone: r.undone_by !== null,
  }));
}
