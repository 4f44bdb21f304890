import type { TargetFile } from '@tufjs/models';
import { EqualVersionError } from 'tuf-js/dist/error.js';
import type { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import { Problem } from '../../errors/problem.ts';
import { type Pace, readPaced } from './paced.ts';
import { absent, metadataProblem, ROLES, type Role } from './problems.ts';
import { MAX_METADATA } from './profile.ts';
import type { UpdateSource } from './source.ts';
import { beginTrust, type TrustedFolder, takeMetadata } from './trusted.ts';

/** Roots fetched in one go: a kiosk that missed more continues at the next. */
const MAX_ROOTS = 64;

/** What a repository offers, all of it of one state, verified and not expired. */
export interface TrustedView {
  readonly versions: Record<Role, number>;
  /** ISO 8601. */
  readonly expires: Record<Role, string>;
  readonly targets: Readonly<Record<string, TargetFile>>;
}

export interface RefreshOptions {
  readonly trustedRoot: Buffer;
  readonly folder: TrustedFolder;
  /** Trusted time, ms since 1970. */
  readonly now: number;
  readonly pace: Pace;
}

/**
 * The client workflow of the TUF specification (§5.3 to §5.6) over one source. The decisions are tuf-js's; reading,
 * bounds, keeping and the clock are ours. What was verified is kept on disk at once, so a source that stops in the middle
 * can't later say less than it has said.
 *
 * @throws Problem `update-…`
 */
export async function refresh(source: UpdateSource, options: RefreshOptions): Promise<TrustedView> {
  const store = beginTrust(options.trustedRoot, options.now);
  await takeRoots(store, source, options);
  await takeTimestamp(store, source, options);
  const snapshotMeta = store.timestamp!.signed.snapshotMeta;
  await takeAnnounced(store, source, options, 'snapshot', snapshotMeta.version, snapshotMeta.length);
  const targetsMeta = store.snapshot!.signed.meta['targets.json']!;
  await takeAnnounced(store, source, options, 'targets', targetsMeta.version, targetsMeta.length);
  return viewOf(store);
}

async function takeRoots(store: TrustedMetadataStore, source: UpdateSource, o: RefreshOptions): Promise<void> {
  const next = () => store.root.signed.version + 1;
  for (let kept = await o.folder.readRoot(next()); kept; kept = await o.folder.readRoot(next())) {
    try {
      takeMetadata(store, 'root', kept);
    } catch {
      // Of another line of roots, as after a reinstallation with new keys, or damaged.
      await o.folder.forgetRootsFrom(next());
      break;
    }
  }
  for (let taken = 0; taken < MAX_ROOTS; taken++) {
    const version = next();
    const bytes = await fetchMetadata(source, 'root', `metadata/${version}.root.json`, MAX_METADATA.root, o.pace);
    if (!bytes) return;
    attempt('root', () => takeMetadata(store, 'root', bytes));
    await o.folder.write('root', bytes, version);
  }
}

async function takeTimestamp(store: TrustedMetadataStore, source: UpdateSource, o: RefreshOptions): Promise<void> {
  const kept = await o.folder.read('timestamp');
  if (kept) {
    try {
      takeMetadata(store, 'timestamp', kept);
    } catch {
      // Expired: it still shows how far we had come. Signed by a key that is trusted no more: what it said is void,
      // which is how a kiosk comes back from versions that a thief has run up.
    }
  }
  const path = 'metadata/timestamp.json';
  const bytes = await fetchMetadata(source, 'timestamp', path, MAX_METADATA.timestamp, o.pace);
  if (!bytes) throw absent(path);
  try {
    takeMetadata(store, 'timestamp', bytes);
  } catch (cause) {
    // The one that we have. Whether it has expired, the library asks before it takes a snapshot.
    if (cause instanceof EqualVersionError) return;
    throw metadataProblem('timestamp', cause);
  }
  await o.folder.write('timestamp', bytes);
}

/** Snapshot or targets: what we have, where it is what was announced; else from the source. */
async function takeAnnounced(
  store: TrustedMetadataStore,
  source: UpdateSource,
  o: RefreshOptions,
  role: 'snapshot' | 'targets',
  version: number,
  length: number | undefined,
): Promise<void> {
  const kept = await o.folder.read(role);
  if (kept) {
    try {
      // A snapshot that was verified once is read also where it is older than announced: what comes is compared with it.
      if (role === 'snapshot') store.updateSnapshot(kept, true);
      else takeMetadata(store, role, kept);
      return;
    } catch {
      // Not the one that was announced, expired, or of a key that is trusted no more: the one that was is fetched.
    }
  }
  const path = `metadata/${version}.${role}.json`;
  const bytes = await fetchMetadata(source, role, path, Math.min(length ?? 0, MAX_METADATA[role]), o.pace);
  if (!bytes) throw absent(path);
  attempt(role, () => takeMetadata(store, role, bytes));
  await o.folder.write(role, bytes);
}

async function fetchMetadata(
  source: UpdateSource,
  role: Role,
  path: string,
  maxBytes: number,
  pace: Pace,
): Promise<Buffer | null> {
  const pieces: Uint8Array[] = [];
  const reading = { from: 0, maxBytes, deadlineMs: pace.metadataMs };
  const there = await readPaced(
    source,
    path,
    reading,
    pace,
    () => undefined,
    (piece) => void pieces.push(piece),
  );
  if (!there) return null;
  if (pieces.length === 0) throw metadataProblem(role, new Error('the file is empty'));
  return Buffer.concat(pieces);
}

function attempt(role: Role, work: () => void): void {
  try {
    work();
  } catch (cause) {
    throw metadataProblem(role, cause);
  }
}

function viewOf({ root, timestamp, snapshot, targets }: TrustedMetadataStore): TrustedView {
  if (!timestamp || !snapshot || !targets)
    throw new Problem('update-repository-wrong', { role: 'targets', reason: 'it is not complete' });
  const of = { root, timestamp, snapshot, targets };
  const each = <T>(pick: (role: Role) => T) =>
    Object.fromEntries(ROLES.map((role) => [role, pick(role)])) as Record<Role, T>;
  return {
    versions: each((role) => of[role].signed.version),
    expires: each((role) => of[role].signed.expires),
    targets: targets.signed.targets,
  };
}
