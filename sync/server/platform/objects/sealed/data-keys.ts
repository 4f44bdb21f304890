import { z } from 'zod';
import { Problem } from '../../../../errors/problem.ts';
import type { Keys } from '../../keys/envelope.ts';
import { labelOf, type Place, placeOf } from '../../keys/gcm.ts';
import type { ObjectStore } from '../store.ts';
import { malformed } from './frames.ts';
import { keyObject, PREFIX } from './layout.ts';
import { newDataKey } from './stream.ts';

/**
 * Each backup is sealed under a random key of its own, and that key under the environment's keys, in a small object: a
 * rotation rewrites only these.
 */

const place = (id: string): Place => placeOf('backup.key', id);
/** Largest object that is taken for a key, bytes. */
const MOST = 16 * 1024;

const Stored = z.strictObject({
  v: z.literal(1),
  /** Which environment keys were which version: a restore has no database yet that would say so. */
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

/** Makes the data key of a new backup, and stores it before anything is sealed with it. */
export async function makeDataKey(store: ObjectStore, keys: Keys, id: string): Promise<Buffer> {
  const dataKey = newDataKey();
  await store.put(keyObject(id), bytesOf(keys, id, dataKey), { ifAbsent: true });
  return dataKey;
}

/** @throws Problem `s3-object-missing`, `backup-key-unknown` (of other environment keys), `envelope-broken` */
export async function readDataKey(store: ObjectStore, keys: Keys, id: string): Promise<Buffer> {
  return open(keys, id, await readStored(store, id));
}

/**
 * Settles which version the environment's keys are by what a backup knows of them: for a restore, which has no database.
 *
 * @throws Problem `wrong-encryption-key` when they are not those that the backup is under
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

/** The whole of a small object. @throws Problem `backup-malformed` when it is not small */
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
 * Rewrites every data key that is not under the present environment keys, and deletes the versions before it:
 * afterwards the old environment keys open no backup. Safe to run again, and to break off.
 *
 * @throws Problem `backup-key-unknown` when one is under keys that are not at hand; all others are written by then
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
    // Also where another run wrote the new one and was broken off.
    if (keys.versions.includes(version)) await store.deleteOldVersions(keyObject(id));
  }
  if (unknown) throw unknownKey(unknown);
  return { rewrapped, present };
}

const unknownKey = (id: string): Problem => new Problem('backup-key-unknown', { id });
