import { drawPeople, type Estimate, intervalOf } from './bootstrap.ts';
import { BINS, binOf, type Pairs, scoreOf } from './pairs.ts';

/**
 * 1:1 error rates (ISO/IEC 19795-1): FMR, FNMR, EER, TAR at FAR, and the DET curve, each with a bootstrap interval over people.
 */

/** Rates at a threshold that was not chosen from these pairs. Null: nothing to count, or below the stored tail. */
interface AtThreshold {
  readonly threshold: number;
  readonly fmr: Estimate | null;
  readonly fnmr: Estimate | null;
}

interface TarAtFar {
  readonly far: number;
  /** False with fewer than 30/FAR impostor pairs (the rule of 30). The other fields are then null. */
  readonly resolved: boolean;
  readonly threshold: number | null;
  /** Share of genuine pairs that score at least the threshold. */
  readonly tar: Estimate | null;
}

export interface DetPoint {
  readonly threshold: number;
  readonly fmr: number;
  readonly fnmr: number;
}

export interface Verification {
  readonly people: number;
  readonly pictures: number;
  readonly genuinePairs: number;
  readonly impostorPairs: number;
  readonly eer: (Estimate & { readonly threshold: number }) | null;
  /**
   * At the threshold in use. Groups of people are compared by these: every other rate is at a threshold of the group's own,
   * which hides a group with more false matches (ISO/IEC 19795-10).
   */
  readonly inUse: AtThreshold;
  readonly tarAtFar: readonly TarAtFar[];
  readonly det: readonly DetPoint[];
}

/** FMR and FNMR at the lower edge of every bin. FMR is NaN below the stored tail. */
interface Rates {
  readonly fmr: Float64Array;
  readonly fnmr: Float64Array;
}

const FARS = [1e-2, 1e-3, 1e-4] as const;
/** The rule of 30: the minimum number of expected errors for a meaningful rate. */
const FEWEST_ERRORS = 30;

/** Returns whether `trials` are enough to estimate a rate of `rate`. */
export function resolves(trials: number, rate: number): boolean {
  return trials * rate >= FEWEST_ERRORS * (1 - 1e-9);
}

/**
 * @param threshold the 1:1 threshold in use
 * @param random 0..1, used to draw people for the bootstrap
 */
export function measureVerification(pairs: Pairs, threshold: number, random: () => number): Verification {
  const people = pairs.picturesOf.length;
  const all = ratesOf(pairs, null);
  const drawn = drawPeople(people, random).map((weights) => ratesOf(pairs, weights));
  const repeated = pairs.picturesOf.filter((n) => n > 1).length;
  const between = (measure: (rates: Rates) => number, units = repeated) => intervalOf(drawn.map(measure), units);
  const estimate = (measure: (rates: Rates) => number, units?: number): Estimate | null => {
    const value = measure(all);
    return Number.isNaN(value) ? null : { value, interval: between(measure, units) };
  };
  const bin = binOf(threshold);
  const genuinePairs = pairs.genuine.bin.length;
  const comparable = genuinePairs > 0 && pairs.impostors > 0;
  const eer = comparable ? equalErrorRate(all) : null;
  return {
    people,
    pictures: pairs.picturesOf.reduce((sum, n) => sum + n, 0),
    genuinePairs,
    impostorPairs: pairs.impostors,
    eer: eer && { ...eer, interval: between((r) => equalErrorRate(r)?.value ?? Number.NaN) },
    inUse: {
      threshold,
      fmr: estimate((r) => r.fmr[bin]!, (people * (people - 1)) / 2),
      fnmr: estimate((r) => r.fnmr[bin]!),
    },
    tarAtFar: FARS.map((far) => {
      if (!comparable || !resolves(pairs.impostors, far)) return { far, resolved: false, threshold: null, tar: null };
      const tarOf = (r: Rates) => 1 - r.fnmr[binAtFar(r, far)]!;
      const bin = binAtFar(all, far);
      return { far, resolved: true, threshold: scoreOf(bin), tar: { value: tarOf(all), interval: between(tarOf) } };
    }),
    det: comparable ? detPoints(all) : [],
  };
}

/** Rates over all people, each counted `weights` times. A pair counts as often as the product of both weights. */
function ratesOf(pairs: Pairs, weights: Uint32Array | null): Rates {
  const genuine = new Float64Array(BINS);
  const impostor = new Float64Array(BINS);
  const { genuine: same, impostor: different, picturesOf } = pairs;
  for (let i = 0; i < same.bin.length; i++) genuine[same.bin[i]!]! += weights ? weights[same.person[i]!]! : 1;
  for (let i = 0; i < different.bin.length; i++) {
    impostor[different.bin[i]!]! += weights ? weights[different.one[i]!]! * weights[different.other[i]!]! : 1;
  }
  let genuineTotal = 0;
  for (const n of genuine) genuineTotal += n;
  // Only the number of impostor pairs below the tail is known, and it follows from the people drawn.
  let impostorTotal = pairs.impostors;
  if (weights) {
    let sum = 0;
    let squares = 0;
    for (let p = 0; p < weights.length; p++) {
      const n = weights[p]! * picturesOf[p]!;
      sum += n;
      squares += n * n;
    }
    impostorTotal = (sum * sum - squares) / 2;
  }
  const fmr = new Float64Array(BINS + 1);
  const fnmr = new Float64Array(BINS + 1);
  fnmr[BINS] = 1;
  let matches = 0;
  let accepted = 0;
  for (let bin = BINS - 1; bin >= 0; bin--) {
    matches += impostor[bin]!;
    accepted += genuine[bin]!;
    fmr[bin] = bin >= pairs.tailFrom ? matches / impostorTotal : Number.NaN;
    fnmr[bin] = 1 - accepted / genuineTotal;
  }
  return { fmr, fnmr };
}

/** Returns where FMR and FNMR are equal, interpolated linearly between bins; null if that is below the tail. */
function equalErrorRate({ fmr, fnmr }: Rates): { value: number; threshold: number } | null {
  for (let bin = BINS; bin > 0; bin--) {
    const above = fmr[bin]! - fnmr[bin]!;
    const below = fmr[bin - 1]! - fnmr[bin - 1]!;
    if (Number.isNaN(below)) return null;
    if (below < 0) continue;
    const share = below === above ? 0 : below / (below - above);
    const value = fmr[bin - 1]! + share * (fmr[bin]! - fmr[bin - 1]!);
    return { value, threshold: scoreOf(bin - 1 + share) };
  }
  return null;
}

/** Returns the lowest bin from which FMR is at most `far`. */
function binAtFar({ fmr }: Rates, far: number): number {
  let bin = BINS;
  while (bin > 0 && fmr[bin - 1]! <= far) bin--;
  return bin;
}

/** Returns about a hundred points, evenly spaced in log FMR, from 1 (or the tail's share) to the last impostor. */
function detPoints({ fmr, fnmr }: Rates): DetPoint[] {
  const points: DetPoint[] = [];
  let last = Number.POSITIVE_INFINITY;
  for (let bin = 0; bin <= BINS; bin++) {
    const rate = fmr[bin]!;
    if (Number.isNaN(rate) || rate > last * 0.9) continue;
    points.push({ threshold: scoreOf(bin), fmr: rate, fnmr: fnmr[bin]! });
    last = rate;
    if (rate === 0) break;
  }
  return points;
}
