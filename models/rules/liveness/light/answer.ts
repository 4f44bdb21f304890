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
 * What a face made of the colours. `answered`: as a head does that the screen lights up. `silent`: nothing to be seen of them;
 * ambient light drowns them, or it is a picture that shines by itself. `late`: after the time that a camera takes. `other`:
 * other colours than were shown. `flat`: what is behind the face answers as the face does, as on one surface. `uneven`: parts of
 * the face answer and others do not, as a reflection on glass does.
 */
export type LightAnswer = 'answered' | 'silent' | 'late' | 'other' | 'flat' | 'uneven';

/** A colour takes so long to fade in, ms. The screen's style has the same. */
export const FADE_MS = 100;
/** Longest from the screen to a sample, ms: cameras take 80 to 250. */
const LATEST = 400;
/** Lags that are tried, ms. */
const LAGS = Array.from({ length: 46 }, (_, i) => i * 20);
/** Least share of the change of colour that the shown one explains (R²), of the whole face and of each region. */
const FITS = 0.6;
const REGION_FITS = 0.3;
/** So many of the five regions have to respond, each between a third of and three times the middle one's response. */
const REGIONS = 4;
const UNEVEN = 3;
/** Least gain: change of the logarithm of two channels' ratio, a unit of linear light of the screen. */
const LEAST_GAIN = 0.012;
/** Below it a response may be chance, and its deviations mean nothing. */
const FAINT = 0.03;
/** A background responds by less than this share of the face's response. */
const BEHIND = 0.6;
/** What is behind counts as so much brighter at most: dark skin before a white wall is no pane. */
const BRIGHTER = 2;
/** Chroma that swings further without having been asked to (standard deviation) is lit by something else. */
const SWING = 0.06;

/** Logarithm of red over green and of blue over green: what a brighter exposure, or a face that moves in light, leaves alone. */
type Chroma = readonly [redness: number, blueness: number];

/** Light below this is a sensor's black. */
const BLACK = 0.002;
const chromaOf = ([red, green, blue]: Light): Chroma => {
  const level = Math.log(green + BLACK);
  return [Math.log(red + BLACK) - level, Math.log(blue + BLACK) - level];
};

/** Red less green and blue less green of what the screen shows. */
const shadeOf = (shade: Shade): Chroma => {
  const [red, green, blue] = lightOf(shade.colour);
  return [red - green, blue - green];
};

interface Fit {
  /** 0..1: the share of the change that the colours explain. */
  readonly share: number;
  /** Mean of both chromas' gains; negative: the other way. */
  readonly gain: number;
}

/**
 * How the samples answer the colours. Pure. The chroma of each region is fitted to that of the screen `lag` ms before, at the
 * lag that fits the face best; what drifts evenly (white balance, the sun) is taken out of both.
 *
 * @param shown when each colour began on the screen, ms; as many as there are colours
 * @param samples rising in time
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
  // Weighed by how bright it is: what a pane throws back is a smaller share of the light of a bright wall.
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

/** What the screen shows at this time: the first colour before it began, each fading into the next. */
function shadeAt(shades: readonly Chroma[], shown: readonly number[], at: number): Chroma {
  const i = Math.max(
    0,
    shown.findLastIndex((from) => from <= at),
  );
  const [from, to] = [shades[Math.max(0, i - 1)]!, shades[i]!];
  const part = Math.min(1, Math.max(0, (at - shown[i]!) / FADE_MS));
  return [from[0] + (to[0] - from[0]) * part, from[1] + (to[1] - from[1]) * part];
}

/** Least squares of both chromas, each with a gain of its own that has to be positive. */
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

/** Root mean square of what a chroma differs from its trend. */
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

/** What is left of values after removing their linear trend. */
function detrended(times: readonly number[], values: readonly number[]): number[] {
  const [t, v] = [mean(times), mean(values)];
  const from = times.map((at) => at - t);
  const flat = values.map((value) => value - v);
  const slope = dot(from, flat) / (dot(from, from) || 1);
  return flat.map((value, i) => value - slope * from[i]!);
}
