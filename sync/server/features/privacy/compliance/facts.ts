import { type RawBuilder, sql } from 'kysely';
import type { ComplianceFacts } from '../../../../protocol/api/compliance.ts';
import { RetentionKind } from '../../../../protocol/api/retention.ts';
import type { Config } from '../../../app/config.ts';
import { policyOf } from '../../../core/sites/policy.ts';
import { DEFAULT_SCOPE } from '../../../core/sites/sites.ts';
import type { Db } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { rulesOf } from '../retention/rules.ts';

const COUNTS: Readonly<Record<CountName, RawBuilder<unknown>>> = {
  people: sql`select count(*) from person where deleted_at is null and merged_into is null`,
  consents: sql`select count(*) from (select distinct on (person) action from consent order by person, at desc, action desc) c where action = 'given'`,
  templates: sql`select count(*) from template`,
  peopleWithTemplates: sql`select count(distinct person) from template`,
  checkins: sql`select count(*) from checkin`,
  photos: sql`select count(*) from photo where complete_at is not null`,
  positions: sql`select count(*) from event where gps is not null`,
  gpsOptOuts: sql`select count(*) from person where gps_opt_out and deleted_at is null and merged_into is null`,
  enrolmentPhotos: sql`select count(*) from enrolment_photo`,
  imported: sql`select count(*) from import_photo where photo is not null`,
  remarks: sql`select (select count(*) from correction where reason <> ''::bytea) + (select count(*) from complaint)
    + (select count(*) from attention_note)`,
  minors: sql`select count(*) from person_minor`,
  credentials: sql`select (select count(*) from credential where revoked_at is null) + (select count(*) from pin_code)`,
  kioskStaff: sql`select count(*) from staff_member`,
  quarantine: sql`select count(*) from quarantine where content is not null`,
  erasuresOpen: sql`select count(*) from erasure where part_of is null and state in ('requested', 'closed')`,
  erasuresDone: sql`select count(*) from erasure where part_of is null and state = 'done'`,
  incidentsOpen: sql`select count(*) from incident where closed_at is null`,
  incidents: sql`select count(*) from incident`,
};
type CountName = keyof ComplianceFacts['counts'];

export async function readFacts(db: Db, keys: Keys, config: Config, now: Date): Promise<ComplianceFacts> {
  const sites = await db.selectFrom('site').select(['id', 'name', 'time_zone', 'is_default']).orderBy('name').execute();
  const policies = await Promise.all(sites.map((s) => policyOf(db, s.is_default ? DEFAULT_SCOPE : s.id)));
  const general = await policyOf(db, DEFAULT_SCOPE);
  const one = async <T>(query: ReturnType<typeof sql<T>>): Promise<T> => (await query.execute(db)).rows[0]!;
  const each = Object.entries(COUNTS).map(([name, query]) => sql`(${query})::int as ${sql.ref(name)}`);
  const counts = await one(sql<Record<CountName, number>>`select ${sql.join(each)}`);
  const backups = await one(sql<{ count: number; newest: Date | null }>`
    select count(*)::int as count, max(taken_at) as newest from backup`);
  const receivers = await one(sql<{ on: number; withNumber: number }>`
    select count(*)::int as "on", (count(*) filter (where with_number))::int as "withNumber"
    from webhook where enabled and records`);
  const audit = await one(sql<{ rows: number; oldest: Date | null; anchored: Date | null }>`
    select count(*)::int as rows, min(at) as oldest,
           (select max(made_at) from audit_anchor where object is not null) as anchored from audit`);
  const jobs = await sql<{ job: string; outcome: string; at: Date }>`
    select distinct on (job) job, outcome, ended_at as at from job_run where outcome is not null
    order by job, ended_at desc`.execute(db);
  return {
    at: now.toISOString(),
    database: config.database ? 'PostgreSQL' : 'embedded',
    contacts: general.privacy ?? null,
    sites: sites.map((s, i) => ({
      name: s.name,
      timeZone: s.time_zone,
      faces: policies[i]!.faces ?? 'on',
      liveness: policies[i]!.liveness ?? 'standard',
      leaseDays: policies[i]!.leaseDays,
    })),
    counts,
    devices: await grouped(db, sql`select status as name, count(*) as n from device group by status`),
    accounts: await grouped(db, sql`select role as name, count(*) as n from account group by role`),
    retention: [
      ...RetentionKind.options.flatMap((kind) => rulesOf(config.retention).filter((r) => r.kind === kind)),
      {
        kind: 'audit',
        days: config.auditDays,
        counted: 'from the access',
        outcome: 'the row is deleted; a signed checkpoint stays',
        basis: 'policy: at least 365 days',
      },
    ],
    erasureUndoDays: config.retention.erasureUndoDays,
    objects: config.s3 && {
      endpoint: new URL(config.s3.endpoint).host,
      region: config.s3.region,
      encryption: config.s3.encryption.kind === 'kms' ? 'SSE-KMS' : 'SSE-S3',
    },
    mail: config.mail !== null,
    receivers,
    keyVersion: keys.version,
    backups: { ...backups, newest: iso(backups.newest) },
    audit: { ...audit, oldest: iso(audit.oldest), anchored: iso(audit.anchored) },
    jobs: jobs.rows.map((j) => ({ ...j, at: j.at.toISOString() })),
  };
}

async function grouped(db: Db, query: ReturnType<typeof sql>): Promise<Record<string, number>> {
  const { rows } = await (query as ReturnType<typeof sql<{ name: string; n: number | string }>>).execute(db);
  return Object.fromEntries(rows.map((r) => [r.name, Number(r.n)]));
}

const iso = (at: Date | null): string | null => at?.toISOString() ?? null;
