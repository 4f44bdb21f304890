import { type People, syntheticPeople } from './embeddings.ts';

/** The float64 answer for one probe: the best row, and the best score of another person. */
export interface Truth {
  readonly row: number;
  readonly score: number;
  readonly second: number;
}

const DIMENSIONS = 512;

function norm(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}

/** Float64 cosines of a probe with all rows. */
export function cosines({ templates, rows }: People, probe: Float32Array): Float64Array {
  const all = new Float64Array(templates);
  const length = norm(probe);
  for (let row = 0; row < templates; row++) {
    const values = rows.subarray(row * DIMENSIONS, (row + 1) * DIMENSIONS);
    let sum = 0;
    for (let i = 0; i < DIMENSIONS; i++) sum += probe[i]! * values[i]!;
    all[row] = Math.max(-1, Math.min(1, sum / (length * norm(values))));
  }
  return all;
}

/** Finds the truth by scoring every row in float64. */
export function truthOf(people: People, probe: Float32Array): Truth {
  const scores = cosines(people, probe);
  let row = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[row]!) row = i;
  let second = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < scores.length; i++) {
    if (people.person[i] !== people.person[row] && scores[i]! > second) second = scores[i]!;
  }
  return { row, score: scores[row]!, second };
}

/**
 * Rows that are hard for the bound. Of every four rows one is a near-duplicate of one of a few faces (noise of 10⁻⁷ to 10⁻² of
 * its length), one is on the rounding edge of the codes along a pattern of signs, one is a spike, one is ordinary.
 */
export function difficultPeople(templates: number, probes: number, seed: number): People {
  const plain = syntheticPeople(templates, probes, seed);
  const { rows, person } = plain;
  const ordinary = rows.slice();
  const base = (n: number) => ordinary.subarray((n % 8) * 4 * DIMENSIONS, ((n % 8) * 4 + 1) * DIMENSIONS);
  const pattern = Float32Array.from(base(0), (value) => Math.sign(value) / Math.sqrt(DIMENSIONS));
  for (let n = 0; n < templates; n++) {
    const out = rows.subarray(n * DIMENSIONS, (n + 1) * DIMENSIONS);
    const own = ordinary.subarray(n * DIMENSIONS, (n + 1) * DIMENSIONS);
    const share = 10 ** -(2 + (n % 6));
    if (n % 4 === 0) out.set(base(n / 4).map((value, i) => value + share * own[i]!));
    if (n % 4 === 1)
      out.set(pattern.map((sign, i) => Math.sign(sign) * (i === n % 512 ? 63 : (n % 30) + 0.49 * Math.cos(n))));
    if (n % 4 === 2) out.set(own.map((value, i) => (i === n % 512 ? 1 : value * 0.1)));
    person[n] = n % Math.ceil(templates / 3);
    const length = norm(out);
    for (let i = 0; i < DIMENSIONS; i++) out[i]! /= length;
  }
  const mated = plain.mated.map((probe, i) => (i % 3 === 0 ? pattern : i % 3 === 1 ? base(i).slice() : probe));
  return { ...plain, mated };
}
