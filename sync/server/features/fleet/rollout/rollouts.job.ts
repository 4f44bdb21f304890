import { SYSTEM } from '../../../platform/audit/actor.ts';
import { writeAudit } from '../../../platform/audit/write.ts';
import { inTransaction } from '../../../platform/database/retry.ts';
import type { Tx } from '../../../platform/database/schema.ts';
import type { Job, JobContext, Report } from '../../../platform/jobs/job.ts';
import { type Acting, change } from './acts.ts';
import { fleetOf, lockRollouts, planOf, rolloutInForce } from './force.ts';
import { publishRollout } from './publish.ts';
import { decide, tally } from './rules.ts';

/** Stops a rollout that goes wrong, takes its next step when it is time, and notifies kiosks that came, moved or were put into a ring. */
export const rolloutsJob: Job = {
  name: 'rollouts',
  everyMs: 5000,
  wanted: async ({ db }) => (await rolloutInForce(db)) !== null,
  run: (context) => inTransaction(context.db, (tx) => goOn(context, tx)),
};

async function goOn(context: JobContext, tx: Tx): Promise<Report> {
  await lockRollouts(tx);
  const now = context.now();
  const row = await rolloutInForce(tx);
  if (!row) return {};
  const plan = planOf(row);
  const fleet = await fleetOf(tx, row.id);
  const decision = decide(plan, tally(plan, fleet, now), now);
  const acting: Acting = { tx, now, by: 'server' };
  if (decision.kind === 'wait') {
    const published = await publishRollout(tx, plan, fleet, now);
    if (published > 0) context.notify('change');
    return { waitsFor: decision.for, published };
  }
  if (decision.kind === 'stop') {
    const { failed, got } = decision;
    await change(
      acting,
      row,
      'stopped',
      { state: 'stopped', stopped_failed: failed, stopped_got: got },
      { failed, got },
    );
    context.log.warn(
      { code: 'rollout-stopped', rollout: row.id, version: row.version, failed, got },
      'a rollout stopped by itself: too many kiosks went back or never came healthy',
    );
  } else if (decision.kind === 'advance') {
    const step = row.step + 1;
    await change(acting, row, 'advanced', { step, step_since: now }, { step: step + 1, ...plan.steps[step]! });
  } else await change(acting, row, 'done', { state: 'done' });
  const entry = { actor: SYSTEM, action: 'operate', route: 'job rollouts', data: [], subjects: [] } as const;
  await writeAudit(tx, context.keys, { ...entry, resource: row.id, outcome: 'ok' }, now);
  context.notify('change');
  return { [decision.kind]: row.version };
}
