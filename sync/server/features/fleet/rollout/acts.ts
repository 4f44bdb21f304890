import { v7 } from 'uuid';
import { Problem } from '../../../../errors/problem.ts';
import type { RolloutAction, RolloutState } from '../../../../protocol/api/rollouts.ts';
import { find, insert, update } from '../../../platform/database/rows.ts';
import type { Row, Tx } from '../../../platform/database/schema.ts';
import { fleetOf, lockRollouts, planOf } from './force.ts';
import { publishRollout } from './publish.ts';

/** What can be done with a rollout. Each is one transaction, under the lock of rollouts, and notifies the kiosks at its end. */

/** What an act works with. */
export interface Acting {
  readonly tx: Tx;
  readonly now: Date;
  /** Account, `operator` or `server`: for the history. */
  readonly by: string;
}

type What = RolloutAction['what'];
type Change = Partial<{
  [K in 'state' | 'step' | 'step_since' | 'retry' | 'counting_since' | 'stopped_failed' | 'stopped_got' | 'ended_at']:
    | Row<'rollout'>[K]
    | undefined;
}>;

export async function noteAction(
  { tx, now, by }: Acting,
  rollout: string,
  what: What,
  detail: RolloutAction['detail'] = {},
): Promise<void> {
  await insert(tx, 'rollout_action', { id: v7(), rollout, at: now, by, what, detail: JSON.stringify(detail) });
}

/** Changes a rollout, writes it down, and publishes to the kiosks what that means for them. */
export async function change(
  a: Acting,
  row: Row<'rollout'>,
  what: What,
  changes: Change,
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

/** No further kiosk is notified; one that has begun goes on by itself. @throws Problem `rollout-unknown`, `rollout-over`, `rollout-not-so` */
export async function pauseRollout(a: Acting, id: string): Promise<void> {
  const row = await held(a, id);
  requireState(row, ['running']);
  await change(a, row, 'paused', { state: 'paused' });
}

/**
 * Goes on from the step where it was; its soak time starts over. Failures up to now are answered for: only new ones stop it.
 *
 * @param again kiosks on which it failed try it once more
 * @throws Problem as above
 */
export async function resumeRollout(a: Acting, id: string, retry: boolean): Promise<void> {
  const row = await held(a, id);
  requireState(row, ['paused', 'stopped']);
  const changes = {
    state: 'running',
    step_since: a.now,
    counting_since: a.now,
    stopped_failed: null,
    stopped_got: null,
    retry: row.retry + (retry ? 1 : 0),
  } as const;
  if (retry)
    await update(
      a.tx,
      'rollout_device',
      { rollout: id, state: ['rolled-back', 'refused'] },
      { state: 'notified', at: a.now, reason: null },
    );
  await change(a, row, 'resumed', changes, { retry });
}

/** Goes to the next step now. @throws Problem as above, `rollout-at-everybody` */
export async function advanceRollout(a: Acting, id: string): Promise<void> {
  const row = await held(a, id);
  requireState(row, ['running']);
  const { steps } = planOf(row);
  const step = row.step + 1;
  if (!steps[step]) throw new Problem('rollout-at-everybody');
  await change(a, row, 'advanced', { step, step_since: a.now }, { step: step + 1, ...steps[step] });
}

/** Every kiosk that has it goes back to the build before it. @throws Problem as above */
export async function rollBackRollout(a: Acting, id: string): Promise<void> {
  const row = await held(a, id);
  requireState(row, ['running', 'paused', 'stopped', 'done']);
  await change(a, row, 'rolled-back', { state: 'rolled-back' });
}
