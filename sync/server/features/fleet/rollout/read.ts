import { Problem } from '../../../../errors/problem.ts';
import {
  type KioskCounts,
  type KioskState,
  type Rollout,
  RolloutAction,
  type RolloutKiosk,
} from '../../../../protocol/api/rollouts.ts';
import { Inventory } from '../../../../protocol/wire/fleet.ts';
import { below, find, findAll, findSorted } from '../../../platform/database/rows.ts';
import type { Db, Row } from '../../../platform/database/schema.ts';
import { emailsOf } from '../../../platform/http/email.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';
import { fleetOf, planOf } from './rollouts.ts';
import { decide, stateOf, tally } from './rules.ts';

/** @throws Problem `rollout-unknown` */
export async function findRollout(db: Db, id: string, now: Date): Promise<Rollout> {
  const row = await find(db, 'rollout', { id });
  if (!row) throw new Problem('rollout-unknown');
  return (await shown(db, [row], now))[0]!;
}

/** Lists rollouts, newest first. @param after id of the last rollout of the page before */
export async function listRollouts(db: Db, limit: number, after: string | null, now: Date): Promise<Rollout[]> {
  const behind = after === null ? {} : { id: below(after) };
  return shown(db, await findSorted(db, 'rollout', behind, ['id'], { descending: true, limit }), now);
}

async function shown(db: Db, rows: readonly Row<'rollout'>[], now: Date): Promise<Rollout[]> {
  const all: Rollout[] = [];
  for (const row of rows) {
    const plan = planOf(row);
    // An ended rollout has no waiting kiosks.
    const over = row.ended_at !== null;
    const fleet = await fleetOf(db, row.id);
    const sums = tally(plan, over ? fleet.filter((k) => k.progress) : fleet, now);
    const decision = decide(plan, sums, now);
    all.push({
      id: row.id,
      version: row.version,
      state: row.state,
      stopped:
        row.stopped_failed === null ? null : { failed: row.stopped_failed, got: row.stopped_got ?? row.stopped_failed },
      steps: [...plan.steps],
      step: row.step,
      stepSince: row.step_since.toISOString(),
      automatic: row.automatic,
      urgent: row.urgent,
      trialMinutes: row.trial_minutes,
      stopAt: plan.stopAt,
      startedAt: row.started_at.toISOString(),
      startedBy: row.started_by,
      endedAt: row.ended_at?.toISOString() ?? null,
      counts: sums.counts satisfies KioskCounts,
      waitsFor: decision.kind === 'wait' ? decision.for : 'nothing',
      nextAt: decision.kind === 'wait' ? (decision.until?.toISOString() ?? null) : null,
    });
  }
  return all;
}

/** Lists the kiosks of a rollout by name. @param o `after`: last kiosk of the page before. @throws Problem `rollout-unknown` */
export async function kiosksOf(
  db: Db,
  id: string,
  o: { readonly state?: KioskState | undefined; readonly limit: number; readonly after: string | null },
  now: Date,
): Promise<RolloutKiosk[]> {
  const row = await find(db, 'rollout', { id });
  if (!row) throw new Problem('rollout-unknown');
  const plan = planOf(row);
  const held = await heldOf(db, row.version);
  const all = (await fleetOf(db, id)).map((kiosk): RolloutKiosk => {
    const state = stateOf(plan, kiosk, now);
    return {
      device: kiosk.device,
      name: kiosk.name,
      ring: kiosk.ring,
      state,
      at: kiosk.progress?.at.toISOString() ?? null,
      from: kiosk.from,
      reason: kiosk.reason,
      heldSince: state === 'notified' ? (held.get(kiosk.device) ?? null) : null,
      lastHeardAt: kiosk.lastHeardAt?.toISOString() ?? null,
    };
  });
  const { after } = o;
  // Finds the position in the list, since the order of names is the database's.
  const begin = after ? all.findIndex((k) => k.device === after) + 1 : 0;
  return all
    .slice(begin)
    .filter((k) => o.state === undefined || k.state === o.state)
    .slice(0, o.limit);
}

/** Returns, by kiosk, since when this version is ready but waits because someone is always in view, as kiosks report it. */
async function heldOf(db: Db, version: string): Promise<ReadonlyMap<string, string>> {
  const reports = await findAll(db, 'device_report', {}, ['device', 'report']);
  return new Map(
    reports.flatMap(({ device, report }) => {
      const held = Inventory.safeParse(report).data?.updateHeld;
      return held?.version === version ? [[device, held.since] as const] : [];
    }),
  );
}

/** Lists the actions on a rollout, newest first. */
export async function historyOf(db: Db, keys: Keys, id: string): Promise<RolloutAction[]> {
  const rows = await findSorted(db, 'rollout_action', { rollout: id }, ['at', 'id'], { descending: true, limit: 200 });
  const emailOf = await emailsOf(db, keys);
  return rows.map((r) =>
    RolloutAction.parse({ at: r.at.toISOString(), by: r.by, email: emailOf(r.by), what: r.what, detail: r.detail }),
  );
}
