import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { Problem } from '../../../sync/errors/problem.ts';
import {
  BuildManifest,
  MANIFEST_FILE,
  MAX_BUILD_BYTES,
  MAX_BUILD_FILES,
  MAX_MANIFEST_BYTES,
} from '../../../sync/protocol/wire/release.ts';
import { readTar } from './tar.ts';

/** A build has a few hundred MB. Three times the largest archive allows for compression. */
const MAX_UNPACKED = 3 * MAX_BUILD_BYTES;
/** Number of files flushed to the disk concurrently: a flush of one often includes its neighbours. */
const FLUSHES = 16;

const mismatch = (message: string): Problem => new Problem('update-build-damaged', { reason: message });

export interface VerifiedBuild {
  readonly manifest: BuildManifest;
  /** SHA-256 of build.json. */
  readonly manifestHash: string;
  /** SHA-256 of every file, including build.json. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Unpacks an archive into a new folder, verifies every file against the build.json in it, and flushes all of it to the disk.
 * After an error, the caller removes the folder.
 *
 * @param progress bytes written so far
 * @throws Problem `update-archive-bad`, `update-archive-too-large`, `update-build-damaged`, and the disk's own errors
 */
export async function unpackBuild(
  archive: string,
  folder: string,
  progress: (bytes: number) => void = () => undefined,
): Promise<VerifiedBuild> {
  await mkdir(folder, { mode: 0o755 });
  const hashes = new Map<string, string>();
  const links = new Map<string, string>();
  const folders = new Set<string>([folder]);
  const flushing = new Set<Promise<void>>();
  let failed: unknown = null;
  let written = 0;

  const makeFolder = async (path: string): Promise<void> => {
    if (folders.has(path)) return;
    await makeFolder(dirname(path));
    await mkdir(path, { mode: 0o755 });
    folders.add(path);
  };
  const flush = async (handle: FileHandle): Promise<void> => {
    try {
      await handle.sync();
    } catch (error) {
      failed ??= error;
    } finally {
      await handle.close();
    }
  };
  const makeFile = async (path: string, mode: number, content: AsyncIterable<Buffer>): Promise<void> => {
    const handle = await open(join(folder, path), 'wx', mode);
    const hash = createHash('sha256');
    try {
      for await (const bytes of content) {
        hash.update(bytes);
        await handle.writeFile(bytes);
        written += bytes.length;
        progress(written);
      }
      await handle.chmod(mode); // independent of the umask
    } catch (error) {
      // If removed while open, an incomplete file would keep its space on the disk.
      await handle.close();
      throw error;
    }
    hashes.set(path, hash.digest('hex'));
    const done = flush(handle).finally(() => flushing.delete(done));
    flushing.add(done);
    if (flushing.size >= FLUSHES) await Promise.race(flushing);
  };

  const packed = createReadStream(archive);
  const gunzip = createGunzip();
  packed.on('error', (error) => gunzip.destroy(error));
  try {
    const limits = { entries: MAX_BUILD_FILES + 1, bytes: MAX_UNPACKED };
    for await (const entry of readTar(packed.pipe(gunzip), limits)) {
      if (failed) throw failed;
      const { path, kind } = entry;
      const at = join(folder, path);
      await makeFolder(kind === 'folder' ? at : dirname(at));
      if (kind === 'file') await makeFile(path, entry.executable ? 0o755 : 0o644, entry.content);
      else if (kind === 'link') {
        await symlink(entry.to, at);
        links.set(path, entry.to);
      }
    }
  } catch (error) {
    throw asArchiveProblem(error);
  } finally {
    packed.destroy();
    gunzip.destroy();
    await Promise.all(flushing);
  }
  if (failed) throw failed;
  for (const path of folders) await syncPath(path);
  return compare(await readManifest(folder), hashes, links);
}

/**
 * Reads a whole build again and compares it with its manifest.
 * @throws Problem `update-build-damaged`
 */
export async function verifyBuild(folder: string): Promise<VerifiedBuild> {
  const hashes = new Map<string, string>();
  const links = new Map<string, string>();
  const manifest = await readManifest(folder);
  const all = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of all) {
    const at = join(entry.parentPath, entry.name);
    const path = at.slice(folder.length + 1);
    if (entry.isDirectory()) continue;
    if (entry.isSymbolicLink()) links.set(path, await readlink(at));
    else if (entry.isFile()) hashes.set(path, await hashFile(at));
    else throw mismatch(`${path} of the build is not a file`);
  }
  return compare(manifest, hashes, links);
}

interface ReadManifest {
  readonly manifest: BuildManifest;
  readonly hash: string;
}

async function readManifest(folder: string): Promise<ReadManifest> {
  const file = join(folder, MANIFEST_FILE);
  let bytes: Buffer;
  try {
    const { size } = await lstat(file);
    if (size > MAX_MANIFEST_BYTES) throw mismatch(`${MANIFEST_FILE} of the build is too large`);
    bytes = await readFile(file);
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    throw new Problem('update-build-damaged', { reason: `it has no ${MANIFEST_FILE}`, cause });
  }
  try {
    const manifest = BuildManifest.parse(JSON.parse(bytes.toString('utf8')));
    return { manifest, hash: createHash('sha256').update(bytes).digest('hex') };
  } catch (cause) {
    throw new Problem('update-build-damaged', { reason: `its ${MANIFEST_FILE} can’t be read`, cause });
  }
}

function compare(
  { manifest, hash }: ReadManifest,
  files: ReadonlyMap<string, string>,
  links: ReadonlyMap<string, string>,
): VerifiedBuild {
  for (const [path, wanted] of Object.entries(manifest.files)) {
    const found = files.get(path);
    if (found === undefined) throw mismatch(`the file ${path} of the build is missing`);
    if (found !== wanted) throw mismatch(`the file ${path} of the build is not the one that was signed`);
  }
  for (const [path, to] of Object.entries(manifest.links))
    if (links.get(path) !== to) throw mismatch(`the link ${path} of the build is missing or leads elsewhere`);
  const more =
    [...files.keys()].find((path) => path !== MANIFEST_FILE && !Object.hasOwn(manifest.files, path)) ??
    [...links.keys()].find((path) => !Object.hasOwn(manifest.links, path));
  if (more !== undefined) throw mismatch(`${more} is in the build, but not in its manifest`);
  return { manifest, manifestHash: hash, files };
}

/** Converts zlib's errors about an archive to Problems. Errors of our own disk are returned as is. */
function asArchiveProblem(error: unknown): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string' || !code.startsWith('Z_')) return error;
  return new Problem('update-archive-bad', { reason: 'it is damaged', cause: error });
}

/** SHA-256 of a file, in hex. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(part as Buffer);
  return hash.digest('hex');
}

/** Returns the unpacked size that a gzip file states (RFC 1952 §2.3.1; modulo 4 GB, which no build reaches). */
export async function unpackedSize(archive: string): Promise<number> {
  const handle = await open(archive, 'r');
  try {
    const { size } = await handle.stat();
    const tail = Buffer.alloc(4);
    await handle.read(tail, 0, 4, Math.max(0, size - 4));
    return tail.readUInt32LE();
  } finally {
    await handle.close();
  }
}

/** Flushes a folder, so that the names in it are durable. */
async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes a folder that is not in use, with all its contents. */
export const removeTree = (folder: string): Promise<void> =>
  rm(folder, { recursive: true, force: true, maxRetries: 3 });
