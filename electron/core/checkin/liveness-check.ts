import type { FaceShape, PassiveLiveness } from '../../../models/node/interface.ts';
import type { RgbImage } from '../../../models/rules/image.ts';
import type { LightAnswer } from '../../../models/rules/liveness/light/answer.ts';
import type { LightSession } from '../../../models/rules/liveness/light/session.ts';
import type { LivenessSession, LivenessState, Observation } from '../../../models/rules/liveness/liveness.ts';
import type { LivenessFailure } from '../../../models/rules/liveness/step.ts';
import type { FaceFrame } from '../../contract/frames.ts';
import type { LightShown, ProbeResult } from '../../contract/methods.ts';

/** A challenge under way, and what its samples are besides judged by. Failed or passed it stays so. */
export interface LivenessCheck {
  current(): LivenessState;
  /** One after the other. */
  observe(observation: Observation, picture: RgbImage): LivenessState | Promise<LivenessState>;
}

/**
 * A challenge that the operator's liveness model may veto. It is asked about the sample straight ahead that each move is then
 * measured from, and about no other: such models are made for faces straight ahead and their thresholds are for one picture,
 * so each further sample would be a further chance to turn a living person away. Another instrument after it is a break.
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
        vetoed = true; // until it has said otherwise, which a model that fails does not
        vetoed = !(await passive.isLive(picture, observation.box));
      }
      return current();
    },
  };
}

/** @param likeness cosine of this very face with the person whose challenge it is */
export const observationOf = (frame: FaceFrame, shape: FaceShape, likeness: number): Observation => ({
  takenAt: frame.takenAt,
  place: frame.place,
  landmarks: shape.landmarks,
  box: shape.box,
  quality: shape.quality,
  likeness,
});

/** A challenge under way: first the moves, then, where they are wanted, the colours. */
export interface FaceChallenge {
  next(): ProbeResult;
  /** More than to look straight ahead was asked: what was drawn has begun to be known. */
  prompted(): boolean;
  /** One after the other. */
  observe(observation: Observation, picture: RgbImage, shown: LightShown): Promise<ChallengeOutcome>;
}

export type ChallengeOutcome =
  | { readonly state: 'going' | 'passed' }
  | { readonly state: 'failed'; readonly reason: LivenessFailure | `light-${LightAnswer}` | undefined };

export interface Colours {
  readonly start: () => LightSession;
  /** Whether a face that answered them like this has passed. */
  readonly pass: (answer: LightAnswer) => boolean;
}

/** @param colours null: there are none; nor for a person who does without */
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
