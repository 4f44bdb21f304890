import { dot } from '../../rules/cosine.ts';
import type { FaceGallery, GalleryMatch } from '../interface.ts';
import { ModelProblem } from '../problem.ts';
import { createKernel, type Kernel, type KernelKind } from './kernel/kernel.ts';
import {
  BLOCK_BYTES,
  BLOCK_ROWS,
  blockAt,
  CODES,
  DIMENSIONS,
  EMBEDDINGS,
  ERROR,
  LIST,
  MAX_PAGES,
  NORM,
  PAGE_BYTES,
  PERSON,
  PRODUCTS,
  QUERY_CODES,
  QUERY_VALUES,
  SCALE,
  UPPER,
} from './kernel/layout.ts';
import { Leaderboard } from './leaderboard.ts';
import { checkedNorm, cosine, quantiseQuery, quantiseRow, ROW_SHIFT, SLACK } from './quantise.ts';
import { Registry } from './registry.ts';

export interface GalleryStats {
  readonly kernel: KernelKind;
  /** Bytes per template for codes, embedding and bounds. Ids are extra. */
  readonly bytesPerTemplate: number;
  /** Bytes of memory allocated, used or not. */
  readonly heldBytes: number;
  /** Rows whose exact score the last search had to compute. */
  readonly reranked: number;
}

export const BYTES_PER_TEMPLATE = BLOCK_BYTES / BLOCK_ROWS;

/**
 * Exact 1:N search: a scan of 7-bit codes, a proven bound (quantise.ts), and float64 scores for every row that the bound doesn't
 * rule out. The result equals that of a float64 loop over all rows, including ties. Only the time depends on the data: if the
 * bound rules out nothing (as with many copies of one face), every row is scored.
 *
 * Rows are in blocks of 1,024 in one WebAssembly memory, which grows in place. A removed row is overwritten by the last one, and
 * the last one's old place is wiped, so an erased face does not remain in memory.
 */
export class ExactGallery implements FaceGallery {
  readonly #memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES });
  readonly #kernel: Kernel;
  readonly #registry = new Registry();
  #blocks = 0;
  #reranked = 0;
  /** Views of the whole memory, recreated when it grows. */
  #bytes!: Int8Array;
  #floats!: Float32Array;
  #integers!: Int32Array;
  #doubles!: Float64Array;

  /** Length of an embedding here. The remaining values up to DIMENSIONS are zero in rows and query, which doesn't change sums. */
  readonly #length: number;

  /**
   * @param length values per embedding, 1 to 512; by default that of the embedder that ships
   * @param kernel the kind of inner loop, for tests and benchmarks; by default the fastest that this machine supports
   * @throws RangeError
   */
  constructor(length: number = DIMENSIONS, kernel?: KernelKind) {
    if (!(Number.isInteger(length) && length >= 1 && length <= DIMENSIONS))
      throw new RangeError(`a gallery holds embeddings of 1 to ${DIMENSIONS} values, not of ${length}`);
    this.#length = length;
    this.#kernel = createKernel(this.#memory, kernel);
    this.#view();
  }

  get people(): number {
    return this.#registry.people;
  }

  get templates(): number {
    return this.#registry.templates;
  }

  stats(): GalleryStats {
    return {
      kernel: this.#kernel.kind,
      bytesPerTemplate: BYTES_PER_TEMPLATE,
      heldBytes: this.#memory.buffer.byteLength,
      reranked: this.#reranked,
    };
  }

  /**
   * Adds a template of a person; the embedding is copied.
   * @param embedding float32 of this gallery's length, L2-normalised (norm within 10⁻³ of 1)
   * @param weight factor for its cosines, above 0 and at most 1. Scores, and so the ranking, use the product
   * @throws ModelProblem `embedding-…` if the embedding is invalid; `template-already-in-gallery`; `gallery-memory-full`. The
   * gallery is then unchanged.
   */
  add(template: string, person: string, embedding: Float32Array, weight = 1): void {
    if (!(weight > 0 && weight <= 1))
      throw new RangeError(`a template's weight lies above 0 and up to 1, not at ${weight}`);
    const norm = checkedNorm(embedding, this.#length);
    if (this.#registry.slotOf(template) !== undefined) {
      throw new ModelProblem('template-already-in-gallery', { template });
    }
    const slot = this.#registry.templates;
    if (slot === this.#blocks * BLOCK_ROWS) this.#growByOneBlock();
    const block = blockAt(Math.floor(slot / BLOCK_ROWS));
    const row = slot % BLOCK_ROWS;
    const { scale, residual } = quantiseRow(embedding, norm, this.#bytes, block + CODES + row * DIMENSIONS);
    this.#floats.set(embedding, (block + EMBEDDINGS) / 4 + row * DIMENSIONS);
    this.#floats[(block + SCALE) / 4 + row] = scale * weight;
    this.#floats[(block + ERROR) / 4 + row] = residual * weight;
    this.#doubles[(block + NORM) / 8 + row] = norm / weight;
    this.#integers[(block + PERSON) / 4 + row] = this.#registry.add(template, person);
  }

  /** Removes a template and wipes its numbers; returns false if it doesn't exist. */
  remove(template: string): boolean {
    const slot = this.#registry.slotOf(template);
    if (slot === undefined) return false;
    this.#registry.remove(slot);
    this.#moveLastTo(slot);
    return true;
  }

  /** Removes all templates of a person; returns how many there were. */
  removePerson(person: string): number {
    let removed = 0;
    for (let slots = this.#registry.slotsOf(person); slots.length > 0; removed++) {
      const slot = slots[slots.length - 1]!;
      this.#registry.remove(slot);
      this.#moveLastTo(slot);
    }
    return removed;
  }

  /**
   * Returns the best template, and the best score of any other person.
   * @param probe float32 of this gallery's length, L2-normalised
   * @throws ModelProblem `embedding-…`
   */
  search(probe: Float32Array): GalleryMatch {
    const norm = checkedNorm(probe, this.#length);
    const count = this.#registry.templates;
    const board = new Leaderboard();
    this.#reranked = 0;
    if (count > 0) {
      const residual = this.#scan(probe, norm, count);
      const { best, bestPerson, second } = this.#kernel.leaders();
      const leeway = 2 * residual + SLACK;
      // A person's best row reaches at least that person's best lower bound. So among the leader's rows only those near `best`
      // matter, and among all others only those near `second`: the first two people are always among them.
      this.#score(board, norm, count, best - leeway, bestPerson, second - leeway);
      // The probe may be a stranger's face, so it is wiped too.
      this.#bytes.fill(0, 0, LIST);
    }
    return { best: board.best, second: board.second, people: this.people, templates: count };
  }

  /**
   * Returns the best score against one person's templates; null if the person has none.
   * @throws ModelProblem `embedding-…`
   */
  verify(person: string, probe: Float32Array): number | null {
    const norm = checkedNorm(probe, this.#length);
    let best: number | null = null;
    for (const slot of this.#registry.slotsOf(person)) {
      const block = blockAt(Math.floor(slot / BLOCK_ROWS));
      const row = slot % BLOCK_ROWS;
      const at = (block + EMBEDDINGS) / 4 + row * DIMENSIONS;
      const product = dot(probe, this.#floats.subarray(at, at + this.#length));
      const score = cosine(product, norm, this.#doubles[(block + NORM) / 8 + row]!);
      if (best === null || score > best) best = score;
    }
    return best;
  }

  /** Computes the bounds of all rows; returns the probe's residual norm. */
  #scan(probe: Float32Array, norm: number, count: number): number {
    const { scale, residual } = quantiseQuery(probe, norm, this.#bytes, QUERY_CODES);
    let offset = 0;
    for (let i = 0; i < this.#length; i++) {
      offset += ROW_SHIFT * this.#bytes[QUERY_CODES + i]!;
      this.#doubles[QUERY_VALUES / 8 + i] = probe[i]!;
    }
    this.#kernel.begin();
    for (let done = 0; done < count; done += BLOCK_ROWS) {
      const rows = Math.min(BLOCK_ROWS, count - done);
      this.#kernel.scan(blockAt(done / BLOCK_ROWS), rows, offset, scale, 1 + residual);
    }
    return residual;
  }

  /** Computes the exact scores of the rows that the bounds don't rule out. */
  #score(board: Leaderboard, norm: number, count: number, toBest: number, person: number, toOthers: number): void {
    for (let done = 0; done < count; done += BLOCK_ROWS) {
      const block = blockAt(done / BLOCK_ROWS);
      const left = this.#kernel.collect(block, Math.min(BLOCK_ROWS, count - done), toBest, person, toOthers);
      if (left === 0) continue;
      this.#kernel.rerank(block, left);
      this.#reranked += left;
      for (let j = 0; j < left; j++) {
        const row = this.#integers[LIST / 4 + j]!;
        const score = cosine(this.#doubles[PRODUCTS / 8 + j]!, norm, this.#doubles[(block + NORM) / 8 + row]!);
        const owner = this.#integers[(block + PERSON) / 4 + row]!;
        board.take(score, this.#registry.name(owner), this.#registry.template(done + row));
      }
    }
  }

  /** Moves the last row's numbers into a slot that the registry has removed, and wipes the last row. */
  #moveLastTo(slot: number): void {
    const last = this.#registry.templates;
    const from = blockAt(Math.floor(last / BLOCK_ROWS));
    const fromRow = last % BLOCK_ROWS;
    const to = blockAt(Math.floor(slot / BLOCK_ROWS));
    const toRow = slot % BLOCK_ROWS;
    for (const [array, size] of ROW_ARRAYS) {
      const start = from + array + fromRow * size;
      if (slot !== last) this.#bytes.copyWithin(to + array + toRow * size, start, start + size);
      this.#bytes.fill(0, start, start + size);
    }
    // An empty row must never lead, so its lower bound is −∞.
    this.#floats[(from + ERROR) / 4 + fromRow] = Number.POSITIVE_INFINITY;
  }

  #growByOneBlock(): void {
    if (blockAt(this.#blocks + 1) > this.#memory.buffer.byteLength) {
      this.#growMemory();
      this.#view();
    }
    const errors = (blockAt(this.#blocks) + ERROR) / 4;
    this.#floats.fill(Number.POSITIVE_INFINITY, errors, errors + BLOCK_ROWS);
    this.#blocks++;
  }

  /**
   * Grows the memory by a quarter, because every growth makes the garbage collector scan everything. It grows in place, and
   * untouched pages cost nothing. If a quarter is too much, it grows by what is needed.
   */
  #growMemory(): void {
    const held = this.#memory.buffer.byteLength;
    const pagesFor = (blocks: number) => Math.ceil((blockAt(this.#blocks + blocks) - held) / PAGE_BYTES);
    const space = MAX_PAGES - held / PAGE_BYTES;
    try {
      this.#memory.grow(Math.min(pagesFor(1 + (this.#blocks >> 2)), Math.max(space, pagesFor(1))));
    } catch {
      try {
        this.#memory.grow(pagesFor(1));
      } catch (cause) {
        throw new ModelProblem('gallery-memory-full', { templates: this.#registry.templates, cause });
      }
    }
  }

  #view(): void {
    this.#bytes = new Int8Array(this.#memory.buffer);
    this.#floats = new Float32Array(this.#memory.buffer);
    this.#integers = new Int32Array(this.#memory.buffer);
    this.#doubles = new Float64Array(this.#memory.buffer);
  }
}

/** A row's part of each array of a block: the array's offset, and bytes per row. */
const ROW_ARRAYS: readonly (readonly [number, number])[] = [
  [CODES, DIMENSIONS],
  [EMBEDDINGS, DIMENSIONS * 4],
  [SCALE, 4],
  [ERROR, 4],
  [UPPER, 4],
  [PERSON, 4],
  [NORM, 8],
];
