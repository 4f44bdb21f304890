import { sql } from 'kysely';
import { Gauge, Registry } from 'prom-client';
import { AlertCode } from '../../../protocol/api/fleet.ts';
import { alertsNow } from '../../features/fleet/read.ts';
import type { Db } from '../../platform/database/schema.ts';
import { lastRuns } from '../../platform/jobs/runs.ts';

/** What is in the database and shows whether all is well. Counts and ages alone. */
interface Fleet {
  readonly kiosks: ReadonlyMap<string, number>;
  readonly heard: ReadonlyMap<string, number>;
  /** Approved kiosks with an alert, by its code; every code is there. */
  readonly alerts: ReadonlyMap<string, number>;
  readonly quarantined: number;
  /** Of those, events whose content was not kept: `quarantine-full` of some device. */
  readonly notRetained: number;
  readonly attendanceDue: number;
  readonly duplicatesOpen: number;
  readonly erasuresOpen: number;
  readonly auditRows: number;
  /** Seconds since the newest audit row, and since the newest anchor outside the database; null: there is none. */
  readonly auditHeadAge: number | null;
  readonly auditAnchorAge: number | null;
  readonly jobs: ReadonlyMap<string, { readonly okAge: number | null; readonly failed: boolean }>;
}

/** Silence of an approved kiosk, by the longest that still counts into each, seconds. */
const SILENCE = [
  ['minute', 65],
  ['hour', 3600],
  ['day', 86_400],
  ['month', 30 * 86_400],
  ['longer', Number.POSITIVE_INFINITY],
] as const;

/** Numbers of the whole installation: they are the same on every replica. */
export async function readFleet(db: Db, now: Date): Promise<Fleet> {
  const devices = await db.selectFrom('device').select(['status', 'last_heard_at']).execute();
  const heard = new Map<string, number>([...SILENCE.map(([name]) => [name, 0] as const), ['never', 0]]);
  for (const { status, last_heard_at } of devices) {
    if (status !== 'approved') continue;
    const name = last_heard_at === null ? 'never' : silenceOf(ageOf(last_heard_at, now));
    heard.set(name, heard.get(name)! + 1);
  }
  const alerts = new Map<string, number>(AlertCode.options.map((code) => [code, 0]));
  for (const kiosk of await alertsNow(db, now))
    for (const { code } of kiosk.alerts) alerts.set(code, alerts.get(code)! + 1);
  const { rows } = await sql<Record<string, number | string | Date | null>>`select
    (select count(*) from quarantine) as quarantined,
    (select count(*) from quarantine where not_retained is not null) as not_retained,
    (select count(*) from attendance_due) as attendance_due,
    (select count(*) from merge_candidate where status = 'open') as duplicates_open,
    (select count(distinct c.request) from erasure_confirmation c join device d on d.id = c.device
     where c.confirmed_at is null and d.status <> 'revoked') as erasures_open,
    (select max(position) from audit) as audit_rows,
    (select at from audit order by position desc limit 1) as audit_at,
    (select max(made_at) from audit_anchor where object is not null) as anchored_at`.execute(db);
  const row = rows[0]!;
  const count = (name: string) => Number(row[name] ?? 0);
  const age = (name: string) => (row[name] instanceof Date ? ageOf(row[name], now) : null);
  const runs = await lastRuns(db);
  return {
    kiosks: tally(devices.map((d) => d.status)),
    heard,
    alerts,
    quarantined: count('quarantined'),
    notRetained: count('not_retained'),
    attendanceDue: count('attendance_due'),
    duplicatesOpen: count('duplicates_open'),
    erasuresOpen: count('erasures_open'),
    auditRows: count('audit_rows'),
    auditHeadAge: age('audit_at'),
    auditAnchorAge: age('anchored_at'),
    jobs: new Map(
      [...runs].map(([job, { last, okAt }]) => [
        job,
        { okAge: okAt === null ? null : ageOf(new Date(okAt), now), failed: last.outcome === 'failed' },
      ]),
    ),
  };
}

/** The same as Prometheus text's gauges, in a registry of its own. */
export function fleetRegistry(fleet: Fleet): Registry {
  const registry = new Registry();
  const gauge = (name: string, help: string, values: Iterable<readonly [string, number | null]>, label?: string) => {
    const made = new Gauge({
      name: `smartpresence_${name}`,
      help,
      labelNames: label ? [label] : [],
      registers: [registry],
    });
    for (const [key, value] of values) if (value !== null) made.set(label ? { [label]: key } : {}, value);
  };
  const one = (name: string, help: string, value: number | null) => gauge(name, help, [['', value]]);
  gauge('kiosks', 'Registered kiosks by state.', fleet.kiosks, 'status');
  gauge('kiosks_heard', 'Approved kiosks by how long ago they were last heard of.', fleet.heard, 'within');
  gauge('kiosk_alerts', 'Approved kiosks with which something is wrong, by what it is.', fleet.alerts, 'code');
  one('quarantine_events', 'Events that the server could not take.', fleet.quarantined);
  one(
    'quarantine_not_retained_events',
    'Of those, events whose content was not kept (quarantine-full).',
    fleet.notRetained,
  );
  one('attendance_due', 'Days of people that wait to be resolved again.', fleet.attendanceDue);
  one('duplicates_open', 'Pairs of people who may be one, to be decided.', fleet.duplicatesOpen);
  one('erasures_open', 'Erasures that a kiosk has not confirmed yet.', fleet.erasuresOpen);
  one('audit_rows', 'Position of the newest row of the audit log.', fleet.auditRows);
  one('audit_head_age_seconds', 'Since the newest row of the audit log.', fleet.auditHeadAge);
  one('audit_anchor_age_seconds', 'Since the head was last anchored outside the database.', fleet.auditAnchorAge);
  gauge(
    'job_last_success_age_seconds',
    'Since a job last succeeded, on any replica.',
    [...fleet.jobs].map(([job, { okAge }]) => [job, okAge] as const),
    'job',
  );
  gauge(
    'job_failing',
    '1 where the newest run of a job failed.',
    [...fleet.jobs].map(([job, { failed }]) => [job, Number(failed)] as const),
    'job',
  );
  return registry;
}

function silenceOf(seconds: number): string {
  return SILENCE.find(([, most]) => seconds <= most)![0];
}

/** Seconds, never below zero: clocks of replicas differ. */
function ageOf(then: Date, now: Date): number {
  return Math.max(0, (now.getTime() - then.getTime()) / 1000);
}

function tally(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
