import { createHash } from 'node:crypto';
import type {
  KioskState,
  RingId,
  RolloutState,
  RolloutStep,
  StopAt,
  WaitsFor,
} from '../../../../protocol/api/rollouts.ts';
import { isFinalError, type UpdateDirective, type UpdateWindow } from '../../../../protocol/wire/fleet.ts';

/** The rules by which rollouts reach kiosks, stop and advance. Pure. */

/** Time after the end of the trial in which a kiosk has to start, reach us and report; later it is overdue, ms. */
export const GRACE_MS = 15 * 60_000;
/** A kiosk heard from within this time is in contact, ms. Nothing waits for one that is not. */
export const CONTACT_MS = 60 * 60_000;
const HOUR_MS = 3_600_000;

/** Whether a kiosk is among the first `percent` of a rollout. A larger share only adds kiosks. */
export function inShare(rollout: string, device: string, percent: number): boolean {
  const first = createHash('sha256').update(rollout).update(device).digest().readUInt32BE(0);
  return first / 2 ** 32 < percent / 100;
}

export interface Plan {
  readonly id: string;
  readonly version: string;
  readonly state: RolloutState;
  readonly steps: readonly RolloutStep[];
  readonly step: number;
  readonly stepSince: Date;
  readonly automatic: boolean;
  readonly urgent: boolean;
  readonly trialMinutes: number;
  readonly retry: number;
  readonly stopAt: StopAt;
  /** Failures before this don't count, because someone has resumed the rollout since. */
  readonly countingSince: Date;
}

/** Whether the steps so far reach a kiosk. */
export function reaches(
  { id, steps, step }: Pick<Plan, 'id' | 'steps' | 'step'>,
  device: string,
  ring: RingId,
): boolean {
  return steps
    .slice(0, step + 1)
    .some((one) => (one.ring === 'all' || one.ring === ring) && inShare(id, device, one.percent));
}

export interface Kiosk {
  readonly device: string;
  readonly ring: RingId;
  readonly lastHeardAt: Date | null;
  /** Null if it was never notified of this rollout. */
  readonly progress: {
    readonly state: KioskState;
    readonly at: Date;
    /** Code of the reason if the kiosk refused. */
    readonly reason?: string | null;
  } | null;
}

export function stateOf(plan: Plan, kiosk: Kiosk, now: Date): KioskState {
  const { state, at } = kiosk.progress ?? { state: 'waiting', at: now };
  const late = now.getTime() - at.getTime() > plan.trialMinutes * 60_000 + GRACE_MS;
  if (state === 'installing' && late) return 'overdue';
  const awaited = state === 'notified' || (state === 'waiting' && reaches(plan, kiosk.device, kiosk.ring));
  const goesOut = plan.state === 'running' || plan.state === 'done';
  return awaited && goesOut && !inContact(kiosk, now) ? 'not-heard' : state;
}

const inContact = ({ lastHeardAt }: Kiosk, now: Date): boolean =>
  now.getTime() - (lastHeardAt?.getTime() ?? 0) <= CONTACT_MS;

/**
 * Returns the directive for a kiosk. Null: it stays as it is.
 *
 * A paused or stopped rollout withdraws its directive from kiosks that were only notified. Kiosks that are further along keep
 * it: one in the middle decides for itself, and a finished one has nothing to do. A held rollout sends nothing to any kiosk,
 * because their progress is no longer known.
 */
export function directiveOf(plan: Plan, kiosk: Kiosk, window: UpdateWindow | null): UpdateDirective | null {
  const { id, version, state, trialMinutes, retry, urgent } = plan;
  const directive = { rollout: id, version, window: urgent ? null : window, trialMinutes, retry };
  const known = kiosk.progress?.state;
  switch (state) {
    case 'running':
    case 'done':
      return known || reaches(plan, kiosk.device, kiosk.ring) ? { ...directive, action: 'install' } : null;
    case 'paused':
    case 'stopped':
      return known && known !== 'notified' ? { ...directive, action: 'install' } : null;
    case 'rolled-back':
      // Also to a kiosk that was only notified: it may have started since we last heard from it.
      return known ? { ...directive, action: 'rollback' } : null;
    case 'held':
    case 'ended':
      return null;
  }
}

export interface Tally {
  readonly counts: Record<KioskState, number>;
  /** Kiosks that installed the build, and those of them that failed after `countingSince`. */
  readonly got: number;
  readonly failed: number;
  /** Kiosks reached by the steps so far, those of them in contact, and of the latter the healthy and the unfinished ones. */
  readonly reached: number;
  readonly inContact: number;
  readonly healthy: number;
  readonly undecided: number;
}

export function tally(plan: Plan, kiosks: readonly Kiosk[], now: Date): Tally {
  const counts: Record<KioskState, number> = {
    waiting: 0,
    notified: 0,
    'not-heard': 0,
    installing: 0,
    healthy: 0,
    'rolled-back': 0,
    refused: 0,
    overdue: 0,
  };
  const sums = { got: 0, failed: 0, reached: 0, inContact: 0, healthy: 0, undecided: 0 };
  for (const kiosk of kiosks) {
    const state = stateOf(plan, kiosk, now);
    counts[state] += 1;
    const failing = state === 'rolled-back' || state === 'overdue';
    if (failing || state === 'installing' || state === 'healthy') sums.got += 1;
    if (failing && kiosk.progress!.at >= plan.countingSince) sums.failed += 1;
    if (!kiosk.progress && !reaches(plan, kiosk.device, kiosk.ring)) continue;
    sums.reached += 1;
    if (!inContact(kiosk, now)) continue;
    sums.inContact += 1;
    if (state === 'healthy') sums.healthy += 1;
    if (state === 'waiting' || state === 'notified' || state === 'installing' || willRetry(kiosk)) sums.undecided += 1;
  }
  return { counts, ...sums };
}

/** Whether a kiosk refused for a reason that may pass, such as an unreachable server. It retries, so it isn't finished. */
const willRetry = ({ progress }: Kiosk): boolean =>
  progress?.state === 'refused' && !!progress.reason && !isFinalError(progress.reason);

/** Whether a rollout stops: enough kiosks failed, or all that installed it (even one) and no other is still to report. */
const isBad = ({ stopAt }: Plan, { got, failed, undecided }: Tally): boolean =>
  failed >= Math.max(stopAt.kiosks, Math.ceil((stopAt.percent * got) / 100)) ||
  (failed > 0 && failed === got && undecided === 0);

export type Decision =
  | { readonly kind: 'stop'; readonly failed: number; readonly got: number }
  | { readonly kind: 'advance' | 'done' }
  | { readonly kind: 'wait'; readonly for: WaitsFor; readonly until: Date | null };

/** Decides what a rollout does next without anyone's action. */
export function decide(plan: Plan, sums: Tally, now: Date): Decision {
  const wait = (what: WaitsFor, until: Date | null = null): Decision => ({ kind: 'wait', for: what, until });
  if (plan.state !== 'running') return wait('nothing');
  if (isBad(plan, sums)) return { kind: 'stop', failed: sums.failed, got: sums.got };
  if (plan.step === plan.steps.length - 1) {
    if (sums.inContact === 0) return wait('contact');
    if (sums.undecided > 0) return wait('verdicts');
    return sums.healthy > 0 ? { kind: 'done' } : wait('failures');
  }
  const soaked = new Date(plan.stepSince.getTime() + plan.steps[plan.step]!.soakHours * HOUR_MS);
  if (now < soaked) return wait('soak', soaked);
  // A single failure doesn't stop it, but keeps it from advancing automatically.
  if (sums.failed * 100 >= plan.stopAt.percent * sums.got && sums.failed > 0) return wait('failures');
  // A step whose kiosks are all switched off has proven nothing.
  if (sums.reached > 0 && sums.inContact === 0) return wait('contact');
  if (sums.reached > 0 && (sums.healthy === 0 || sums.healthy * 2 < sums.inContact))
    return wait(sums.undecided > 0 ? 'verdicts' : 'failures');
  return plan.automatic ? { kind: 'advance' } : wait('decision');
}
