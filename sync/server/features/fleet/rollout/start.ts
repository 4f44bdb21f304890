import { sql } from 'kysely';
import { v7 } from 'uuid';
import type { z } from 'zod';
import { Problem } from '../../../../errors/problem.ts';
import type { NewRollout, RolloutStep } from '../../../../protocol/api/rollouts.ts';
import { compareVersions } from '../../../../protocol/wire/release.ts';
import { update } from '../../../platform/database/rows.ts';
import type { Db } from '../../../platform/database/schema.ts';
import { type Acting, noteAction } from './acts.ts';
import { fleetOf, lockRollouts, planOf, rolloutInForce } from './force.ts';
import { publishRollout } from './publish.ts';
import { readRepository } from './repository.ts';

const DAY = 24;

/**
 * Begins a rollout; whatever was in force, and does not run, ends with it.
 *
 * @param folder of the repository of builds; null: none is configured
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

/** A kiosk never goes to an older build by downloading it. What kiosks run is known of those that have reported it. */
async function requireNewer(db: Db, version: string): Promise<void> {
  const { rows } = await sql<{ version: string }>`
    select distinct r.report->>'version' as version
    from device_report r join device d on d.id = r.device where d.status = 'approved'`.execute(db);
  const older = rows.some((r) => isOlder(r.version, version));
  if (rows.length > 0 && !older) throw new Problem('version-not-newer', { version });
}

/** What is no version (a build from its sources, say) counts as older. */
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
