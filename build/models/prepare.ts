import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MEDIAPIPE_RUNTIME, WEIGHTS, type WeightFile } from '../../models/rules/manifest.ts';
import { replaceFile } from '../../sync/disk/replace.ts';
import { Problem } from '../../sync/errors/problem.ts';
import { readPinned, requireMade, sha256 } from './pinned.ts';

/**
 * Copies weights and MediaPipe's runtime from their packages to `dist/models/`. Each is verified against the manifest before
 * and after. Existing files with the right hash are left untouched, so a second run only hashes them. A checkout fetches
 * the packages of the weights (build/fetch); an installed program fetches nothing.
 */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface PrepareOptions {
  /** Folder in which all packages are looked up, for tests. */
  readonly packages?: string;
  /** Folder to write to; the project's dist/models by default. */
  readonly target?: string;
  /** Prepares only the models that run there; all models by default. A server has none for a browser. */
  readonly runs?: 'node';
}

export interface Prepared {
  readonly weights: string;
  readonly mediapipe: string;
  /** Files written by this run; empty if all were already in place. */
  readonly written: readonly string[];
}

interface Item {
  readonly runs: 'browser' | 'node';
  readonly path: string;
  readonly sha256: string;
  readonly source: {
    readonly package: string;
    readonly version: string;
    readonly path: string;
    readonly sha256: string;
  };
  readonly make: (source: Uint8Array) => Promise<Uint8Array>;
}

function maker(weight: WeightFile): Item['make'] {
  const { prepare } = weight;
  if (prepare.step === 'copy') return async (source) => source;
  return async (source) => {
    // Imported only here, because an installed kiosk has the prepared files but no flatbuffers package.
    const { addMetadata, imageMetadata } = await import('./tflite-metadata.ts');
    const outputs = weight.outputs.map((o) => o.name);
    return addMetadata(source, imageMetadata('face detector', { mean: prepare.mean, std: prepare.std, outputs }));
  };
}

const ITEMS: readonly Item[] = [
  ...WEIGHTS.map((w) => ({
    runs: w.runs,
    path: join('weights', w.file),
    sha256: w.sha256,
    source: w.source,
    make: maker(w),
  })),
  ...MEDIAPIPE_RUNTIME.map((r) => ({
    runs: 'browser' as const,
    path: join('mediapipe', r.file),
    sha256: r.sha256,
    source: { ...r.source, sha256: r.sha256 },
    make: async (source: Uint8Array) => source,
  })),
];

/**
 * Makes `dist/models/` complete, or throws. Each file is verified again when it is loaded (models/node/sessions.ts).
 *
 * @throws Problem `model-source-missing` when a package or file is not installed, `model-source-altered` when a
 *   package's file is not the pinned one, `model-prepare-failed` when the prepared bytes are not the pinned ones
 */
export async function prepareModels(options: PrepareOptions = {}): Promise<Prepared> {
  const target = options.target ?? join(ROOT, 'dist', 'models');
  const written: string[] = [];
  for (const item of ITEMS) {
    if (options.runs && item.runs !== options.runs) continue;
    const path = join(target, item.path);
    if (existsSync(path) && sha256(await readFile(path)) === item.sha256) continue;
    const { source } = item;
    const folder = options.packages ? join(options.packages, source.package) : await folderOf(source.package);
    const made = await item.make(readPinned(join(folder, source.path), source.sha256));
    place(path, requireMade(item.path, made, item.sha256));
    written.push(item.path);
  }
  return { weights: join(target, 'weights'), mediapipe: join(target, 'mediapipe'), written };
}

async function folderOf(name: string): Promise<string> {
  // An installed program lacks this folder: its models were installed with it.
  if (existsSync(join(ROOT, 'build/fetch'))) {
    const { filesOfPackage, isFilesPackage } = await import('../fetch/files.ts');
    if (isFilesPackage(name)) return filesOfPackage(name);
  }
  return join(ROOT, 'node_modules', name);
}

function place(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  replaceFile(path, bytes, { mode: 0o644, byMany: true });
}

/**
 * Makes another embedder from another package and writes it to a folder that `models add` accepts.
 * @throws Problem `embedder-not-made`, and as makeDlibEmbedder
 */
async function writeEmbedder(name: string, into = join(ROOT, 'dist', 'models', 'embedders')): Promise<void> {
  if (name !== 'dlib') throw new Problem('embedder-not-made', { name });
  const { DLIB_ENTRY, makeDlibEmbedder } = await import('./dlib-embedder.ts');
  place(join(into, DLIB_ENTRY.file), makeDlibEmbedder());
  place(join(into, 'embedders.json'), Buffer.from(`${JSON.stringify([DLIB_ENTRY], null, 2)}\n`));
  console.error(`${into}: ${DLIB_ENTRY.file} and embedders.json`);
}

const script = process.argv[1];
if (script && existsSync(script) && realpathSync(script) === fileURLToPath(import.meta.url)) {
  try {
    const { values } = parseArgs({ options: { embedder: { type: 'string' }, into: { type: 'string' } } });
    if (values.embedder !== undefined) await writeEmbedder(values.embedder, values.into);
    const { written } = values.embedder === undefined ? await prepareModels() : { written: [values.embedder] };
    console.error(written.length ? `prepared ${written.join(', ')}` : 'models are in place and match the manifest');
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    console.error(`${error.code}: ${error.message} ${error.nextStep}`);
    process.exitCode = 1;
  }
}
