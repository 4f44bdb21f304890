import { z } from 'zod';
import { Problem } from '../../../../errors/problem.ts';
import type { Keys } from '../../keys/envelope.ts';
import { labelOf, type Place, placeOf } from '../../keys/gcm.ts';
import type { ObjectStore } from '../store.ts';
import { malformed } from './frames.ts';
import { keyObject, PREFIX } from './layout.ts';
import { newDataKey } from './stream.ts';

/**
 * Each backup is encrypted with its own random data key. That key is stored in a small object, encrypted with the
 * environment's keys, so a rotation only has to rewrite these objects.
 */

const place = (id: string): Place => placeOf('backup.key', id);
/** Largest object accepted as a stored key, in bytes. */
const MOST = 16 * 1024;

const Stored = z.strictObject({
  v: z.literal(1),
  /** Which environment key has which version. A restore needs this because it has no database yet. */
  known: z.array(z.object({ version: z.number().int().positive(), check: z.string().max(64) })).max(1000),
  envelope: z.base64(),
});
type Stored = z.infer<typeof Stored>;

const bytesOf = (keys: Keys, id: string, dataKey: Uint8Array, before: Stored['known'] = []): Buffer => {
  const here = keys.known;
  const known = [...before.filter((k) => !here.some((h) => h.version === k.version)), ...here];
  const envelope = keys.seal('backup', place(id), dataKey).toString('base64');
  return Buffer.from(JSON.stringify({ v: 1, known, envelope } satisfies Stored), 'utf8');
};

/** Creates the data key of a new backup and stores it, before anything is encrypted with it. */
export async function makeDataKey(store: ObjectStore, keys: Keys, id: string): Promise<Buffer> {
  const dataKey = newDataKey();
  await store.put(keyObject(id), bytesOf(keys, id, dataKey), { ifAbsent: true });
  return dataKey;
}

/** Reads a data key. @throws Problem `s3-object-missing`, `backup-key-unknown` (of other environment keys), `envelope-broken` */
export async function readDataKey(store: ObjectStore, keys: Keys, id: string): Promise<Buffer> {
  return open(keys, id, await readStored(store, id));
}

/**
 * Determines the versions of the environment's keys from a backup's record of them. A restore has no database to ask.
 *
 * @throws Problem `wrong-encryption-key` if the backup is under other keys
 */
export async function settleByBackup(store: ObjectStore, keys: Keys, id: string): Promise<void> {
  const { known, envelope } = await readStored(store, id);
  keys.settle(known, labelOf(Buffer.from(envelope, 'base64'))?.version ?? -1);
}

async function readStored(store: ObjectStore, id: string): Promise<Stored> {
  const bytes = await readSmall(store, keyObject(id));
  try {
    return Stored.parse(JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    throw malformed(`the key of ${id} can’t be read`, cause);
  }
}

function open(keys: Keys, id: string, { envelope }: Stored): Buffer {
  const bytes = Buffer.from(envelope, 'base64');
  if (!keys.versions.includes(labelOf(bytes)?.version ?? -1)) throw unknownKey(id);
  return keys.open('backup', place(id), bytes);
}

/** Reads a whole object. @throws Problem `backup-malformed` if it has more than `most` bytes */
export async function readSmall(store: ObjectStore, key: string, most = MOST): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of await store.get(key)) {
    pieces.push(piece);
    size += piece.length;
    if (size > most) throw new Problem('backup-malformed', { reason: `${key} is larger than it can be` });
  }
  return Buffer.concat(pieces);
}

/**
 * Rewrites every data key that is not under the current environment keys and deletes its older versions. Afterwards the
 * old environment keys open no backup. Safe to interrupt and to repeat.
 *
 * @throws Problem `backup-key-unknown` if one is under keys we don't have, after all others are rewritten
 */
export async function rewrapDataKeys(store: ObjectStore, keys: Keys): Promise<{ rewrapped: number; present: number }> {
  let [rewrapped, present] = [0, 0];
  let unknown: string | null = null;
  const ids: string[] = [];
  for await (const object of store.list(PREFIX.keys))
    if (object.isLatest && !object.deleteMarker) ids.push(object.key.slice(PREFIX.keys.length));
  for (const id of ids) {
    const stored = await readStored(store, id);
    const version = labelOf(Buffer.from(stored.envelope, 'base64'))?.version ?? -1;
    if (version === keys.version) present += 1;
    else if (!keys.versions.includes(version)) unknown ??= id;
    else {
      await store.put(keyObject(id), bytesOf(keys, id, open(keys, id, stored), stored.known));
      rewrapped += 1;
    }
    // Even if it was rewritten already: that run may have been interrupted before it deleted the old versions.
    if (keys.versions.includes(version)) await store.deleteOldVersions(keyObject(id));
  }
  if (unknown) throw unknownKey(unknown);
  return { rewrapped, present };
}

const unknownKey = (id: string): Problem => new Problem('backup-key-unknown', { id });
