import { type Calibration, leeway } from '../../decision.ts';
import type { RgbImage } from '../../image.ts';
import { breakBetween, type Observation, type Sample, sampleOf } from '../sample.ts';
import type { LivenessFailure } from '../step.ts';
import { judgeLight, type LightAnswer, type LitSample } from './answer.ts';
import { measureRegions } from './regions.ts';
import type { Shade } from './sequence.ts';

/** A sample of the face, and of what the screen shows. */
export interface LitObservation extends Observation {
  readonly picture: RgbImage;
  /** When each colour so far began on the screen, ms on the clock of `takenAt`. */
  readonly shown: readonly number[];
}

export type LightState =
  | { readonly state: 'going' }
  | { readonly state: 'done'; readonly answer: LightAnswer }
  | { readonly state: 'failed'; readonly reason: LivenessFailure };

/** One run of a light challenge. Its result is final. */
export interface LightSession {
  readonly sequence: readonly Shade[];
  observe(observation: LitObservation): LightState;
}

/** Time until the first colour is shown, which a face has to be near for, and for each after it, ms. */
const START_MS = 8_000;
const COLOUR_MS = 2_000;
/** A camera is so far behind, ms: samples of the last colour come for so long after its time. */
const BEHIND_MS = 200;
/** A head that is turned further shows a different side, degrees. */
const STRAIGHT = 20;
/** Samples that do not count (of another face, after a jump) and after which it has failed. */
const MOST_BREAKS = 4;
/** Samples that have to count, and of how many colours. */
const LEAST_SAMPLES = 12;
const LEAST_COLOURS = 5;

/**
 * Starts a light challenge. Pure: time comes with the observations. The face has to be the recognised person's in every
 * sample that counts, and samples come without a gap: what the screen lights up is then what was recognised.
 *
 * @param calibration of the embedder that likeness is measured by
 */
export function startLight(sequence: readonly Shade[], calibration: Calibration): LightSession {
  const least = leeway(calibration).turned;
  const samples: LitSample[] = [];
  const seen = new Set<number>();
  let began: number | null = null;
  let last: Sample | null = null;
  let breaks = 0;
  let state: LightState = { state: 'going' };
  const end = (how: LightState): LightState => {
    state = how;
    return how;
  };
  const fail = (reason: LivenessFailure): LightState => end({ state: 'failed', reason });

  return {
    sequence,
    observe(observation) {
      if (state.state !== 'going') return state;
      const { shown, picture, landmarks } = observation;
      const sample = sampleOf(observation);
      const { at } = sample;
      if (last && at <= last.at) return fail('interrupted');
      const broken = last !== null && breakBetween(last, sample) !== null;
      last = sample;
      began ??= at;
      const another = !(observation.likeness >= least);
      if ((broken || another) && ++breaks >= MOST_BREAKS) return fail(another ? 'another-person' : 'interrupted');
      // Nobody who stays away from the screen can be lit by it.
      if (shown.length === 0) return at - began > START_MS ? end({ state: 'done', answer: 'silent' }) : state;
      const now = Math.min(shown.length, sequence.length) - 1;
      if (at - shown[now]! > sequence[now]!.ms + COLOUR_MS) return fail('interrupted');
      const regions = broken || another || Math.abs(sample.yaw) > STRAIGHT ? null : measureRegions(picture, landmarks);
      // The first colour is for exposure and white balance to settle.
      if (regions && at - shown[0]! >= BEHIND_MS) {
        samples.push({ at, regions });
        seen.add(now);
      }
      if (now < sequence.length - 1 || at - shown[now]! < sequence[now]!.ms + BEHIND_MS) return state;
      if (samples.length < LEAST_SAMPLES || seen.size < LEAST_COLOURS) return fail('interrupted');
      return end({ state: 'done', answer: judgeLight(sequence, shown, samples) });
    },
  };
}
