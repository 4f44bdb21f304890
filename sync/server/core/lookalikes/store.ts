import { type SqlBool, sql } from 'kysely';
import { v7 } from 'uuid';
import type { LookalikeReason } from '../../../protocol/wire/event.ts';
import { appendChanges, type NewChange } from '../../platform/changes/log.ts';
import { insertNew, remove } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { queueMessages } from '../../platform/webhooks/queue.ts';
import { scopesOfPerson } from '../people/sites.ts';

/**
 * Pairs of lookalikes: two people who can't be distinguished by face alone. Kiosks ask each of them for a number, code or
 * badge first. A pair exists until one of the two is removed or has no templates any more, or until someone removes the pair.
 */

export interface Marking {
  readonly reason: LookalikeReason;
  readonly at: Date;
  /** The kiosk where it was marked. Null: the console. */
  readonly device: string | null;
  /** Account, or member of a kiosk's staff. Null: nobody. */
  readonly by: string | null;
}

const sorted = (a: string, b: string): [string, string] => (a < b ? [a, b] : [b, a]);

/** Returns changes that make these people's kiosks reload their pairs. */
async function lookalikeChanges(db: Db, people: readonly string[]): Promise<NewChange[]> {
  const changes: NewChange[] = [];
  for (const person of new Set(people))
    for (const site of await scopesOfPerson(db, person)) changes.push({ kind: 'lookalikes', person, site });
  return changes;
}

/**
 * Marks two people as lookalikes. From now on neither of them is identified by face alone, and nobody is asked whether they
 * are one person. Receivers of webhooks are notified. Marking the same pair again changes nothing.
 *
 * @returns changes for kiosks
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

/** Removes a pair. @returns changes for kiosks; null if they were not a pair */
export async function removePair(tx: Tx, pair: readonly [string, string]): Promise<NewChange[] | null> {
  const [first, second] = sorted(...pair);
  return (await remove(tx, 'lookalike', { first, second })) === 0 ? null : lookalikeChanges(tx, [first, second]);
}

const of = (people: readonly string[]) =>
  sql<SqlBool>`(first = any(${people}::uuid[]) or second = any(${people}::uuid[]))`;

/** Removes all pairs of a person who has no templates any more. @returns changes for kiosks */
export async function dropPairsOf(tx: Tx, person: string): Promise<NewChange[]> {
  const rows = await tx
    .deleteFrom('lookalike')
    .where(of([person]))
    .returning(['first', 'second'])
    .execute();
  const people = rows.flatMap((r) => [r.first, r.second]);
  return lookalikeChanges(tx, people);
}

/** Moves pairs of a merged person to the kept one. Call it before the merged person is removed from their sites. */
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

/** Returns the ids of all lookalikes of a person. */
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

/** Returns pairs, newest first. @param o `people`: only pairs of these people; `after`: only pairs after this one */
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

/** Returns for each person their pairs with people of this scope. */
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
 * Applies what a kiosk reports about a pair. Ingest has checked that both people belong to its site (app/ingest/authority.ts).
 *
 * @returns changes for kiosks
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
  // The pair was marked again later than this removal.
  if (!there || there.at > marking.at) return [];
  return (await removePair(tx, pair)) ?? [];
}

/** Calls `markPair` and publishes its changes. Only if nothing else is published in the same transaction. */
export async function markInConsole(
  tx: Tx,
  pair: readonly [string, string],
  o: Pick<Marking, 'reason' | 'by'>,
  now: Date,
): Promise<void> {
  await appendChanges(tx, await markPair(tx, pair, { ...o, at: now, device: null }, now), now);
}
