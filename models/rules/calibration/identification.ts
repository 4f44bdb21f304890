import { cosine, type Sample } from './pairs.ts';
import { resolves } from './verification.ts';

/**
 * 1:N error rates (ISO/IEC 19795-1), one template a person: the first picture of each person enrolled is the gallery,
 * their other pictures are the mated probes, all pictures of people who are not enrolled are the non-mated probes.
 */

/** FNIR at one FPIR. `fnir` and `threshold` are null when fewer than 30/FPIR non-mated probes resolve nothing. */
interface FnirAtFpir {
  readonly fpir: number;
  readonly fnir: number | null;
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
}

const FPIRS = [1e-2, 1e-3] as const;

/** Share of mated probes whose best match among all people is the right person; everyone is enrolled. */
export function rankOne(samples: readonly Sample[]): RankOne {
  const { firsts, others } = split(samples);
  let right = 0;
  for (const probe of others) if (search(probe, firsts).best?.person === probe.person) right++;
  return { gallery: firsts.length, probes: others.length, right };
}

/** Gallery sizes worth measuring for a number of people: about three a decade, at most three quarters of them. */
export function gallerySizes(people: number): number[] {
  const sizes: number[] = [];
  const most = Math.floor(people * 0.75);
  for (let size = 10; size < most; size *= 10)
    for (const step of [1, 3]) if (size * step < most) sizes.push(size * step);
  if (most >= 2) sizes.push(most);
  return [...new Set(sizes)].sort((a, b) => a - b);
}

/** FNIR at the FPIRs for a gallery of `size` people, drawn by `random`. */
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
  const mated: number[] = [];
  const nonMated: number[] = [];
  for (const probe of others) {
    const { best, own } = search(probe, gallery);
    // A mated search is a hit when the right person is the best; else it fails at any threshold.
    if (enrolled.has(probe.person)) mated.push(best?.person === probe.person ? own : Number.NEGATIVE_INFINITY);
    else nonMated.push(best?.score ?? Number.NEGATIVE_INFINITY);
  }
  for (const probe of order.slice(size)) nonMated.push(search(probe, gallery).best?.score ?? Number.NEGATIVE_INFINITY);
  nonMated.sort((a, b) => b - a);
  return {
    gallery: gallery.length,
    mated: mated.length,
    nonMated: nonMated.length,
    at: fpirs.map((fpir) => {
      if (mated.length === 0 || !resolves(nonMated.length, fpir)) return { fpir, fnir: null, threshold: null };
      // Strangers let in at the threshold are those above the first one kept out.
      const keptOut = nonMated[Math.floor(fpir * nonMated.length + 1e-9)]!;
      return { fpir, fnir: mated.filter((score) => !(score > keptOut)).length / mated.length, threshold: keptOut };
    }),
  };
}

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
