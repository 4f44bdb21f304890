import { RELAXED_KERNEL, SIMD_KERNEL } from './kernel-bytes.ts';
import { createScriptKernel } from './script.ts';

/** The two greatest lower bounds of two different people so far, and the people's numbers (−1: none yet). */
export interface Leaders {
  best: number;
  bestPerson: number;
  second: number;
  secondPerson: number;
}

/** The gallery's inner loops over one block of memory (layout.ts). All three kinds give the same results to the bit. */
export interface Kernel {
  readonly kind: KernelKind;
  /** Resets the leaders of the previous search. */
  begin(): void;
  /**
   * For each of the first `count` rows: c = float32((T − offset) · queryScale · scale), where T is the integer dot product of the
   * query's and the row's codes. Writes c + error · grow as the row's upper bound, and updates the leaders with c − error · grow.
   */
  scan(block: number, count: number, offset: number, queryScale: number, grow: number): void;
  leaders(): Leaders;
  /** Lists the rows whose upper bound is ≥ `need`, or ≥ `needOfBest` for rows of `person`; returns their number. */
  collect(block: number, count: number, needOfBest: number, person: number, need: number): number;
  /** Float64 dot products of the query with the listed rows, summed from the first value to the last. */
  rerank(block: number, count: number): void;
}

/** `relaxed` and `simd` are WebAssembly; `script` runs without SIMD. */
export type KernelKind = 'relaxed' | 'simd' | 'script';

interface Exports {
  readonly best: WebAssembly.Global;
  readonly bestPerson: WebAssembly.Global;
  readonly second: WebAssembly.Global;
  readonly secondPerson: WebAssembly.Global;
  readonly scan: Kernel['scan'];
  readonly collect: Kernel['collect'];
  readonly rerank: Kernel['rerank'];
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(base64, 'base64'));
}

/** Returns the kinds that this machine supports, fastest first: an engine rejects a module with unsupported instructions. */
export function availableKernels(): KernelKind[] {
  const kinds: KernelKind[] = [];
  if (WebAssembly.validate(bytesOf(RELAXED_KERNEL))) kinds.push('relaxed');
  if (WebAssembly.validate(bytesOf(SIMD_KERNEL))) kinds.push('simd');
  kinds.push('script');
  return kinds;
}

/** Creates a kernel over `memory`. */
export function createKernel(memory: WebAssembly.Memory, kind: KernelKind = availableKernels()[0]!): Kernel {
  if (kind === 'script') return createScriptKernel(memory);
  const module = new WebAssembly.Module(bytesOf(kind === 'relaxed' ? RELAXED_KERNEL : SIMD_KERNEL));
  const instance = new WebAssembly.Instance(module, { gallery: { memory } });
  const { best, bestPerson, second, secondPerson, scan, collect, rerank } = instance.exports as unknown as Exports;
  return {
    kind,
    begin() {
      best.value = Number.NEGATIVE_INFINITY;
      bestPerson.value = -1;
      second.value = Number.NEGATIVE_INFINITY;
      secondPerson.value = -1;
    },
    scan,
    leaders: () => ({
      best: best.value,
      bestPerson: bestPerson.value,
      second: second.value,
      secondPerson: secondPerson.value,
    }),
    collect,
    rerank,
  };
}
