import { sql } from 'kysely';
import type { Consent } from '../../../protocol/api/consents.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { openSaid } from './said.ts';

/** Consents and withdrawals, newest first by when they reached the server. @param after those behind this one */
export async function listConsents(
  db: Db,
  keys: Keys,
  { person, limit, after }: { person?: string | undefined; limit: number; after: { at: string; id: string } | null },
): Promise<(Consent & { readonly receivedAt: string })[]> {
  const received = sql<Date>`date_trunc('milliseconds', received_at)`;
  let query = db.selectFrom('consent').selectAll().orderBy(received, 'desc').orderBy('event', 'desc').limit(limit);
  if (person !== undefined) query = query.where('person', '=', person);
  if (after) query = query.where(sql<boolean>`(${received}, event) < (${after.at}::timestamptz, ${after.id}::uuid)`);
  const rows = await query.execute();
  const said = await openSaid(
    db,
    keys,
    rows.filter((r) => r.said).map((r) => r.event),
  );
  return rows.map((r) => ({
    id: r.event,
    person: r.person,
    action: r.action,
    textVersion: r.text_version,
    language: r.language,
    at: r.at.toISOString(),
    via: r.via,
    device: r.device,
    guardian: said.get(r.event)?.guardian ?? null,
    basis: said.get(r.event)?.basis ?? null,
    receivedAt: r.received_at.toISOString(),
  }));
}
