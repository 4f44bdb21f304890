import { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import * as api from '../../../protocol/api/audit.ts';
import { readPageCursor, writePageCursor } from '../../platform/access/cursor.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { compareHere } from '../../platform/audit/compare.ts';
import { datesOf } from '../../platform/audit/dates.ts';
import { verifyPart } from '../../platform/audit/verify.ts';
import type { Db } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import type { Reading } from '../../platform/my-data.ts';
import type { ServerModule } from '../../platform/server-module.ts';
import { findAffected } from './affected.ts';
import { type AuditView, countMatches, everyMatch, searchAudit } from './search.ts';

/** Returns one row and the people it was about. Null if there is no such row. */
async function auditDetail(
  db: Db,
  keys: Keys,
  position: number,
): Promise<{ row: AuditView; people: string[]; unknown: number } | null> {
  const [row] = (await searchAudit(db, keys, { position }, { limit: 1 })).items;
  if (!row) return null;
  const { people, unknown } = await findAffected(db, keys, [{ position }]);
  return { row, people: people.map((p) => p.person), unknown };
}

/** Sort key of the log's lists. */
const Position = z.number().int().positive();
const After = z.tuple([z.string(), Position]);

const VERIFIED_ROWS = 20_000;

/** Endpoints to search and verify the audit log. A search is itself logged. */
const auditRoutes: readonly Route[] = [
  implement(api.searchAudit, async ({ tx, services, query: { cursor, limit, sort, total, ...filter }, about }) => {
    const behind = readPageCursor(After, cursor, sort)?.[1];
    const { items, next } = await searchAudit(tx, services.keys, datesOf(filter), { sort, behind, limit });
    about(peopleOf(filter));
    return {
      items,
      next: next === null ? null : writePageCursor([sort, next]),
      total: total && behind === undefined ? await countMatches(tx, datesOf(filter)) : null,
    };
  }),
  implement(api.getAuditRow, async ({ tx, services, params: { position }, about, on }) => {
    const found = await auditDetail(tx, services.keys, position);
    on(`row ${position}`);
    if (!found) throw new Problem('audit-row-unknown');
    about(found.people);
    return found;
  }),
  implement(api.exportAudit, async ({ tx, services, query, about, now }) => {
    about(peopleOf(query));
    return {
      file: lines(everyMatch(tx, services.keys, datesOf(query))),
      name: `audit-${now.toISOString().slice(0, 10)}.ndjson`,
      type: 'application/x-ndjson',
    };
  }),
  implement(api.verifyAudit, ({ tx, services, body: { from } }) => verifyPart(tx, services.keys, from, VERIFIED_ROWS)),
  implement(api.compareAnchors, ({ tx, services }) => compareHere(tx, services.keys, services.config)),
];

const peopleOf = ({ affected, person }: { affected?: string | undefined; person?: string | undefined }): string[] =>
  [affected, person].filter((id) => id !== undefined);

async function* lines(rows: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const row of rows) yield `${JSON.stringify(row)}\n`;
}

/** Who read or changed what about the person, and when. Only roles are shown, since names are other people’s data. */
async function* accesses({ tx, keys, person, names }: Reading) {
  for await (const row of everyMatch(tx, keys, { person })) {
    const own = row.hidden || (row.actor !== null && names.includes(row.actor));
    const { position, at, action, role, route, data, outcome, ip, userAgent } = row;
    yield { position, at, action, role, route, data, outcome, ...(own && { ip, userAgent }) };
  }
}

export const audit: ServerModule = {
  endpoints: auditRoutes,
  myData: { accesses },
};
