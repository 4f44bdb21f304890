import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import { replaceFile } from '../../disk/replace.ts';
import { Problem } from '../../errors/problem.ts';
import { malformed, metadataProblem, type Role } from './problems.ts';
import { MAX_METADATA, requireProfile } from './profile.ts';

/**
 * Metadata verified by this kiosk, on its disk: `<n>.root.json` for each root after the one that shipped with the build, and
 * `timestamp.json`, `snapshot.json`, `targets.json`. Files are written atomically and verified at every read, so a changed or
 * lost file costs at most the record of which versions were seen.
 */
export interface TrustedFolder {
  read(role: Exclude<Role, 'root'>): Promise<Buffer | null>;
  readRoot(version: number): Promise<Buffer | null>;
  write(role: Role, bytes: Buffer, rootVersion?: number): Promise<void>;
  /**
   * Deletes a root that does not follow from the previous one, and all later ones. Not flushed: if a power cut restores one, it
   * still doesn't follow.
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

/** Turns a disk error into a Problem; returns any other error unchanged. */
export function storageProblem(path: string, cause: unknown): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (cause instanceof Problem || typeof code !== 'string') return cause;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new Problem('update-disk-full', { reason: 'it is full', cause });
  return new Problem('update-storage', { path, code, cause });
}

/**
 * Creates TUF's client state, starting at the root that shipped with the build.
 *
 * @param now trusted time, ms since 1970. The library would use the system clock, which on a kiosk may be dead or set back
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

/** Sets the library's clock, which is a private field. If a later version moves it, nothing is trusted. */
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
 * Takes metadata from outside. Snapshot and targets are checked against their signed hash before they are parsed.
 *
 * @throws Problem; EqualVersionError for a timestamp that we already have
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
