import { pipeline } from 'node:stream';
import { extract } from 'tar-stream';
import { Problem } from '../../../sync/errors/problem.ts';
import { badBuildPath, linkTarget } from '../../../sync/protocol/wire/release.ts';

export type TarEntry =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly to: string }
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly executable: boolean;
      /** Has to be read to its end before the next entry. */
      readonly content: AsyncIterable<Buffer>;
    };

export interface TarLimits {
  readonly entries: number;
  /** Total of all files. */
  readonly bytes: number;
}

const BLOCK = 512;

const bad = (message: string, cause?: unknown): Problem =>
  new Problem('update-archive-bad', { reason: message, cause });

const tooLarge = (what: string): Problem => new Problem('update-archive-too-large', { what });

/**
 * Yields the entries of a tar archive in order, and allows only what a build may contain. The archive was authenticated before,
 * but that is not relied on alone to keep it from writing outside its folder.
 * @throws Problem `update-archive-bad`, `update-archive-too-large`, and what the source throws
 */
export async function* readTar(source: AsyncIterable<Buffer>, limits: TarLimits): AsyncGenerator<TarEntry> {
  const seen = new Map<string, TarEntry['kind']>();
  let left = limits.bytes;
  const archive = extract();
  let failure: unknown;
  const noted = async function* () {
    try {
      yield* whole(source);
    } catch (cause) {
      failure = cause;
      throw cause;
    }
  };
  // A failing source may appear below as a mere destroyed stream, so its own error is kept.
  const asProblem = (cause: unknown): unknown => failure ?? damaged(cause);
  pipeline(noted(), archive as unknown as NodeJS.WritableStream, () => undefined);
  try {
    for await (const content of archive) {
      const { type, name, linkname, size, mode } = content.header;
      if (seen.size >= limits.entries) throw tooLarge(`more than ${limits.entries} entries`);
      if (type !== 'file' && type !== 'directory' && type !== 'symlink')
        throw bad(`the archive contains something that is not a file, folder or link: ${shown(name)}`);
      const path = checked(type === 'directory' ? name.replace(/\/$/, '') : name);
      if (type !== 'file' && size !== 0) throw bad('a folder or link of the archive has content');
      if (type === 'directory') {
        if (path === null) continue; // the root itself, `./`
        place(seen, path, 'folder');
        yield { kind: 'folder', path };
      } else if (path === null) throw bad('a file of the archive has no name');
      else if (type === 'symlink') {
        const to = linkname ?? '';
        if (linkTarget(path, to) === null) throw bad(`the link ${shown(path)} leads out of the build`);
        place(seen, path, 'link');
        yield { kind: 'link', path, to };
      } else {
        place(seen, path, 'file');
        left -= size;
        if (left < 0) throw tooLarge(`files of more than ${limits.bytes} bytes`);
        yield {
          kind: 'file',
          path,
          executable: (mode & 0o100) !== 0,
          content: bytesOf(content as AsyncIterable<Buffer>, asProblem),
        };
      }
    }
    for (const [path, kind] of seen) if (kind !== 'folder') parentsAreFolders(seen, path);
  } catch (cause) {
    throw asProblem(cause);
  } finally {
    archive.destroy();
  }
}

async function* bytesOf(
  content: AsyncIterable<Buffer>,
  asProblem: (cause: unknown) => unknown,
): AsyncGenerator<Buffer> {
  try {
    yield* content;
  } catch (cause) {
    throw asProblem(cause);
  }
}

/** Converts errors without a code. Those with a code come from the source itself: zlib or the disk. */
const damaged = (cause: unknown): unknown =>
  cause instanceof Problem || (cause as { code?: unknown }).code ? cause : bad('the archive is damaged', cause);

/** Checks that the archive is complete, which means that it ends in a block of zeros. */
async function* whole(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let zeros = 0;
  for await (const chunk of source) {
    const last = chunk.findLastIndex((byte) => byte !== 0);
    zeros = last < 0 ? zeros + chunk.length : chunk.length - 1 - last;
    yield chunk;
  }
  if (zeros < BLOCK) throw bad('the archive is cut off');
}

/** Escapes a path for a log, since someone else wrote it. */
const shown = (path: string): string => JSON.stringify(path.slice(0, 120));

/** Returns the checked path; null for the archive's root. */
function checked(raw: string): string | null {
  const path = raw.startsWith('./') ? raw.slice(2) : raw;
  if (path === '' || path === '.') return null;
  const why = path.includes('\ufffd') ? 'not UTF-8' : badBuildPath(path);
  if (why) throw bad(`the path ${shown(raw)} may not be in a build: ${why}`);
  return path;
}

/** Records a path. Each may occur once, and none may lead through a link. */
function place(seen: Map<string, TarEntry['kind']>, path: string, kind: TarEntry['kind']): void {
  if (seen.has(path)) throw bad(`the archive contains ${shown(path)} twice`);
  parentsAreFolders(seen, path);
  seen.set(path, kind);
}

function parentsAreFolders(seen: Map<string, TarEntry['kind']>, path: string): void {
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
    const kind = seen.get(path.slice(0, at));
    if (kind !== undefined && kind !== 'folder')
      throw bad(`${shown(path)} would go through something that is not a folder`);
  }
}
