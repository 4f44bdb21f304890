/** Layout of the gallery's memory. kernel.wat has the same numbers. Offsets and sizes are in bytes. */

/** Values per row: those of the longest embedding. Shorter ones are padded with zeros. */
export const DIMENSIONS = 512;

/** Rows per block. Memory grows block by block, so adding never moves existing rows. */
export const BLOCK_ROWS = 1024;

/** Page 0: the query, and the kernels' results. */
export const QUERY_CODES = 0;
export const QUERY_VALUES = 1024;
export const LIST = 8192;
export const PRODUCTS = 16384;
export const FIRST_BLOCK = 65536;

/** Inside a block: one array after the other. `NORM` is last because the kernels never read it. */
export const CODES = 0;
export const EMBEDDINGS = CODES + BLOCK_ROWS * DIMENSIONS;
export const SCALE = EMBEDDINGS + BLOCK_ROWS * DIMENSIONS * 4;
export const ERROR = SCALE + BLOCK_ROWS * 4;
export const UPPER = ERROR + BLOCK_ROWS * 4;
export const PERSON = UPPER + BLOCK_ROWS * 4;
export const NORM = PERSON + BLOCK_ROWS * 4;
export const BLOCK_BYTES = NORM + BLOCK_ROWS * 8;

export const PAGE_BYTES = 65536;

/** WebAssembly's limit for a memory with 32-bit addresses: 4 GiB, about 1.6 million templates. */
export const MAX_PAGES = 65536;

/** Returns the offset of block `n`. */
export function blockAt(n: number): number {
  return FIRST_BLOCK + n * BLOCK_BYTES;
}
