import { describe, expect, it } from 'vitest';
import { seeded } from '../../../../test/gallery.ts';
import { availableKernels, createKernel } from './kernel.ts';
import {
  BLOCK_BYTES,
  BLOCK_ROWS,
  CODES,
  EMBEDDINGS,
  ERROR,
  FIRST_BLOCK,
  LIST,
  PAGE_BYTES,
  PERSON,
  PRODUCTS,
  QUERY_CODES,
  QUERY_VALUES,
  SCALE,
  UPPER,
} from './layout.ts';

/** A memory with one block of values: the extremes of codes first, then random ones. */
function blockOf(seed: number): WebAssembly.Memory {
  const random = seeded(seed);
  const memory = new WebAssembly.Memory({ initial: 1 + Math.ceil(BLOCK_BYTES / PAGE_BYTES), maximum: 65536 });
  const at = (array: number) => FIRST_BLOCK + array;
  const code = () => Math.round(random() * 254) - 127;
  new Int8Array(memory.buffer, QUERY_CODES, 512).forEach((_, i, all) => {
    all[i] = seed === 0 ? 127 : seed === 1 ? -127 : code();
  });
  new Int8Array(memory.buffer, at(CODES), BLOCK_ROWS * 512).forEach((_, i, all) => {
    all[i] = i < 512 ? 127 : i < 1024 ? 1 : 1 + Math.floor(random() * 127);
  });
  new Float64Array(memory.buffer, QUERY_VALUES, 512).forEach((_, i, all) => {
    all[i] = Math.fround(random() - 0.5);
  });
  new Float32Array(memory.buffer, at(EMBEDDINGS), BLOCK_ROWS * 512).forEach((_, i, all) => {
    all[i] = random() - 0.5;
  });
  for (let row = 0; row < BLOCK_ROWS; row++) {
    new Float32Array(memory.buffer, at(SCALE), BLOCK_ROWS)[row] = random() * 1e-3;
    new Float32Array(memory.buffer, at(ERROR), BLOCK_ROWS)[row] = random() * 0.02;
    new Int32Array(memory.buffer, at(PERSON), BLOCK_ROWS)[row] = Math.floor(random() * 50);
  }
  return memory;
}

/** Everything that the three loops return, as bytes if there is much. */
function runAll(kind: 'relaxed' | 'simd' | 'script', seed: number, count: number) {
  const memory = blockOf(seed);
  const errors = new Float32Array(memory.buffer, FIRST_BLOCK + ERROR, BLOCK_ROWS);
  errors.fill(Number.POSITIVE_INFINITY, count);
  const kernel = createKernel(memory, kind);
  kernel.begin();
  kernel.scan(FIRST_BLOCK, count, 64 * 1234, 0.00123, 1.017);
  const leaders = kernel.leaders();
  const listed = kernel.collect(FIRST_BLOCK, count, leaders.best - 0.01, leaders.bestPerson, leaders.second - 0.3);
  kernel.rerank(FIRST_BLOCK, listed);
  return {
    leaders,
    upper: [...new Float32Array(memory.buffer, FIRST_BLOCK + UPPER, count)],
    list: [...new Int32Array(memory.buffer, LIST, listed)],
    products: [...new Float64Array(memory.buffer, PRODUCTS, listed)],
  };
}

describe('kernels', () => {
  it('include relaxed SIMD on Node 24, where it is standard', () => {
    expect(availableKernels()).toEqual(['relaxed', 'simd', 'script']);
  });

  it.each([
    [0, 1024],
    [1, 1024],
    [2, 1024],
    [3, 1021],
    [4, 5],
    [5, 1],
  ])('are bit-identical to plain script (block %i, %i rows)', (seed, count) => {
    const script = runAll('script', seed, count);
    expect(script.upper).toHaveLength(count);
    expect(script.leaders.bestPerson).toBeGreaterThanOrEqual(0);
    expect(runAll('simd', seed, count)).toEqual(script);
    expect(runAll('relaxed', seed, count)).toEqual(script);
  });
});
