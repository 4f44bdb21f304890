import type { Transaction } from 'kysely';
import { v7 } from 'uuid';
import { applyPerson } from '../attendance/people.ts';
import { inTransaction } from '../database/retry.ts';
import type { Db, DeviceTable, Tables } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import { appendChanges, type NewChange } from './log.ts';
import { readersOf, scopeOf } from './scope.ts';
import { scopesOfPerson } from './sites.ts';
import { dropTemplates } from './templates.ts';

/**
 * Erases a person: every value and template here goes at once, and each kiosk of their sites is told and has to confirm.
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
    await dropTemplates(tx, keys, person);
    await applyPerson(tx, keys, 'deleted', { person }, now);
    await appendChanges(tx, await eraseOnKiosks(tx, keys, person, { request }, now), now);
    return request;
  });
}

/**
 * Opens the request, notes who has to confirm it, and drops what the tables of this folder hold.
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
  const known = await requestFor(tx, person);
  if (known) {
    if (o.by) await confirmErasure(tx, known, o.by, now);
    return [];
  }
  const own = o.by ? [await scopeOf(tx, o.by.device)] : [];
  const scopes = [...new Set([...(await scopesOfPerson(tx, person)), ...own])];
  const readers = await readersOf(tx, scopes.length > 0 ? scopes : null);
  await tx.insertInto('erasure').values({ request: o.request, person, requested_at: now }).execute();
  if (readers.length > 0)
    await tx
      .insertInto('erasure_confirmation')
      .values(readers.map((device) => ({ request: o.request, device, confirmed_at: null, event: null })))
      .execute();
  if (o.by) await confirmErasure(tx, o.request, o.by, now);
  await dropTemplates(tx, keys, person);
  for (const table of ['consent', 'person_model', 'person_site'] as const)
    await tx.deleteFrom(table).where('person', '=', person).execute();
  const change = { kind: 'erase', person, request: o.request } as const;
  return scopes.length > 0 ? scopes.map((site) => ({ ...change, site })) : [change];
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

async function requestFor(db: Db, person: string): Promise<string | null> {
  const row = await db.selectFrom('erasure').select('request').where('person', '=', person).executeTakeFirst();
  return row?.request ?? null;
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
    .select(['c.device', 'c.confirmed_at', 'd.name', 'd.status', 'd.last_heard_at'])
    .where('c.request', '=', request)
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
