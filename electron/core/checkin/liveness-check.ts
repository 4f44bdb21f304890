import type { FaceShape, PassiveLiveness } from '../../../models/node/interface.ts';
import type { RgbImage } from '../../../models/rules/image.ts';
import type { LightAnswer } from '../../../models/rules/liveness/light/answer.ts';
import type { LightSession } from '../../../models/rules/liveness/light/session.ts';
import type { LivenessSession, LivenessState, Observation } from '../../../models/rules/liveness/liveness.ts';
import type { LivenessFailure } from '../../../models/rules/liveness/step.ts';
import type { FaceFrame } from '../../contract/frames.ts';
import type { LightShown, ProbeResult } from '../../contract/methods.ts';

/** A running challenge, including any additional check of its samples. Once failed or passed, it stays so. */
export interface LivenessCheck {
  current(): LivenessState;
  /** Must be called one sample at a time. */
  observe(observation: Observation, picture: RgbImage): LivenessState | Promise<LivenessState>;
}

/**
 * Returns a challenge that the operator's liveness model may veto. The model judges only the straight-ahead sample that each move
 * is measured from: such models are made for faces looking ahead, and their thresholds are for one picture, so each further
 * sample would be another chance to turn a living person away. Swapping the face after that sample breaks the challenge.
 */
export function withVeto(session: LivenessSession, passive: PassiveLiveness | null): LivenessCheck {
  if (!passive) return session;
  let vetoed = false;
  const current = (): LivenessState =>
    vetoed
      ? { ...session.current(), state: 'failed', progress: 0, hold: false, reason: 'not-live' }
      : session.current();
  return {
    current,
    async observe(observation, picture) {
      if (vetoed) return current();
      const { step } = session.current();
      const after = session.observe(observation);
      if (step === 'middle' && after.state === 'going' && after.step !== 'middle') {
        vetoed = true; // until the model disagrees, which a failing model never does
        vetoed = !(await passive.isLive(picture, observation.box));
      }
      return current();
    },
  };
}

/** @param likeness cosine of this face with the person whose challenge it is */
export const observationOf = (frame: FaceFrame, shape: FaceShape, likeness: number): Observation => ({
  takenAt: frame.takenAt,
  place: frame.place,
  landmarks: shape.landmarks,
  box: shape.box,
  quality: shape.quality,
  likeness,
});

/** A running challenge: first the moves, then the colours, if they are wanted. */
export interface FaceChallenge {
  next(): ProbeResult;
  /** True once more than looking straight ahead was requested: part of the random challenge is known. */
  prompted(): boolean;
  /** Must be called one sample at a time. */
  observe(observation: Observation, picture: RgbImage, shown: LightShown): Promise<ChallengeOutcome>;
}

export type ChallengeOutcome =
  | { readonly state: 'going' | 'passed' }
  | { readonly state: 'failed'; readonly reason: LivenessFailure | `light-${LightAnswer}` | undefined };

export interface Colours {
  readonly start: () => LightSession;
  /** Returns whether a face that answered the colours like this has passed. */
  readonly pass: (answer: LightAnswer) => boolean;
}

/** @param colours null if there are none. They are skipped for a person who opts out. */
export function startFaceChallenge(check: LivenessCheck, colours: Colours | null): FaceChallenge {
  let wanted = colours;
  let light: LightSession | null = null;
  return {
    next() {
      if (light) return { kind: 'light', sequence: [...light.sequence] };
      const { step, index, of, progress, hold } = check.current();
      return { kind: 'challenge', step, index, of, progress, hold, light: wanted !== null };
    },
    prompted() {
      const { step, index } = check.current();
      return step !== 'middle' || index > 0;
    },
    async observe(observation, picture, shown) {
      if (shown === 'declined') wanted = null;
      else if (light && wanted) {
        const now = light.observe({ ...observation, picture, shown });
        if (now.state !== 'done') return now;
        return wanted.pass(now.answer) ? { state: 'passed' } : { state: 'failed', reason: `light-${now.answer}` };
      }
      const { state, reason } = await check.observe(observation, picture);
      if (state === 'failed') return { state, reason };
      if (state === 'going' || !wanted) return { state };
      light = wanted.start();
      return { state: 'going' };
    },
  };
}
