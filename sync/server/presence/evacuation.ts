import { randomUUID } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import type { Evacuation, EvacuationState } from '../../protocol/api/presence.ts';
import { Problem } from '../../protocol/wire/problem.ts';
import type { Db, Tables } from '../database/schema.ts';
import type { EvacuationRow } from '../database/tables/console.ts';
import type { ReportSite } from '../reports/day.ts';
import { countInside } from './inside.ts';

/**
 * The roll call of an evacuation, shared by everybody who has the page open. Whom somebody accounted for is kept while it goes
 * on; from its end only the two counts are.
 */

/** One that nobody ended ends by itself after this, ms. */
export const LONGEST_EVACUATION_MS = 24 * 60 * 60 * 1000;

export async function readEvacuation(db: Db, site: ReportSite): Promise<EvacuationState> {
  const of = () =>
    db.selectFrom('evacuation').selectAll().where(sql<boolean>`site is not distinct from ${site.id}::uuid`);
  const current = await of().where('ended_at', 'is', null).executeTakeFirst();
  const last = await of().where('ended_at', 'is not', null).orderBy('ended_at', 'desc').limit(1).executeTakeFirst();
  const marks = current
    ? await db.selectFrom('evacuation_mark').selectAll().where('evacuation', '=', current.id).execute()
    : [];
  return {
    current: current ? shown(current) : null,
    accounted: marks.map((m) => ({ person: m.person, at: m.at.toISOString(), by: m.by })),
    last: last ? shown(last) : null,
  };
}

/** Begins one. Where one goes on already, that one is it. */
export async function beginEvacuation(
  tx: Transaction<Tables>,
  site: ReportSite,
  by: string | null,
  now: Date,
): Promise<Evacuation> {
  await tx
    .insertInto('evacuation')
    .values({ id: randomUUID(), site: site.id, begun_at: now, begun_by: by })
    .onConflict((c) => c.doNothing())
    .execute();
  return (await readEvacuation(tx, site)).current!;
}

/** @throws Problem `evacuation-over` */
export async function account(
  tx: Transaction<Tables>,
  { evacuation, person }: { readonly evacuation: string; readonly person: string },
  by: string | null,
  now: Date,
): Promise<void> {
  await going(tx, evacuation);
  const known = await tx
    .selectFrom('person')
    .select('id')
    .where('id', '=', person)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  if (!known) throw new Problem('person-unknown', 'There is no such person.', 'Read the list again.');
  await tx
    .insertInto('evacuation_mark')
    .values({ evacuation, person, at: now, by })
    .onConflict((c) => c.doNothing())
    .execute();
}

/** Somebody was marked by mistake. @throws Problem `evacuation-over` */
export async function unaccount(
  tx: Transaction<Tables>,
  { evacuation, person }: { readonly evacuation: string; readonly person: string },
): Promise<void> {
  await going(tx, evacuation);
  await tx.deleteFrom('evacuation_mark').where('evacuation', '=', evacuation).where('person', '=', person).execute();
}

/** Everybody is accounted for, or it was an exercise. @throws Problem `evacuation-over` */
export async function endEvacuation(
  tx: Transaction<Tables>,
  evacuation: string,
  siteOf: (id: string | null) => Promise<ReportSite>,
  now: Date,
): Promise<Evacuation> {
  const row = await going(tx, evacuation);
  const { inside, accounted } = await countInside(tx, await siteOf(row.site), now, evacuation);
  await tx.deleteFrom('evacuation_mark').where('evacuation', '=', evacuation).execute();
  const ended = await tx
    .updateTable('evacuation')
    .set({ ended_at: now, inside, accounted })
    .where('id', '=', evacuation)
    .returningAll()
    .executeTakeFirstOrThrow();
  return shown(ended);
}

/** Locks the row, so that nobody is marked while it ends. */
async function going(tx: Transaction<Tables>, id: string): Promise<EvacuationRow> {
  const row = await tx.selectFrom('evacuation').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
  if (row && row.ended_at === null) return row;
  throw new Problem('evacuation-over', 'This evacuation has ended.', 'Begin another one if there is need.');
}

const shown = (row: EvacuationRow): Evacuation => ({
  id: row.id,
  site: row.site,
  begunAt: row.begun_at.toISOString(),
  endedAt: row.ended_at?.toISOString() ?? null,
  inside: row.inside,
  accounted: row.accounted,
});
