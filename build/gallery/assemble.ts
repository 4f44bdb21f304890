import { readFileSync, writeFileSync } from 'node:fs';
import initialise from 'wabt';

/**
 * Assembles the gallery's WebAssembly kernels from models/node/gallery/kernel/kernel.wat into kernel-bytes.ts beside
 * it. The bytes are committed, so that running from the sources needs no build; a test assembles them again and
 * compares byte for byte.
 *
 *     node build/gallery/assemble.ts
 */

export type SimdKernel = 'relaxed' | 'simd';

const KERNELS = new URL('../../models/node/gallery/kernel/', import.meta.url);
const SOURCE = new URL('kernel.wat', KERNELS);
export const BYTES_FILE = new URL('kernel-bytes.ts', KERNELS);

/** Number of 16-code vectors in each row. */
const VECTORS = 32;

/**
 * One step of a row's dot product: adds 16 more products to accumulator `row`.
 * Relaxed: the result of `i32x4.relaxed_dot_i8x16_i7x16_add_s(a, b, c)` depends on the machine if a value of `b` is above
 * 127 or a sum of two products overflows 16 bits. Here `b` is the row's code, 1..127, and `a` the query's, −127..127, so a
 * pair sums to at most 2 · 127 · 127 = 32,258 < 32,767: the same result everywhere. Plain SIMD computes the same in 16 bits.
 */
function step(kernel: SimdKernel, row: number, vector: number): string {
  const query = `(v128.load offset=${vector * 16} (i32.const 0))`;
  const codes = `(v128.load offset=${row * 512 + vector * 16} (local.get $row))`;
  if (kernel === 'relaxed') {
    return `(local.set $a${row} (i32x4.relaxed_dot_i8x16_i7x16_add_s ${query} ${codes} (local.get $a${row})))`;
  }
  return `(local.set $q ${query})
    (local.set $x ${codes})
    (local.set $a${row} (i32x4.add (local.get $a${row}) (i32x4.add
      (i32x4.dot_i16x8_s (i16x8.extend_low_i8x16_s (local.get $q)) (i16x8.extend_low_i8x16_s (local.get $x)))
      (i32x4.dot_i16x8_s (i16x8.extend_high_i8x16_s (local.get $q)) (i16x8.extend_high_i8x16_s (local.get $x))))))`;
}

/**
 * The products of four rows, one row after the other, so that memory is read in one stream, which the prefetcher follows.
 * Interleaving the four rows needs a quarter of the query's loads, but measured 2.5 times slower at 100,000 rows.
 */
function products(kernel: SimdKernel): string {
  const lines: string[] = [];
  for (let row = 0; row < 4; row++) {
    for (let vector = 0; vector < VECTORS; vector++) lines.push(step(kernel, row, vector));
  }
  return lines.join('\n');
}

/** Addresses of the four rows' embeddings. Entries beyond the end of the list are read too, but their sums are never used. */
function rows(): string {
  return [0, 1, 2, 3]
    .map(
      (n) => `(local.set $p${n} (i32.add (local.get $block) (i32.shl
        (i32.and (i32.load offset=${8192 + 4 * n} (i32.shl (local.get $j) (i32.const 2))) (i32.const 1023))
        (i32.const 11))))`,
    )
    .join('\n');
}

function sums(): string {
  return [0, 1, 2, 3]
    .map(
      (n) => `(local.set $s${n} (f64.add (local.get $s${n}) (f64.mul (local.get $q)
        (f64.promote_f32 (f32.load offset=524288 (i32.add (local.get $p${n}) (local.get $at)))))))`,
    )
    .join('\n');
}

/** Returns a kernel's text with its repeated parts expanded. */
export function kernelText(kernel: SimdKernel): string {
  return readFileSync(SOURCE, 'utf8')
    .replace(/^\s*;;.*$/gm, '')
    .replace('@PRODUCTS', products(kernel))
    .replace('@ROWS', rows())
    .replace('@SUMS', sums());
}

/** Assembles one kernel. @throws an error with wabt's message and the line if the text is invalid */
export async function assembleKernel(kernel: SimdKernel): Promise<Uint8Array> {
  const wabt = await initialise();
  const parsed = wabt.parseWat(`${kernel}.wat`, kernelText(kernel), { simd: true, relaxed_simd: true });
  try {
    parsed.resolveNames();
    parsed.validate();
    return parsed.toBinary({ write_debug_names: false }).buffer;
  } finally {
    parsed.destroy();
  }
}

/** Returns the source of kernel-bytes.ts. */
export async function kernelBytesSource(): Promise<string> {
  const text = async (kernel: SimdKernel) => Buffer.from(await assembleKernel(kernel)).toString('base64');
  return [
    '/** Made by `node build/gallery/assemble.ts` from kernel.wat; build/gallery/assemble.test.ts compares. Never edit. */',
    '',
    '/** Needs relaxed SIMD. */',
    `export const RELAXED_KERNEL =\n  '${await text('relaxed')}';`,
    '',
    '/** Needs SIMD only; same results. */',
    `export const SIMD_KERNEL =\n  '${await text('simd')}';`,
    '',
  ].join('\n');
}

if (import.meta.main) writeFileSync(BYTES_FILE, await kernelBytesSource());
