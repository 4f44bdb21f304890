/**
 * All comparisons of a set of embeddings, stored so that rates and their uncertainty can be computed. Scores are in bins of 1e-4,
 * finer than any useful threshold. Of the impostor pairs only the upper tail is stored individually, since nothing below it
 * affects a result; the rest is counted.
 */

/** Bins of a score from −1 to 1. */
export const BINS = 20_001;

/** Returns the bin of a cosine. Rounding errors just outside −1..1 go into the outermost bins. */
export function binOf(score: number): number {
  return Math.max(0, Math.min(BINS - 1, Math.floor((score + 1) * 10_000 + 1e-6)));
}

/** Returns the lowest score of a bin. As a threshold it accepts this bin and all above. */
export function scoreOf(bin: number): number {
  return bin / 10_000 - 1;
}

/** One picture: the person, and its L2-normalised embedding. */
export interface Sample {
  readonly person: string;
  readonly embedding: Float32Array;
}

export interface Pairs {
  /** Number of pictures of each person; persons are numbered from 0. */
  readonly picturesOf: Uint32Array;
  /** Genuine pairs: bin of the score, and the person. */
  readonly genuine: { readonly bin: Uint16Array; readonly person: Uint32Array };
  /** Impostor pairs whose bin is at least `tailFrom`: bin and the two persons. */
  readonly impostor: { readonly bin: Uint16Array; readonly one: Uint32Array; readonly other: Uint32Array };
  /** 0 if every impostor pair was stored. */
  readonly tailFrom: number;
  /** Number of all impostor pairs, stored or not. */
  readonly impostors: number;
}

/** Up to this many impostor pairs, all are stored. */
const KEEP_ALL = 3_000_000;
/** Otherwise, about this share, the highest scores, is stored. */
const TAIL = 0.08;
/** Number of pairs sampled to find where the tail begins. */
const DRAWS = 100_000;

/**
 * Compares every picture with every other.
 * @param random 0..1; only used to find the tail of a large set
 * @param progress called with the share done, 0..1
 */
export function comparePairs(
  samples: readonly Sample[],
  random: () => number,
  progress: (share: number) => void = () => undefined,
): Pairs {
  const numbers = new Map<string, number>();
  const person = Uint32Array.from(samples, (s) => {
    if (!numbers.has(s.person)) numbers.set(s.person, numbers.size);
    return numbers.get(s.person)!;
  });
  const picturesOf = new Uint32Array(numbers.size);
  for (const p of person) picturesOf[p]!++;
  let genuinePairs = 0;
  for (const n of picturesOf) genuinePairs += (n * (n - 1)) / 2;
  const impostors = (samples.length * (samples.length - 1)) / 2 - genuinePairs;
  const tailFrom = impostors <= KEEP_ALL ? 0 : findTail(samples, person, random);

  const genuine = { bin: new Uint16Array(genuinePairs), person: new Uint32Array(genuinePairs) };
  let g = 0;
  let capacity = impostors <= KEEP_ALL ? impostors : Math.ceil(impostors * TAIL * 1.2);
  let bins = new Uint16Array(capacity);
  let one = new Uint32Array(capacity);
  let other = new Uint32Array(capacity);
  let kept = 0;
  for (let i = 1; i < samples.length; i++) {
    const a = samples[i]!.embedding;
    for (let j = 0; j < i; j++) {
      const bin = binOf(cosine(a, samples[j]!.embedding));
      if (person[i] === person[j]) {
        genuine.bin[g] = bin;
        genuine.person[g++] = person[i]!;
      } else if (bin >= tailFrom) {
        if (kept === capacity) {
          capacity = Math.ceil(capacity * 1.5) + 16;
          bins = grown(bins, new Uint16Array(capacity));
          one = grown(one, new Uint32Array(capacity));
          other = grown(other, new Uint32Array(capacity));
        }
        bins[kept] = bin;
        one[kept] = person[i]!;
        other[kept++] = person[j]!;
      }
    }
    if (i % 64 === 0) progress((i * i) / (samples.length * samples.length));
  }
  progress(1);
  const impostor = { bin: bins.subarray(0, kept), one: one.subarray(0, kept), other: other.subarray(0, kept) };
  return { picturesOf, genuine, impostor, tailFrom, impostors };
}

function findTail(samples: readonly Sample[], person: Uint32Array, random: () => number): number {
  const counts = new Uint32Array(BINS);
  for (let drawn = 0; drawn < DRAWS; ) {
    const i = Math.floor(random() * samples.length);
    const j = Math.floor(random() * samples.length);
    if (person[i] === person[j]) continue;
    counts[binOf(cosine(samples[i]!.embedding, samples[j]!.embedding))]!++;
    drawn++;
  }
  let bin = BINS - 1;
  for (let sum = counts[bin]!; bin > 0 && sum < DRAWS * TAIL; sum += counts[--bin]!);
  return bin;
}

function grown<T extends Uint16Array | Uint32Array>(from: T, into: T): T {
  into.set(from);
  return into;
}

/** Dot product of two vectors of equal length, four lanes at a time. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < a.length; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  for (; i < a.length; i++) s0 += a[i]! * b[i]!;
  return s0 + s1 + s2 + s3;
}
