import { z } from 'zod';
import { Instant } from '../wire/event.ts';
import { endpoint, type Unchanging } from './endpoint.ts';

/** `/api/checks`: whether all is well with the server. `/api/upgrade-facts`: what an update has to know of it. */

const ReportedFinding = z.strictObject({
  code: z.string(),
  /** `stops`: the server takes no traffic. `degrades`: it serves, and something does not work. `note`: worth knowing. */
  level: z.enum(['stops', 'degrades', 'note']),
  says: z.string(),
  next: z.string(),
  detail: z.string().nullable(),
  /** Another replica, which found this about itself. */
  replica: z.string().nullable(),
});

/** What `doctor` says: every check once, with what running replicas found of themselves. */
export const CheckReport = z.strictObject({
  /** Nothing stops or degrades service. */
  ok: z.boolean(),
  build: z.string(),
  /** Which server and database were looked at; no password. */
  home: z.string(),
  database: z.string(),
  checks: z.array(
    z.strictObject({
      check: z.string(),
      state: z.enum(['ok', 'note', 'degraded', 'failing', 'not-checked']),
      /** What it says where nothing is wrong, e.g. until when. */
      remark: z.string().nullable(),
      findings: z.array(ReportedFinding),
    }),
  ),
});
export type CheckReport = z.output<typeof CheckReport>;

export const UpgradeFacts = z.strictObject({
  /** Migrations applied to the database, and the one a build must know to work with it. */
  applied: z.array(z.string()),
  leastReader: z.string().nullable(),
  /** Servers running on it. */
  replicas: z.array(z.strictObject({ name: z.string(), build: z.string().nullable(), schema: z.string().nullable() })),
  /** Null: there is none. */
  backupAt: Instant.nullable(),
  verifiedAt: Instant.nullable(),
});
export type UpgradeFacts = Unchanging<z.output<typeof UpgradeFacts>>;

export const runChecks = endpoint('GET /api/checks', {
  summary: 'Make every check once',
  roles: ['operator'],
  data: [],
  answer: CheckReport,
});

export const getUpgradeFacts = endpoint('GET /api/upgrade-facts', {
  summary: 'The schema of the database, the servers on it and their backups',
  roles: ['operator'],
  data: [],
  answer: UpgradeFacts,
});
