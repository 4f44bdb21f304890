import { createRequire } from 'node:module';
import Database from 'better-sqlite3';
import type { People } from './embeddings.ts';

/** A peer of the gallery. Each returns the row that it considers best, and all of them work on one thread. */
export interface Peer {
  readonly name: string;
  /** Prepares the probes before the first search. Not timed. */
  prepare?(probes: readonly Float32Array[]): void;
  /** Returns the best row for this probe. */
  search(probe: Float32Array): number;
  /** Its settings, if it has any. */
  readonly settings?: string;
  close(): void;
}

const DIMENSIONS = 512;
/** With three templates per person, the fourth row is certainly another person's. A search for the margin has to ask for it. */
const NEIGHBOURS = 4;
/** Each HNSW peer is built with its library's defaults. Both search with usearch’s default width. */
const USEARCH = { links: 16, buildWidth: 128, searchWidth: 64 };
const HNSWLIB = { links: 16, buildWidth: 200, searchWidth: 64 };
const settingsOf = ({ links, buildWidth, searchWidth }: typeof USEARCH) =>
  `M ${links}, ef ${buildWidth}/${searchWidth}`;

const require = createRequire(import.meta.url);
type Usearch = typeof import('usearch');

/** usearch locates its native part relative to the file that requires it, which fails for some ways of importing it. */
function usearch(): Usearch {
  return require('usearch') as Usearch;
}

/** The obvious first implementation: a loop over float32 values for the best row and the best of another person. */
export function plainLoop({ templates, rows, person }: People): Peer {
  return {
    name: 'plain Float32Array loop',
    search(probe) {
      let best = -1;
      let bestScore = Number.NEGATIVE_INFINITY;
      let secondScore = Number.NEGATIVE_INFINITY;
      for (let row = 0, at = 0; row < templates; row++) {
        let score = 0;
        for (let i = 0; i < DIMENSIONS; i++, at++) score += probe[i]! * rows[at]!;
        if (score > bestScore) {
          if (best >= 0 && person[row] !== person[best]) secondScore = bestScore;
          bestScore = score;
          best = row;
        } else if (score > secondScore && person[row] !== person[best]) {
          secondScore = score;
        }
      }
      return best;
    },
    close: () => undefined,
  };
}

export function usearchExactFloat32({ rows }: People): Peer {
  const { exactSearch, MetricKind } = usearch();
  return {
    name: 'usearch exact float32',
    search: (probe) => Number(exactSearch(rows, probe, DIMENSIONS, NEIGHBOURS, MetricKind.IP, 1).keys[0]),
    close: () => undefined,
  };
}

/** Exact search over int8 codes with a single scale, which is not exact for the embeddings. */
export function usearchExactInt8({ rows }: People): Peer {
  const { exactSearch, MetricKind } = usearch();
  let largest = 0;
  for (const value of rows) largest = Math.max(largest, Math.abs(value));
  const codes = Int8Array.from(rows, (value) => Math.round((value * 127) / largest));
  const query = new Int8Array(DIMENSIONS);
  return {
    name: 'usearch exact int8',
    search(probe) {
      for (let i = 0; i < DIMENSIONS; i++) {
        query[i] = Math.max(-127, Math.min(127, Math.round((probe[i]! * 127) / largest)));
      }
      return Number(exactSearch(codes, query, DIMENSIONS, NEIGHBOURS, MetricKind.IP, 1).keys[0]);
    },
    close: () => undefined,
  };
}

export function sqliteVec({ templates, rows }: People): Peer {
  const db = new Database(':memory:');
  (require('sqlite-vec') as { load(into: object): void }).load(db);
  db.exec(`create virtual table faces using vec0(embedding float[${DIMENSIONS}] distance_metric=cosine)`);
  const insert = db.prepare('insert into faces(rowid, embedding) values (?, ?)');
  db.transaction(() => {
    for (let row = 0; row < templates; row++) {
      insert.run(BigInt(row + 1), bytes(rows.subarray(row * DIMENSIONS, (row + 1) * DIMENSIONS)));
    }
  })();
  const select = db.prepare(`select rowid from faces where embedding match ? and k = ${NEIGHBOURS} order by distance`);
  return {
    name: 'sqlite-vec',
    search: (probe) => (select.all(bytes(probe))[0] as { rowid: number }).rowid - 1,
    close: () => db.close(),
  };
}

function bytes(values: Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

/** usearch's HNSW, which is approximate. Also the peer for adding and removing. */
export function usearchHnsw({ templates, rows }: People) {
  const { Index, MetricKind, ScalarKind } = usearch();
  const index = new Index({
    dimensions: DIMENSIONS,
    metric: MetricKind.IP,
    quantization: ScalarKind.F32,
    connectivity: USEARCH.links,
    expansion_add: USEARCH.buildWidth,
    expansion_search: USEARCH.searchWidth,
    multi: false,
  });
  // Building is not measured, so it may use two threads.
  index.add(
    BigUint64Array.from({ length: templates }, (_, row) => BigInt(row)),
    rows,
    2,
  );
  return {
    name: 'usearch HNSW',
    settings: settingsOf(USEARCH),
    search: (probe: Float32Array) => Number(index.search(probe, NEIGHBOURS, 1).keys[0]),
    add: (key: number, embedding: Float32Array) => index.add(BigInt(key), embedding, 1),
    remove: (key: number) => index.remove(BigInt(key)),
    close: () => undefined,
  };
}

interface Hnswlib {
  HierarchicalNSW: new (
    space: 'ip',
    dimensions: number,
  ) => {
    initIndex(options: { maxElements: number; m: number; efConstruction: number; randomSeed: number }): void;
    setEf(width: number): void;
    addPoint(point: number[], label: number): void;
    searchKnn(point: number[], k: number): { neighbors: number[] };
  };
}

/** hnswlib's HNSW. If the optional package could not be built, the reason. */
export function hnswlib({ templates, rows }: People): Peer | { readonly absent: string } {
  let library: Hnswlib;
  try {
    library = require('hnswlib-node') as Hnswlib;
  } catch (error) {
    return { absent: error instanceof Error ? error.message.split('\n')[0]! : String(error) };
  }
  const index = new library.HierarchicalNSW('ip', DIMENSIONS);
  index.initIndex({ maxElements: templates, m: HNSWLIB.links, efConstruction: HNSWLIB.buildWidth, randomSeed: 100 });
  index.setEf(HNSWLIB.searchWidth);
  for (let row = 0; row < templates; row++) {
    index.addPoint(Array.from(rows.subarray(row * DIMENSIONS, (row + 1) * DIMENSIONS)), row);
  }
  const plain = new WeakMap<Float32Array, number[]>();
  return {
    name: 'hnswlib HNSW',
    settings: settingsOf(HNSWLIB),
    // It accepts only plain arrays, which its users would store as such.
    prepare(probes) {
      for (const probe of probes) plain.set(probe, Array.from(probe));
    },
    search: (probe) => index.searchKnn(plain.get(probe)!, NEIGHBOURS).neighbors[0]!,
    close: () => undefined,
  };
}
