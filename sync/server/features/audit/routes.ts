import {
  AnchorsAnswer,
  AuditFilterQuery,
  AuditPage,
  AuditPosition,
  AuditQuery,
  AuditRowDetail,
  VerifyAnswer,
  VerifyRequest,
} from '../../../protocol/api/audit.ts';
import { Problem } from '../../../protocol/wire/problem.ts';
import { readPageCursor, writePageCursor } from '../../platform/access/cursor.ts';
import { type RouteSpec, route } from '../../platform/access/route.ts';
import { Position } from '../../platform/audit/cursor.ts';
import { datesOf } from '../../platform/audit/dates.ts';
import { compareHere } from '../../platform/audit/stored.ts';
import { verifyPart } from '../../platform/audit/verify.ts';
import { auditDetail } from './detail.ts';
import { everyMatch, searchAudit } from './search.ts';

/** Rows that one request verifies. */
const VERIFIED_ROWS = 20_000;

/** Who may look into the audit log: the people who answer for the data, and those who check on them. Never someone who is only watched by it. */
const roles = ['dpo', 'auditor'] as const;

/** Search and verification of the audit log. A search leaves a row itself. */
export const auditRoutes: readonly RouteSpec[] = [
  route({
    method: 'GET',
    path: '/api/audit',
    summary: 'Rows of the audit log, newest first, by who did it, what, when, where, why and who it was about.',
    roles,
    data: ['audit'],
    action: 'read',
    query: AuditQuery,
    answer: AuditPage,
    errors: ['cursor-unreadable'],
    async handle({ tx, services, query: { cursor, limit, ...filter }, about }) {
      const below = readPageCursor(Position, cursor)?.[0];
      const { items, next } = await searchAudit(tx, services.keys, datesOf(filter), { below, limit });
      about(peopleOf(filter));
      return { items, next: next === null ? null : writePageCursor([next]) };
    },
  }),
  route({
    method: 'GET',
    path: '/api/audit/rows/:position',
    summary: 'One row of the audit log, and who it was about as far as they were not erased since.',
    roles,
    data: ['audit', 'audit.subjects'],
    action: 'read',
    params: AuditPosition,
    answer: AuditRowDetail,
    errors: ['audit-row-unknown'],
    async handle({ tx, services, params: { position }, about, on }) {
      const found = await auditDetail(tx, services.keys, position);
      on(`row ${position}`);
      if (!found) throw new Problem('audit-row-unknown', 'There is no such row.', 'It was purged, or never was.');
      about(found.people);
      return found;
    },
  }),
  route({
    method: 'GET',
    path: '/api/audit/export',
    summary: 'Every row that matches, newest first, as one JSON object a line.',
    roles,
    data: ['audit'],
    action: 'export',
    query: AuditFilterQuery,
    answer: 'file',
    async handle({ tx, services, query, about, now }) {
      about(peopleOf(query));
      return {
        file: lines(everyMatch(tx, services.keys, datesOf(query))),
        name: `audit-${now.toISOString().slice(0, 10)}.ndjson`,
        type: 'application/x-ndjson',
      };
    },
  }),
  route({
    method: 'POST',
    path: '/api/audit/verify',
    summary: 'Verifies a part of the audit log’s chain, and says where to go on.',
    roles,
    data: [],
    action: 'read',
    body: VerifyRequest,
    answer: VerifyAnswer,
    handle: ({ tx, services, body: { from } }) => verifyPart(tx, services.keys, from, VERIFIED_ROWS),
  }),
  route({
    method: 'GET',
    path: '/api/audit/anchors',
    summary: 'Compares the audit log with the anchors of its head that lie outside the database.',
    roles,
    data: [],
    action: 'read',
    answer: AnchorsAnswer,
    limit: { max: 10, perMs: 60_000 },
    handle: ({ tx, services }) => compareHere(tx, services.keys, services.config),
  }),
];

const peopleOf = ({ affected, person }: { affected?: string | undefined; person?: string | undefined }): string[] =>
  [affected, person].filter((id) => id !== undefined);

async function* lines(rows: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const row of rows) yield `${JSON.stringify(row)}\n`;
}
