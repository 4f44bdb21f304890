import { z } from 'zod';
import { Instant } from '../wire/event.ts';
import { endpoint, type Unchanging } from './endpoint.ts';

/** `/api/checks`: the server's self-checks. `/api/upgrade-facts`: what an update has to know about the server. */

const ReportedFinding = z.strictObject({
  code: z.string(),
  /** `stops`: the server accepts no traffic. `degrades`: it serves, but something does not work. `note`: for information. */
  level: z.enum(['stops', 'degrades', 'note']),
  says: z.string(),
  next: z.string(),
  detail: z.string().nullable(),
  /** Name of another replica that found this about itself. */
  replica: z.string().nullable(),
});

/** The output of `doctor`: every check once, and what running replicas found about themselves. */
export const CheckReport = z.strictObject({
  /** Nothing stops or degrades service. */
  ok: z.boolean(),
  build: z.string(),
  /** The server and database that were checked, without password. */
  home: z.string(),
  database: z.string(),
  checks: z.array(
    z.strictObject({
      check: z.string(),
      state: z.enum(['ok', 'note', 'degraded', 'failing', 'not-checked']),
      /** Information when nothing is wrong, e.g. valid until when. */
      remark: z.string().nullable(),
      findings: z.array(ReportedFinding),
    }),
  ),
});
export type CheckReport = z.output<typeof CheckReport>;

export const UpgradeFacts = z.strictObject({
  /** Migrations applied to the database, and the one that a build must know to work with it. */
  applied: z.array(z.string()),
  leastReader: z.string().nullable(),
  /** Servers that use this database. */
  replicas: z.array(z.strictObject({ name: z.string(), build: z.string().nullable(), schema: z.string().nullable() })),
  /** Null: none. */
  backupAt: Instant.nullable(),
  verifiedAt: Instant.nullable(),
});
export type UpgradeFacts = Unchanging<z.output<typeof UpgradeFacts>>;

export const runChecks = endpoint('GET /api/checks', {
  summary: 'Run every check once',
  roles: ['operator'],
  data: [],
  answer: CheckReport,
});

export const getUpgradeFacts = endpoint('GET /api/upgrade-facts', {
  summary: 'Show the database’s schema, the servers using it and their backups',
  roles: ['operator'],
  data: [],
  answer: UpgradeFacts,
});
