import { type SqlBool, sql } from 'kysely';
import { v7 } from 'uuid';
import type { LookalikeReason } from '../../../protocol/wire/event.ts';
import { appendChanges, type NewChange } from '../../platform/changes/log.ts';
import { insertNew, remove } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { queueMessages } from '../../platform/webhooks/queue.ts';
import { scopesOfPerson } from '../people/sites.ts';

/**
 * Pairs of lookalikes: two people who cannot be distinguished by face alone. Their kiosks ask each of them for a
 * number, code or badge first. A pair lasts as long as both are here and have templates, or until someone takes it
 * back.
 */

export interface Marking {
  readonly reason: LookalikeReason;
  readonly at: Date;
  /** The kiosk where it was marked; null: the console. */
  readonly device: string | null;
  /** Account, or member of a kiosk's staff; null: nobody. */
  readonly by: string | null;
}

const sorted = (a: string, b: string): [string, string] => (a < b ? [a, b] : [b, a]);

/** Both people's kiosks reload their pairs. */
async function lookalikeChanges(db: Db, people: readonly string[]): Promise<NewChange[]> {
  const changes: NewChange[] = [];
  for (const person of new Set(people))
    for (const site of await scopesOfPerson(db, person)) changes.push({ kind: 'lookalikes', person, site });
  return changes;
}

/**
 * From now on neither of the two is identified by face alone, and nobody is asked whether they are one person. Receivers of
 * webhooks hear of it at once. Marking twice is marking once.
 *
 * @returns what kiosks are to receive
 */
export async function markPair(
  tx: Tx,
  pair: readonly [string, string],
  { reason, at, device, by }: Marking,
  now: Date,
): Promise<NewChange[]> {
  const [first, second] = sorted(...pair);
  if (first === second) return [];
  const id = v7();
  const row = { id, first, second, reason, at: at < now ? at : now, device, marked_by: by };
  if (!(await insertNew(tx, 'lookalike', row))) return [];
  const decided = { status: 'rejected' as const, decided_at: now, decided_by: by };
  await tx
    .insertInto('merge_candidate')
    .values({ id: v7(), first, second, reason: 'template', score: null, found_at: now, ...decided })
    .onConflict((c) => c.columns(['first', 'second']).doUpdateSet(decided).where('merge_candidate.status', '=', 'open'))
    .execute();
  await queueMessages(tx, 'lookalikes.marked', [id], now);
  return lookalikeChanges(tx, [first, second]);
}

/** @returns what kiosks are to receive; null: they were no pair */
export async function removePair(tx: Tx, pair: readonly [string, string]): Promise<NewChange[] | null> {
  const [first, second] = sorted(...pair);
  return (await remove(tx, 'lookalike', { first, second })) === 0 ? null : lookalikeChanges(tx, [first, second]);
}

const of = (people: readonly string[]) =>
  sql<SqlBool>`(first = any(${people}::uuid[]) or second = any(${people}::uuid[]))`;

/** No face can be like a person without templates. @returns what kiosks are to receive */
export async function dropPairsOf(tx: Tx, person: string): Promise<NewChange[]> {
  const rows = await tx
    .deleteFrom('lookalike')
    .where(of([person]))
    .returning(['first', 'second'])
    .execute();
  const people = rows.flatMap((r) => [r.first, r.second]);
  return lookalikeChanges(tx, people);
}

/** Two people are merged: pairs of the merged one become the kept one's. Call it before the merged one leaves their sites. */
export async function movePairs(tx: Tx, kept: string, merged: string): Promise<NewChange[]> {
  const rows = await tx
    .deleteFrom('lookalike')
    .where(of([merged]))
    .returningAll()
    .execute();
  const changes: NewChange[] = [];
  for (const { first, second, ...row } of rows) {
    const other = first === merged ? second : first;
    if (other === kept) continue;
    const [a, b] = sorted(kept, other);
    await insertNew(tx, 'lookalike', { ...row, first: a, second: b });
    changes.push(...(await lookalikeChanges(tx, [other])));
  }
  return [...changes, ...(await lookalikeChanges(tx, [kept]))];
}

/** Ids of everyone who is a lookalike of a person. */
export async function partnersOf(db: Db, person: string): Promise<string[]> {
  const rows = await db
    .selectFrom('lookalike')
    .select(['first', 'second'])
    .where(of([person]))
    .execute();
  return rows.map(({ first, second }) => (first === person ? second : first));
}

export interface Pair extends Marking {
  readonly id: string;
  readonly people: readonly [string, string];
}

/** Newest first. @param o `people`: of these alone; `after`: those behind this one */
export async function readPairs(
  db: Db,
  o: {
    readonly people?: readonly string[];
    readonly limit?: number;
    readonly after?: { readonly at: string; readonly id: string } | null;
  } = {},
): Promise<Pair[]> {
  const at = sql`date_trunc('milliseconds', at)`;
  const rows = await db
    .selectFrom('lookalike')
    .selectAll()
    .$if(o.people !== undefined, (q) => q.where(of(o.people!)))
    .$if(Boolean(o.after), (q) =>
      q.where(sql<SqlBool>`(${at}, id) < (${o.after!.at}::timestamptz, ${o.after!.id}::uuid)`),
    )
    .orderBy(sql`${at} desc`)
    .orderBy('id', 'desc')
    .$if(o.limit !== undefined, (q) => q.limit(o.limit!))
    .execute();
  return rows.map(({ id, first, second, reason, at, device, marked_by }) => ({
    id,
    people: [first, second],
    reason,
    at,
    device,
    by: marked_by,
  }));
}

/** By person: everyone in this scope who is a lookalike of theirs. */
export async function pairsIn(db: Db, scope: string, people: readonly string[]): Promise<Map<string, Pair[]>> {
  const pairs = people.length === 0 ? [] : await readPairs(db, { people });
  const ids = [...new Set(pairs.flatMap((p) => p.people))];
  const { rows } = await sql<{ id: string }>`
    select p.id from person p join person_site s on s.person = p.id and s.site = ${scope}::uuid
    where p.id = any(${ids}::uuid[]) and p.deleted_at is null and p.merged_into is null`.execute(db);
  const here = new Set(rows.map((r) => r.id));
  return new Map(
    people.map((id) => [
      id,
      pairs.filter((p) => p.people.includes(id) && p.people.every((one) => one === id || here.has(one))),
    ]),
  );
}

/**
 * What a kiosk says of a pair. Whether both are people of its site, ingest has judged (app/ingest/authority.ts).
 *
 * @returns what kiosks are to receive
 */
export async function heardOfPair(
  tx: Tx,
  pair: readonly [string, string],
  { change, ...marking }: Marking & { readonly change: 'marked' | 'removed' },
  now: Date,
): Promise<NewChange[]> {
  if (change === 'marked') return markPair(tx, pair, marking, now);
  const known = await readPairs(tx, { people: [pair[0]] });
  const there = known.find((p) => p.people.includes(pair[1]));
  // Marked again since: the kiosk's word is older.
  if (!there || there.at > marking.at) return [];
  return (await removePair(tx, pair)) ?? [];
}

/** `markPair`, where nothing else is published in the same transaction. */
export async function markInConsole(
  tx: Tx,
  pair: readonly [string, string],
  o: Pick<Marking, 'reason' | 'by'>,
  now: Date,
): Promise<void> {
  await appendChanges(tx, await markPair(tx, pair, { ...o, at: now, device: null }, now), now);
}
