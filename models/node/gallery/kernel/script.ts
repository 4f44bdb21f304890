import type { Kernel, Leaders } from './kernel.ts';
import {
  CODES,
  DIMENSIONS,
  EMBEDDINGS,
  ERROR,
  LIST,
  PERSON,
  PRODUCTS,
  QUERY_CODES,
  QUERY_VALUES,
  SCALE,
  UPPER,
} from './layout.ts';

/**
 * The kernels in plain script, for a machine without WebAssembly SIMD: slow, with results equal to the bit. Every float32
 * operation of the other kernels is one Math.fround here.
 */
export function createScriptKernel(memory: WebAssembly.Memory): Kernel {
  const leaders: Leaders = { best: 0, bestPerson: 0, second: 0, secondPerson: 0 };
  const fround = Math.fround;

  function raise(lower: number, person: number): void {
    if (!(lower > leaders.second)) return;
    if (person === leaders.bestPerson) {
      if (lower > leaders.best) leaders.best = lower;
    } else if (lower > leaders.best) {
      leaders.second = leaders.best;
      leaders.secondPerson = leaders.bestPerson;
      leaders.best = lower;
      leaders.bestPerson = person;
    } else {
      leaders.second = lower;
      leaders.secondPerson = person;
    }
  }

  return {
    kind: 'script',
    begin() {
      leaders.best = Number.NEGATIVE_INFINITY;
      leaders.bestPerson = -1;
      leaders.second = Number.NEGATIVE_INFINITY;
      leaders.secondPerson = -1;
    },
    scan(block, count, offset, queryScale, grow) {
      // A new view each time, because growing the memory detaches the old ones.
      const query = new Int8Array(memory.buffer, QUERY_CODES, DIMENSIONS);
      const codes = new Int8Array(memory.buffer, block + CODES, count * DIMENSIONS);
      const scale = new Float32Array(memory.buffer, block + SCALE, count);
      const error = new Float32Array(memory.buffer, block + ERROR, count);
      const upper = new Float32Array(memory.buffer, block + UPPER, count);
      const person = new Int32Array(memory.buffer, block + PERSON, count);
      const bySearch = fround(queryScale);
      const growBy = fround(grow);
      for (let row = 0, at = 0; row < count; row++) {
        let sum = 0;
        for (let i = 0; i < DIMENSIONS; i++, at++) sum += query[i]! * codes[at]!;
        const cosine = fround(fround(fround(sum - offset) * bySearch) * scale[row]!);
        const margin = fround(error[row]! * growBy);
        upper[row] = cosine + margin;
        raise(fround(cosine - margin), person[row]!);
      }
    },
    leaders: () => ({ ...leaders }),
    collect(block, count, needOfBest, best, need) {
      const list = new Int32Array(memory.buffer, LIST, count);
      const upper = new Float32Array(memory.buffer, block + UPPER, count);
      const person = new Int32Array(memory.buffer, block + PERSON, count);
      const toBest = fround(needOfBest);
      const toOthers = fround(need);
      let found = 0;
      for (let row = 0; row < count; row++) {
        if (upper[row]! >= (person[row] === best ? toBest : toOthers)) list[found++] = row;
      }
      return found;
    },
    rerank(block, count) {
      const list = new Int32Array(memory.buffer, LIST, count);
      const products = new Float64Array(memory.buffer, PRODUCTS, count);
      const query = new Float64Array(memory.buffer, QUERY_VALUES, DIMENSIONS);
      for (let j = 0; j < count; j++) {
        const values = new Float32Array(memory.buffer, block + EMBEDDINGS + list[j]! * DIMENSIONS * 4, DIMENSIONS);
        let sum = 0;
        for (let i = 0; i < DIMENSIONS; i++) sum += query[i]! * values[i]!;
        products[j] = sum;
      }
    },
  };
}
