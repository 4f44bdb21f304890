import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { Problem } from '../../../sync/errors/problem.ts';

export interface StaticFile {
  readonly path: string;
  readonly type: string;
  readonly bytes: number;
  /** Strong entity tag: SHA-256 of the content when the host started. */
  readonly etag: string;
  /** True for a file whose name contains its content's hash: it may be cached for ever. */
  readonly immutable: boolean;
}

/** Every path a page may request. Any other path does not exist, so path traversal is impossible. */
export type StaticFiles = ReadonlyMap<string, StaticFile>;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.mp3': 'audio/mpeg',
  '.ogg': 'audio/ogg',
  '.wav': 'audio/wav',
  '.tflite': 'application/octet-stream',
  '.onnx': 'application/octet-stream',
  '.data': 'application/octet-stream',
  '.binarypb': 'application/octet-stream',
};

/**
 * Lists what a kiosk page may load: its page at `/`, its assets at `/assets/…`, the models at `/models/…`. Symbolic links, files
 * of other types and other screens' pages are left out.
 *
 * @param dist the built product, which contains `dist/renderer` and `dist/models`
 * @throws Problem `screens-not-built`
 */
export function listStaticFiles(dist: string): StaticFiles {
  const files = new Map<string, StaticFile>();
  const page = join(dist, 'renderer', 'kiosk', 'index.html');
  try {
    files.set('/', readEntry(page, false));
  } catch (cause) {
    throw new Problem('screens-not-built', { page, cause });
  }
  for (const [prefix, folder, immutable] of [
    ['/assets/', join(dist, 'renderer', 'assets'), true],
    ['/models/', join(dist, 'models'), false],
  ] as const) {
    for (const path of walk(folder)) {
      if (!(extname(path) in TYPES)) continue;
      files.set(
        prefix + relative(folder, path).split(sep).map(encodeURIComponent).join('/'),
        readEntry(path, immutable),
      );
    }
  }
  return files;
}

/** Returns the file for a request's path (without its query), or null. Paths are compared as sent: nothing is decoded. */
export function findStaticFile(files: StaticFiles, target: string): StaticFile | null {
  const query = target.indexOf('?');
  return files.get(query === -1 ? target : target.slice(0, query)) ?? null;
}

/** Returns how long a browser may cache the file. The cache is in the kiosk's own profile, which is on tmpfs. */
export const cacheControl = (file: StaticFile): string =>
  file.immutable
    ? 'private, max-age=31536000, immutable'
    : file.type.startsWith('text/html')
      ? 'no-store'
      : 'private, no-cache';

function readEntry(path: string, immutable: boolean): StaticFile {
  const content = readFileSync(path);
  return {
    path,
    type: TYPES[extname(path)] ?? 'application/octet-stream',
    bytes: content.byteLength,
    etag: `"${createHash('sha256').update(content).digest('base64url')}"`,
    immutable,
  };
}

function* walk(folder: string): Generator<string> {
  let entries: ReturnType<typeof readEntries>;
  try {
    entries = readEntries(folder);
  } catch (error) {
    // A build without models still has a page, and the page reports what is missing.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else if (entry.isFile()) yield path;
  }
}

const readEntries = (folder: string) => readdirSync(folder, { withFileTypes: true });
