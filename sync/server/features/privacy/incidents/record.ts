import { sql } from 'kysely';
import { v7 } from 'uuid';
import { z } from 'zod';
import { Problem } from '../../../../errors/problem.ts';
import { type EntryKind, type Incident, IncidentScope } from '../../../../protocol/api/incidents.ts';
import type { Actor } from '../../../platform/audit/actor.ts';
import { find, findLocked, findSorted, insert } from '../../../platform/database/rows.ts';
import type { Db, Row, Tx } from '../../../platform/database/schema.ts';
import { type Keys, type Place, placeOf } from '../../../platform/keys/envelope.ts';
import type { Place as Behind } from '../../../platform/my-data.ts';
import { clockOf } from './clock.ts';

/** Rows of incidents: reading, writing, sealing. */

/** The texts of an incident, in one envelope: they may name anybody. */
export const IncidentTexts = z.strictObject({
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

export interface Held {
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

/** Newest first; one more than asked for shows that there are more. */
export async function listHeld(db: Db, keys: Keys, after: Behind | null, limit: number): Promise<Held[]> {
  let query = db.selectFrom('incident').selectAll().orderBy('found_at', 'desc').orderBy('id', 'desc').limit(limit);
  if (after) query = query.where(sql<boolean>`(found_at, id) < (${after.at}::timestamptz, ${after.id}::uuid)`);
  return (await query.execute()).map((row) => ({ row, texts: openTexts(keys, row) }));
}

const openTexts = (keys: Keys, row: Row<'incident'>): IncidentTexts =>
  IncidentTexts.parse(keys.openJson(incidentPlace(row.id, row.row_version), row.sealed));

/** Writes an entry of the timeline. */
export async function addEntry(
  tx: Tx,
  keys: Keys,
  entry: { readonly incident: string; readonly kind: EntryKind; readonly text: string; readonly actor: Actor },
  now: Date,
): Promise<string> {
  const id = v7();
  await insert(tx, 'incident_entry', {
    id,
    incident: entry.incident,
    at: now,
    kind: entry.kind,
    by_role: entry.actor.role,
    by_id: entry.actor.id,
    sealed: keys.sealJson(entryPlace(id), entry.text),
  });
  return id;
}

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
  const { row, texts } = held;
  return {
    ...summaryOf(held, now),
    ...texts,
    version: row.row_version,
    data: row.data,
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
      text: e.sealed ? String(keys.openJson(entryPlace(e.id), e.sealed)) : '',
    })),
  };
}

export async function scopesOf(db: Db, incident: string): Promise<{ id: string; scope: IncidentScope }[]> {
  const rows = await findSorted(db, 'incident_scope', { incident }, ['added_at', 'id']);
  return rows.map((r) => ({ id: r.id, scope: IncidentScope.parse(r.filter) }));
}

const iso = (at: Date | null): string | null => at?.toISOString() ?? null;
