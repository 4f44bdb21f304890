import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { Problem } from '../../errors/problem.ts';
import { repositoryFile } from '../../protocol/wire/release.ts';
import type { UpdateSource } from './source.ts';

const CHUNK = 256 * 1024;

/**
 * A repository in a folder, on a USB stick or a mounted share. The stick may contain anything, so only regular files within the
 * folder are opened: a pipe would block forever, and a link could lead elsewhere.
 */
export function folderSource(folder: string, name = 'usb'): UpdateSource {
  return {
    name,
    async open(path, { from, signal }) {
      if (repositoryFile(path) === null) return null;
      const file = await openWithin(name, folder, path);
      if (!file) return null;
      // If reading is abandoned before its first piece, the file would otherwise stay open.
      signal.addEventListener('abort', () => void file.close().catch(() => undefined), { once: true });
      const { size } = await file.stat();
      const begin = from <= size ? from : 0;
      return { from: begin, total: size, bytes: readFrom(name, file, begin, signal) };
    },
  };
}

async function openWithin(name: string, folder: string, path: string): Promise<FileHandle | null> {
  try {
    const [root, real] = await Promise.all([realpath(folder), realpath(join(folder, path))]);
    if (!real.startsWith(root + sep)) throw notAFile(name, path);
    // Non-blocking, because opening a pipe without a writer would wait.
    const file = await open(real, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    throw notAFile(name, path);
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw unreadable(name, cause);
  }
}

async function* readFrom(
  name: string,
  file: FileHandle,
  begin: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    for (let at = begin; ; ) {
      signal.throwIfAborted();
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (cause) {
    throw cause instanceof Problem ? cause : unreadable(name, cause);
  } finally {
    await file.close();
  }
}

const notAFile = (name: string, path: string): Problem =>
  new Problem('update-refused', { source: name, path, reason: 'not a regular file in the folder' });

const unreadable = (name: string, cause: unknown): Problem =>
  new Problem('update-unreachable', {
    source: name,
    reason: (cause as NodeJS.ErrnoException).code ?? 'unknown',
    cause,
  });
