import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { z } from 'zod';
import { Problem } from '../../../../errors/problem.ts';
import type { Repository } from '../../../../protocol/api/rollouts.ts';
import {
  BuildFacts,
  compareVersions,
  MAX_BUILD_BYTES,
  parseTargetPath,
  repositoryFile,
  targetFile,
} from '../../../../protocol/wire/release.ts';

/** Largest metadata file, bytes. Ours are smaller. */
export const MAX_METADATA_BYTES = 8 * 1024 * 1024;

export interface RepositoryFile {
  readonly handle: FileHandle;
  readonly size: number;
  readonly kind: 'metadata' | 'target';
}

/**
 * Opens a file of the repository. The caller closes it. Only files that belong in a repository can be opened, and nothing
 * outside its folder, even through links.
 *
 * @param path relative, decoded
 * @returns null if there is no such file or it may not be served
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
 * Parses a `Range` header with a single range (RFC 9110 §14.2). Anything else is ignored, as the RFC allows.
 *
 * @returns null: serve the whole file; `unsatisfiable`: the range begins after the end
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

/**
 * Reads what the repository lists in its own metadata. Signatures are not checked: the server only serves the files and
 * trusts nothing in them, and kiosks authenticate them by TUF. The list is shown to administrators, and used to reject a
 * rollout that no kiosk could follow.
 */

const Expires = z.iso.datetime();
const Meta = z.object({ version: z.number().int().positive() });
const Timestamp = z.object({
  signed: z.object({ expires: Expires, meta: z.object({ 'snapshot.json': Meta }) }),
});
const Snapshot = z.object({ signed: z.object({ expires: Expires, meta: z.object({ 'targets.json': Meta }) }) });
const Targets = z.object({
  signed: z.object({
    expires: Expires,
    targets: z.record(
      z.string().max(400),
      z.object({
        length: z.number().int().nonnegative(),
        hashes: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
        custom: z.unknown(),
      }),
    ),
  }),
});

/** A build for one platform. Its archive is complete. */
interface Listed {
  readonly facts: BuildFacts;
  readonly bytes: number;
}

export interface Listing {
  readonly builds: readonly Listed[];
  readonly expires: Date;
}

/** @throws Problem `repository-unreadable` */
export async function readRepository(folder: string): Promise<Listing> {
  const timestamp = await metadata(folder, 'timestamp.json', Timestamp);
  const snapshot = await metadata(folder, `${timestamp.signed.meta['snapshot.json'].version}.snapshot.json`, Snapshot);
  const targets = await metadata(folder, `${snapshot.signed.meta['targets.json'].version}.targets.json`, Targets);
  const builds: Listed[] = [];
  for (const [path, { length, hashes, custom }] of Object.entries(targets.signed.targets)) {
    const name = parseTargetPath(path);
    const facts = BuildFacts.safeParse(custom).data;
    if (!name || !facts || facts.version !== name.version || facts.platform !== name.platform) continue;
    const file = await openRepositoryFile(folder, targetFile(path, hashes.sha256));
    await file?.handle.close();
    if (file?.size === length) builds.push({ facts, bytes: length });
  }
  builds.sort((a, b) => compareVersions(b.facts.version, a.facts.version));
  const ends = [timestamp, snapshot, targets].map(({ signed }) => Date.parse(signed.expires));
  return { builds, expires: new Date(Math.min(...ends)) };
}

async function metadata<T>(folder: string, name: string, schema: z.ZodType<T>): Promise<T> {
  const file = await openRepositoryFile(folder, `metadata/${name}`);
  if (!file) throw unreadable(`metadata/${name} is not there`);
  try {
    return schema.parse(JSON.parse((await file.handle.readFile()).toString('utf8')));
  } catch (cause) {
    throw unreadable(`metadata/${name} has another form`, cause);
  } finally {
    await file.handle.close();
  }
}

const unreadable = (why: string, cause?: unknown): Problem =>
  new Problem('repository-unreadable', { reason: why, cause });

/** Lists the repository by version, for a screen. @param folder null if none is configured */
export async function describeRepository(folder: string | null): Promise<Repository> {
  if (folder === null) return { configured: false, builds: [], expires: null, problem: null };
  try {
    const { builds, expires } = await readRepository(folder);
    const versions = Map.groupBy(builds, (b) => b.facts.version);
    return {
      configured: true,
      builds: [...versions].map(([version, of]) => ({
        version,
        platforms: [...new Set(of.map((b) => b.facts.platform))].sort(),
        commit: of[0]!.facts.commit,
        bytes: Math.max(...of.map((b) => b.bytes)),
      })),
      expires: expires.toISOString(),
      problem: null,
    };
  } catch (cause) {
    if (!(cause instanceof Problem)) throw cause;
    return { configured: true, builds: [], expires: null, problem: cause.code };
  }
}
