import { sql, type Transaction } from 'kysely';
import { v7 } from 'uuid';
import { sameAs } from '../attendance/merging/group.ts';
import { inTransaction } from '../database/retry.ts';
import type { Db, DeviceTable, Tables } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import { applyPerson } from '../people/people.ts';
import { appendChanges, type NewChange } from './log.ts';
import { readersOf, scopeOf } from './scope.ts';
import { scopesOfPerson } from './sites.ts';
import { dropTemplates } from './templates.ts';

/**
 * Erases a person, under every name that they had before a merge: every value and template here goes at once, and each kiosk of their sites is told and has to confirm.
 * What arrives about them afterwards keeps its place in the chain and loses its values.
 *
 * @returns the request's id: ask `erasureState` for who has confirmed
 */
export function requestErasure(db: Db, keys: Keys, person: string, now: Date): Promise<string> {
  return inTransaction(db, async (tx) => {
    const known = await requestFor(tx, person);
    if (known) return known;
    const request = v7();
    // Templates first: afterwards nothing says any more which events of the log were about this person.
    for (const name of await sameAs(tx, [person])) await dropTemplates(tx, keys, name);
    await applyPerson(tx, keys, 'deleted', { person }, now);
    await appendChanges(tx, await eraseOnKiosks(tx, keys, person, { request }, now), now);
    return request;
  });
}

/**
 * Opens the request, notes who has to confirm it, and drops what the tables of this folder hold. Each other name of the
 * person is told and confirmed under a request of its own: a kiosk may hold either, or both.
 *
 * @param o `by`: the device that has erased the person itself, by the event of that id
 * @returns what to tell; nothing when there is a request already
 */
export async function eraseOnKiosks(
  tx: Transaction<Tables>,
  keys: Keys,
  person: string,
  o: { request: string; by?: { device: string; event: string } },
  now: Date,
): Promise<NewChange[]> {
  const known = await rowFor(tx, person);
  if (known) {
    if (o.by) await confirmErasure(tx, known.request, o.by, now);
    return [];
  }
  const names = await sameAs(tx, [person]);
  const scopes = new Set(o.by ? [await scopeOf(tx, o.by.device)] : []);
  for (const name of names) for (const scope of await scopesOfPerson(tx, name)) scopes.add(scope);
  const told: NewChange[] = [];
  for (const name of [person, ...names.filter((n) => n !== person)]) {
    const request = name === person ? o.request : v7();
    if (name !== person && (await rowFor(tx, name))) continue;
    const part = name === person ? null : o.request;
    told.push(...(await openRequest(tx, { request, person: name, part_of: part }, [...scopes], now)));
    await dropTemplates(tx, keys, name);
    for (const table of ['consent', 'person_model', 'person_site'] as const)
      await tx.deleteFrom(table).where('person', '=', name).execute();
  }
  if (o.by) await confirmErasure(tx, o.request, o.by, now);
  return told;
}

async function openRequest(
  tx: Transaction<Tables>,
  row: { request: string; person: string; part_of: string | null },
  scopes: readonly string[],
  now: Date,
): Promise<NewChange[]> {
  const readers = await readersOf(tx, scopes.length > 0 ? scopes : null);
  await tx
    .insertInto('erasure')
    .values({ ...row, requested_at: now })
    .execute();
  if (readers.length > 0)
    await tx
      .insertInto('erasure_confirmation')
      .values(readers.map((device) => ({ request: row.request, device, confirmed_at: null, event: null })))
      .execute();
  const change = { kind: 'erase', person: row.person, request: row.request } as const;
  return scopes.length > 0 ? scopes.map((site) => ({ ...change, site })) : [change];
}

/**
 * A kiosk says that it has erased somebody by a request that is not known here: this database is older than the request,
 * and holds the person again. They are erased again. Safe to run again.
 *
 * @returns what to tell, and whether anything was still here
 */
export async function eraseAgain(
  tx: Transaction<Tables>,
  keys: Keys,
  person: string,
  o: { request: string; by: { device: string; event: string } },
  now: Date,
): Promise<{ readonly told: NewChange[]; readonly erased: boolean }> {
  const row = await tx.selectFrom('person').select('deleted_at').where('id', '=', person).executeTakeFirst();
  for (const name of await sameAs(tx, [person])) await dropTemplates(tx, keys, name);
  await applyPerson(tx, keys, 'deleted', { person }, now);
  return { told: await eraseOnKiosks(tx, keys, person, o, now), erased: !row?.deleted_at };
}

export async function isKnownRequest(db: Db, request: string): Promise<boolean> {
  return (
    (await db.selectFrom('erasure').select('request').where('request', '=', request).executeTakeFirst()) !== undefined
  );
}

/** A kiosk has erased. The first confirmation stays. */
export async function confirmErasure(
  tx: Transaction<Tables>,
  request: string,
  by: { device: string; event: string },
  now: Date,
): Promise<void> {
  await tx
    .updateTable('erasure_confirmation')
    .set({ confirmed_at: now, event: by.event })
    .where('request', '=', request)
    .where('device', '=', by.device)
    .where('confirmed_at', 'is', null)
    .execute();
}

/** The request that a person's erasure is asked about by. */
async function requestFor(db: Db, person: string): Promise<string | null> {
  const row = await rowFor(db, person);
  return row ? (row.part_of ?? row.request) : null;
}

function rowFor(db: Db, person: string): Promise<{ request: string; part_of: string | null } | undefined> {
  return db.selectFrom('erasure').select(['request', 'part_of']).where('person', '=', person).executeTakeFirst();
}

export interface ErasureState {
  readonly request: string;
  readonly requestedAt: Date;
  readonly confirmed: readonly { readonly device: string; readonly name: string; readonly at: Date }[];
  /** Kiosks that may still hold something, and when each was last heard. */
  readonly open: readonly {
    readonly device: string;
    readonly name: string;
    readonly status: DeviceTable['status'];
    readonly lastHeardAt: Date | null;
  }[];
}

/** How far an erasure has got; null for an unknown request. */
export async function erasureState(db: Db, request: string): Promise<ErasureState | null> {
  const erasure = await db
    .selectFrom('erasure')
    .select('requested_at')
    .where('request', '=', request)
    .executeTakeFirst();
  if (!erasure) return null;
  const rows = await db
    .selectFrom('erasure_confirmation as c')
    .innerJoin('device as d', 'd.id', 'c.device')
    .innerJoin('erasure as e', 'e.request', 'c.request')
    // Confirmed is who has confirmed every name of the person, and when the last of them.
    .select([
      'c.device',
      'd.name',
      'd.status',
      'd.last_heard_at',
      sql<Date | null>`case when bool_and(c.confirmed_at is not null) then max(c.confirmed_at) end`.as('confirmed_at'),
    ])
    .where((e) => e.or([e('e.request', '=', request), e('e.part_of', '=', request)]))
    .groupBy(['c.device', 'd.id', 'd.name', 'd.status', 'd.last_heard_at'])
    .orderBy('d.name')
    .orderBy('d.id')
    .execute();
  return {
    request,
    requestedAt: erasure.requested_at,
    confirmed: rows.flatMap((r) => (r.confirmed_at ? [{ device: r.device, name: r.name, at: r.confirmed_at }] : [])),
    open: rows
      .filter((r) => !r.confirmed_at)
      .map((r) => ({ device: r.device, name: r.name, status: r.status, lastHeardAt: r.last_heard_at })),
  };
}
