import { createHash } from 'node:crypto';
import { Problem } from '../../../errors/problem.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { type Frame, type Head, malformed, readFrames } from '../../platform/objects/sealed/frames.ts';
import { databaseObject, KEYRING_OBJECT } from '../../platform/objects/sealed/layout.ts';
import { decompressed, openStream } from '../../platform/objects/sealed/stream.ts';
import type { ObjectHead, ObjectStore, ThawTier } from '../../platform/objects/store.ts';
import { openKeyring } from './keyring-copy.ts';
import type { Manifest } from './manifest.ts';

/** Reads backups: decrypts the objects that a manifest names and parses them. */

/** Days for which an archived object is made readable. */
const THAW_DAYS = 7;

/**
 * Reads the frames of the database from exactly the object version that the manifest names.
 *
 * @throws Problem, also during iteration: `backup-broken`, `backup-malformed`, `s3-object-archived`, `s3-…`
 */
export async function* databaseFrames(
  store: ObjectStore,
  manifest: Manifest,
  dataKey: Uint8Array,
): AsyncGenerator<Frame> {
  const { id, database } = manifest;
  const stored = checked(await store.get(databaseObject(id), database.versionId), database.sha256);
  yield* ofBackup(readFrames(decompressed(openStream(dataKey, { kind: 'database', id }, stored))), id);
}

/** Reads the frames of a copy of the keyring. Default: the newest. */
export async function* keyringFrames(store: ObjectStore, keys: Keys, versionId?: string): AsyncGenerator<Frame> {
  yield* readFrames(decompressed(openKeyring(keys, await store.get(KEYRING_OBJECT, versionId))));
}

/** Reads only the head of the newest copy of the keyring. */
export async function keyringHead(store: ObjectStore, keys: Keys): Promise<Head> {
  for await (const frame of keyringFrames(store, keys)) {
    if (frame.kind === 'head') return frame.value;
    break;
  }
  throw malformed('the copy of the keyring does not begin with its head');
}

/** Reads a whole stream and counts rows by table. @throws Problem `backup-malformed`, and those of the stream */
export async function countFrames(
  frames: AsyncIterable<Frame>,
  progress: (rows: number) => void = () => undefined,
): Promise<Record<string, number>> {
  const rows: Record<string, number> = {};
  let table = '';
  let ended = false;
  for await (const frame of frames) {
    if (ended) throw malformed('something follows its end');
    if (frame.kind === 'table') {
      table = `${frame.value.schema}.${frame.value.name}`;
      rows[table] = 0;
    } else if (frame.kind === 'rows') {
      rows[table] = (rows[table] ?? 0) + frame.value.length;
      progress(frame.value.length);
    } else if (frame.kind === 'tableEnd' && rows[table] !== frame.value.rows)
      throw malformed(`table ${table} has not as many rows as it says`);
    ended = frame.kind === 'end';
  }
  if (!ended) throw malformed('it has no end');
  return rows;
}

async function* ofBackup(frames: AsyncIterable<Frame>, id: string): AsyncGenerator<Frame> {
  for await (const frame of frames) {
    if (frame.kind === 'head' && frame.value.id !== id) throw malformed('it is of another backup');
    yield frame;
  }
}

/** Passes a stream on, and compares its hash with the expected one at the end. */
async function* checked(stored: AsyncIterable<Uint8Array>, sha256: string): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const piece of stored) {
    hash.update(piece);
    yield piece;
  }
  if (hash.digest('hex') !== sha256) throw new Problem('backup-broken', { reason: 'it differs from its manifest' });
}

export interface ThawOptions {
  /** Whether to wait until the object can be read. */
  readonly wait: boolean;
  readonly tier: ThawTier;
  readonly sleep: (ms: number) => Promise<void>;
  readonly say?: (line: string) => void;
}

/** How long a thaw takes according to the store, by tier. */
const HOURS: Readonly<Record<ThawTier, string>> = {
  Expedited: '1 to 5 minutes',
  Standard: '3 to 5 hours',
  Bulk: '5 to 12 hours',
};
const POLL_EVERY_MS = 60_000;

/**
 * Makes a database object readable that the lifecycle has archived: requests it, and waits for it if `wait` is set.
 *
 * @throws Problem `backup-thawing` (without `wait`; says how long it takes), `backup-lost`
 */
export async function thawed(store: ObjectStore, { id, database }: Manifest, o: ThawOptions): Promise<void> {
  const object = databaseObject(id);
  for (;;) {
    const head: ObjectHead | null = await store.head(object, database.versionId);
    if (!head) throw new Problem('backup-lost', { id });
    if (!head.archive || head.archive.state === 'thawed') return;
    if (head.archive.state === 'frozen') {
      await store.thaw(object, database.versionId, { days: THAW_DAYS, tier: o.tier });
      o.say?.(`Backup ${id} is in the archive; it was asked for and takes ${HOURS[o.tier]}.`);
      // Some stores make it readable at once.
      const again = await store.head(object, database.versionId);
      if (again?.archive?.state === 'thawed') return;
    }
    if (!o.wait) throw new Problem('backup-thawing', { id, time: HOURS[o.tier] });
    await o.sleep(POLL_EVERY_MS);
  }
}
