import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bruteForce,
  denormalRow,
  edgeRow,
  nearRow,
  normalised,
  type Random,
  type Row,
  randomRow,
  seeded,
  signProbe,
  spikeRow,
  trueCosine,
} from '../../../test/gallery.ts';
import { ExactGallery } from './gallery.ts';
import { availableKernels } from './kernel/kernel.ts';
import { ERROR, FIRST_BLOCK, PERSON } from './kernel/layout.ts';

const KERNELS = availableKernels();

/** Searches rows with every available kernel. Expects the correct answer and the same amount of work from each. */
function expectTruth(rows: readonly Row[], probes: readonly Float32Array[]): number {
  const galleries = KERNELS.map((kernel) => new ExactGallery(512, kernel));
  for (const gallery of galleries) for (const row of rows) gallery.add(row.template, row.person, row.embedding);
  let reranked = 0;
  for (const probe of probes) {
    const truth = bruteForce(rows, probe);
    if (truth.second) expect(truth.second.person).not.toBe(truth.best!.person);
    for (const gallery of galleries) expect(gallery.search(probe)).toEqual(truth);
    const work = galleries.map((gallery) => gallery.stats().reranked);
    expect(new Set(work).size).toBe(1);
    reranked += work[0]!;
  }
  return reranked;
}

/** Rows of `people` people, with random order and ids. */
function rowsOf(embeddings: readonly Float32Array[], people: number, random: Random): Row[] {
  return embeddings.map((embedding, i) => ({
    template: `t${Math.floor(random() * 1e6)}-${i}`,
    person: `p${Math.floor(random() * people)}`,
    embedding,
  }));
}

const seeds = fc.integer({ min: 0, max: 2 ** 31 });
const sizes = fc.integer({ min: 1, max: 200 });
const people = fc.integer({ min: 1, max: 40 });

describe('search gives the float64 truth with every kernel', () => {
  it('for random rows', () => {
    fc.assert(
      fc.property(seeds, sizes, people, (seed, size, n) => {
        const random = seeded(seed);
        const embeddings = Array.from({ length: size }, () => randomRow(random));
        const probes = [randomRow(random), nearRow(embeddings[0]!, 0.7, random), embeddings[size - 1]!];
        expectTruth(rowsOf(embeddings, n, random), probes);
      }),
      { numRuns: 25 },
    );
  });

  it('for near-duplicates down to the last bit of a float32', () => {
    const shares = fc.constantFrom(0, 1e-8, 1e-7, 1e-6, 1e-4, 1e-2, 0.1);
    fc.assert(
      fc.property(seeds, sizes, people, shares, (seed, size, n, share) => {
        const random = seeded(seed);
        const bases = Array.from({ length: 3 }, () => randomRow(random));
        const embeddings = Array.from({ length: size }, (_, i) => nearRow(bases[i % 3]!, share, random));
        expectTruth(rowsOf(embeddings, n, random), [bases[0]!, nearRow(bases[1]!, 0.5, random), embeddings[0]!]);
      }),
      { numRuns: 25 },
    );
  });

  it('for rows of different weights: a score is the weight times the cosine', () => {
    fc.assert(
      fc.property(seeds, sizes, people, (seed, size, n) => {
        const random = seeded(seed);
        const base = randomRow(random);
        const rows = rowsOf(
          Array.from({ length: size }, () => nearRow(base, random(), random)),
          n,
          random,
        ).map((row) => ({ ...row, weight: 1 - random() ** 3 }));
        for (const kernel of KERNELS) {
          const gallery = new ExactGallery(512, kernel);
          for (const row of rows) gallery.add(row.template, row.person, row.embedding, row.weight);
          const truth = rows
            .map(({ embedding, weight, ...ids }) => ({ ...ids, score: weight * trueCosine(base, embedding) }))
            .sort((a, b) => b.score - a.score);
          const { best, second } = gallery.search(base);
          expect(best!.template).toBe(truth[0]!.template);
          expect(best!.score).toBeCloseTo(truth[0]!.score, 12);
          expect(gallery.verify(best!.person, base)).toBeCloseTo(truth[0]!.score, 12);
          const other = truth.find(({ person }) => person !== best!.person);
          expect(second?.person).toBe(other?.person);
          if (other) expect(second!.score).toBeCloseTo(other.score, 12);
        }
      }),
      { numRuns: 25 },
    );
    for (const weight of [0, -1, 1.01, Number.NaN])
      expect(() => new ExactGallery().add('t', 'p', randomRow(seeded(1)), weight)).toThrow(RangeError);
  });

  it('for spikes, denormals and norms at the edge of what is allowed', () => {
    fc.assert(
      fc.property(seeds, sizes, people, (seed, size, n) => {
        const random = seeded(seed);
        const make = [
          () => spikeRow(random),
          () => denormalRow(random),
          () => normalised(randomRow(random), 1 + (random() - 0.5) * 0.0019),
        ];
        const embeddings = Array.from({ length: size }, (_, i) => make[i % 3]!());
        expectTruth(rowsOf(embeddings, n, random), [spikeRow(random), denormalRow(random), randomRow(random)]);
      }),
      { numRuns: 25 },
    );
  });

  it('for rows at the edge of the bound, where rounding costs the best row as much as it can', () => {
    fc.assert(
      fc.property(
        seeds,
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: 0.3, max: 0.4999, noNaN: true }),
        (seed, level, rest) => {
          const random = seeded(seed);
          const signs = Array.from({ length: 512 }, () => (random() < 0.5 ? -1 : 1));
          // Codes round the first row down and the last ones up, by nearly half a step in all 511 places.
          const embeddings = [rest, 0.1, 0, -0.1, -rest, rest - 1, 1 - rest].map((left) => edgeRow(signs, level, left));
          const rows = embeddings.map((embedding, i) => ({ template: `t${i}`, person: `p${i}`, embedding }));
          expectTruth(rows, [signProbe(signs), edgeRow(signs, level, rest), edgeRow(signs, level + 1, -rest)]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('for a probe at the edge of the bound, where its rounding decides who is second', () => {
    const edge = fc.double({ min: 0.35, max: 0.499, noNaN: true });
    fc.assert(
      fc.property(seeds, edge, fc.double({ min: 0.5, max: 0.99, noNaN: true }), (seed, rest, share) => {
        const random = seeded(seed);
        const signs = Array.from({ length: 512 }, () => (random() < 0.5 ? -1 : 1));
        // Codes a with a·signs = −share · rest · 511 (the first is 127), and `rest` towards `signs` in all other places. By their
        // codes the row −signs is well above the row signs; in truth it is below.
        const against = Math.round(127 + share * rest * 511);
        const probe = normalised(signs.map((sign, i) => sign * (i === 0 ? 127 : (i <= against ? -1 : 0) + rest)));
        const rows = [nearRow(probe, 0.5, random), signProbe(signs), signProbe(signs.map((sign) => -sign))].map(
          (embedding, i) => ({ template: `t${i}`, person: `p${i}`, embedding }),
        );
        expect(bruteForce(rows, probe).second!.person).toBe('p1');
        expectTruth(rows, [probe]);
      }),
      { numRuns: 40 },
    );
  });

  it('for rows that codes represent without loss, whose order depends on float32 rounding', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = seeded(seed);
        const signs = Array.from({ length: 512 }, () => (random() < 0.5 ? -1 : 1));
        // All values are 63 except some 62s, 61s and 60s whose squared distances from 63 sum to 36: cosines within 1e-8.
        const embeddings: Float32Array[] = [];
        for (let threes = 0; threes <= 4; threes++) {
          for (let twos = 0; 9 * threes + 4 * twos <= 36; twos++) {
            const ones = 36 - 9 * threes - 4 * twos;
            const at = (i: number) => (i < threes ? 60 : i < threes + twos ? 61 : i < threes + twos + ones ? 62 : 63);
            const shift = Math.floor(random() * 512);
            embeddings.push(normalised(signs.map((sign, i) => sign * at((i + shift) % 512))));
          }
        }
        const rows = embeddings.map((embedding, i) => ({ template: `t${i}`, person: `p${i}`, embedding }));
        expectTruth(rows, [signProbe(signs)]);
      }),
      { numRuns: 25 },
    );
  });

  it('when all scores are negative and the last rows of a group of four are empty, new or removed', () => {
    const random = seeded(10);
    const face = randomRow(random);
    const away = face.map((value) => -value);
    for (let size = 1; size <= 9; size++) {
      const rows = Array.from({ length: size + 3 }, (_, i) => ({
        template: `t${i}`,
        person: `p${i % 4}`,
        embedding: nearRow(face, 0.3, random),
      }));
      expectTruth(rows.slice(0, size), [away]);
      for (const kernel of KERNELS) {
        const gallery = new ExactGallery(512, kernel);
        for (const row of rows) gallery.add(row.template, row.person, row.embedding);
        for (const row of rows.slice(size)) gallery.remove(row.template);
        expect(gallery.search(away)).toEqual(bruteForce(rows.slice(0, size), away));
      }
    }
  });

  it('when all rows are identical: all are scored, and ties are ordered by person, then by template', () => {
    const random = seeded(7);
    const face = randomRow(random);
    const rows = rowsOf(
      Array.from({ length: 1500 }, () => face),
      300,
      random,
    );
    const reranked = expectTruth(rows, [face, randomRow(random)]);
    expect(reranked).toBe(3000);
  });

  it('when one person has thousands of templates and is the only one, or almost', () => {
    const random = seeded(8);
    const face = randomRow(random);
    const rows = Array.from({ length: 2100 }, (_, i) => ({
      template: `t${i}`,
      person: 'one',
      embedding: nearRow(face, 0.6, random),
    }));
    expectTruth(rows, [face, nearRow(face, 0.6, random)]);
    const other = { template: 'o', person: 'other', embedding: randomRow(random) };
    expectTruth([...rows.slice(0, 1030), other, ...rows.slice(1030)], [face, other.embedding]);
  });

  it('while scoring only a small share of ordinary rows', () => {
    const random = seeded(9);
    const rows = rowsOf(
      Array.from({ length: 3000 }, () => randomRow(random)),
      1000,
      random,
    );
    const probes = Array.from({ length: 10 }, (_, i) => nearRow(rows[i]!.embedding, 0.7, random));
    expect(expectTruth(rows, probes)).toBeLessThan(10 * 150);
  });
});

describe('the edges', () => {
  it('an empty gallery finds nobody', () => {
    const gallery = new ExactGallery();
    expect(gallery.search(randomRow(seeded(1)))).toEqual({ best: null, second: null, people: 0, templates: 0 });
    expect(gallery.verify('nobody', randomRow(seeded(1)))).toBeNull();
    expect(gallery.remove('nothing')).toBe(false);
    expect(gallery.removePerson('nobody')).toBe(0);
  });

  it('the score of a face with itself is 1 and never above', () => {
    const random = seeded(2);
    for (let i = 0; i < 200; i++) {
      const gallery = new ExactGallery(512, 'script');
      const face = normalised(randomRow(random), 1.0009);
      gallery.add('t', 'p', face);
      const { score } = gallery.search(face).best!;
      expect(score).toBeLessThanOrEqual(1);
      expect(score).toBeGreaterThan(1 - 1e-12);
      expect(gallery.verify('p', face)).toBe(score);
    }
  });

  it('changing the caller’s array does not change the gallery', () => {
    const gallery = new ExactGallery();
    const face = randomRow(seeded(3));
    const copy = face.slice();
    gallery.add('t', 'p', face);
    face.fill(0);
    expect(gallery.search(copy).best!.score).toBeCloseTo(1, 12);
  });

  const wrong: [string, Float32Array, string][] = [
    ['511 values', randomRow(seeded(4)).subarray(1), 'embedding-wrong-shape'],
    ['float64 values', new Float64Array(512) as unknown as Float32Array, 'embedding-wrong-shape'],
    ['NaN', randomRow(seeded(4)).fill(Number.NaN, 3, 4), 'embedding-not-finite'],
    ['infinity', randomRow(seeded(4)).fill(Number.NEGATIVE_INFINITY, 511), 'embedding-not-finite'],
    ['zeros', new Float32Array(512), 'embedding-not-normalised'],
    ['norm 1.002', normalised(randomRow(seeded(4)), 1.002), 'embedding-not-normalised'],
    ['norm 0.998', normalised(randomRow(seeded(4)), 0.998), 'embedding-not-normalised'],
  ];
  it.each(wrong)('rejects %s and is unchanged', (_, embedding, code) => {
    const gallery = new ExactGallery();
    const face = randomRow(seeded(5));
    gallery.add('t', 'p', face);
    expect(() => gallery.add('u', 'q', embedding)).toThrow(expect.objectContaining({ code }));
    expect(() => gallery.search(embedding)).toThrow(expect.objectContaining({ code }));
    expect(() => gallery.verify('p', embedding)).toThrow(expect.objectContaining({ code }));
    expect(gallery.search(face)).toMatchObject({ best: { person: 'p', template: 't' }, second: null, templates: 1 });
  });

  it('rejects a template that already exists, no matter whose it is', () => {
    const gallery = new ExactGallery();
    const face = randomRow(seeded(6));
    gallery.add('t', 'p', face);
    const refused = expect.objectContaining({ code: 'template-already-in-gallery' });
    expect(() => gallery.add('t', 'p', face)).toThrow(refused);
    expect(() => gallery.add('t', 'q', face)).toThrow(refused);
    expect(gallery.people).toBe(1);
  });

  it('wipes a removed face and the last probe from its memory', () => {
    const Original = WebAssembly.Memory;
    let memory: WebAssembly.Memory | undefined;
    WebAssembly.Memory = class extends Original {
      constructor(size: WebAssembly.MemoryDescriptor) {
        super(size);
        memory = this;
      }
    };
    try {
      const gallery = new ExactGallery();
      const faces = [1, 2, 3].map((seed) => randomRow(seeded(seed)));
      for (const [i, face] of faces.entries()) gallery.add(`t${i}`, `p${i}`, face);
      gallery.search(faces[1]!);
      const holds = (face: Float32Array) => {
        const [wide, narrow] = [Buffer.from(Float64Array.from(face).buffer), Buffer.from(face.buffer)];
        const all = Buffer.from(memory!.buffer);
        return all.includes(narrow.subarray(0, 64)) || all.includes(wide.subarray(0, 64));
      };
      expect(faces.map(holds)).toEqual([true, true, true]);
      gallery.remove('t0');
      gallery.removePerson('p1');
      gallery.search(faces[0]!);
      expect(faces.map(holds)).toEqual([false, false, true]);
      gallery.remove('t2');
      expect(new Uint8Array(memory!.buffer, FIRST_BLOCK).every((byte, i) => byte === 0 || isBound(i))).toBe(true);
    } finally {
      WebAssembly.Memory = Original;
    }
  });

  it('stores shorter embeddings exactly like long ones, and rejects other lengths', () => {
    const random = seeded(128);
    const short = () => normalised(Array.from({ length: 128 }, () => random() - 0.5));
    const rows = Array.from({ length: 1500 }, (_, i) => ({
      template: `t${i}`,
      person: `p${i % 700}`,
      embedding: short(),
    }));
    for (const kernel of KERNELS) {
      const gallery = new ExactGallery(128, kernel);
      for (const row of rows) gallery.add(row.template, row.person, row.embedding);
      for (const gone of rows.slice(3, 900)) gallery.remove(gone.template);
      const left = [...rows.slice(0, 3), ...rows.slice(900)];
      for (let i = 0; i < 20; i++) {
        const probe = i % 2 ? short() : nearRow(left[i * 20]!.embedding, 0.3, random);
        const truth = bruteForce(left, probe);
        expect(gallery.search(probe)).toEqual(truth);
        expect(gallery.verify(truth.best!.person, probe)).toBe(truth.best!.score);
      }
      const wrong = expect.objectContaining({ code: 'embedding-wrong-shape' });
      expect(() => gallery.add('t', 'p', randomRow(random))).toThrow(wrong);
      expect(() => gallery.search(randomRow(random))).toThrow(wrong);
    }
    for (const length of [0, 513, 1.5]) expect(() => new ExactGallery(length)).toThrow(RangeError);
  });
});

/** Whether a byte belongs to the first block's errors or upper bounds, where +∞ marks empty rows. */
function isBound(at: number): boolean {
  return at >= ERROR && at < PERSON;
}
