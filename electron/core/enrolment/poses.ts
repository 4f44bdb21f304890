import type { FaceQuality } from '../../../models/rules/quality.ts';
import { ENROLMENT_POSES, type EnrolmentPose } from '../../../models/rules/reasons.ts';

/** Range of yaw in degrees in which a pose counts; positive is the person's own left. */
const YAW: Record<EnrolmentPose, readonly [from: number, to: number]> = {
  front: [-10, 10],
  left: [9, 40],
  right: [-40, -9],
  'front-again': [-12, 12],
};

/** Good samples that miss the pose, after which it is skipped: nobody is refused for a stiff neck. */
const PATIENCE = 24;
export const FEWEST_POSES = 2;

/** State of the guided capture: which poses are done, skipped or still to do. Pure. */
export interface CaptureState {
  readonly remaining: readonly EnrolmentPose[];
  readonly done: readonly EnrolmentPose[];
  readonly waited: number;
}

export const NEW_CAPTURE: CaptureState = { remaining: ENROLMENT_POSES, done: [], waited: 0 };

/** Returns whether a head of this quality holds the pose. */
export function holdsPose(pose: EnrolmentPose, quality: Pick<FaceQuality, 'yaw'>): boolean {
  const [from, to] = YAW[pose];
  return quality.yaw >= from && quality.yaw <= to;
}

/** Counts the current pose as done; with none left, nothing changes. */
export function capturePose(state: CaptureState): CaptureState {
  const [pose, ...remaining] = state.remaining;
  return pose === undefined ? state : { remaining, done: [...state.done, pose], waited: 0 };
}

/** Counts a good sample that missed the pose. Skips the pose after PATIENCE samples if enough others remain. */
export function missPose(state: CaptureState): CaptureState {
  const waited = state.waited + 1;
  const canSkip = state.done.length > 0 && state.done.length + state.remaining.length - 1 >= FEWEST_POSES;
  if (waited < PATIENCE || !canSkip) return { ...state, waited };
  return { ...state, remaining: state.remaining.slice(1), waited: 0 };
}

/** Returns 0..1 over all poses. */
export function captureProgress(state: CaptureState): number {
  return 1 - state.remaining.length / ENROLMENT_POSES.length;
}
