import { seededRandom } from './harness.ts';

/**
 * Synthetic embeddings that resemble ours: cosines of different people with mean 0.04 and standard deviation 0.11, of one
 * person's pictures about 0.8, as measured on real faces with this model. 512 independent normal values would give
 * 0.044: real embeddings fill fewer directions. So the values get variances that fall off exponentially, about 83
 * effective directions, and a common part; a fixed rotation then spreads them over all places.
 */

const DIMENSIONS = 512;
/** Σλ² / (Σλ)² = 0.11² for λᵢ = exp(−i/41). */
const FALL_OFF = 41;
/** Directions beyond have less than a four-hundredth of the first one's variance. */
const DIRECTIONS = 256;
/** Share of the squared length that all faces have in common. */
const COMMON = 0.04;

const DEVIATIONS = Float64Array.from({ length: DIRECTIONS }, (_, i) => Math.exp(-i / FALL_OFF / 2));

export interface People {
  readonly templates: number;
  /** `templates` × 512, L2-normalised. */
  readonly rows: Float32Array;
  /** Person of each row: a number. */
  readonly person: Int32Array;
  /** New pictures of enrolled people. */
  readonly mated: readonly Float32Array[];
  /** Pictures of people who are not enrolled. */
  readonly nonMated: readonly Float32Array[];
}

/** People with three templates each, and probes of both kinds. */
export function syntheticPeople(templates: number, probes: number, seed: number): People {
  const random = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const flips = [0, 1].map(() => Float64Array.from({ length: DIMENSIONS }, () => (random() < 0.5 ? -1 : 1)));
  const scratch = new Float64Array(DIMENSIONS);
  const direction = () => Float64Array.from(DEVIATIONS, (deviation) => deviation * normal());
  const typical = Math.sqrt(DEVIATIONS.reduce((sum, deviation) => sum + deviation ** 2, 0));

  /** A picture of the person `face`, of whose squared length noise takes 10 to 30 %. */
  const picture = (face: Float64Array, out: Float32Array) => {
    const noise = 0.1 + 0.2 * random();
    const [own, other] = [Math.sqrt(1 - noise), Math.sqrt(noise)];
    scratch.fill(0);
    for (let i = 0; i < DIRECTIONS; i++) scratch[i] = own * face[i]! + other * DEVIATIONS[i]! * normal();
    scratch[DIRECTIONS] = typical * Math.sqrt(COMMON / (1 - COMMON));
    for (const flip of flips) rotate(scratch, flip);
    let length = 0;
    for (let i = 0; i < DIMENSIONS; i++) length += scratch[i]! ** 2;
    const scale = 1 / Math.sqrt(length);
    for (let i = 0; i < DIMENSIONS; i++) out[i] = scratch[i]! * scale;
    return out;
  };

  const rows = new Float32Array(templates * DIMENSIONS);
  const person = new Int32Array(templates);
  const people = Math.ceil(templates / 3);
  const faces: Float64Array[] = [];
  for (let row = 0; row < templates; row++) {
    // Templates of one person do not stand side by side: they come from different sessions.
    const owner = row % people;
    faces[owner] ??= direction();
    person[row] = owner;
    picture(faces[owner]!, rows.subarray(row * DIMENSIONS, (row + 1) * DIMENSIONS));
  }
  const probe = (face: Float64Array) => picture(face, new Float32Array(DIMENSIONS));
  return {
    templates,
    rows,
    person,
    mated: Array.from({ length: probes }, () => probe(faces[Math.floor(random() * people)]!)),
    nonMated: Array.from({ length: probes }, () => probe(direction())),
  };
}

/** A rotation: signs, then the Walsh–Hadamard transform. */
function rotate(values: Float64Array, flip: Float64Array): void {
  for (let i = 0; i < DIMENSIONS; i++) values[i]! *= flip[i]!;
  for (let half = 1; half < DIMENSIONS; half *= 2) {
    for (let start = 0; start < DIMENSIONS; start += 2 * half) {
      for (let i = start; i < start + half; i++) {
        const a = values[i]!;
        const b = values[i + half]!;
        values[i] = a + b;
        values[i + half] = a - b;
      }
    }
  }
}
