import type { TargetFile } from '@tufjs/models';
import { EqualVersionError } from 'tuf-js/dist/error.js';
import type { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import { Problem } from '../../errors/problem.ts';
import { type Pace, readPaced } from './paced.ts';
import { absent, metadataProblem, ROLES, type Role } from './problems.ts';
import { MAX_METADATA } from './profile.ts';
import type { UpdateSource } from './source.ts';
import { beginTrust, type TrustedFolder, takeMetadata } from './trusted.ts';

/** Maximum number of roots fetched in one refresh. A kiosk that missed more continues at the next. */
const MAX_ROOTS = 64;

/** A repository's offer: one consistent state, verified and not expired. */
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
 * The client workflow of the TUF specification (§5.3 to §5.6) with one source. tuf-js makes the decisions; reading, limits,
 * storage and the clock are ours. Verified metadata is stored at once, so a source that stops halfway can't later offer an older
 * state.
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
      // From another chain of roots (after a reinstallation with new keys), or damaged.
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
      // If expired, it still shows the versions we have seen. If its key is no longer trusted, it is ignored, which lets a kiosk
      // recover from version numbers inflated with a stolen key.
    }
  }
  const path = 'metadata/timestamp.json';
  const bytes = await fetchMetadata(source, 'timestamp', path, MAX_METADATA.timestamp, o.pace);
  if (!bytes) throw absent(path);
  try {
    takeMetadata(store, 'timestamp', bytes);
  } catch (cause) {
    // The one we already have. The library checks its expiry before it accepts a snapshot.
    if (cause instanceof EqualVersionError) return;
    throw metadataProblem('timestamp', cause);
  }
  await o.folder.write('timestamp', bytes);
}

/** Takes the stored snapshot or targets if they match what was announced; otherwise fetches them. */
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
      // A snapshot verified earlier is loaded even if it is older than announced, to compare the new one with it.
      if (role === 'snapshot') store.updateSnapshot(kept, true);
      else takeMetadata(store, role, kept);
      return;
    } catch {
      // Not the announced version, expired, or signed by a key no longer trusted: fetch the announced one.
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
