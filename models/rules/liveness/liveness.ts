import { type Calibration, leeway } from '../decision.ts';
import type { ChallengeStep } from '../reasons.ts';
import type { Challenge } from './challenge.ts';
import { type Heading, headingOf } from './heading.ts';
import { type MiddleTracker, trackMiddle } from './middle.ts';
import { trackMove } from './move.ts';
import { breakBetween, type Observation, type Sample, sampleOf } from './sample.ts';
import type { LivenessFailure, StepTracker } from './step.ts';

export type { Observation } from './sample.ts';

/** Time for each step, ms. */
const STEP_MS = 8_000;
/** Number of breaks (face lost, a jump, a move too fast to follow) at which the challenge fails. */
const MOST_BREAKS = 4;

export interface LivenessState {
  readonly state: 'going' | 'passed' | 'failed';
  readonly step: ChallengeStep;
  /** Index of the current move, from 0. */
  readonly index: number;
  readonly of: number;
  /** 0..1 of this step. */
  readonly progress: number;
  /** The head is in the requested position and has to stay there. */
  readonly hold: boolean;
  readonly reason?: LivenessFailure;
}

/** One run of a challenge. Its result is final. */
export interface LivenessSession {
  observe(observation: Observation): LivenessState;
  current(): LivenessState;
}

/**
 * Starts a challenge. Pure: time comes with the observations. A step's time starts with the first observation after its prompt.
 * What happened before a break never counts: the move starts over, from straight ahead. A sample of another face is a break: the
 * head that moves must be the recognised person's in every sample, or two people could take turns. A turned face scores lower, so
 * only the sample straight ahead from which a move is measured has to reach the 1:1 threshold.
 *
 * @param calibration of the embedder that measures the likeness
 * @throws RangeError for a challenge without a turn, or with a move that does not start in the middle
 */
export function startLiveness({ steps }: Challenge, calibration: Calibration): LivenessSession {
  const samePerson = { straight: calibration.verification, turned: leeway(calibration).turned };
  if (!steps.some(({ step }) => step === 'turn-left' || step === 'turn-right')) {
    throw new RangeError('a liveness challenge without a head turn proves nothing');
  }
  if (steps.length % 2 === 1 || steps.some(({ step }, i) => (step === 'middle') !== (i % 2 === 0))) {
    throw new RangeError('each move of a liveness challenge begins in the middle');
  }
  let at = 0;
  let middle: MiddleTracker = trackMiddle(steps[0]!.hold, null);
  let tracker: StepTracker = middle;
  let straight: Heading | null = null;
  let began: number | null = null;
  let last: Sample | null = null;
  let breaks = 0;
  let state: LivenessState['state'] = 'going';
  let progress = 0;
  let hold = false;
  let reason: LivenessFailure | undefined;

  const current = (): LivenessState => ({
    state,
    step: steps[at]!.step,
    index: at >> 1,
    of: steps.length >> 1,
    progress,
    hold,
    ...(reason ? { reason } : {}),
  });
  const end = (why: LivenessFailure): LivenessState => {
    state = 'failed';
    reason = why;
    progress = 0;
    hold = false;
    return current();
  };
  const begin = (index: number): void => {
    if (index !== at) began = null;
    at = index;
    const { step, hold } = steps[at]!;
    if (step === 'middle') middle = trackMiddle(hold, straight);
    tracker = step === 'middle' ? middle : trackMove(step, hold, middle.front);
    progress = 0;
  };
  const startOver = (why: LivenessFailure): LivenessState => {
    if (++breaks >= MOST_BREAKS) return end(why);
    hold = false;
    begin(at & ~1);
    return current();
  };
  const next = (likeness: number): LivenessState => {
    if (steps[at]!.step === 'middle') {
      if (!(likeness >= samePerson.straight)) return end('another-person');
      straight ??= headingOf(middle.front);
    }
    if (at + 1 === steps.length) {
      state = 'passed';
      progress = 1;
    } else begin(at + 1);
    return current();
  };

  return {
    current,
    observe(observation) {
      if (state !== 'going') return current();
      const sample = sampleOf(observation);
      const broken = last ? breakBetween(last, sample) : null;
      if (last && sample.at <= last.at) return end('interrupted'); // a camera's time never runs backwards
      last = sample;
      began ??= sample.at;
      if (sample.at - began > STEP_MS) return end(tracker.unmet);
      // Written so that a NaN likeness counts as another person's.
      const another = !(observation.likeness >= samePerson.turned);
      if (another) return startOver('another-person');
      if (broken && startOver('interrupted').state !== 'going') return current();
      const news = tracker.see(sample);
      if (news.failed) return end(news.failed);
      if (news.missed) return startOver('interrupted');
      progress = news.progress;
      hold = !news.done && news.hold === true;
      return news.done ? next(observation.likeness) : current();
    },
  };
}
