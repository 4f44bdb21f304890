import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import { replaceFile } from '../../disk/replace.ts';
import { Problem } from '../../errors/problem.ts';
import { malformed, metadataProblem, type Role } from './problems.ts';
import { MAX_METADATA, requireProfile } from './profile.ts';

/**
 * Metadata that this kiosk has verified, on its disk: `<n>.root.json` for each root since the one that came with the
 * build, and `timestamp.json`, `snapshot.json`, `targets.json`. Each file is written whole or not at all. They are
 * verified again at each reading, so a file that was changed or lost costs at most the memory of what was seen.
 */
export interface TrustedFolder {
  read(role: Exclude<Role, 'root'>): Promise<Buffer | null>;
  readRoot(version: number): Promise<Buffer | null>;
  write(role: Role, bytes: Buffer, rootVersion?: number): Promise<void>;
  /**
   * Forgets a root that does not follow from the one before it, and all above it. No flush: one that a power cut brings
   * back does not follow then either.
   */
  forgetRootsFrom(version: number): Promise<void>;
}

export async function openTrustedFolder(folder: string): Promise<TrustedFolder> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw storageProblem(folder, cause);
  }
  const name = (role: Role, version?: number) =>
    join(folder, role === 'root' ? `${version}.root.json` : `${role}.json`);
  const read = async (path: string, role: Role): Promise<Buffer | null> => {
    try {
      if ((await stat(path)).size > MAX_METADATA[role]) return null;
      return await readFile(path);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw storageProblem(path, cause);
    }
  };
  return {
    read: (role) => read(name(role), role),
    readRoot: (version) => read(name('root', version), 'root'),
    async write(role, bytes, rootVersion) {
      const path = name(role, rootVersion);
      try {
        replaceFile(path, bytes);
      } catch (cause) {
        throw storageProblem(path, cause);
      }
    },
    async forgetRootsFrom(version) {
      try {
        for (let v = version; (await read(name('root', v), 'root')) !== null; v++) await rm(name('root', v));
      } catch (cause) {
        throw storageProblem(folder, cause);
      }
    },
  };
}

/** A disk's error as a Problem; what is no disk's error stays what it is. */
export function storageProblem(path: string, cause: unknown): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (cause instanceof Problem || typeof code !== 'string') return cause;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new Problem('update-disk-full', { reason: 'it is full', cause });
  return new Problem('update-storage', { path, code, cause });
}

/**
 * TUF's client state, beginning at the root that came with the build.
 *
 * @param now trusted time, ms since 1970: the library takes the system clock, which on a kiosk may be dead or set back
 * @throws Problem `update-no-trust`
 */
export function beginTrust(trustedRoot: Buffer, now: number): TrustedMetadataStore {
  let store: TrustedMetadataStore;
  try {
    requireProfile('root', trustedRoot);
    store = new TrustedMetadataStore(trustedRoot);
  } catch (cause) {
    throw new Problem('update-no-trust', { reason: (cause as Error).message, cause });
  }
  setReferenceTime(store, now);
  return store;
}

/** The one place of the library's clock is a private field; should it ever move, nothing is trusted any more. */
function setReferenceTime(store: TrustedMetadataStore, now: number): void {
  if (!(Reflect.get(store, 'referenceTime') instanceof Date) || !Number.isFinite(now))
    throw new Problem('update-clock');
  Reflect.set(store, 'referenceTime', new Date(now));
}

type Verify = (store: TrustedMetadataStore, bytes: Buffer) => void;
const VERIFY: Record<Role, Verify> = {
  root: (store, bytes) => store.updateRoot(bytes),
  timestamp: (store, bytes) => store.updateTimestamp(bytes),
  snapshot: (store, bytes) => store.updateSnapshot(bytes),
  targets: (store, bytes) => store.updateDelegatedTargets(bytes, 'targets', 'root'),
};

/**
 * Takes metadata that came from outside. Snapshot and targets are held against the hash that was signed for them before
 * they are parsed.
 *
 * @throws Problem; EqualVersionError of a timestamp that is the one we have
 */
export function takeMetadata(store: TrustedMetadataStore, role: Role, bytes: Buffer): void {
  const announced =
    role === 'snapshot'
      ? store.timestamp?.signed.snapshotMeta
      : role === 'targets'
        ? store.snapshot?.signed.meta['targets.json']
        : undefined;
  try {
    if (role === 'snapshot' || role === 'targets') {
      if (!announced?.hashes) throw malformed(role, 'no hash was signed for them');
      announced.verify(bytes);
    }
    requireProfile(role, bytes);
  } catch (cause) {
    throw metadataProblem(role, cause);
  }
  VERIFY[role](store, bytes);
}
