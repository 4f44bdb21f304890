import { describe, expect, it } from 'vitest';
import { thresholdFor } from '../decision.ts';
import { gallerySizes, measureIdentification, rankOne } from './identification.ts';
import { binOf, comparePairs, type Sample, scoreOf } from './pairs.ts';
import { measureVerification } from './verification.ts';

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** People as random directions, pictures as noisy copies: `noise` 0 gives cosines of 1. */
function crowd(people: number, pictures: number, noise: number, seed = 1, dimensions = 32): Sample[] {
  const random = randomFrom(seed);
  const gauss = () => Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
  const unit = (v: Float32Array) => v.map((x) => x / Math.hypot(...v));
  return Array.from({ length: people }, (_, p) => {
    const centre = unit(Float32Array.from({ length: dimensions }, gauss));
    return Array.from(
      { length: pictures },
      (): Sample => ({ person: `p${p}`, embedding: unit(centre.map((x) => x + noise * gauss())) }),
    );
  }).flat();
}

/** The same by definition, without bins, tails or weights. */
function byHand(samples: readonly Sample[]) {
  const genuine: number[] = [];
  const impostor: number[] = [];
  for (let i = 0; i < samples.length; i++) {
    for (let j = 0; j < i; j++) {
      const score = samples[i]!.embedding.reduce((sum, x, k) => sum + x * samples[j]!.embedding[k]!, 0);
      (samples[i]!.person === samples[j]!.person ? genuine : impostor).push(score);
    }
  }
  const share = (scores: number[], t: number) => scores.filter((s) => s >= t).length / scores.length;
  return { genuine, impostor, fmr: (t: number) => share(impostor, t), tar: (t: number) => share(genuine, t) };
}

describe('1:1 rates', () => {
  const samples = crowd(40, 4, 0.22);
  const truth = byHand(samples);
  const pairs = comparePairs(samples, randomFrom(2));
  const report = measureVerification(pairs, 0.5, randomFrom(3));

  it('count every pair once', () => {
    expect(report).toMatchObject({
      people: 40,
      pictures: 160,
      genuinePairs: 240,
      impostorPairs: (160 * 159) / 2 - 240,
    });
    expect(pairs.impostor.bin).toHaveLength(report.impostorPairs);
  });

  it('place the EER where both errors are equal', () => {
    const t = report.eer!.threshold;
    expect(report.eer!.value).toBeGreaterThan(0.001);
    expect(Math.abs(truth.fmr(t) - report.eer!.value)).toBeLessThan(0.006);
    expect(Math.abs(1 - truth.tar(t) - report.eer!.value)).toBeLessThan(0.006);
  });

  it('give the TAR at FAR of the definition', () => {
    const [one] = report.tarAtFar;
    expect(one).toMatchObject({ far: 0.01, resolved: true });
    expect(truth.fmr(one!.threshold!)).toBeLessThanOrEqual(0.01);
    expect(truth.fmr(one!.threshold! - 2e-4)).toBeGreaterThan(0.0099);
    expect(one!.tar!.value).toBeCloseTo(truth.tar(one!.threshold!), 3);
  });

  it('say "not resolved" where there are fewer than 30/FAR impostor pairs', () => {
    expect(report.tarAtFar.map((r) => r.resolved)).toEqual([true, false, false]); // 12,480 pairs
    expect(report.tarAtFar[1]).toEqual({ far: 1e-3, resolved: false, threshold: null, tar: null });
  });

  it('have intervals that contain the value, and that depend on people, not pairs', () => {
    const [low, high] = report.eer!.interval!;
    expect(low).toBeLessThanOrEqual(report.eer!.value);
    expect(high).toBeGreaterThanOrEqual(report.eer!.value);
    // The same people with every picture twice: at least four times the pairs, but no more information.
    const doubled = samples.flatMap((s) => [s, s]);
    const wide = measureVerification(comparePairs(doubled, randomFrom(2)), 0.5, randomFrom(3)).tarAtFar[0]!.tar!
      .interval!;
    const before = report.tarAtFar[0]!.tar!.interval!;
    expect(wide[1] - wide[0]).toBeGreaterThan(0.5 * (before[1] - before[0]));
  });

  it('at the threshold in use are those of the definition', () => {
    const { threshold, fmr, fnmr } = report.inUse;
    expect(threshold).toBe(0.5);
    expect(fmr!.value).toBeCloseTo(truth.fmr(0.5), 10);
    expect(fnmr!.value).toBeCloseTo(1 - truth.tar(0.5), 10);
    for (const { value, interval } of [fmr!, fnmr!]) {
      expect(interval![0]).toBeLessThan(value);
      expect(interval![1]).toBeGreaterThan(value);
    }
  });

  it('without a single error have the interval of none among as many people, not one of no width', () => {
    const { eer, tarAtFar, inUse } = measureVerification(
      comparePairs(crowd(30, 6, 0.01), randomFrom(1)),
      0.9,
      randomFrom(1),
    );
    const high = 1 - 0.025 ** (1 / 30);
    for (const [{ value, interval }, ...expected] of [
      [eer!, 0, 0, high],
      [tarAtFar[0]!.tar!, 1, 1 - high, 1],
      [inUse.fnmr!, 0, 0, high],
      [inUse.fmr!, 0, 0, 1 - 0.025 ** (1 / 435)],
    ] as const) {
      expect(value).toBe(expected[0]);
      expect(interval![0]).toBeCloseTo(expected[1], 6);
      expect(interval![1]).toBeCloseTo(expected[2], 6);
    }
  });

  it('count embeddings of any length whole', () => {
    const odd = crowd(12, 3, 0.2, 3, 19);
    const { genuine } = comparePairs(odd, randomFrom(1));
    expect([...genuine.bin].sort((a, b) => a - b)).toEqual(
      byHand(odd)
        .genuine.map(binOf)
        .sort((a, b) => a - b),
    );
  });

  it('have no interval with hardly any people, and no rates with one', () => {
    expect(
      measureVerification(comparePairs(crowd(5, 3, 0.2), randomFrom(1)), 0.5, randomFrom(1)).eer!.interval,
    ).toBeNull();
    const alone = measureVerification(comparePairs(crowd(1, 5, 0.2), randomFrom(1)), 0.5, randomFrom(1));
    expect(alone.eer).toBeNull();
    expect(alone.inUse).toMatchObject({ fmr: null, fnmr: { interval: null } });
    expect(alone.det).toEqual([]);
  });

  it('stay the same if only the tail of a large set is stored', () => {
    const large = crowd(1000, 3, 0.25, 5, 16);
    const tail = comparePairs(large, randomFrom(9));
    expect(tail.impostors).toBeGreaterThan(3_000_000);
    expect(tail.tailFrom).toBeGreaterThan(0);
    expect(tail.impostor.bin.length).toBeLessThan(0.12 * tail.impostors);
    const t = measureVerification(tail, 0.5, () => 0.5).tarAtFar[1]!.threshold!;
    let above = 0;
    for (const bin of tail.impostor.bin) if (bin >= binOf(t + 1e-9)) above++;
    expect(above / tail.impostors).toBeLessThanOrEqual(1e-3);
    expect(above / tail.impostors).toBeGreaterThan(0.9e-3);
  });

  it('give a curve that decisions can use', () => {
    const curve = report.det.filter((p) => p.fmr > 0 && p.fmr < 0.5).map(({ threshold, fmr }) => ({ threshold, fmr }));
    const t = thresholdFor(
      { people: 10, templates: 10 },
      { targetFpir: 0.05, calibration: { curve, verification: -1 } },
    );
    expect(1 - (1 - truth.fmr(t)) ** 10).toBeCloseTo(0.05, 1);
  });
});

describe('1:N rates', () => {
  it('find everyone if a person’s pictures are alike, and guess if they are noise', () => {
    const found = rankOne(crowd(30, 3, 0.01), randomFrom(1));
    expect(found).toMatchObject({
      gallery: 30,
      probes: 60,
      right: 60,
      share: { value: 1, interval: [expect.any(Number), 1] },
    });
    expect(found.share!.interval![0]).toBeCloseTo(0.025 ** (1 / 30), 6);
    expect(rankOne(crowd(30, 3, 50), randomFrom(1)).right).toBeLessThan(15);
    expect(rankOne(crowd(9, 2, 0.01), randomFrom(1)).share).toEqual({ value: 1, interval: null });
    expect(rankOne(crowd(9, 1, 0.01), randomFrom(1)).share).toBeNull();
  });

  it('measure FNIR at an FPIR that holds for the strangers searched', () => {
    const samples = crowd(900, 4, 0.15, 7, 24);
    const { gallery, mated, nonMated, at } = measureIdentification(samples, 100, randomFrom(4), [0.05, 0.01]);
    expect({ gallery, mated, nonMated }).toEqual({ gallery: 100, mated: 300, nonMated: 3200 });
    for (const { fnir } of at) expect(fnir).not.toBeNull();
    expect(at[1]!.threshold!).toBeGreaterThan(at[0]!.threshold!);
    expect(at[1]!.fnir!.value).toBeGreaterThanOrEqual(at[0]!.fnir!.value);
    const larger = measureIdentification(samples, 600, randomFrom(4), [0.05]).at[0]!;
    expect(larger.threshold!).toBeGreaterThan(at[0]!.threshold!);
  });

  it('have intervals that contain the true value about as often as stated', () => {
    const [people, fpir] = [160, 0.1];
    // The true value, which can't be measured on one set: the mean of many.
    const measure = (seed: number) => {
      const samples = crowd(people, 3, 0.24, seed, 16);
      const { at } = measureIdentification(samples, 60, randomFrom(seed), [fpir]);
      return { fnir: at[0]!.fnir!, share: rankOne(samples, randomFrom(seed)).share! };
    };
    const sets = Array.from({ length: 24 }, (_, i) => measure(i + 1));
    for (const of of ['fnir', 'share'] as const) {
      const truth = sets.reduce((sum, one) => sum + one[of].value, 0) / sets.length;
      const holds = sets.filter((one) => one[of].interval![0] <= truth && truth <= one[of].interval![1]);
      expect(holds.length, of).toBeGreaterThanOrEqual(20);
      const width = Math.max(...sets.map((one) => one[of].interval![1] - one[of].interval![0]));
      expect([width > 0, width < 0.35], of).toEqual([true, true]);
    }
  });

  it('give no rate if there are too few strangers', () => {
    const { at } = measureIdentification(crowd(50, 2, 0.2), 20, randomFrom(1));
    expect(at).toEqual([
      { fpir: 0.01, fnir: null, threshold: null },
      { fpir: 0.001, fnir: null, threshold: null },
    ]);
  });

  it('use sizes up to three quarters of the people', () => {
    expect(gallerySizes(40)).toEqual([10, 30]);
    expect(gallerySizes(5600)).toEqual([10, 30, 100, 300, 1000, 3000, 4200]);
    expect(gallerySizes(1)).toEqual([]);
  });
});

it('every score has a bin, and every bin returns its edge', () => {
  for (const score of [-1.0000001, -1, -0.5, 0, 0.4, 0.45, 0.9999, 1, 1.0000001]) {
    expect(scoreOf(binOf(score))).toBeLessThanOrEqual(score + 1e-6);
    expect(score - scoreOf(binOf(score))).toBeLessThan(1.1e-4);
  }
});
