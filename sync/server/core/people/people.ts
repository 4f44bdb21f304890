import { sql } from 'kysely';
import type { Open, Personal } from '../../../protocol/wire/event.ts';
import { nextChange } from '../../platform/database/feed.ts';
import { idsOf, not, update, upsert } from '../../platform/database/rows.ts';
import type { Tx } from '../../platform/database/schema.ts';
import type { Standing } from '../../platform/events.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { sameAs } from './living.ts';
import { INDEX_COLUMNS, selectRows, upsertRows, type Values } from './rows.ts';

/** Records older than this are on no screen that follows the feed, days. */
const SHOWN_DAYS = 7;

/** Fields that a kiosk's `person` event may set. */
const EVENT_FIELDS = ['name', 'number', 'language'] as const;

/**
 * Looks up people, and prevents their erasure until the transaction ends, since a concurrent erasure would miss what is
 * written here. A person without a row is locked by an advisory lock on their id.
 */
export async function lockPeople(tx: Tx, people: readonly string[]): Promise<ReadonlyMap<string, Standing>> {
  const wanted = [...new Set(people)].sort();
  const found = new Map<string, Standing>();
  const find = async (ids: readonly string[]) => {
    const { rows } = await sql<{ id: string; erased: boolean; merged_into: string | null }>`
      select id, deleted_at is not null as erased, merged_into from person where id = any(${ids}::uuid[])
      order by id for key share`.execute(tx);
    for (const r of rows) found.set(r.id, { known: true, erased: r.erased, now: r.merged_into ?? r.id });
  };
  if (wanted.length > 0) await find(wanted);
  const unknown = wanted.filter((id) => !found.has(id));
  if (unknown.length > 0) {
    // Only one transaction at a time: if two kiosks add the same person, the second one finds the row.
    await sql`select pg_advisory_xact_lock(hashtextextended('person:' || id, 0))
              from unnest(${unknown}::text[]) as id`.execute(tx);
    await find(unknown);
  }
  for (const id of unknown) if (!found.has(id)) found.set(id, { known: false, erased: false, now: id });
  return found;
}

export interface PersonChange extends Open<'person'> {
  readonly personal: Personal<'person'>;
  /** When it happened, never later than its arrival (instant.ts). */
  readonly at: Date;
}

interface Row {
  readonly id: string;
  readonly values: Values;
  readonly rowVersion: number;
  gpsOptOut: boolean;
  claimedAt: number;
  erased: boolean;
  touched: boolean;
}

/**
 * Applies `person` events in order. Rows are encrypted under the next row version, so an old envelope can't be put back. An
 * event older than one already applied only fills empty fields: a kiosk that was offline for weeks can't restore an old name.
 */
export async function applyPeople(tx: Tx, keys: Keys, changes: readonly PersonChange[], now: Date): Promise<void> {
  // A deletion is handled as a request for erasure (features/privacy/erasure/request.ts).
  const known = changes.filter((c) => c.personal.person !== undefined && c.change !== 'deleted');
  if (known.length === 0) return;
  const people = known.map((c) => c.personal.person!);
  const rows = await lockRows(tx, keys, people);
  const newlyOut: string[] = [];
  for (const { gpsOptOut, personal, at } of known) {
    const row = rows.get(personal.person!)!;
    if (row.erased) continue;
    const claimed = at.getTime();
    const late = claimed < row.claimedAt;
    for (const field of EVENT_FIELDS) {
      const value = personal[field];
      if (value !== undefined && !(late && row.values[field] !== undefined)) row.values[field] = value;
    }
    // An opt-out always applies, even if it arrives late. A late opt-in does not undo a newer opt-out.
    if (gpsOptOut && !row.gpsOptOut) newlyOut.push(row.id);
    if (gpsOptOut !== undefined && (gpsOptOut || !late)) row.gpsOptOut = gpsOptOut;
    row.claimedAt = Math.max(row.claimedAt, claimed);
    row.touched = true;
  }
  const touched = [...rows.values()].filter((r) => r.touched);
  const next = touched.map((r) => ({
    ...r,
    rowVersion: r.rowVersion + 1,
    claimedAt: new Date(r.claimedAt),
    updatedAt: now,
  }));
  await upsertRows(tx, keys, next);
  await touchCheckinsOf(tx, idsOf(touched), now);
  await forgetPositions(tx, newlyOut);
  const optedOut = touched.flatMap((r) => (r.gpsOptOut ? [r.id] : []));
  // The kiosk may know a merged person by another id. Kiosks are sent the opt-out of the kept person.
  if (optedOut.length > 0)
    await sql`update person set gps_opt_out = true where id in
              (select merged_into from person where id = any(${optedOut}::uuid[]))`.execute(tx);
}

async function lockRows(tx: Tx, keys: Keys, people: readonly string[]): Promise<Map<string, Row>> {
  const found = new Map((await selectRows(tx, keys, people, { lock: true })).map((r) => [r.id, r]));
  const rowOf = (id: string): Row => {
    const { values, rowVersion = 0, claimedAt, gpsOptOut = false, deletedAt = null } = found.get(id) ?? {};
    const erased = deletedAt !== null;
    return {
      id,
      values: { ...values },
      rowVersion,
      claimedAt: claimedAt?.getTime() ?? 0,
      gpsOptOut,
      erased,
      touched: false,
    };
  };
  return new Map(people.map((id) => [id, rowOf(id)]));
}

/**
 * Locks people, under every id of theirs, against everything else that writes about them (lockPeople).
 *
 * @returns all of their ids
 */
export async function lockToErase(tx: Tx, people: readonly string[]): Promise<string[]> {
  let ids: string[] = [];
  // Repeats until nobody was merged with them while we waited for the locks.
  for (let next = await sameAs(tx, people); next.length !== ids.length; next = await sameAs(tx, ids)) {
    ids = next;
    // Locks against a batch that writes about a person without a row (lockPeople).
    await sql`select pg_advisory_xact_lock(hashtextextended('person:' || id, 0))
              from unnest(${ids}::text[]) as id`.execute(tx);
    await sql`select from person where id = any(${ids}::uuid[]) order by id for update`.execute(tx);
  }
  return ids;
}

/**
 * Clears every value in these people's own rows. The rows stay, to record that they were erased. The caller has locked them
 * (`lockToErase`).
 */
export async function erasePeople(tx: Tx, people: readonly string[], now: Date): Promise<void> {
  await touchCheckinsOf(tx, people, now);
  const nothing = {
    ...Object.fromEntries(['profile', ...INDEX_COLUMNS].map((c) => [c, null])),
    merged_into: null,
    claimed_at: null,
    gps_opt_out: false,
    left_at: null,
    updated_at: now,
    deleted_at: now,
  };
  const rows = people.map((id) => ({ id, ...nothing, row_version: 1 }));
  const known = { ...nothing, deleted_at: sql<Date>`coalesce(person.deleted_at, excluded.deleted_at)` };
  await upsert(tx, 'person', 'id', rows, known);
}

/**
 * Deletes every recorded position of these people, under all of their ids. The chain of events stays whole, as it covers the
 * commitments only.
 */
export async function forgetPositions(tx: Tx, people: readonly string[]): Promise<void> {
  await update(tx, 'event', { person: await sameAs(tx, people), gps: not(null) }, { gps: null });
}

/** Marks recent check-ins of these people as changed, so that screens show them again. */
export async function touchCheckinsOf(tx: Tx, people: readonly string[], now: Date): Promise<void> {
  await sql`update checkin set change = ${nextChange}
            where person = any(${people}::uuid[])
              and at > ${new Date(now.getTime() - SHOWN_DAYS * 86_400_000).toISOString()}::timestamptz`.execute(tx);
}
