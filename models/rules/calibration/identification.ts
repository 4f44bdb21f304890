import { drawPeople, type Estimate, intervalOf } from './bootstrap.ts';
import { cosine, type Sample } from './pairs.ts';
import { resolves } from './verification.ts';

/**
 * 1:N error rates (ISO/IEC 19795-1), one template per person. The first picture of each enrolled person is the gallery, their
 * other pictures are the mated probes, and all pictures of people not enrolled are the non-mated probes. Intervals come from a
 * bootstrap over people.
 */

/** FNIR at one FPIR. `fnir` and `threshold` are null with fewer than 30/FPIR non-mated probes, which is too few. */
interface FnirAtFpir {
  readonly fpir: number;
  readonly fnir: Estimate | null;
  readonly threshold: number | null;
}

export interface Identification {
  readonly gallery: number;
  readonly mated: number;
  readonly nonMated: number;
  readonly at: readonly FnirAtFpir[];
}

export interface RankOne {
  readonly gallery: number;
  readonly probes: number;
  readonly right: number;
  /** Null without probes. */
  readonly share: Estimate | null;
}

/** A probe's person, by number, and its score. */
interface Scored {
  readonly person: number;
  readonly score: number;
}

const FPIRS = [1e-2, 1e-3] as const;

/** Returns the share of mated probes whose best match among all people is the right person; everyone is enrolled. */
export function rankOne(samples: readonly Sample[], random: () => number): RankOne {
  const { firsts, others } = split(samples);
  const number = numbered(firsts);
  const hits = others.map((probe) => ({
    person: number.get(probe.person)!,
    right: search(probe, firsts).best?.person === probe.person,
  }));
  const shareOf = (weights: Uint32Array | null): number => {
    let [right, all] = [0, 0];
    for (const hit of hits) {
      const weight = weights?.[hit.person] ?? 1;
      all += weight;
      if (hit.right) right += weight;
    }
    return right / all;
  };
  const share = hits.length > 0 && {
    value: shareOf(null),
    interval: intervalOf(drawPeople(firsts.length, random).map(shareOf), peopleIn(hits)),
  };
  return {
    gallery: firsts.length,
    probes: hits.length,
    right: hits.filter(({ right }) => right).length,
    share: share || null,
  };
}

/** Returns useful gallery sizes for a number of people: about two per decade, at most three quarters of them. */
export function gallerySizes(people: number): number[] {
  const sizes: number[] = [];
  const most = Math.floor(people * 0.75);
  for (let size = 10; size < most; size *= 10)
    for (const step of [1, 3]) if (size * step < most) sizes.push(size * step);
  if (most >= 2) sizes.push(most);
  return [...new Set(sizes)].sort((a, b) => a - b);
}

/** Measures the FNIR at the FPIRs for a gallery of `size` people, drawn with `random`. */
export function measureIdentification(
  samples: readonly Sample[],
  size: number,
  random: () => number,
  fpirs: readonly number[] = FPIRS,
): Identification {
  const { firsts, others } = split(samples);
  const order = shuffled(firsts, random);
  const gallery = order.slice(0, size);
  const enrolled = new Set(gallery.map((s) => s.person));
  const number = numbered(firsts);
  const mated: Scored[] = [];
  const nonMated: Scored[] = [];
  const stranger = (probe: Sample): void => {
    const score = search(probe, gallery).best?.score ?? Number.NEGATIVE_INFINITY;
    nonMated.push({ person: number.get(probe.person)!, score });
  };
  for (const probe of others) {
    if (!enrolled.has(probe.person)) {
      stranger(probe);
      continue;
    }
    const { best, own } = search(probe, gallery);
    // A mated search is a hit if the right person is best. Otherwise it fails at any threshold.
    const score = best?.person === probe.person ? own : Number.NEGATIVE_INFINITY;
    mated.push({ person: number.get(probe.person)!, score });
  }
  for (const probe of order.slice(size)) stranger(probe);
  nonMated.sort((a, b) => b.score - a.score);
  const drawn = drawPeople(firsts.length, random);
  return {
    gallery: gallery.length,
    mated: mated.length,
    nonMated: nonMated.length,
    at: fpirs.map((fpir) => {
      if (mated.length === 0 || !resolves(nonMated.length, fpir)) return { fpir, fnir: null, threshold: null };
      const { fnir: value, threshold } = fnirAt(mated, nonMated, fpir, null);
      const interval = intervalOf(
        drawn.map((weights) => fnirAt(mated, nonMated, fpir, weights).fnir),
        peopleIn(mated),
      );
      return { fpir, fnir: { value, interval }, threshold };
    }),
  };
}

/** @param nonMated in descending order */
function fnirAt(
  mated: readonly Scored[],
  nonMated: readonly Scored[],
  fpir: number,
  weights: Uint32Array | null,
): { fnir: number; threshold: number } {
  const weightOf = ({ person }: Scored): number => weights?.[person] ?? 1;
  const total = (all: readonly Scored[]): number => all.reduce((sum, one) => sum + weightOf(one), 0);
  // The strangers accepted at the threshold are those above the first one rejected.
  let letIn = Math.floor(fpir * total(nonMated) + 1e-9);
  const keptOut = nonMated.find((one) => {
    letIn -= weightOf(one);
    return letIn < 0;
  });
  const threshold = keptOut?.score ?? Number.NaN;
  return { fnir: total(mated.filter(({ score }) => !(score > threshold))) / total(mated), threshold };
}

const peopleIn = (probes: readonly Pick<Scored, 'person'>[]): number =>
  new Set(probes.map(({ person }) => person)).size;

const numbered = (firsts: readonly Sample[]): ReadonlyMap<string, number> =>
  new Map(firsts.map(({ person }, i) => [person, i]));

function split(samples: readonly Sample[]): { firsts: Sample[]; others: Sample[] } {
  const seen = new Set<string>();
  const firsts: Sample[] = [];
  const others: Sample[] = [];
  for (const sample of samples) {
    (seen.has(sample.person) ? others : firsts).push(sample);
    seen.add(sample.person);
  }
  return { firsts, others };
}

function search(
  probe: Sample,
  gallery: readonly Sample[],
): { best: { person: string; score: number } | null; own: number } {
  let best: { person: string; score: number } | null = null;
  let own = Number.NEGATIVE_INFINITY;
  for (const { person, embedding } of gallery) {
    const score = cosine(probe.embedding, embedding);
    if (person === probe.person) own = score;
    if (!best || score > best.score) best = { person, score };
  }
  return { best, own };
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
