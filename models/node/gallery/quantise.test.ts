import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  denormalRow,
  edgeRow,
  nearRow,
  randomRow,
  seeded,
  signProbe,
  spikeRow,
  trueCosine,
} from '../../../test/gallery.ts';
import { checkedNorm, quantiseQuery, quantiseRow, ROW_SHIFT, SLACK } from './quantise.ts';

/** A row of any kind covered by the tests. */
const rows = fc.tuple(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 0, max: 4 })).map(([seed, kind]) => {
  const random = seeded(seed);
  if (kind === 0) return randomRow(random);
  if (kind === 1) return spikeRow(random);
  if (kind === 2) return denormalRow(random);
  const signs = Array.from({ length: 512 }, () => (random() < 0.5 ? -1 : 1));
  if (kind === 3) return signProbe(signs);
  return edgeRow(signs, 1 + Math.floor(random() * 40), random() - 0.5);
});

function cosineByCodes(probe: Float32Array, row: Float32Array): { estimate: number; bound: number } {
  const a = new Int8Array(512);
  const b = new Int8Array(512);
  const query = quantiseQuery(probe, checkedNorm(probe, 512), a, 0);
  const stored = quantiseRow(row, checkedNorm(row, 512), b, 0);
  let sum = 0;
  for (let i = 0; i < 512; i++) sum += a[i]! * (b[i]! - ROW_SHIFT);
  return {
    estimate: sum * query.scale * stored.scale,
    bound: query.residual + stored.residual * (1 + query.residual),
  };
}

describe('quantisation', () => {
  it('stays within its bound for any two rows', () => {
    fc.assert(
      fc.property(rows, rows, (probe, row) => {
        const { estimate, bound } = cosineByCodes(probe, row);
        expect(Math.abs(trueCosine(probe, row) - estimate)).toBeLessThanOrEqual(bound + 1e-12);
      }),
      { numRuns: 500 },
    );
  });

  it('has a tight bound: rows made for it come within a hundredth', () => {
    const random = seeded(5);
    const signs = Array.from({ length: 512 }, () => (random() < 0.5 ? -1 : 1));
    const { estimate, bound } = cosineByCodes(signProbe(signs), edgeRow(signs, 2, 0.4999));
    const off = Math.abs(trueCosine(signProbe(signs), edgeRow(signs, 2, 0.4999)) - estimate);
    expect(off).toBeLessThanOrEqual(bound + 1e-12);
    expect(off).toBeGreaterThan(0.99 * bound);
  });

  it('keeps rows in 1..127, as the relaxed dot product needs, and probes in −127..127', () => {
    fc.assert(
      fc.property(rows, (row) => {
        const codes = new Int8Array(512);
        quantiseRow(row, checkedNorm(row, 512), codes, 0);
        expect(Math.min(...codes)).toBeGreaterThanOrEqual(1);
        expect(Math.max(...codes)).toBeLessThanOrEqual(127);
        quantiseQuery(row, checkedNorm(row, 512), codes, 0);
        expect(Math.min(...codes)).toBeGreaterThanOrEqual(-127);
        expect(Math.max(...codes.map(Math.abs))).toBe(127);
      }),
      { numRuns: 200 },
    );
  });

  it('has smaller residuals than the proof of SLACK assumes', () => {
    fc.assert(
      fc.property(rows, fc.nat(), (row, seed) => {
        const near = nearRow(row, 0.3, seeded(seed));
        const codes = new Int8Array(512);
        expect(quantiseRow(near, checkedNorm(near, 512), codes, 0).residual).toBeLessThan(0.18);
        expect(quantiseQuery(near, checkedNorm(near, 512), codes, 0).residual).toBeLessThan(0.09);
      }),
      { numRuns: 200 },
    );
  });

  it('has float32 rounding errors below a quarter of SLACK', () => {
    fc.assert(
      fc.property(rows, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(), (row, share, seed) => {
        const probe = nearRow(row, share, seeded(seed));
        const codes = new Int8Array(1024);
        const query = quantiseQuery(probe, checkedNorm(probe, 512), codes, 0);
        const stored = quantiseRow(row, checkedNorm(row, 512), codes, 512);
        let sum = 0;
        for (let i = 0; i < 512; i++) sum += codes[i]! * (codes[512 + i]! - ROW_SHIFT);
        const cosine = Math.fround(Math.fround(Math.fround(sum) * query.scale) * stored.scale);
        const error = Math.fround(Math.fround(stored.residual) * Math.fround(1 + query.residual));
        const exact = sum * query.scale * stored.scale + stored.residual * (1 + query.residual);
        expect(Math.abs(Math.fround(cosine + error) - exact)).toBeLessThan(SLACK / 4);
      }),
      { numRuns: 300 },
    );
  });
});
