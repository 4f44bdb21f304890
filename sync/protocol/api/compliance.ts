import { z } from 'zod';
import { LivenessPolicy } from '../wire/changes.ts';
import { Instant } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';
import { RetentionKind, RetentionRule } from './retention.ts';

export const COMPLIANCE_PARTS = ['facts', 'controls', 'record', 'dpia'] as const;

export const getComplianceReport = endpoint('GET /api/compliance/report', {
  summary: 'Get duties and controls, the record of processing and a draft impact assessment, as Markdown',
  roles: ['admin', 'dpo', 'auditor', 'operator'],
  data: [],
  query: z.strictObject({ part: z.enum(COMPLIANCE_PARTS).optional() }),
  answer: 'file',
  limit: { max: 10, perMs: 60_000 },
});

const count = z.number().int();
const COUNTED = [
  'people',
  'consents',
  'templates',
  'peopleWithTemplates',
  'checkins',
  'photos',
  'positions',
  'gpsOptOuts',
  'enrolmentPhotos',
  'imported',
  'remarks',
  'minors',
  'credentials',
  'kioskStaff',
  'quarantine',
  'erasuresOpen',
  'erasuresDone',
  'incidentsOpen',
  'incidents',
] as const;
/** The installation's data for the compliance report. Counts and settings only, no personal data. */
export const ComplianceFacts = z.strictObject({
  at: Instant,
  database: z.enum(['PostgreSQL', 'embedded']),
  contacts: z.strictObject({ controller: z.string(), contact: z.string(), dpo: z.string() }).nullable(),
  sites: z.array(
    z.strictObject({
      name: z.string(),
      timeZone: z.string(),
      faces: z.enum(['on', 'off']),
      liveness: LivenessPolicy,
      leaseDays: z.number(),
    }),
  ),
  counts: z.record(z.enum(COUNTED), count),
  devices: z.record(z.string(), count),
  accounts: z.record(z.string(), count),
  retention: z.array(
    RetentionRule.extend({ kind: z.enum([...RetentionKind.options, 'audit']), days: z.number().nullable() }),
  ),
  erasureUndoDays: z.number(),
  /** Null: no object store. */
  objects: z.strictObject({ endpoint: z.string(), region: z.string(), encryption: z.string() }).nullable(),
  mail: z.boolean(),
  /** Webhooks that receive records, and how many of them get the number of the person. */
  receivers: z.strictObject({ on: count, withNumber: count }),
  keyVersion: count,
  backups: z.strictObject({ count, newest: Instant.nullable() }),
  audit: z.strictObject({ rows: count, oldest: Instant.nullable(), anchored: Instant.nullable() }),
  /** The last completed run of each job. */
  jobs: z.array(z.strictObject({ job: z.string(), outcome: z.string(), at: Instant })),
});
export type ComplianceFacts = z.output<typeof ComplianceFacts>;

export const getComplianceFacts = endpoint('GET /api/compliance/facts', {
  summary: 'Get the contents of the compliance report, except test results, which are with those who ran the tests',
  roles: ['operator'],
  data: [],
  answer: ComplianceFacts,
});
