import { type Calibration, leeway } from '../decision.ts';
import type { ChallengeStep } from '../reasons.ts';
import { trackBlink } from './blink.ts';
import { trackCloser } from './closer.ts';
import { breakBetween, type Observation, type Sample, sampleOf } from './sample.ts';
import type { LivenessFailure, StepTracker } from './step.ts';
import { trackTurn } from './turn.ts';

export type { Observation } from './sample.ts';

/** What a person is asked to do, in order. */
export interface Challenge {
  readonly steps: readonly ChallengeStep[];
}

export interface ChallengeOptions {
  /**
   * Head turns, each to a newly drawn side. Footage that does not react fits by chance with 1/2 to the power of this.
   */
  readonly turns?: number;
  /** Chance of one further step, a blink or coming closer, before or after a turn. Default 1/2. */
  readonly extra?: number;
}

/**
 * Draws a challenge. It always has a head turn, the only step with proof in it; the extra step only makes the order
 * harder to foresee.
 * @param random uniform in [0, 1), and not to be foreseen: a cryptographic source in the product
 */
export function createChallenge(random: () => number, options: ChallengeOptions = {}): Challenge {
  const { turns = 1, extra = 0.5 } = options;
  const steps: ChallengeStep[] = [];
  for (let i = 0; i < Math.max(1, turns); i++) steps.push(random() < 0.5 ? 'turn-left' : 'turn-right');
  if (random() < extra) {
    const kind: ChallengeStep = random() < 0.5 ? 'blink' : 'closer';
    steps.splice(Math.floor(random() * (steps.length + 1)), 0, kind);
  }
  return { steps };
}

export interface LivenessOptions {
  /** Time for each step, ms. Default 8 s. */
  readonly stepMs?: number;
  /** Breaks (face lost, a jump) after which the challenge has failed. Default 4. */
  readonly breaks?: number;
}

/** Where a challenge stands. */
export interface LivenessState {
  readonly state: 'going' | 'passed' | 'failed';
  readonly step: ChallengeStep;
  readonly index: number;
  readonly of: number;
  /** 0..1 of this step. */
  readonly progress: number;
  /** Why it failed. */
  readonly reason?: string;
}

/** One run of a challenge. Failed or passed it stays so. */
export interface LivenessSession {
  observe(observation: Observation): LivenessState;
  current(): LivenessState;
}

const TRACKERS: Readonly<Record<ChallengeStep, () => StepTracker>> = {
  'turn-left': () => trackTurn(1),
  'turn-right': () => trackTurn(-1),
  blink: trackBlink,
  closer: trackCloser,
};

/**
 * Starts a challenge. Pure: time comes with the observations. A step's time begins with the first observation after its
 * prompt was given. What happened before a break never counts, and a sample of another face is a break: the head that
 * moves is the recognised person's in every sample, or people could take turns between two of them. A face that is turned
 * scores lower, so only the sample straight ahead from which a turn is measured has to reach the threshold of 1:1.
 *
 * @param calibration of the embedder that likeness is measured by
 */
export function startLiveness(
  challenge: Challenge,
  calibration: Calibration,
  options: LivenessOptions = {},
): LivenessSession {
  const { stepMs = 8_000, breaks: most = 4 } = options;
  const samePerson = { straight: calibration.verification, turned: leeway(calibration).turned };
  const { steps } = challenge;
  if (!steps.some((step) => step.startsWith('turn-'))) {
    throw new RangeError('a liveness challenge without a head turn proves nothing');
  }
  let index = 0;
  let tracker = TRACKERS[steps[0]!]();
  let began: number | null = null;
  let last: Sample | null = null;
  let breaks = 0;
  let state: LivenessState['state'] = 'going';
  let progress = 0;
  let reason: LivenessFailure | undefined;

  const current = (): LivenessState => ({
    state,
    step: steps[index]!,
    index,
    of: steps.length,
    progress,
    ...(reason ? { reason } : {}),
  });
  const end = (why: LivenessFailure): LivenessState => {
    state = 'failed';
    reason = why;
    progress = 0;
    return current();
  };
  const next = (): void => {
    if (index + 1 === steps.length) {
      state = 'passed';
      progress = 1;
      return;
    }
    index++;
    tracker = TRACKERS[steps[index]!]();
    began = null;
    progress = 0;
  };

  return {
    current,
    observe(observation) {
      if (state !== 'going') return current();
      const sample = sampleOf(observation);
      const broken = last ? breakBetween(last, sample) : null;
      if (last && sample.at <= last.at) return end('interrupted'); // time that runs backwards is no camera's
      last = sample;
      began ??= sample.at;
      if (sample.at - began > stepMs) return end(tracker.unmet);
      // Written so that a likeness that is no number is another's.
      const another = !(observation.likeness >= samePerson.turned);
      if (broken || another) {
        if (++breaks >= most) return end(another ? 'another-person' : 'interrupted');
        tracker = TRACKERS[steps[index]!]();
        progress = 0;
      }
      if (another) return current();
      const news = tracker.see(sample);
      if (news.failed) return end(news.failed);
      if (news.straight && !(observation.likeness >= samePerson.straight)) return end('another-person');
      progress = news.progress;
      if (news.done) next();
      return current();
    },
  };
}
