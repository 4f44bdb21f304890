import { sql } from 'kysely';
import { Gauge, Registry } from 'prom-client';
import { AlertCode } from '../../../protocol/api/fleet.ts';
import { alertsNow } from '../../features/fleet/read.ts';
import type { Db } from '../../platform/database/schema.ts';
import { lastRuns } from '../../platform/jobs/runs.ts';

/** Returns functions that add metrics to a registry: `one` value, or several `by` a label. Null values are left out. */
export function gaugesIn(registry: Registry) {
  const make = (name: string, help: string, labelNames: string[]) =>
    new Gauge({ name: `smartpresence_${name}`, help, labelNames, registers: [registry] });
  return {
    one(name: string, help: string, value: number | null): void {
      const made = make(name, help, []);
      if (value !== null) made.set(value);
    },
    by(label: string, name: string, help: string, values: Iterable<readonly [string, number | null]>): void {
      const made = make(name, help, [label]);
      for (const [key, value] of values) if (value !== null) made.set({ [label]: key }, value);
    },
  };
}

/** Classes of time since an approved kiosk's last contact, with the longest time in each, s. */
const SILENCE = [
  ['minute', 65],
  ['hour', 3600],
  ['day', 86_400],
  ['month', 30 * 86_400],
  ['longer', Number.POSITIVE_INFINITY],
] as const;

interface Counts {
  readonly quarantined: number | string;
  readonly not_retained: number | string;
  readonly attendance_due: number | string;
  readonly duplicates_open: number | string;
  readonly erasures_open: number | string;
  readonly audit_rows: number | string | null;
  readonly audit_at: Date | null;
  readonly anchored_at: Date | null;
}

/** Returns metrics of the fleet from the database: counts and ages only, the same on every replica. */
export async function fleetRegistry(db: Db, now: Date): Promise<Registry> {
  const registry = new Registry();
  const { one, by } = gaugesIn(registry);
  /** Seconds, never negative, although clocks of replicas differ. */
  const ageOf = (then: Date) => Math.max(0, (now.getTime() - then.getTime()) / 1000);
  const silenceOf = (heard: Date | null) =>
    heard === null ? 'never' : SILENCE.find(([, most]) => ageOf(heard) <= most)![0];

  const devices = await db.selectFrom('device').select(['status', 'last_heard_at']).execute();
  const approved = devices.filter(({ status }) => status === 'approved');
  const heard = tally(
    approved.map(({ last_heard_at }) => silenceOf(last_heard_at)),
    [...SILENCE.map(([name]) => name), 'never'],
  );
  const alerts = (await alertsNow(db, now)).flatMap((kiosk) => kiosk.alerts.map(({ code }) => code));
  by('status', 'kiosks', 'Registered kiosks by state.', tally(devices.map((d) => d.status)));
  by('within', 'kiosks_heard', 'Approved kiosks by time since their last contact.', heard);
  by('code', 'kiosk_alerts', 'Approved kiosks with a problem, by problem.', tally(alerts, AlertCode.options));

  const { rows } = await sql<Counts>`select
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
  one('quarantine_events', 'Events in quarantine.', Number(row.quarantined));
  one(
    'quarantine_not_retained_events',
    'Quarantined events whose content was not kept (quarantine-full).',
    Number(row.not_retained),
  );
  one('attendance_due', 'Person-days waiting to be resolved.', Number(row.attendance_due));
  one('duplicates_open', 'Possible duplicate people, waiting for a decision.', Number(row.duplicates_open));
  one('erasures_open', 'Erasures that a kiosk has not confirmed yet.', Number(row.erasures_open));
  one('audit_rows', 'Position of the newest row of the audit log.', Number(row.audit_rows ?? 0));
  one('audit_head_age_seconds', 'Time since the newest row of the audit log.', row.audit_at && ageOf(row.audit_at));
  one(
    'audit_anchor_age_seconds',
    'Time since the audit log was last anchored outside the database.',
    row.anchored_at && ageOf(row.anchored_at),
  );

  const jobs = [...(await lastRuns(db))];
  by(
    'job',
    'job_last_success_age_seconds',
    'Time since a job last succeeded, on any replica.',
    jobs.map(([job, { okAt }]) => [job, okAt === null ? null : ageOf(new Date(okAt))]),
  );
  by(
    'job',
    'job_failing',
    '1 if the newest run of a job failed.',
    jobs.map(([job, { last }]) => [job, Number(last.outcome === 'failed')]),
  );
  return registry;
}

/** Counts each name. @param known names to include even if their count is 0 */
function tally(names: readonly string[], known: readonly string[] = []): Map<string, number> {
  const counts = new Map(known.map((name) => [name, 0]));
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
