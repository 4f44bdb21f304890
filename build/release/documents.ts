import { createHash } from 'node:crypto';
import {
  Key,
  Metadata,
  MetadataKind,
  MetaFile,
  Root,
  Signature,
  Snapshot,
  TargetFile,
  Targets,
  Timestamp,
} from '@tufjs/models';
import { Role } from '@tufjs/models/dist/role.js';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import { Problem } from '../../sync/errors/problem.ts';
import type { BuildFacts } from '../../sync/protocol/wire/release.ts';

/** Makes and reads TUF's documents. Pure functions: no file access, no clock. */

export const RoleName = z.enum(['root', 'targets', 'snapshot', 'timestamp']);
export type RoleName = z.infer<typeof RoleName>;
export const ROLE_NAMES = RoleName.options;
export const perRole = <T>(make: (role: RoleName) => T): Record<RoleName, T> => ({
  root: make('root'),
  targets: make('targets'),
  snapshot: make('snapshot'),
  timestamp: make('timestamp'),
});
/** Roles whose keys must never be stored on a machine that publishes. */
export const OFFLINE = ['root', 'targets'] as const;
export type OfflineRole = (typeof OFFLINE)[number];

interface Kinds {
  readonly root: Root;
  readonly targets: Targets;
  readonly snapshot: Snapshot;
  readonly timestamp: Timestamp;
}
export type Document<R extends RoleName> = Metadata<Kinds[R]>;

const SPEC_VERSION = '1.0.31';
const DAY = 86_400_000;

/** How long metadata are valid, in days. */
export const Lifetimes = z.strictObject({
  root: z.number().int().min(1).max(3650),
  targets: z.number().int().min(1).max(3650),
  snapshot: z.number().int().min(1).max(366),
  timestamp: z.number().int().min(1).max(90),
});
export type Lifetimes = z.infer<typeof Lifetimes>;
/** Kiosks trust a frozen timestamp for a week at most. Signing ceremonies with the offline keys happen once a year. */
export const LIFETIMES: Lifetimes = { root: 365, targets: 365, snapshot: 30, timestamp: 7 };

export interface PublicKey {
  readonly keyid: string;
  /** Ed25519 public key in hex. */
  readonly public: string;
}

export interface Signer extends PublicKey {
  sign(bytes: Uint8Array): Buffer;
}

/** Returns the key's ID: the hash of its canonical form, so that no one can choose it. */
export function keyIdOf(publicHex: string): string {
  const form = canonicalize({ keytype: 'ed25519', scheme: 'ed25519', keyval: { public: publicHex } });
  return createHash('sha256').update(form!).digest('hex');
}

export interface RoleKeys {
  readonly keys: readonly PublicKey[];
  readonly threshold: number;
}

export function expiry(now: number, days: number): string {
  return `${new Date(now + days * DAY).toISOString().slice(0, 19)}Z`;
}

/** @throws Problem `release-threshold-wrong`, `release-key-twice` */
export function newRoot(
  roles: Readonly<Record<RoleName, RoleKeys>>,
  { version, expires }: { version: number; expires: string },
): Document<'root'> {
  const keys: Record<string, Key> = {};
  const made = perRole((name) => {
    const { keys: own, threshold } = roles[name];
    const keyIDs = own.map((key) => key.keyid);
    if (!(Number.isInteger(threshold) && threshold >= 1 && threshold <= own.length))
      throw new Problem('release-threshold-wrong', { threshold, keys: own.length, role: name });
    if (new Set(keyIDs).size !== keyIDs.length) throw new Problem('release-key-twice', { name });
    for (const key of own) keys[key.keyid] = tufKey(key);
    return new Role({ keyIDs, threshold });
  });
  return new Metadata(
    new Root({ version, specVersion: SPEC_VERSION, expires, keys, roles: made, consistentSnapshot: true }),
  );
}

function tufKey({ keyid, public: value }: PublicKey): Key {
  return new Key({ keyID: keyid, keyType: 'ed25519', scheme: 'ed25519', keyVal: { public: value } });
}

export function keysOf(root: Document<'root'>, role: RoleName): RoleKeys {
  const { keyIDs, threshold } = root.signed.roles[role]!;
  const keys = keyIDs.map((keyid) => ({ keyid, public: root.signed.keys[keyid]!.keyVal.public! }));
  return { keys, threshold };
}

export interface SignedTarget {
  readonly path: string;
  readonly length: number;
  readonly sha256: string;
  readonly build: BuildFacts;
}

export function newTargets(
  targets: readonly TargetFile[],
  { version, expires }: { version: number; expires: string },
): Document<'targets'> {
  const all = Object.fromEntries(targets.map((target) => [target.path, target]));
  return new Metadata(new Targets({ version, specVersion: SPEC_VERSION, expires, targets: all }));
}

export function newTarget({ path, length, sha256, build }: SignedTarget): TargetFile {
  return new TargetFile({ path, length, hashes: { sha256 }, unrecognizedFields: { custom: { ...build } } });
}

export function newSnapshot(
  targets: { version: number; bytes: Buffer },
  { version, expires }: { version: number; expires: string },
): Document<'snapshot'> {
  return new Metadata(
    new Snapshot({ version, specVersion: SPEC_VERSION, expires, meta: { 'targets.json': metaOf(targets) } }),
  );
}

export function newTimestamp(
  snapshot: { version: number; bytes: Buffer },
  { version, expires }: { version: number; expires: string },
): Document<'timestamp'> {
  return new Metadata(new Timestamp({ version, specVersion: SPEC_VERSION, expires, snapshotMeta: metaOf(snapshot) }));
}

/** Includes length and hash as well as the version, so that parts of different states can't be combined. */
function metaOf({ version, bytes }: { version: number; bytes: Buffer }): MetaFile {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return new MetaFile({ version, length: bytes.length, hashes: { sha256 } });
}

export function signWith(document: Document<RoleName>, signer: Signer): void {
  document.sign((bytes) => new Signature({ keyID: signer.keyid, sig: signer.sign(bytes).toString('hex') }));
}

export function bytesOf(document: Document<RoleName>): Buffer {
  return Buffer.from(`${JSON.stringify(document.toJSON(), null, 1)}\n`);
}

const KIND = {
  root: MetadataKind.Root,
  targets: MetadataKind.Targets,
  snapshot: MetadataKind.Snapshot,
  timestamp: MetadataKind.Timestamp,
};

/** @throws Problem `release-metadata-damaged` */
export function parseDocument<R extends RoleName>(role: R, bytes: Buffer, where: string): Document<R> {
  try {
    return Metadata.fromJSON(KIND[role] as MetadataKind.Root, JSON.parse(bytes.toString('utf8'))) as Document<R>;
  } catch (cause) {
    throw new Problem('release-metadata-damaged', { path: where, reason: (cause as Error).message, cause });
  }
}

/** Returns which of a role's keys have signed a document, and how many must, by a kiosk's rules. */
export function countSignatures(
  root: Document<'root'>,
  role: RoleName,
  document: Document<RoleName>,
): { have: readonly string[]; need: number; keyids: readonly string[] } {
  const { keyIDs, threshold } = root.signed.roles[role]!;
  const have = keyIDs.filter((id) => {
    try {
      root.signed.keys[id]!.verifySignature(document);
      return true;
    } catch {
      return false;
    }
  });
  return { have, need: threshold, keyids: keyIDs };
}
