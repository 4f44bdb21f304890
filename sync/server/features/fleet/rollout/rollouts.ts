import { isDeepStrictEqual } from 'node:util';
import { sql, type UpdateObject } from 'kysely';
import { v7 } from 'uuid';
import type { z } from 'zod';
import { Problem } from '../../../../errors/problem.ts';
import {
  type NewRollout,
  type RolloutAction,
  type RolloutState,
  type RolloutStep,
  RolloutSteps,
} from '../../../../protocol/api/rollouts.ts';
import type { UpdateDirective, UpdateWindow } from '../../../../protocol/wire/fleet.ts';
import { compareVersions } from '../../../../protocol/wire/release.ts';
import { publishDeviceState } from '../../../core/devices/device-state.ts';
import { DEFAULT_SCOPE } from '../../../core/sites/sites.ts';
import { SYSTEM } from '../../../platform/audit/actor.ts';
import { writeAudit } from '../../../platform/audit/write.ts';
import { lockName } from '../../../platform/database/once.ts';
import { inTransaction } from '../../../platform/database/retry.ts';
import { camelCase, find, findAll, insert, remove, update } from '../../../platform/database/rows.ts';
import type { Db, Row, Tables, Tx } from '../../../platform/database/schema.ts';
import type { Job, JobContext } from '../../../platform/jobs/job.ts';
import { readRepository } from './repository.ts';
import { decide, directiveOf, type Kiosk, type Plan, tally } from './rules.ts';

/** Takes the lock under which only one rollout decision is made at a time, across all replicas. */
function lockRollouts(tx: Tx): Promise<void> {
  return lockName(tx, 'rollouts');
}

/** Returns the rollout that has not ended. Null if there is none. */
export async function rolloutInForce(db: Db): Promise<Row<'rollout'> | null> {
  return (await find(db, 'rollout', { ended_at: null })) ?? null;
}

export function planOf(row: Row<'rollout'>): Plan {
  const stopAt = { kiosks: row.stop_kiosks, percent: row.stop_percent };
  return { ...camelCase(row), steps: RolloutSteps.parse(row.steps), stopAt };
}

/** A kiosk that may receive a rollout. */
interface FleetKiosk extends Kiosk {
  readonly name: string;
  /** Scope (core/devices/registry.ts). */
  readonly scope: string;
  readonly from: string | null;
  readonly reason: string | null;
}

/**
 * Returns every approved kiosk with its progress in a rollout, by name. A kiosk that already has the build, because staff
 * installed it from a stick or it was set up with it, reports no outcome for the rollout: what it reports to run counts.
 */
export async function fleetOf(db: Db, rollout: string): Promise<FleetKiosk[]> {
  const { rows } = await sql<
    Omit<FleetKiosk, 'progress'> & { state: NonNullable<Kiosk['progress']>['state'] | null; at: Date | null }
  >`
    select d.id as device, d.name, case when s.id is null or s.is_default then ${DEFAULT_SCOPE}::uuid else s.id end as scope,
           coalesce(r.ring, 'all') as ring, d.last_heard_at as "lastHeardAt", p.at, p.from_version as "from", p.reason,
           case when p.state = 'notified' and i.report->>'version' = o.version
                 and (i.report->'slots'->>'trial') is distinct from 'true' then 'healthy' else p.state end as state
    from device d
    left join site s on s.id = d.site
    left join device_ring r on r.device = d.id
    left join rollout_device p on p.device = d.id and p.rollout = ${rollout}
    left join rollout o on o.id = p.rollout
    left join device_report i on i.device = d.id
    where d.status = 'approved' order by d.name, d.id`.execute(db);
  return rows.map(({ state, at, ...kiosk }) => ({
    ...kiosk,
    lastHeardAt: kiosk.lastHeardAt && new Date(kiosk.lastHeardAt),
    progress: state && at && { state, at: new Date(at), reason: kiosk.reason },
  }));
}

/**
 * Returns a lookup of the maintenance window of a scope or of a device in it, in the site's time zone. A device without its own
 * follows its site, and a site without its own the default site.
 */
export async function windowsOf(db: Db): Promise<(scope: string, device?: string) => UpdateWindow | null> {
  const windows = new Map((await findAll(db, 'update_window', {})).map((w) => [w.scope, w]));
  const sites = await findAll(db, 'site', {}, ['id', 'time_zone', 'is_default']);
  const zones = new Map(sites.map((s) => [s.is_default ? DEFAULT_SCOPE : s.id, s.time_zone]));
  return (scope, device = scope) => {
    const own = windows.get(device) ?? windows.get(scope) ?? windows.get(DEFAULT_SCOPE);
    const { starts, ends } = own ?? { starts: null, ends: null };
    if (starts === null || ends === null) return null;
    return { from: starts, to: ends, zone: zones.get(scope) ?? 'UTC' };
  };
}

/**
 * Updates what every kiosk receives to match the rollout as it is now, and notifies only kiosks for which something
 * changes. Safe to run again. Has to be the last step of its transaction.
 *
 * @returns number of kiosks notified
 */
export async function publishRollout(tx: Tx, plan: Plan, fleet: readonly FleetKiosk[], now: Date): Promise<number> {
  const rows = await findAll(tx, 'device_state', { kind: 'update' }, ['device', 'body']);
  const published = new Map(rows.map((r) => [r.device, (r.body as { update: UpdateDirective | null }).update]));
  const windows = await windowsOf(tx);
  const news = fleet.flatMap((kiosk) => {
    const update = directiveOf(plan, kiosk, windows(kiosk.scope, kiosk.device));
    return isDeepStrictEqual(update, published.get(kiosk.device) ?? null) ? [] : [{ kiosk, update }];
  });
  const fresh = news.filter(({ kiosk, update }) => update && !kiosk.progress).map(({ kiosk }) => kiosk.device);
  const begun = fresh.map((device) => ({ rollout: plan.id, device, state: 'notified' as const, at: now }));
  await insert(tx, 'rollout_device', begun);
  // These directives were withdrawn before the kiosk acted on them.
  const back = news
    .filter(({ kiosk, update }) => !update && kiosk.progress?.state === 'notified')
    .map((n) => n.kiosk.device);
  await remove(tx, 'rollout_device', { rollout: plan.id, device: back, state: 'notified' });
  const states = news.map(({ kiosk, update }) => ({
    device: kiosk.device,
    state: { kind: 'update' as const, update },
  }));
  await publishDeviceState(tx, states, now);
  return news.length;
}

/** Actions on a rollout. Each is one transaction under the rollout lock, and notifies the kiosks at its end. */

export interface Acting {
  readonly tx: Tx;
  readonly now: Date;
  /** Account id, `operator` or `server`, for the history. */
  readonly by: string;
}

type What = RolloutAction['what'];

async function noteAction(
  { tx, now, by }: Acting,
  rollout: string,
  what: What,
  detail: RolloutAction['detail'] = {},
): Promise<void> {
  await insert(tx, 'rollout_action', { id: v7(), rollout, at: now, by, what, detail: JSON.stringify(detail) });
}

/** Changes a rollout, records it, and publishes the consequences to the kiosks. */
async function change(
  a: Acting,
  row: Row<'rollout'>,
  what: What,
  changes: UpdateObject<Tables, 'rollout'>,
  detail: RolloutAction['detail'] = {},
): Promise<void> {
  const changed = await a.tx
    .updateTable('rollout')
    .set(changes)
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  await noteAction(a, row.id, what, detail);
  await publishRollout(a.tx, planOf(changed), await fleetOf(a.tx, row.id), a.now);
}

/** @throws Problem `rollout-unknown`, `rollout-over` */
async function held({ tx }: Acting, id: string): Promise<Row<'rollout'>> {
  await lockRollouts(tx);
  const row = await find(tx, 'rollout', { id });
  if (!row) throw new Problem('rollout-unknown');
  if (row.state === 'ended') throw new Problem('rollout-over');
  return row;
}

function requireState(row: Row<'rollout'>, states: readonly RolloutState[]): void {
  if (!states.includes(row.state)) throw new Problem('rollout-not-so', { state: row.state });
}

/** Stops notifying kiosks. Those that started continue. @throws Problem `rollout-unknown`, `rollout-over`, `rollout-not-so` */
export async function pauseRollout(a: Acting, id: string): Promise<void> {
  const row = await held(a, id);
  requireState(row, ['running']);
  await change(a, row, 'paused', { state: 'paused' });
}

/**
 * Resumes the rollout at its step. The soak time starts over. Failures so far no longer count: only new ones stop it.
 *
 * @param retry whether kiosks on which it failed try once more
 * @throws Problem as above
 */
export async function resumeRollout(a: Acting, id: string, retry: boolean): Promise<void> {
  const row = await held(a, id);
  requireState(row, ['paused', 'stopped', 'held']);
  const changes = {
    state: 'running',
    step_since: a.now,
    counting_since: a.now,
    stopped_failed: null,
    stopped_got: null,
    retry: row.retry + (retry ? 1 : 0),
  } as const;
  const failed = { rollout: id, state: ['rolled-back', 'refused'] } as const;
  if (retry) await update(a.tx, 'rollout_device', failed, { state: 'notified', at: a.now, reason: null });
  await change(a, row, 'resumed', changes, { retry });
}

/** Moves on to the next step now. @throws Problem as above, `rollout-at-everybody` */
export async function advanceRollout(a: Acting, id: string): Promise<void> {
  const row = await held(a, id);
  requireState(row, ['running']);
  await toNextStep(a, row);
}

async function toNextStep(a: Acting, row: Row<'rollout'>): Promise<void> {
  const step = row.step + 1;
  const next = planOf(row).steps[step];
  if (!next) throw new Problem('rollout-at-everybody');
  await change(a, row, 'advanced', { step, step_since: a.now }, { step: step + 1, ...next });
}

/** Sends every kiosk that has the build back to the one before it. @throws Problem as above */
export async function rollBackRollout(a: Acting, id: string): Promise<void> {
  const row = await held(a, id);
  requireState(row, ['running', 'paused', 'stopped', 'held', 'done']);
  await change(a, row, 'rolled-back', { state: 'rolled-back' });
}

const DAY = 24;

/**
 * Starts a rollout. One that is still in force but not running ends.
 *
 * @param folder of the repository of builds; null if none is configured
 * @returns its id
 * @throws Problem `updates-not-configured`, `repository-unreadable`, `repository-expired`, `version-not-in-repository`,
 *   `version-not-newer`, `rollout-running`, `ring-empty`
 */
export async function startRollout(
  a: Acting,
  wanted: z.output<typeof NewRollout>,
  folder: string | null,
): Promise<string> {
  const { tx, now, by } = a;
  if (folder === null) throw new Problem('updates-not-configured');
  await requireListed(folder, wanted.version, now);
  await lockRollouts(tx);
  const before = await rolloutInForce(tx);
  if (before?.state === 'running') throw new Problem('rollout-running', { version: before.version });
  await requireNewer(tx, wanted.version);
  const rings = await ringsInUse(tx);
  const steps = wanted.steps ?? usualSteps(rings);
  const empty = steps.find(({ ring }) => ring !== 'all' && !rings.has(ring));
  if (empty) throw new Problem('ring-empty', { ring: empty.ring });
  if (before) {
    await update(tx, 'rollout', { id: before.id }, { state: 'ended', ended_at: now });
    await noteAction(a, before.id, 'ended', { version: wanted.version });
  }
  const row = await tx
    .insertInto('rollout')
    .values({
      id: v7(),
      version: wanted.version,
      state: 'running',
      steps: JSON.stringify(steps),
      step: 0,
      step_since: now,
      automatic: wanted.automatic,
      urgent: wanted.urgent,
      trial_minutes: wanted.trialMinutes,
      stop_kiosks: wanted.stopAt.kiosks,
      stop_percent: wanted.stopAt.percent,
      counting_since: now,
      started_at: now,
      started_by: by,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await noteAction(a, row.id, 'started', { version: wanted.version, ...steps[0]! });
  await publishRollout(tx, planOf(row), await fleetOf(tx, row.id), now);
  return row.id;
}

async function requireListed(folder: string, version: string, now: Date): Promise<void> {
  const { builds, expires } = await readRepository(folder);
  if (!builds.some(({ facts }) => facts.version === version)) {
    const there = [...new Set(builds.map(({ facts }) => facts.version))].slice(0, 5);
    throw new Problem('version-not-in-repository', { version, there: there.join(', ') || 'none' });
  }
  if (expires <= now) throw new Problem('repository-expired', { time: expires.toISOString() });
}

/** Rejects a version that no kiosk is older than, since kiosks never download an older build. Only reported versions count. */
async function requireNewer(db: Db, version: string): Promise<void> {
  const { rows } = await sql<{ version: string }>`
    select distinct r.report->>'version' as version
    from device_report r join device d on d.id = r.device where d.status = 'approved'`.execute(db);
  const older = rows.some((r) => isOlder(r.version, version));
  if (rows.length > 0 && !older) throw new Problem('version-not-newer', { version });
}

/** A text that isn't a version, such as that of a build from source, counts as older. */
function isOlder(running: string, version: string): boolean {
  return !/^\d+\.\d+\.\d+/.test(running) || compareVersions(running, version) < 0;
}

async function ringsInUse(db: Db): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom('device_ring as r')
    .innerJoin('device as d', 'd.id', 'r.device')
    .select('r.ring')
    .distinct()
    .where('d.status', '=', 'approved')
    .execute();
  return new Set(rows.map((r) => r.ring));
}

function usualSteps(rings: ReadonlySet<string>): RolloutStep[] {
  const early: RolloutStep[] = (['canary', 'early'] as const)
    .filter((ring) => rings.has(ring))
    .map((ring) => ({ ring, percent: 100, soakHours: DAY }));
  return [...early, ...[10, 50].map((percent) => ({ ring: 'all' as const, percent, soakHours: DAY })), LAST];
}

const LAST: RolloutStep = { ring: 'all', percent: 100, soakHours: 0 };

/** Stops a failing rollout, takes its next step when due, and notifies kiosks that joined, moved or changed their ring. */
export const rolloutsJob: Job = {
  name: 'rollouts',
  everyMs: 5000,
  wanted: async ({ db }) => (await rolloutInForce(db)) !== null,
  run: (context) => inTransaction(context.db, (tx) => goOn(context, tx)),
};

async function goOn(context: JobContext, tx: Tx) {
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
    const stopped = { state: 'stopped', stopped_failed: failed, stopped_got: got } as const;
    await change(acting, row, 'stopped', stopped, { failed, got });
    context.log.warn(
      { code: 'rollout-stopped', rollout: row.id, version: row.version, failed, got },
      'a rollout stopped automatically: too many kiosks rolled back or did not become healthy',
    );
  } else if (decision.kind === 'advance') await toNextStep(acting, row);
  else await change(acting, row, 'done', { state: 'done' });
  const entry = { actor: SYSTEM, action: 'operate', route: 'job rollouts', data: [], subjects: [] } as const;
  await writeAudit(tx, context.keys, { ...entry, resource: row.id, outcome: 'ok' }, now);
  context.notify('change');
  return { decision: decision.kind, version: row.version };
}
