import { sql } from 'kysely';
import { v7 } from 'uuid';
import type { z } from 'zod';
import { Problem } from '../../../../errors/problem.ts';
import type { Duplicate } from '../../../../protocol/api/attendance.ts';
import { namesOf } from '../../../core/people/records.ts';
import { allOfPerson, scopesOfPerson } from '../../../core/people/sites.ts';
import { type Asked, byNumber, byTimeOf, type Page, pageOfItems, readPage } from '../../../platform/access/list.ts';
import type { Services } from '../../../platform/access/route.ts';
import { SYSTEM } from '../../../platform/audit/actor.ts';
import { audited, type Opened } from '../../../platform/audit/opened.ts';
import { appendChanges, type NewChange } from '../../../platform/changes/log.ts';
import { nextChange } from '../../../platform/database/feed.ts';
import { inTransaction } from '../../../platform/database/retry.ts';
import { find, insert, update } from '../../../platform/database/rows.ts';
import type { Db, Tx } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { type Merge, tablesOf } from '../../../platform/server-module.ts';
import { queueDue } from '../resolve-due.ts';

const SORTING = { by: { foundAt: byTimeOf('found_at'), score: byNumber('score') }, id: 'id' };

/** Lists pairs that wait for a decision. */
export async function listCandidates(
  db: Db,
  keys: Keys,
  ask: Asked<keyof typeof SORTING.by>,
): Promise<Page<z.output<typeof Duplicate>>> {
  const open = db.selectFrom('merge_candidate').selectAll().where('status', '=', 'open');
  const page = await readPage(db, open, SORTING, ask);
  const people = page.items.flatMap((r) => [r.first, r.second]);
  const names = await namesOf(db, keys, people);
  return pageOfItems(page, (r) => ({
    id: r.id,
    people: [r.first, r.second].map((id) => ({ id, name: names.get(id) ?? null })),
    reason: r.reason,
    score: r.score,
    foundAt: r.found_at.toISOString(),
  }));
}

/**
 * Returns the two people of an open or rejected pair.
 *
 * @throws Problem `candidate-unknown`
 */
export async function candidatePair(
  db: Db,
  id: string,
  status: 'open' | 'rejected' = 'open',
): Promise<[string, string]> {
  const row = await find(db, 'merge_candidate', { id, status }, ['first', 'second']);
  if (!row) throw new Problem('candidate-unknown');
  return [row.first, row.second];
}

/**
 * Records that two people are different, so that the pair is not queued again.
 *
 * @throws Problem `candidate-unknown`
 */
export async function rejectCandidate(db: Db, id: string, by: string, now: Date): Promise<void> {
  const rejected = { status: 'rejected', decided_at: now, decided_by: by } as const;
  if ((await update(db, 'merge_candidate', { id, status: 'open' }, rejected)) === 0)
    throw new Problem('candidate-unknown');
}

/** Undoes a rejection. @throws Problem `candidate-unknown` */
export async function reopenCandidate(db: Db, id: string): Promise<void> {
  const open = { status: 'open', decided_at: null, decided_by: null } as const;
  if ((await update(db, 'merge_candidate', { id, status: 'rejected' }, open)) === 0)
    throw new Problem('candidate-unknown');
}

export interface Merged {
  readonly id: string;
  readonly records: number;
}

/**
 * Merges two people: all records of `merged` belong to `kept` from now on, including those that arrive later under the old
 * id. No record is deleted, and the days with moved records are resolved again. Each table's rule says what else is moved.
 * Kiosks drop the old id and receive the kept one.
 *
 * @param who `by`: who decided, for the record of the merge
 * @throws Problem `merge-not-possible`: one of them is unknown, erased or merged already, or they are the same
 */
export function mergePeople(
  { db, keys, modules }: Pick<Services, 'db' | 'keys' | 'modules'>,
  who: { readonly kept: string; readonly merged: string; readonly by: string },
  now: Date,
): Promise<Merged> {
  const { kept, merged, by } = who;
  const work = async (tx: Tx, opened: Opened): Promise<Merged> => {
    await lockBoth(tx, kept, merged);
    const { rows } = await sql<{ records: number }>`
      select count(*)::int as records from checkin where person = ${merged}`.execute(tx);
    const { records } = rows[0]!;
    const changes: NewChange[] = [];
    const publish = (more: readonly NewChange[]) => void changes.push(...more);
    for (const [table, rule] of tablesOf(modules))
      if ('merged' in rule && typeof rule.merged === 'function')
        await rule.merged({ tx, keys, table, opened, ...who, now, publish });
    for (const site of await scopesOfPerson(tx, kept)) changes.push(...(await allOfPerson(tx, kept, site)));
    const id = v7();
    await insert(tx, 'person_merge', { id, kept, merged, records, at: now, by });
    await appendChanges(tx, changes, now);
    return { id, records };
  };
  const why = { actor: SYSTEM, route: 'people merge' };
  return inTransaction(db, (tx) => audited(tx, keys, why, now, (opened) => work(tx, opened)));
}

async function lockBoth(tx: Tx, kept: string, merged: string): Promise<void> {
  const rows = await tx
    .selectFrom('person')
    .select(['id', 'deleted_at', 'merged_into'])
    .where('id', 'in', [kept, merged])
    .orderBy('id')
    // Waits for an ingest that is writing records of either (lockPeople).
    .forUpdate()
    .execute();
  if (rows.length === 2 && rows.every((r) => r.deleted_at === null && r.merged_into === null)) return;
  throw new Problem('merge-not-possible');
}

/** Moves the records, and queues their days to be resolved again. */
export async function mergeCheckins({ tx, kept, merged }: Merge): Promise<void> {
  const { rows: moved } = await sql<{ site: string | null; at: Date }>`
    update checkin set person = ${kept}, change = ${nextChange} where person = ${merged} returning site, at`.execute(
    tx,
  );
  const due = moved.map((r) => ({ person: kept, ...r }));
  await queueDue(tx, due);
}

/** Marks the pair as merged. Other pairs of the merged person become pairs of the kept one. */
export async function mergeCandidates({ tx, kept, merged, by, now }: Merge): Promise<void> {
  const at = now.toISOString();
  await sql`update merge_candidate set status = 'merged', decided_at = ${at}::timestamptz, decided_by = ${by}
            where first = least(${kept}::uuid, ${merged}::uuid) and second = greatest(${kept}::uuid, ${merged}::uuid)`.execute(
    tx,
  );
  // A rejected pair stays rejected: someone who isn't the merged person isn't the kept one either.
  await sql`
    with others as (
      delete from merge_candidate where status <> 'merged' and (first = ${merged} or second = ${merged}) returning *
    )
    insert into merge_candidate as c (id, first, second, reason, score, found_at, status, decided_at, decided_by)
    select id, least(other, ${kept}::uuid), greatest(other, ${kept}::uuid), reason, score, found_at, status, decided_at, decided_by
    from (select *, case when first = ${merged} then second else first end as other from others) o
    where other <> ${kept}::uuid
    on conflict (first, second) do update
      set status = excluded.status, decided_at = excluded.decided_at, decided_by = excluded.decided_by
      where c.status = 'open' and excluded.status = 'rejected'`.execute(tx);
}
