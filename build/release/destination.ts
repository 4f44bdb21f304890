import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readIfThere, syncFolder } from '../../sync/disk/replace.ts';
import { Problem } from '../../sync/errors/problem.ts';
import { parseTargetPath, targetFile } from '../../sync/protocol/wire/release.ts';
import { parseDocument } from './documents.ts';
import type { Workspace } from './workspace.ts';

/** A place to which a repository is published: a folder, a USB stick, an object store. */
export interface Destination {
  readonly name: string;
  /** Returns the bytes of a small file, or null if it doesn't exist. */
  read(path: string): Promise<Buffer | null>;
  /** Returns the size in bytes, or null if the file doesn't exist. */
  size(path: string): Promise<number | null>;
  /** Replaces the file atomically. Resolves when the destination has stored it durably. */
  write(path: string, bytes: AsyncIterable<Uint8Array>, length: number): Promise<void>;
}

const TIMESTAMP = 'metadata/timestamp.json';

export interface CopyOptions {
  /** Copies only the archives of these versions, for a USB stick. The metadata still list all. */
  readonly only?: readonly string[];
  readonly progress?: (done: number, total: number) => void;
}

/**
 * Copies the published state of a working copy: archives, roots, targets, snapshot, and the timestamp last, so that a
 * kiosk that reads meanwhile sees either the old state or the new one. Files already at the destination are not sent again.
 *
 * @returns number of bytes sent
 * @throws Problem `release-other-repository`, `release-destination-newer`, `release-not-published`,
 *   `release-version-unknown`
 */
export async function copyTo(
  workspace: Workspace,
  to: Destination,
  { only, progress }: CopyOptions = {},
): Promise<{ bytes: number; files: number }> {
  const [root, targets, snapshot, timestamp] = [
    workspace.root(),
    workspace.targets(),
    workspace.snapshot(),
    workspace.timestamp(),
  ];
  if (!root || !targets || !snapshot || !timestamp) throw new Problem('release-not-published');
  await requireSameRepository(workspace, to);

  const wanted = Object.values(targets.signed.targets).filter(
    ({ path }) => !only || only.includes(parseTargetPath(path)?.version ?? ''),
  );
  for (const version of only ?? [])
    if (!wanted.some(({ path }) => parseTargetPath(path)?.version === version))
      throw new Problem('release-version-unknown', { version });
  const files = wanted.map(({ path, hashes, length }) => ({ path: targetFile(path, hashes.sha256!), length }));
  const lacking: typeof files = [];
  for (const file of files) if ((await to.size(file.path)) !== file.length) lacking.push(file);
  const total = lacking.reduce((sum, file) => sum + file.length, 0);
  let done = 0;
  const count = (bytes: number) => {
    done += bytes;
    progress?.(done, total);
  };
  for (const { path, length } of lacking)
    await to.write(path, counted(createReadStream(join(workspace.folder, path)), count), length);

  let sent = lacking.length;
  const metadata = [
    ...Array.from({ length: root.signed.version }, (_, i) => `metadata/${i + 1}.root.json`),
    `metadata/${targets.signed.version}.targets.json`,
    `metadata/${snapshot.signed.version}.snapshot.json`,
    TIMESTAMP,
  ];
  for (const path of metadata) {
    const bytes = workspace.bytes(path);
    if (!bytes) throw new Problem('release-metadata-damaged', { path, reason: 'missing' });
    const there = await to.read(path);
    if (there?.equals(bytes)) continue;
    // Every other file is written only once, because a kiosk may already have metadata with the hash of the existing one.
    if (there && path !== TIMESTAMP) throw publishedElsewhere(to);
    await to.write(path, once(bytes), bytes.length);
    done += bytes.length;
    sent += 1;
  }
  return { bytes: done, files: sent };
}

async function requireSameRepository(workspace: Workspace, to: Destination): Promise<void> {
  const first = await to.read('metadata/1.root.json');
  if (first && !workspace.bytes('metadata/1.root.json')?.equals(first))
    throw new Problem('release-other-repository', { place: to.name });
  const [there, ours] = [await to.read(TIMESTAMP), workspace.bytes(TIMESTAMP)!];
  if (!there || there.equals(ours)) return;
  const version = (bytes: Buffer) => parseDocument('timestamp', bytes, `${to.name}: timestamp.json`).signed.version;
  if (version(there) >= version(ours)) throw publishedElsewhere(to);
}

const publishedElsewhere = (to: Destination): Problem => new Problem('release-destination-newer', { name: to.name });

/** A folder on this machine, or on a mounted USB stick. */
export function folderDestination(folder: string): Destination {
  return {
    name: folder,
    read: async (path) => readIfThere(join(folder, path)),
    async size(path) {
      try {
        return (await stat(join(folder, path))).size;
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw cause;
      }
    },
    async write(path, bytes, length) {
      const file = join(folder, path);
      await mkdir(dirname(file), { recursive: true });
      const temporary = join(dirname(file), `.${basename(file)}.tmp`);
      try {
        const handle = await open(temporary, 'w', 0o644);
        try {
          for await (const piece of bytes) await handle.writeFile(piece);
          if ((await handle.stat()).size !== length) throw new Error(`${path} changed while it was copied`);
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(temporary, file);
      } catch (cause) {
        await rm(temporary, { force: true });
        const { code } = cause as NodeJS.ErrnoException;
        const reason = code ?? (cause as Error).message;
        throw new Problem(code === 'ENOSPC' ? 'release-disk-full' : 'release-not-written', { file, reason, cause });
      }
      syncFolder(dirname(file));
    },
  };
}

async function* counted(pieces: AsyncIterable<Uint8Array>, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    yield piece;
    count(piece.length);
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
