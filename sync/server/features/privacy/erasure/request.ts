import { sql } from 'kysely';
import { v7 } from 'uuid';
import { Problem } from '../../../../errors/problem.ts';
import { everReadersOf, readersOf } from '../../../core/devices/registry.ts';
import { openRequestOf, sameAs } from '../../../core/people/living.ts';
import { allOfPerson, changesOf, pastScopesOfPerson, scopesOfPerson } from '../../../core/people/sites.ts';
import { forgetTemplates } from '../../../core/templates/forget.ts';
import type { Actor } from '../../../platform/audit/actor.ts';
import { writeAudit } from '../../../platform/audit/write.ts';
import { appendChanges, type NewChange } from '../../../platform/changes/log.ts';
import { inTransaction } from '../../../platform/database/retry.ts';
import { findLocked, get, insert, update } from '../../../platform/database/rows.ts';
import type { Db, Row, Tx } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';

const DAY_MS = 86_400_000;

export type ErasureOrigin = Row<'erasure'>['origin'];

export interface ErasureRequest {
  readonly person: string;
  readonly origin: ErasureOrigin;
  /** Days in which it can be undone, 0 to 30. */
  readonly undoDays: number;
  /** Reject an unknown person. Otherwise the request also applies to anyone who may arrive under this id. */
  readonly mustExist?: boolean;
  /** Id of the request, if it already has one. Default: a new id. */
  readonly request?: string;
  /** Default: now. */
  readonly requestedAt?: Date;
}

/**
 * Requests a person's erasure, under every id that they had before a merge. Templates are deleted at once, here and on every
 * kiosk, and no new ones are accepted. The rest is deleted when the undo period is over (steps.ts). Until then the person
 * checks in by the other methods. A repeated call returns the same request.
 *
 * @returns the request's id and until when it can be undone; null: it can't be undone
 * @throws Problem `person-unknown` with `mustExist`
 */
export function requestErasure(
  db: Db,
  keys: Keys,
  { person, origin, undoDays, mustExist = false, request = v7(), requestedAt }: ErasureRequest,
  now: Date,
): Promise<{ readonly request: string; readonly undoUntil: Date | null }> {
  return inTransaction(db, async (tx) => {
    const row = await findLocked(tx, 'person', { id: person }, ['id', 'merged_into']);
    if (!row && mustExist) throw new Problem('person-unknown');
    const id = row?.merged_into ?? person;
    const names = await sameAs(tx, [id]);
    const known = await openRequestOf(tx, names);
    if (known) return found(tx, known.part_of ?? known.request);
    await forgetTemplates(tx, keys, names, now);
    const at = requestedAt ?? now;
    const times = { requested_at: at, undo_until: new Date(at.getTime() + undoDays * DAY_MS) };
    await insert(tx, 'erasure', { request, person: id, ...times, part_of: null, state: 'requested', origin });
    return { request, undoUntil: undoUntilOf(times) };
  });
}

/**
 * Requests an erasure because staff deleted the person at a kiosk. Until it is closed or undone no kiosk has the person,
 * since staff was shown that they are deleted. The request has the event's id, so a repeated event makes only one request.
 * The caller has made sure that the person is under no legal hold (app/ingest/authority.ts).
 */
export async function requestAtKiosk(
  tx: Tx,
  keys: Keys,
  o: { readonly person: string; readonly by: ByKiosk; readonly undoDays: number },
  now: Date,
): Promise<void> {
  const { person, by, undoDays } = o;
  const { request } = await requestErasure(tx, keys, { person, origin: 'kiosk', undoDays, request: by.event }, now);
  const open = { request, state: 'requested', off_kiosks: false } as const;
  if ((await update(tx, 'erasure', open, { off_kiosks: true })) === 0) return;
  await appendChanges(tx, await changesOf(tx, person, 'removed'), now);
  const actor: Actor = { role: 'device', id: by.device, email: null, ip: null, userAgent: null };
  const data = ['person', 'template', 'photo', 'attendance'] as const;
  const entry = { actor, action: 'delete', route: 'kiosk deletion', resource: request, data, outcome: 'ok' } as const;
  await writeAudit(tx, keys, { ...entry, subjects: [person] }, now);
}

async function found(db: Db, request: string): Promise<{ request: string; undoUntil: Date | null }> {
  const row = await get(db, 'erasure', { request }, ['requested_at', 'undo_until']);
  return { request, undoUntil: undoUntilOf(row) };
}

/** Until when a request can be undone. Null if it never had an undo period. */
export const undoUntilOf = (row: { readonly requested_at: Date; readonly undo_until: Date | null }): Date | null =>
  row.undo_until && row.undo_until > row.requested_at ? row.undo_until : null;

/**
 * Undoes a request. The person is as before, except that their templates are gone: they may enrol their face again. Kiosks
 * that had to drop the person get them back.
 *
 * @throws Problem `erasure-unknown`, `erasure-under-way` (the undo period is over)
 */
export async function undoErasure(tx: Tx, request: string, now: Date): Promise<{ readonly person: string }> {
  const row = await findLocked(tx, 'erasure', { request, part_of: null });
  if (!row) throw new Problem('erasure-unknown');
  if (row.state === 'undone') return { person: row.person };
  if (row.state !== 'requested' || !row.undo_until || row.undo_until <= now) throw new Problem('erasure-under-way');
  await update(tx, 'erasure', { request }, { state: 'undone', done_at: now });
  if (row.off_kiosks) {
    const newChanges: NewChange[] = [];
    for (const name of await sameAs(tx, [row.person]))
      for (const site of await scopesOfPerson(tx, name)) newChanges.push(...(await allOfPerson(tx, name, site)));
    await appendChanges(tx, newChanges, now);
  }
  return { person: row.person };
}

/** The kiosk that reported something, and the event in which it did. */
interface ByKiosk {
  readonly device: string;
  readonly event: string;
}

/**
 * Closes the person's waiting request, or records a closed one, and lists the kiosks that have to confirm it. Call it while
 * the person still has sites. Each other id of the person is published and confirmed under its own request, since a kiosk
 * may hold either or both. The caller deletes the person's values and key in the same transaction.
 *
 * @returns the changes to publish; empty if they were published already
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
 * Asks the kiosks of the person's scopes, and those that are or were in an earlier scope: they may not know yet that the
 * person left, or may still have records to send. Asks every kiosk if the person has no scope.
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
  const open = asked.map((device) => ({ request, device, confirmed_at: null, event: null }));
  await insert(tx, 'erasure_confirmation', open);
  const change = { kind: 'erase', person, request } as const;
  if (scopes.length === 0) return [change];
  return [
    ...scopes.map((site) => ({ ...change, site })),
    ...asked.filter((device) => !readers.includes(device)).map((device) => ({ ...change, device })),
  ];
}

/** Records that a kiosk has erased the person. Counts only if that kiosk was asked; its first confirmation is kept. */
export async function confirmErasure(tx: Tx, request: string, by: ByKiosk, now: Date): Promise<void> {
  const open = { request, device: by.device, confirmed_at: null };
  const confirmed = await update(tx, 'erasure_confirmation', open, { confirmed_at: now, event: by.event });
  if (confirmed === 0) return;
  // Makes the `kiosks` step due now, in case this was the last confirmation.
  await sql`update erasure_step set next_at = ${now.toISOString()}::timestamptz
    where step = 'kiosks' and done_at is null and request in (
      select coalesce(part_of, request) from erasure where request = ${request}::uuid)`.execute(tx);
}

/** Lists the erasures that this device has not confirmed, sorted by request. */
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
