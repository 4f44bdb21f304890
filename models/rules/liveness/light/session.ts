import { type Calibration, leeway } from '../../decision.ts';
import type { RgbImage } from '../../image.ts';
import { breakBetween, type Observation, type Sample, sampleOf } from '../sample.ts';
import type { LivenessFailure } from '../step.ts';
import { judgeLight, type LightAnswer, type LitSample } from './answer.ts';
import { measureRegions } from './regions.ts';
import type { Shade } from './sequence.ts';

/** A sample of the face, with what the screen shows. */
export interface LitObservation extends Observation {
  readonly picture: RgbImage;
  /** When each colour so far appeared on the screen, ms on the clock of `takenAt`. */
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

/** Time limits until the first colour, which needs a face close to the screen, and for each later one, ms. */
const START_MS = 8_000;
const COLOUR_MS = 2_000;
/** A camera's delay, ms: samples of the last colour arrive for this long after its time. */
const BEHIND_MS = 200;
/** A head turned further than this shows another side, degrees. */
const STRAIGHT = 20;
/** Number of samples that don't count (another face, or after a jump) at which the challenge fails. */
const MOST_BREAKS = 4;
/** Minimum number of samples that count, and of colours they cover. */
const LEAST_SAMPLES = 12;
const LEAST_COLOURS = 5;

/**
 * Starts a light challenge. Pure: time comes with the observations. The face must be the recognised person's in every sample that
 * counts, and samples come without gaps, so that what the screen lights up is what was recognised.
 *
 * @param calibration of the embedder that measures the likeness
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
      // Someone who stays away from the screen can't be lit by it.
      if (shown.length === 0) return at - began > START_MS ? end({ state: 'done', answer: 'silent' }) : state;
      const now = Math.min(shown.length, sequence.length) - 1;
      if (at - shown[now]! > sequence[now]!.ms + COLOUR_MS) return fail('interrupted');
      const regions = broken || another || Math.abs(sample.yaw) > STRAIGHT ? null : measureRegions(picture, landmarks);
      // During the first colour, exposure and white balance settle.
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
