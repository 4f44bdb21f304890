import { randomUUID } from 'node:crypto';
import type { ReportBy } from '../../sync/protocol/api/reports.ts';
import type { NewWebhook } from '../../sync/protocol/api/webhooks.ts';
import { setHold } from '../../sync/server/core/people/holds.ts';
import { beginImport, cancelImport } from '../../sync/server/features/enrolment/imports/runs.ts';
import { pauseRollout, rolloutInForce, startRollout } from '../../sync/server/features/fleet/rollout/rollouts.ts';
import { openIncident } from '../../sync/server/features/privacy/incidents/incidents.ts';
import { addWebhook, changeWebhook } from '../../sync/server/features/webhooks/store.ts';
import { OPERATOR } from '../../sync/server/platform/audit/actor.ts';
import { get, insert } from '../../sync/server/platform/database/rows.ts';
import type { Db } from '../../sync/server/platform/database/schema.ts';
import { beginRun } from '../../sync/server/platform/jobs/runs.ts';
import type { Keys } from '../../sync/server/platform/keys/envelope.ts';

const HOUR = 3_600_000;
const pick = <T>(from: readonly T[], i: number): T => from[i % from.length]!;

/** The name of the webhook that has deliveries. */
export const LOGGED = 'Payroll';

/**
 * Adds a row to each list that neither people nor kiosks fill: webhooks, deliveries, scheduled reports, imports, incidents,
 * rollouts, legal holds and runs of jobs.
 * @param i number of existing rows; values cycle by it
 * @param builds folder of the repository, with version 1.5.0
 */
export async function addToLists(
  { db, keys }: { db: Db; keys: Keys },
  i: number,
  { people, builds, receivers }: { people: readonly string[]; builds: string; receivers: string[] },
): Promise<void> {
  const now = new Date();
  const before = (hours: number) => new Date(now.getTime() - hours * HOUR);
  const after = (hours: number) => new Date(now.getTime() + hours * HOUR);
  await db.transaction().execute(async (tx) => {
    const site = (await get(tx, 'site', { is_default: true }, ['id'])).id;
    const receiver: NewWebhook = {
      name: i === 0 ? LOGGED : `Receiver of the facilities department ${i}`,
      url: `https://localhost/hooks/attendance/of-the-north-entrance/${i}`,
      site: pick([null, site], i),
      withNumber: i % 3 === 0,
      records: false,
      topics: pick([['kiosks', 'server', 'privacy', 'records', 'people'], ['kiosks']] as const, i).slice(),
      quiet: pick([{ from: '20:00', to: '07:00' }, null], i),
      caPem: null,
    };
    const { id } = await addWebhook(tx, keys, receiver, now);
    // Each enabled one sends what needs attention.
    if (i > 1) await changeWebhook(tx, keys, id, { enabled: false }, now);
    const logged = (await tx.selectFrom('webhook').select('id').orderBy('created_at').executeTakeFirstOrThrow()).id;
    const state = pick(['delivered', 'failed', 'due'] as const, i);
    await insert(tx, 'webhook_delivery', {
      id: randomUUID(),
      webhook: logged,
      kind: pick(['attendance.record', 'attention.opened', 'emergency-pin.used', 'webhook.test'] as const, i),
      subject: randomUUID(),
      change: 0,
      state,
      attempts: pick([1, 12, 3], i),
      made_at: before(i),
      due_at: state === 'due' ? after(1000) : before(i),
      delivered_at: state === 'delivered' ? before(i) : null,
      last_answer: pick(['204', 'certificate-not-trusted', '503'], i),
    });
    await insert(tx, 'report_schedule', {
      id: randomUUID(),
      by: pick(['person-day', 'person', 'day', 'site'] satisfies ReportBy[], i),
      which: pick([null, 'late', 'missing'] as const, i),
      site,
      every: pick(['day', 'week', 'month'] as const, i),
      at: '06:30',
      language: pick(['en', 'de', 'ar'], i),
      receivers: receivers.slice(0, 1 + (i % 4)),
      made_at: now,
      next_at: after(24 + i),
      next_day: after(24 + i)
        .toISOString()
        .slice(0, 10),
      sent_at: i % 2 === 0 ? before(24) : null,
      error: i % 5 === 4 ? 'mail-refused' : null,
    });
    const run = await beginImport(tx, keys, { basis: null }, null, before(i));
    if (i % 3 > 0) await cancelImport(tx, run, now);
    await openIncident(
      { tx, keys, actor: OPERATOR, now },
      {
        title:
          i % 2 === 0
            ? `Lost tablet ${i}`
            : `A memory stick with the attendance list of a whole month was left on a train ${i}`,
        description: 'It was on a desk at the entrance.',
        severity: pick(['low', 'medium', 'high', 'critical'] as const, i),
        foundAt: before(i * 20).toISOString(),
        beganAt: null,
        endedAt: null,
        data: [],
      },
    );
    const period = pick(
      [
        { person: null, site, from: null, until: null },
        { person: pick(people, i), site: null, from: null, until: null },
        { person: null, site: null, from: before(2400), until: now },
      ],
      i,
    );
    const reason = pick(['Court case', 'An accident at work that the insurer of the employer asked about'], i);
    await setHold(tx, keys, { ...period, reason: `${reason} ${i}`, setBy: 'admin@example.org' }, now);
    const acting = { tx, now: before(i), by: 'operator' };
    const running = await rolloutInForce(tx);
    if (running?.state === 'running') await pauseRollout(acting, running.id);
    const steps = [{ ring: 'all' as const, percent: 100, soakHours: 0 }];
    const wanted = { version: '1.5.0', steps, automatic: true, urgent: false, trialMinutes: 10 };
    await startRollout(acting, { ...wanted, stopAt: { kiosks: 2, percent: 20 } }, builds);
  });
  const job = pick(['audit-purge', 'backup', 'change-log', 'partitions'], i);
  const begun = await beginRun(db, job, { everyMs: 0, runner: randomUUID(), now: before(i), force: true });
  const report = { removed: i, oldest: before(9000).toISOString(), failed: null };
  const [outcome, more] = pick([['ok', { report }] as const, ['failed', { code: 'mail-refused' }] as const], i);
  await begun?.end(outcome, { ...more, now });
}
