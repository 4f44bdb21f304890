import { seededRandom } from './harness.ts';

/**
 * Synthetic embeddings that resemble ours: cosines of different people have mean 0.04 and standard deviation 0.11, those of one
 * person's pictures are about 0.8, as measured on real faces with this model. 512 independent normal values would give 0.044,
 * since real embeddings fill fewer directions. So the variances fall off exponentially, which gives about 83 effective
 * directions, and there is a common part. A fixed rotation then spreads both over all places.
 */

const DIMENSIONS = 512;
/** Σλ² / (Σλ)² = 0.11² for λᵢ = exp(−i/41). */
const FALL_OFF = 41;
/** Directions beyond this have less than a four-hundredth of the first one's variance. */
const DIRECTIONS = 256;
/** Share of the squared length that is common to all faces. */
const COMMON = 0.04;

const DEVIATIONS = Float64Array.from({ length: DIRECTIONS }, (_, i) => Math.exp(-i / FALL_OFF / 2));

export interface People {
  readonly templates: number;
  /** `templates` × 512, L2-normalised. */
  readonly rows: Float32Array;
  /** Number of the person of each row. */
  readonly person: Int32Array;
  /** New pictures of enrolled people. */
  readonly mated: readonly Float32Array[];
  /** Pictures of people who are not enrolled. */
  readonly nonMated: readonly Float32Array[];
}

/** Makes people with three templates each, and probes of both kinds. */
export function syntheticPeople(templates: number, probes: number, seed: number): People {
  const random = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const flips = [0, 1].map(() => Float64Array.from({ length: DIMENSIONS }, () => (random() < 0.5 ? -1 : 1)));
  const scratch = new Float64Array(DIMENSIONS);
  const direction = () => Float64Array.from(DEVIATIONS, (deviation) => deviation * normal());
  const typical = Math.sqrt(DEVIATIONS.reduce((sum, deviation) => sum + deviation ** 2, 0));

  /** A picture of the person `face`, with 10 to 30 % of its squared length from noise. */
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
    // One person's templates are not adjacent, since they come from different sessions.
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
