import { RELAXED_KERNEL, SIMD_KERNEL } from './kernel-bytes.ts';
import { createScriptKernel } from './script.ts';

/** The two greatest lower bounds of two different people found so far, and their numbers (−1: nobody yet). */
export interface Leaders {
  best: number;
  bestPerson: number;
  second: number;
  secondPerson: number;
}

/** The gallery's inner loops over one block of memory (layout.ts). All three kinds give the same results to the bit. */
export interface Kernel {
  readonly kind: KernelKind;
  /** Forgets the leaders of the search before. */
  begin(): void;
  /**
   * For each of the first `count` rows: c = float32((T − offset) · queryScale · scale), T the integer dot product of the
   * query's and the row's codes; writes c + error · grow as its upper bound and takes c − error · grow into the leaders.
   */
  scan(block: number, count: number, offset: number, queryScale: number, grow: number): void;
  leaders(): Leaders;
  /** Lists the rows whose upper bound is ≥ `need`, for rows of `person` ≥ `needOfBest`; returns how many. */
  collect(block: number, count: number, needOfBest: number, person: number, need: number): number;
  /** Float64 dot products of the query with the listed rows, summed from the first value to the last. */
  rerank(block: number, count: number): void;
}

/** `relaxed` and `simd` are WebAssembly; `script` runs where there is no SIMD. */
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

/** The kinds that this machine runs, fastest first: an engine without an instruction refuses the module that has it. */
export function availableKernels(): KernelKind[] {
  const kinds: KernelKind[] = [];
  if (WebAssembly.validate(bytesOf(RELAXED_KERNEL))) kinds.push('relaxed');
  if (WebAssembly.validate(bytesOf(SIMD_KERNEL))) kinds.push('simd');
  kinds.push('script');
  return kinds;
}

/** A kernel over `memory`. */
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
