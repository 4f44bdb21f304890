import { sql } from 'kysely';
import { NIL, v7 } from 'uuid';
import { z } from 'zod';
import { Problem } from '../../../../errors/problem.ts';
import type { DataKind } from '../../../../protocol/api/data-kinds.ts';
import {
  type ChangeIncident,
  type EntryKind,
  type Incident,
  IncidentScope,
  type Notified,
  type OpenIncident,
} from '../../../../protocol/api/incidents.ts';
import type { Place as Behind } from '../../../platform/access/cursor.ts';
import type { Actor } from '../../../platform/audit/actor.ts';
import {
  defined,
  find,
  findAll,
  findLocked,
  findSorted,
  insert,
  remove,
  update,
} from '../../../platform/database/rows.ts';
import type { Db, Row, Tx } from '../../../platform/database/schema.ts';
import { emailsOf } from '../../../platform/http/email.ts';
import { type Keys, type Place, placeOf } from '../../../platform/keys/envelope.ts';
import type { Erasing } from '../../../platform/server-module.ts';
import { clockOf, requireDocumented, requireTimes } from './clock.ts';

/** The texts of an incident. They may name people, so they are encrypted, in one envelope. */
const IncidentTexts = z.strictObject({
  title: z.string(),
  description: z.string(),
  consequences: z.string(),
  measures: z.string(),
  authorityReason: z.string(),
  peopleReason: z.string(),
});
export type IncidentTexts = z.infer<typeof IncidentTexts>;

export const incidentPlace = (id: string, rowVersion: number): Place => placeOf('incident.texts', id, { rowVersion });
export const entryPlace = (id: string): Place => placeOf('incident.entry', id);

interface Held {
  readonly row: Row<'incident'>;
  readonly texts: IncidentTexts;
}

/** @throws Problem `incident-unknown` */
export async function holdIncident(
  db: Db,
  keys: Keys,
  id: string,
  o: { readonly forUpdate?: boolean } = {},
): Promise<Held> {
  const row = await (o.forUpdate ? findLocked : find)(db, 'incident', { id });
  if (!row) throw new Problem('incident-unknown');
  return { row, texts: openTexts(keys, row) };
}

/** Lists incidents, newest first. */
export async function listHeld(db: Db, keys: Keys, after: Behind | null, limit: number): Promise<Held[]> {
  let query = db.selectFrom('incident').selectAll().orderBy('found_at', 'desc').orderBy('id', 'desc').limit(limit);
  if (after) query = query.where(sql<boolean>`(found_at, id) < (${after.at}::timestamptz, ${after.id}::uuid)`);
  return (await query.execute()).map((row) => ({ row, texts: openTexts(keys, row) }));
}

const openTexts = (keys: Keys, row: Row<'incident'>): IncidentTexts =>
  IncidentTexts.parse(keys.openJson(incidentPlace(row.id, row.row_version), row.sealed));

export function summaryOf({ row, texts }: Held, now: Date) {
  const state = row.closed_at ? ('closed' as const) : row.contained_at ? ('contained' as const) : ('open' as const);
  const standing = { foundAt: row.found_at, authorityAt: row.authority_at, authorityReason: texts.authorityReason };
  return {
    id: row.id,
    title: texts.title,
    severity: row.severity,
    state,
    foundAt: row.found_at.toISOString(),
    beganAt: iso(row.began_at),
    endedAt: iso(row.ended_at),
    openedAt: row.opened_at.toISOString(),
    clock: clockOf(standing, now),
  };
}

/** An incident with its scopes and timeline. @throws Problem `incident-unknown` */
export async function readIncident(db: Db, keys: Keys, id: string, now: Date): Promise<Incident> {
  const held = await holdIncident(db, keys, id);
  const entries = await findSorted(db, 'incident_entry', { incident: id }, ['at', 'id']);
  const emailOf = await emailsOf(db, keys);
  const { row, texts } = held;
  return {
    ...summaryOf(held, now),
    ...texts,
    version: row.row_version,
    data: row.data as DataKind[],
    containedAt: iso(row.contained_at),
    authorityAt: iso(row.authority_at),
    peopleAt: iso(row.people_at),
    closedAt: iso(row.closed_at),
    scopes: await scopesOf(db, id),
    timeline: entries.map((e) => ({
      id: e.id,
      at: e.at.toISOString(),
      kind: e.kind,
      byRole: e.by_role,
      byId: e.by_id,
      byEmail: emailOf(e.by_id),
      text: e.sealed ? String(keys.openJson(entryPlace(e.id), e.sealed)) : '',
    })),
  };
}

export async function scopesOf(db: Db, incident: string): Promise<{ id: string; scope: IncidentScope }[]> {
  const rows = await findSorted(db, 'incident_scope', { incident }, ['added_at', 'id']);
  return rows.map((r) => ({ id: r.id, scope: IncidentScope.parse(r.filter) }));
}

/** Removes erased people from the conditions of scopes. Those would no longer find anything of theirs anyway. */
export async function unlinkScopes({ tx, people }: Pick<Erasing, 'tx' | 'people'>): Promise<void> {
  for (const { id, filter } of await findAll(tx, 'incident_scope', {})) {
    const before = JSON.stringify(filter);
    const after = withoutIds(before, people);
    if (after !== before) await update(tx, 'incident_scope', { id }, { filter: after });
  }
}

/** Removes erased people from timeline entries about scopes. */
export async function unlinkEntries({ tx, keys, people }: Pick<Erasing, 'tx' | 'keys' | 'people'>): Promise<void> {
  for (const { id, sealed } of await findAll(tx, 'incident_entry', { kind: ['scope', 'scope-removed'] })) {
    const before = sealed ? String(keys.openJson(entryPlace(id), sealed)) : '';
    const after = withoutIds(before, people);
    if (after !== before) await update(tx, 'incident_entry', { id }, { sealed: keys.sealJson(entryPlace(id), after) });
  }
}

const withoutIds = (text: string, people: readonly string[]): string =>
  people.reduce((left, id) => left.replaceAll(new RegExp(id, 'gi'), NIL), text);

const iso = (at: Date | null): string | null => at?.toISOString() ?? null;

/** Actions on incidents; each adds an entry to the timeline. The caller writes the audit row. */

export interface Doing {
  readonly tx: Tx;
  readonly keys: Keys;
  readonly actor: Actor;
  readonly now: Date;
}

/** @throws Problem `incident-times-wrong` */
export async function openIncident(d: Doing, o: z.output<typeof OpenIncident>): Promise<string> {
  const [foundAt, beganAt, endedAt] = [new Date(o.foundAt), date(o.beganAt), date(o.endedAt)];
  requireTimes(foundAt, beganAt, endedAt, d.now);
  const id = v7();
  const texts: IncidentTexts = {
    title: o.title,
    description: o.description,
    consequences: '',
    measures: '',
    authorityReason: '',
    peopleReason: '',
  };
  await insert(d.tx, 'incident', {
    id,
    severity: o.severity,
    found_at: foundAt,
    began_at: beganAt,
    ended_at: endedAt,
    data: unique(o.data),
    opened_at: d.now,
    row_version: 1,
    sealed: d.keys.sealJson(incidentPlace(id, 1), texts),
  });
  await entry(d, id, 'opened', o.title);
  return id;
}

/** @throws Problem `incident-unknown`, `incident-changed`, `incident-closed`, `incident-times-wrong` */
export async function changeIncident(d: Doing, id: string, patch: z.output<typeof ChangeIncident>): Promise<void> {
  const held = await holdOpen(d, id);
  const { row, texts } = held;
  if (row.row_version !== patch.version) throw new Problem('incident-changed');
  const { version: _, severity, foundAt, beganAt, endedAt, data, ...written } = patch;
  const next = {
    severity: severity ?? row.severity,
    found_at: foundAt ? new Date(foundAt) : row.found_at,
    began_at: beganAt === undefined ? row.began_at : date(beganAt),
    ended_at: endedAt === undefined ? row.ended_at : date(endedAt),
    data: data ? unique(data) : row.data,
  };
  requireTimes(next.found_at, next.began_at, next.ended_at, d.now);
  // Nobody can have been notified before the discovery.
  for (const notified of [row.authority_at, row.people_at])
    if (notified && notified.getTime() < minuteOf(next.found_at)) throw new Problem('incident-times-wrong');
  await write(d, held, next, { ...texts, ...defined(written) });
  const fields = Object.keys(patch).filter((f) => f !== 'version');
  await entry(d, id, 'changed', fields.join(', '));
}

/** @throws Problem `incident-unknown` */
export async function noteIncident(d: Doing, id: string, text: string): Promise<void> {
  await holdIncident(d.tx, d.keys, id);
  await entry(d, id, 'note', text);
}

/** @throws Problem `incident-unknown`, `incident-closed` */
export async function addScope(d: Doing, id: string, scope: IncidentScope): Promise<string> {
  await holdOpen(d, id);
  const made = v7();
  await insert(d.tx, 'incident_scope', { id: made, incident: id, filter: JSON.stringify(scope), added_at: d.now });
  await entry(d, id, 'scope', JSON.stringify(scope));
  return made;
}

/** @throws Problem `incident-unknown`, `incident-closed`, `scope-unknown` */
export async function removeScope(d: Doing, id: string, scope: string): Promise<void> {
  await holdOpen(d, id);
  const removed = (await scopesOf(d.tx, id)).find((one) => one.id === scope);
  if (!removed) throw new Problem('scope-unknown');
  await remove(d.tx, 'incident_scope', { id: scope });
  await entry(d, id, 'scope-removed', JSON.stringify(removed.scope));
}

/**
 * Records when the authority or the affected were notified. Null takes back a time entered by mistake.
 *
 * @throws Problem `incident-unknown`, `incident-closed`, `incident-times-wrong`
 */
export async function noteNotified(d: Doing, id: string, { to, at }: z.output<typeof Notified>): Promise<void> {
  const held = await holdOpen(d, id);
  const when = date(at);
  // This time is entered to the minute, but the discovery may be known to the second.
  if (when && (when > d.now || when.getTime() < minuteOf(held.row.found_at))) throw new Problem('incident-times-wrong');
  await write(d, held, to === 'authority' ? { authority_at: when } : { people_at: when }, held.texts);
  await entry(d, id, `${to}-notified`, at ?? '');
}

/** Records that the incident is contained. The first time is kept. */
export async function noteContained(d: Doing, id: string): Promise<void> {
  const held = await holdOpen(d, id);
  if (!held.row.contained_at) await write(d, held, { contained_at: d.now }, held.texts);
}

/** @throws Problem `incident-unknown`, `incident-closed`, `incident-not-documented` */
export async function closeIncident(d: Doing, id: string): Promise<void> {
  const held = await holdOpen(d, id);
  const { row, texts } = held;
  requireDocumented({ foundAt: row.found_at, authorityAt: row.authority_at, peopleAt: row.people_at, ...texts });
  await write(d, held, { closed_at: d.now }, texts);
  await entry(d, id, 'closed', '');
}

/** Returns the beginning of the minute, ms since 1970. */
const minuteOf = (at: Date): number => at.getTime() - (at.getTime() % 60_000);

/** Adds an entry to the timeline. */
export async function entry(d: Doing, incident: string, kind: EntryKind, text: string): Promise<void> {
  const id = v7();
  const by = { by_role: d.actor.role, by_id: d.actor.id };
  const sealed = d.keys.sealJson(entryPlace(id), text);
  await insert(d.tx, 'incident_entry', { id, incident, at: d.now, kind, ...by, sealed });
}

async function holdOpen(d: Doing, id: string): Promise<Held> {
  const held = await holdIncident(d.tx, d.keys, id, { forUpdate: true });
  if (!held.row.closed_at) return held;
  throw new Problem('incident-closed');
}

async function write(
  { tx, keys }: Doing,
  { row }: Held,
  columns: Partial<Omit<Held['row'], 'id' | 'row_version' | 'sealed'>>,
  texts: IncidentTexts,
): Promise<void> {
  const version = row.row_version + 1;
  const sealed = keys.sealJson(incidentPlace(row.id, version), texts);
  await update(tx, 'incident', { id: row.id }, { ...columns, row_version: version, sealed });
}

const date = (text: string | null): Date | null => (text === null ? null : new Date(text));
const unique = (list: readonly string[]): string[] => [...new Set(list)].sort();
