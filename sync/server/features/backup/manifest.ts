import { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { readDataKey } from '../../platform/objects/sealed/data-keys.ts';
import { malformed } from '../../platform/objects/sealed/frames.ts';
import { isBackupId, manifestObject, PREFIX } from '../../platform/objects/sealed/layout.ts';
import { openStream, sealStream } from '../../platform/objects/sealed/stream.ts';
import type { ObjectStore } from '../../platform/objects/store.ts';

const Counts = z.record(z.string(), z.number().int().nonnegative());
const Part = z.object({
  object: z.string(),
  versionId: z.string(),
  /** Size as stored, bytes. */
  size: z.number().int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  rows: Counts,
});

/** The contents of a backup. It is encrypted under the backup's data key, and written last, when all else is stored. */
const Manifest = z.object({
  format: z.literal(1),
  id: z.string().refine(isBackupId),
  /** Time of the snapshot. */
  takenAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  /** Epoch of the event log in it. */
  logEpoch: z.string(),
  /** Version of the environment's keys that the database's envelopes are under. */
  keyVersion: z.number().int().positive(),
  /** Previous key version, if keys were being rotated and some envelopes are still under it. Otherwise null. */
  rotatesFrom: z.number().int().positive().nullable(),
  migrations: z.array(z.string()).min(1),
  database: Part,
  keyring: Part,
  /** Photos stored in their own objects. */
  photos: z.object({ count: z.number().int(), bytes: z.number().int() }),
  /** Up to which number each kiosk's events are in it. */
  marks: z.array(z.object({ device: z.uuid(), epoch: z.uuid(), committed: z.number().int().nonnegative() })),
});
export type Manifest = z.infer<typeof Manifest>;

/** Returns the row of table `backup` for a manifest. */
export const rowOf = (m: Manifest) => ({
  id: m.id,
  taken_at: m.takenAt,
  finished_at: m.finishedAt,
  bytes: m.database.size + m.keyring.size,
  key_version: m.keyVersion,
  keyring_version: m.keyring.versionId,
});

export const rowsOf = (part: Manifest['database']) => Object.values(part.rows).reduce((a, b) => a + b, 0);

export async function writeManifest(store: ObjectStore, dataKey: Uint8Array, manifest: Manifest): Promise<void> {
  async function* plain() {
    yield Buffer.from(JSON.stringify(Manifest.parse(manifest)), 'utf8');
  }
  const sealed = sealStream(dataKey, { kind: 'manifest', id: manifest.id }, plain());
  await store.put(manifestObject(manifest.id), sealed, { ifAbsent: true });
}

/** Reads a manifest. @throws Problem `s3-object-missing`, `backup-key-unknown`, `backup-broken`, `backup-malformed` */
export async function readManifest(
  store: ObjectStore,
  keys: Keys,
  id: string,
): Promise<{ manifest: Manifest; dataKey: Buffer }> {
  const dataKey = await readDataKey(store, keys, id);
  const pieces: Buffer[] = [];
  for await (const piece of openStream(dataKey, { kind: 'manifest', id }, await store.get(manifestObject(id))))
    pieces.push(piece);
  const parsed = Manifest.safeParse(JSON.parse(Buffer.concat(pieces).toString('utf8')));
  if (!parsed.success) throw malformed('its manifest can’t be read', parsed.error);
  return { manifest: parsed.data, dataKey };
}

/** Lists the ids of complete backups, newest first. */
export async function listBackups(store: ObjectStore): Promise<string[]> {
  const ids: string[] = [];
  for await (const { key, isLatest, deleteMarker } of store.list(PREFIX.manifests)) {
    const id = key.slice(PREFIX.manifests.length);
    if (isLatest && !deleteMarker && isBackupId(id)) ids.push(id);
  }
  return ids.sort().reverse();
}

/**
 * Returns the id of a complete backup.
 *
 * @param wanted an id, or null for the newest
 * @throws Problem `backup-none`, `backup-unknown`
 */
export async function findBackup(store: ObjectStore, wanted: string | null): Promise<string> {
  const ids = await listBackups(store);
  if (ids.length === 0) throw new Problem('backup-none', { bucket: store.bucket });
  if (wanted === null) return ids[0]!;
  if (ids.includes(wanted)) return wanted;
  throw new Problem('backup-unknown');
}
