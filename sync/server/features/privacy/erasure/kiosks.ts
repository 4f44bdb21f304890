import { sql } from 'kysely';
import { v7 } from 'uuid';
import { everReadersOf, readersOf } from '../../../core/devices/scope.ts';
import { openRequestOf } from '../../../core/people/erasure-requests.ts';
import { sameAs } from '../../../core/people/group.ts';
import { pastScopesOfPerson, scopesOfPerson } from '../../../core/people/sites.ts';
import type { NewChange } from '../../../platform/changes/log.ts';
import { insert, update } from '../../../platform/database/rows.ts';
import type { Db, Tx } from '../../../platform/database/schema.ts';
import type { ErasureOrigin } from './request.ts';

/** The kiosks' part of an erasure: each that may hold something of the person is notified, and confirms. */

/** Which kiosk has said something, by which event. */
export interface ByKiosk {
  readonly device: string;
  readonly event: string;
}

/**
 * Opens the request, or closes the one that waits, and notes who has to confirm it: while the person still has sites.
 * Each other name of the person is published and confirmed under a request of its own: a kiosk may hold either, or
 * both. The person's values and key go in the same transaction.
 *
 * @returns what to publish; nothing when it was published already
 */
export async function eraseOnKiosks(
  tx: Tx,
  person: string,
  o: { readonly request: string; readonly origin: ErasureOrigin },
  now: Date,
): Promise<NewChange[]> {
  const known = await openRequestOf(tx, person);
  if (known && known.state !== 'requested') return [];
  const main = known?.request ?? o.request;
  const names = await sameAs(tx, [person]);
  const scopes = new Set<string>();
  const past = new Set<string>();
  for (const name of names) {
    for (const scope of await scopesOfPerson(tx, name)) scopes.add(scope);
    for (const scope of await pastScopesOfPerson(tx, name)) past.add(scope);
  }
  const newChanges: NewChange[] = [];
  for (const name of [person, ...names.filter((n) => n !== person)]) {
    const other = name === person ? known : await openRequestOf(tx, name);
    if (other && other.state !== 'requested') continue;
    const request = other?.request ?? (name === person ? main : v7());
    const part = request === main ? null : main;
    await close(tx, { request, person: name, part_of: part, origin: o.origin }, other !== undefined, now);
    newChanges.push(...(await eraseChanges(tx, { request, person: name }, [...scopes], [...past])));
  }
  return newChanges;
}

async function close(
  tx: Tx,
  row: { request: string; person: string; part_of: string | null; origin: ErasureOrigin },
  there: boolean,
  now: Date,
): Promise<void> {
  if (there)
    await update(tx, 'erasure', { request: row.request }, { state: 'closed', closed_at: now, part_of: row.part_of });
  else await insert(tx, 'erasure', { ...row, requested_at: now, state: 'closed', closed_at: now });
}

/**
 * Asks the kiosks of the person's scopes, and those that are or were of an earlier one: they may not have heard yet that the
 * person left, or may still wait for the server to have their records. Asks every kiosk where the person has no scope.
 */
async function eraseChanges(
  tx: Tx,
  { request, person }: { request: string; person: string },
  scopes: readonly string[],
  past: readonly string[],
): Promise<NewChange[]> {
  const readers = await readersOf(tx, scopes.length > 0 ? scopes : null);
  const former = scopes.length > 0 ? await everReadersOf(tx, [...scopes, ...past]) : [];
  const asked = [...new Set([...readers, ...former])];
  if (asked.length > 0)
    await insert(
      tx,
      'erasure_confirmation',
      asked.map((device) => ({ request, device, confirmed_at: null, event: null })),
    );
  const change = { kind: 'erase', person, request } as const;
  if (scopes.length === 0) return [change];
  return [
    ...scopes.map((site) => ({ ...change, site })),
    ...asked.filter((device) => !readers.includes(device)).map((device) => ({ ...change, device })),
  ];
}

/** A kiosk has erased. Only one that was asked confirms anything; its first confirmation stays. */
export async function confirmErasure(tx: Tx, request: string, by: ByKiosk, now: Date): Promise<void> {
  const open = { request, device: by.device, confirmed_at: null };
  const confirmed = await update(tx, 'erasure_confirmation', open, { confirmed_at: now, event: by.event });
  if (confirmed === 0) return;
  // The saga looks at once whether that was the last.
  await sql`update erasure_step set next_at = ${now.toISOString()}::timestamptz
    where step = 'kiosks' and done_at is null and request in (
      select coalesce(part_of, request) from erasure where request = ${request}::uuid)`.execute(tx);
}

/** Those that this device has not confirmed, by request. */
export function unconfirmedErasures(
  db: Db,
  device: string,
  after: string,
  limit: number,
): Promise<{ request: string; person: string }[]> {
  return db
    .selectFrom('erasure_confirmation as c')
    .innerJoin('erasure as e', 'e.request', 'c.request')
    .select(['e.request', 'e.person'])
    .where('c.device', '=', device)
    .where('c.confirmed_at', 'is', null)
    .where('c.request', '>', after)
    .orderBy('c.request')
    .limit(limit)
    .execute();
}
