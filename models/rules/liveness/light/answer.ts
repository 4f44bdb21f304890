import { median } from '../step.ts';
import { FACE_REGIONS, type Region, type RegionLight } from './regions.ts';
import { type Light, lightOf, type Shade } from './sequence.ts';

/** One sample of a face while the screen showed colours. */
export interface LitSample {
  /** ms, on the clock of `shown`. */
  readonly at: number;
  readonly regions: RegionLight;
}

/**
 * How a face responded to the colours. `answered`: like a head lit by the screen. `silent`: no visible response, because ambient
 * light is too strong or the face is shown on a screen itself. `late`: later than a camera's delay explains. `other`: to other
 * colours than those shown. `flat`: the background responds like the face, as on one surface. `uneven`: only parts of the face
 * respond, as with a reflection on glass.
 */
export type LightAnswer = 'answered' | 'silent' | 'late' | 'other' | 'flat' | 'uneven';

/** Fade-in time of a colour, ms. Must match the screen's style. */
export const FADE_MS = 100;
/** Maximum delay from the screen to a sample, ms; cameras take 80 to 250. */
const LATEST = 400;
/** Lags tried, ms. */
const LAGS = Array.from({ length: 46 }, (_, i) => i * 20);
/** Minimum share of the colour change explained by the colours shown (R²), for the whole face and for each region. */
const FITS = 0.6;
const REGION_FITS = 0.3;
/** This many of the five regions must respond, each between 1/UNEVEN and UNEVEN times the median response. */
const REGIONS = 4;
const UNEVEN = 3;
/** Minimum gain: change in the log ratio of two channels, per unit of the screen's linear light. */
const LEAST_GAIN = 0.012;
/** Below this gain a response may be chance, and deviations mean nothing. */
const FAINT = 0.03;
/** A background must respond with less than this share of the face's response. */
const BEHIND = 0.6;
/** Maximum factor for a bright background, so that dark skin in front of a white wall isn't taken for a pane. */
const BRIGHTER = 2;
/** A chroma that varies more than this (standard deviation) without matching the colours has another light source. */
const SWING = 0.06;

/** Log of red over green and of blue over green. Unaffected by exposure, or by a face moving in the light. */
type Chroma = readonly [redness: number, blueness: number];

/** Light below this is the sensor's black level. */
const BLACK = 0.002;
const chromaOf = ([red, green, blue]: Light): Chroma => {
  const level = Math.log(green + BLACK);
  return [Math.log(red + BLACK) - level, Math.log(blue + BLACK) - level];
};

/** Red minus green and blue minus green of the screen's colour. */
const shadeOf = (shade: Shade): Chroma => {
  const [red, green, blue] = lightOf(shade.colour);
  return [red - green, blue - green];
};

interface Fit {
  /** 0..1: the share of the change that the colours explain. */
  readonly share: number;
  /** Mean gain of both chromas; negative: opposite direction. */
  readonly gain: number;
}

/**
 * Judges how the samples respond to the colours. Pure. The chroma of each region is fitted to that of the screen `lag` ms
 * earlier, with the lag that fits the face best. Linear drift (white balance, the sun) is removed from both.
 *
 * @param shown when each colour appeared on the screen, ms; as many as there are colours
 * @param samples in order of time
 */
export function judgeLight(
  sequence: readonly Shade[],
  shown: readonly number[],
  samples: readonly LitSample[],
): LightAnswer {
  const times = samples.map(({ at }) => at);
  const shades = sequence.map(shadeOf);
  const chromasOf = (region: Region) => samples.map(({ regions }) => chromaOf(regions[region]));
  const regions = FACE_REGIONS.map(chromasOf);
  const face = times.map((_, i): Chroma => [mean(regions.map((r) => r[i]![0])), mean(regions.map((r) => r[i]![1]))]);
  const fitAt = (lag: number, chromas: readonly Chroma[]): Fit =>
    fitOf(
      times,
      times.map((at) => shadeAt(shades, shown, at - lag)),
      chromas,
    );

  const best = LAGS.map((lag) => ({ lag, ...fitAt(lag, face) })).reduce((a, b) => (b.share > a.share ? b : a));
  if (!(best.share >= FITS && best.gain >= LEAST_GAIN)) return swingOf(times, face) > SWING ? 'other' : 'silent';
  const unlessFaint = (answer: LightAnswer): LightAnswer => (best.gain < FAINT ? 'silent' : answer);
  if (best.lag > LATEST) return unlessFaint('late');
  // Weighted by brightness: a pane's reflection is a smaller share of the light of a bright wall.
  const behind = (['corner-left', 'corner-right'] as const).map((corner) => {
    const level = clamp(levelOf(samples, [corner]) / levelOf(samples, FACE_REGIONS), 1, BRIGHTER);
    return fitAt(best.lag, chromasOf(corner)).gain * level;
  });
  if (!(Math.max(...behind) < BEHIND * best.gain)) return unlessFaint('flat');
  const fits = regions.map((region) => fitAt(best.lag, region));
  const middle = median(fits.map(({ gain }) => gain));
  const even = fits.filter(
    ({ share, gain }) => share >= REGION_FITS && gain >= middle / UNEVEN && gain <= middle * UNEVEN,
  );
  return even.length >= REGIONS ? 'answered' : unlessFaint('uneven');
}

/** Mean of green over samples and regions. */
const levelOf = (samples: readonly LitSample[], regions: readonly Region[]): number =>
  BLACK + mean(samples.flatMap((sample) => regions.map((region) => sample.regions[region][1])));

/** Returns what the screen shows at a time: before the start, the first colour; each fades into the next. */
function shadeAt(shades: readonly Chroma[], shown: readonly number[], at: number): Chroma {
  const i = Math.max(
    0,
    shown.findLastIndex((from) => from <= at),
  );
  const [from, to] = [shades[Math.max(0, i - 1)]!, shades[i]!];
  const part = Math.min(1, Math.max(0, (at - shown[i]!) / FADE_MS));
  return [from[0] + (to[0] - from[0]) * part, from[1] + (to[1] - from[1]) * part];
}

/** Fits both chromas by least squares, each with its own gain; a negative gain explains nothing. */
function fitOf(times: readonly number[], screen: readonly Chroma[], chromas: readonly Chroma[]): Fit {
  let [all, explained, gains] = [0, 0, 0];
  for (const axis of [0, 1] as const) {
    const x = detrended(
      times,
      screen.map((c) => c[axis]),
    );
    const y = detrended(
      times,
      chromas.map((c) => c[axis]),
    );
    const [xx, xy] = [dot(x, x), dot(x, y)];
    const gain = xx > 0 ? xy / xx : 0;
    all += dot(y, y);
    gains += gain / 2;
    if (gain > 0) explained += gain * xy;
  }
  return { share: all > 0 ? explained / all : 0, gain: gains };
}

/** Root mean square of a chroma's deviation from its trend. */
const swingOf = (times: readonly number[], chromas: readonly Chroma[]): number => {
  const squares = ([0, 1] as const).map((axis) => {
    const left = detrended(
      times,
      chromas.map((c) => c[axis]),
    );
    return dot(left, left) / times.length;
  });
  return Math.sqrt(mean(squares));
};

const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);

/** Returns the values minus their linear trend. */
function detrended(times: readonly number[], values: readonly number[]): number[] {
  const [t, v] = [mean(times), mean(values)];
  const from = times.map((at) => at - t);
  const flat = values.map((value) => value - v);
  const slope = dot(from, flat) / (dot(from, from) || 1);
  return flat.map((value, i) => value - slope * from[i]!);
}
