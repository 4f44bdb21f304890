import { sql } from 'kysely';
import { type RingId, RolloutSteps } from '../../../../protocol/api/rollouts.ts';
import type { UpdateWindow } from '../../../../protocol/wire/fleet.ts';
import { DEFAULT_SCOPE } from '../../../core/sites/sites.ts';
import { lockName } from '../../../platform/database/once.ts';
import { find, findAll } from '../../../platform/database/rows.ts';
import type { Db, Row, Tx } from '../../../platform/database/schema.ts';
import type { Kiosk, Plan } from './rules.ts';

/** Rollouts are decided about one after the other, on whatever replica. */
export function lockRollouts(tx: Tx): Promise<void> {
  return lockName(tx, 'rollouts');
}

/** The one that has not ended; null: there is none. */
export async function rolloutInForce(db: Db): Promise<Row<'rollout'> | null> {
  return (await find(db, 'rollout', { ended_at: null })) ?? null;
}

export function planOf(row: Row<'rollout'>): Plan {
  return {
    id: row.id,
    version: row.version,
    state: row.state,
    steps: RolloutSteps.parse(row.steps),
    step: row.step,
    stepSince: row.step_since,
    automatic: row.automatic,
    urgent: row.urgent,
    trialMinutes: row.trial_minutes,
    retry: row.retry,
    stopAt: { kiosks: row.stop_kiosks, percent: row.stop_percent },
    countingSince: row.counting_since,
  };
}

/** A kiosk that may receive something. */
export interface FleetKiosk extends Kiosk {
  readonly name: string;
  /** Scope (core/devices/scope.ts). */
  readonly scope: string;
  readonly from: string | null;
  readonly reason: string | null;
}

/** Every approved kiosk, and how far it is with a rollout. */
export async function fleetOf(db: Db, rollout: string): Promise<FleetKiosk[]> {
  const { rows } = await sql<{
    id: string;
    name: string;
    scope: string;
    ring: RingId;
    last_heard_at: Date | null;
    state: NonNullable<Kiosk['progress']>['state'] | null;
    at: Date | null;
    from_version: string | null;
    reason: string | null;
  }>`
    select d.id, d.name, case when s.id is null or s.is_default then ${DEFAULT_SCOPE}::uuid else s.id end as scope,
           coalesce(r.ring, 'all') as ring, d.last_heard_at, p.state, p.at, p.from_version, p.reason
    from device d
    left join site s on s.id = d.site
    left join device_ring r on r.device = d.id
    left join rollout_device p on p.device = d.id and p.rollout = ${rollout}
    where d.status = 'approved' order by d.name, d.id`.execute(db);
  return rows.map((r) => ({
    device: r.id,
    name: r.name,
    scope: r.scope,
    ring: r.ring,
    lastHeardAt: r.last_heard_at && new Date(r.last_heard_at),
    progress: r.state && r.at && { state: r.state, at: new Date(r.at), reason: r.reason },
    from: r.from_version,
    reason: r.reason,
  }));
}

/** The maintenance window of a scope, by the clock of its site; null: at any hour. Who has none of their own goes by the default site's. */
export async function windowsOf(db: Db): Promise<(scope: string) => UpdateWindow | null> {
  const windows = new Map((await findAll(db, 'update_window', {})).map((w) => [w.site, w]));
  const sites = await findAll(db, 'site', {}, ['id', 'time_zone', 'is_default']);
  const zones = new Map(sites.map((s) => [s.is_default ? DEFAULT_SCOPE : s.id, s.time_zone]));
  return (scope) => {
    const { starts, ends } = windows.get(scope) ?? windows.get(DEFAULT_SCOPE) ?? { starts: null, ends: null };
    if (starts === null || ends === null) return null;
    return { from: starts, to: ends, zone: zones.get(scope) ?? 'UTC' };
  };
}
