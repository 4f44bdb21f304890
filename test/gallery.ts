import type { GalleryMatch } from '../models/node/interface.ts';

/** Shared by the gallery's tests: an independent float64 search, and rows designed to be difficult. */

export interface Row {
  readonly template: string;
  readonly person: string;
  readonly embedding: Float32Array;
}

/** Cosine in float64, summed from the first value to the last and clamped to ±1. */
export function trueCosine(a: Float32Array, b: Float32Array): number {
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return Math.max(-1, Math.min(1, ab / (Math.sqrt(aa) * Math.sqrt(bb))));
}

/** The correct answer: all rows scored and sorted, equal scores by person, then by template. */
export function bruteForce(rows: readonly Row[], probe: Float32Array): GalleryMatch {
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  const scored = rows
    .map(({ template, person, embedding }) => ({ template, person, score: trueCosine(probe, embedding) }))
    .sort((a, b) => b.score - a.score || order(a.person, b.person) || order(a.template, b.template));
  const best = scored[0] ?? null;
  const other = scored.find((row) => row.person !== best?.person);
  return {
    best,
    second: other ? { person: other.person, score: other.score } : null,
    people: new Set(rows.map((row) => row.person)).size,
    templates: rows.length,
  };
}

export type Random = () => number;

/** Mulberry32: the same numbers for the same seed. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function normalised(values: ArrayLike<number>, norm = 1): Float32Array {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return Float32Array.from(values, (value) => (value * norm) / Math.sqrt(sum));
}

const fill = (make: (i: number) => number) => Array.from({ length: 512 }, (_, i) => make(i));
const sign = (random: Random) => (random() < 0.5 ? -1 : 1);

/** Independent directions: cosines near 0, all within 0.2. */
export function randomRow(random: Random): Float32Array {
  return normalised(fill(() => random() + random() + random() - 1.5));
}

/** `base` plus noise of this share of its length; 1e-7 is the last bit of a float32. */
export function nearRow(base: Float32Array, share: number, random: Random): Float32Array {
  const noise = randomRow(random);
  return normalised(Array.from(base, (value, i) => value + share * noise[i]!));
}

/** One value holds nearly all of the length, so all others get code 0 or 1. */
export function spikeRow(random: Random): Float32Array {
  const at = Math.floor(random() * 512);
  return normalised(fill((i) => (i === at ? sign(random) : (random() - 0.5) * 0.02)));
}

/** Few values; all others are denormal float32 or minus zero. */
export function denormalRow(random: Random): Float32Array {
  const row = normalised(fill((i) => (i % 64 === 0 ? random() - 0.5 : 0)));
  for (let i = 0; i < 512; i++) if (row[i] === 0) row[i] = random() < 0.5 ? -0 : sign(random) * random() * 1e-39;
  return row;
}

/**
 * A row on the edge of the bound. The probe is a pattern of signs, and the rounding error of the row points along the probe (or
 * against it) in every place, so that Cauchy–Schwarz is almost an equality.
 * @param rest rounding error in steps: −0.5..0.5
 * @param level the code of the values before that error
 */
export function edgeRow(signs: ArrayLike<number>, level: number, rest: number): Float32Array {
  return normalised(fill((i) => (i === 0 ? 63 : level + rest) * signs[i]!));
}

/** A pattern of signs as a probe, with all values of equal size. */
export function signProbe(signs: ArrayLike<number>): Float32Array {
  return normalised(signs);
}
