import type { Selectable } from 'kysely';
import { NIL, v7 } from 'uuid';
import { Problem } from '../../../errors/problem.ts';
import type { AttendanceRow } from '../../../protocol/api/attendance.ts';
import type { Correction, NewCorrection } from '../../../protocol/api/corrections.ts';
import { requireLiving, sameAs } from '../../core/people/living.ts';
import { lockPeople } from '../../core/people/people.ts';
import { namesOf } from '../../core/people/records.ts';
import { findSite } from '../../core/sites/sites.ts';
import { type Asked, byTimeOf, type Page, pageOfItems, readPage } from '../../platform/access/list.ts';
import { nextChange, thisChange } from '../../platform/database/feed.ts';
import { exists, find, findAll, findLocked, insert, not, update } from '../../platform/database/rows.ts';
import type { Db, Row, Tables, Tx } from '../../platform/database/schema.ts';
import { emailsOf } from '../../platform/http/email.ts';
import { type Keys, type Place, placeOf } from '../../platform/keys/envelope.ts';
import { peopleOf, personBox } from '../../platform/keys/persons.ts';
import { queueDue } from './resolve-due.ts';

/**
 * Corrections of attendance. The corrected record is kept as it was claimed, but no longer counts. Its replacement is a new
 * record, whose id is the correction's. The days of both are resolved again.
 */

export const reasonPlace = (correction: string, person: string): Place =>
  placeOf('correction.reason', correction, { person });

export interface Corrected {
  readonly id: string;
  readonly person: string;
}

/**
 * Makes a correction.
 *
 * @param by account of the person who makes it; null: the operator
 * @throws Problem `record-unknown`, `record-of-nobody`, `already-corrected`, `already-void`, `correction-unknown`,
 *   `already-undone`, `not-undoable`, `nothing-to-correct`, `person-unknown`, `unknown-site`, `at-in-future`
 */
export async function correct(
  tx: Tx,
  keys: Keys,
  wanted: NewCorrection,
  by: string | null,
  now: Date,
): Promise<Corrected> {
  switch (wanted.kind) {
    case 'add':
      return add(tx, keys, wanted, by, now);
    case 'undo':
      return undo(tx, keys, wanted, by, now);
    default:
      return standInstead(tx, keys, wanted, by, now);
  }
}

async function add(
  tx: Tx,
  keys: Keys,
  wanted: Extract<NewCorrection, { kind: 'add' }>,
  by: string | null,
  now: Date,
): Promise<Corrected> {
  const { person, site, direction } = wanted;
  await requireLiving(tx, person, 'none');
  if (site) await findSite(tx, site);
  const at = pastInstant(wanted.at, now);
  const id = v7();
  await write(tx, keys, { id, kind: 'add', target: null, person, site, at, direction }, wanted.reason, by, now);
  await insertRecord(tx, { id, person, site, at, direction, device: NIL }, now);
  await queueDue(tx, [{ person, site, at }]);
  return { id, person };
}

/** Applies `replace` and `void`. */
async function standInstead(
  tx: Tx,
  keys: Keys,
  wanted: Extract<NewCorrection, { kind: 'replace' | 'void' }>,
  by: string | null,
  now: Date,
): Promise<Corrected> {
  const record = await lockRecord(tx, wanted.target);
  const { person, site } = record;
  if (record.superseded_by) throw new Problem('already-corrected');
  if (record.voided) throw new Problem('already-void');
  const id = v7();
  const replaces = wanted.kind === 'replace';
  const at = replaces && wanted.at !== undefined ? pastInstant(wanted.at, now) : record.at;
  const direction = (replaces ? wanted.direction : undefined) ?? record.resolved;
  if (replaces && at.getTime() === record.at.getTime() && direction === record.resolved)
    throw new Problem('nothing-to-correct');
  const values = replaces ? { at, direction } : { at: null, direction: null };
  await write(tx, keys, { id, kind: wanted.kind, target: record.id, person, site, ...values }, wanted.reason, by, now);
  await supersede(tx, record, id);
  if (replaces) await insertRecord(tx, { id, person, site, at, direction, device: record.device }, now);
  await queueDue(tx, [
    { person, site, at: record.at },
    { person, site, at },
  ]);
  return { id, person };
}

/** Undoes a correction, so that what it replaced counts again. */
async function undo(
  tx: Tx,
  keys: Keys,
  wanted: Extract<NewCorrection, { kind: 'undo' }>,
  by: string | null,
  now: Date,
): Promise<Corrected> {
  const done = await findLocked(tx, 'correction', { id: wanted.target });
  if (!done) throw new Problem('correction-unknown');
  if (done.kind === 'undo') throw new Problem('not-undoable');
  if (done.undone_by) throw new Problem('already-undone');
  const id = v7();
  const due: { person: string; site: string | null; at: Date }[] = [];
  if (done.at) {
    const made = await lockRecord(tx, done.id);
    if (made.superseded_by) throw new Problem('already-corrected');
    await supersede(tx, made, id);
    due.push({ person: made.person, site: made.site, at: made.at });
  }
  if (done.target) {
    const before = await lockRecord(tx, done.target);
    await supersede(tx, before, null);
    due.push({ person: before.person, site: before.site, at: before.at });
  }
  const person = due[0]?.person ?? done.person;
  const values = { site: done.site, at: null, direction: null };
  await write(tx, keys, { id, kind: 'undo', target: done.id, person, ...values }, wanted.reason, by, now);
  await update(tx, 'correction', { id: done.id }, { undone_by: id });
  await queueDue(tx, due);
  return { id, person };
}

type FoundRecord = Row<'checkin'> & { readonly person: string; readonly voided: boolean };

/** Locks the person first, as an erasure does, and then the record. */
async function lockRecord(tx: Tx, id: string): Promise<FoundRecord> {
  const before = await find(tx, 'checkin', { id }, ['person']);
  const standing = before?.person ? (await lockPeople(tx, [before.person])).get(before.person) : undefined;
  const row = await findLocked(tx, 'checkin', { id });
  if (!row) throw new Problem('record-unknown');
  const { person } = row;
  // The person was just merged into another.
  if (person !== null && person !== before?.person) return lockRecord(tx, id);
  if (person === null || standing?.erased) throw new Problem('record-of-nobody');
  return { ...row, person, voided: await exists(tx, 'checkin_void', { target: id, device: row.device }) };
}

async function supersede(tx: Tx, record: Pick<FoundRecord, 'id' | 'at'>, by: string | null) {
  // With its time, so that only one partition is searched.
  await update(tx, 'checkin', { id: record.id, at: record.at }, { superseded_by: by, change: nextChange });
}

async function insertRecord(
  tx: Tx,
  r: { id: string; person: string; site: string | null; at: Date; direction: 'in' | 'out'; device: string },
  now: Date,
): Promise<void> {
  await insert(tx, 'checkin', {
    ...r,
    received_at: now,
    automatic: false,
    method: 'manual',
    liveness: 'not-needed',
    resolved: r.direction,
    change: thisChange,
    corrected: true,
  });
}

async function write(
  tx: Tx,
  keys: Keys,
  row: Pick<Row<'correction'>, 'id' | 'kind' | 'target' | 'person' | 'site' | 'at' | 'direction'>,
  reason: string,
  author: string | null,
  now: Date,
): Promise<void> {
  const box = await personBox(tx, keys, [row.person], { make: true });
  await insert(tx, 'correction', {
    ...row,
    reason: box.sealJson(reasonPlace(row.id, row.person), reason),
    author,
    made_at: now,
  });
}

function pastInstant(text: string, now: Date): Date {
  const at = new Date(text);
  if (at.getTime() > now.getTime()) throw new Problem('at-in-future');
  return at;
}

const SORTING = { by: { madeAt: byTimeOf('made_at') }, id: 'id' };

/**
 * Lists corrections. Those of erased people are not shown, since what is left of them names nobody.
 *
 * @param o `person`: also under every id that they had before a merge
 */
export async function listCorrections(
  db: Db,
  keys: Keys,
  o: Asked<keyof typeof SORTING.by> & { person?: string | undefined; id?: string },
): Promise<Page<Correction>> {
  let query = db.selectFrom('correction').selectAll().where('person', '!=', NIL);
  if (o.id !== undefined) query = query.where('id', '=', o.id);
  if (o.person !== undefined) query = query.where('person', 'in', await sameAs(db, [o.person]));
  const page = await readPage(db, query, SORTING, o);
  const rows = page.items;
  const box = await personBox(db, keys, peopleOf(rows));
  const people = rows.map((r) => r.person);
  // The name of someone merged since is stored under the id they were merged into.
  const merged = await findAll(db, 'person', { id: people }, ['id', 'merged_into']);
  const kept = new Map(merged.map((p) => [p.id, p.merged_into ?? p.id]));
  const names = await namesOf(db, keys, [...new Set(kept.values())]);
  const emailOf = await emailsOf(db, keys);
  const valuesOf = await recordsBehind(db, rows);
  return pageOfItems(page, (r) => ({
    id: r.id,
    kind: r.kind,
    target: r.target,
    person: r.person,
    name: names.get(kept.get(r.person) ?? r.person) ?? null,
    site: r.site,
    ...valuesOf(r),
    reason: String(box.openJson(reasonPlace(r.id, r.person), r.reason)),
    author: r.author,
    authorEmail: emailOf(r.author),
    madeAt: r.made_at.toISOString(),
    undone: r.undone_by !== null,
  }));
}

/** Returns, by record, the reason why it no longer counts or, if it counts, why it was added. */
export async function reasonsOf(
  db: Db,
  keys: Keys,
  records: readonly Pick<AttendanceRow, 'id' | 'supersededBy' | 'correction'>[],
): Promise<ReadonlyMap<string, string>> {
  const done = records.flatMap(({ id, supersededBy, correction }) => {
    const by = supersededBy ?? (correction ? id : null);
    return by === null ? [] : [[id, by] as const];
  });
  const wanted = { id: done.map(([, by]) => by), person: not(NIL) };
  const rows = await findAll(db, 'correction', wanted, ['id', 'person', 'reason']);
  const box = await personBox(db, keys, peopleOf(rows));
  return new Map(
    done.flatMap(([id, by]) => {
      const row = rows.find((r) => r.id === by);
      return row ? [[id, String(box.openJson(reasonPlace(row.id, row.person), row.reason))] as const] : [];
    }),
  );
}

type Behind = Pick<Selectable<Tables['correction']>, 'kind' | 'target' | 'at' | 'direction'>;

/** Returns the values before and after each correction. For an undo, those of the undone correction swapped. */
async function recordsBehind(
  db: Db,
  rows: readonly Behind[],
): Promise<(row: Behind) => Pick<Correction, 'before' | 'after'>> {
  const targets = rows.flatMap((r) => (r.kind === 'undo' && r.target ? [r.target] : []));
  const undone = byId(await findAll(db, 'correction', { id: targets }, ['id', 'kind', 'target', 'at', 'direction']));
  const corrected = [...rows, ...undone.values()].flatMap((r) => (r.kind !== 'undo' && r.target ? [r.target] : []));
  const records = byId(await findAll(db, 'checkin', { id: corrected }, ['id', 'at', 'resolved']));
  const values = (at: Date | null | undefined, direction: 'in' | 'out' | null | undefined) =>
    at && direction ? { at: at.toISOString(), direction } : null;
  const before = ({ target }: Behind) => {
    const record = target === null ? undefined : records.get(target);
    return values(record?.at, record?.resolved);
  };
  return (r) => {
    if (r.kind !== 'undo') return { before: before(r), after: values(r.at, r.direction) };
    const done = r.target === null ? undefined : undone.get(r.target);
    return { before: values(done?.at, done?.direction), after: done ? before(done) : null };
  };
}

const byId = <T extends { readonly id: string }>(rows: readonly T[]): Map<string, T> =>
  new Map(rows.map((row) => [row.id, row]));
