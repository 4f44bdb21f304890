import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { MAX_BUILD_BYTES, repositoryFile } from '../../../../protocol/wire/release.ts';

/** Largest metadata file, bytes: what is larger is none of ours. */
export const MAX_METADATA_BYTES = 8 * 1024 * 1024;

export interface RepositoryFile {
  readonly handle: FileHandle;
  readonly size: number;
  readonly kind: 'metadata' | 'target';
}

/**
 * Opens a file of the repository; the caller closes it. Only what a repository may hold is reached, and nothing outside its
 * folder, whatever links are in it.
 *
 * @param path relative, decoded
 * @returns null: there is no such file, or none that may be given out
 */
export async function openRepositoryFile(folder: string, path: string): Promise<RepositoryFile | null> {
  const kind = repositoryFile(path);
  if (!kind) return null;
  let handle: FileHandle | null = null;
  try {
    const [root, file] = await Promise.all([realpath(folder), realpath(join(folder, path))]);
    if (!file.startsWith(root + sep)) return null;
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
    const { size } = await regular(handle);
    if (size > (kind === 'metadata' ? MAX_METADATA_BYTES : MAX_BUILD_BYTES)) throw new NotGiven();
    const opened = { handle, size, kind } as const;
    handle = null;
    return opened;
  } catch (cause) {
    if (cause instanceof NotGiven || MISSING.has((cause as NodeJS.ErrnoException).code ?? '')) return null;
    throw cause;
  } finally {
    await handle?.close();
  }
}

class NotGiven extends Error {}
const MISSING = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'ENAMETOOLONG', 'EACCES']);

async function regular(handle: FileHandle): Promise<{ size: number }> {
  const stats = await handle.stat();
  if (!stats.isFile()) throw new NotGiven();
  return stats;
}

export interface ByteRange {
  readonly from: number;
  /** The last byte, included. */
  readonly to: number;
}

/**
 * One range of RFC 9110 §14.2. What is not one range of bytes is passed over, and the whole given, as the RFC has it.
 *
 * @returns null: give the whole; `unsatisfiable`: it begins behind the end
 */
export function readRange(header: string | undefined, size: number): ByteRange | null | 'unsatisfiable' {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return null;
  if (first === '') {
    const count = Math.min(Number(last), size);
    return count === 0 ? 'unsatisfiable' : { from: size - count, to: size - 1 };
  }
  const from = Number(first);
  if (last !== '' && Number(last) < from) return null;
  if (from >= size) return 'unsatisfiable';
  return { from, to: Math.min(last === '' ? size - 1 : Number(last), size - 1) };
}
