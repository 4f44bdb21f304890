import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { Problem } from '../../../errors/problem.ts';
import { decryptGcm, GCM_OVERHEAD } from '../../../protocol/seal/aes-gcm.ts';
import { MAX_PHOTO_BYTES, MAX_PIECE_BYTES, type PhotoState } from '../../../protocol/wire/photos.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { find, findLocked, findSorted, insert, not, remove, update } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { isHeld } from '../people/holds.ts';
import { sameAs } from '../people/living.ts';

/** Most bytes of photos per device. Limits how much a stolen key can fill. */
const DEVICE_BYTES = 8 * 1024 ** 3;

/** @throws Problem `photo-unexpected` if no event of this device names it, or its person was erased */
export async function photoState(db: Db, device: string, address: string): Promise<PhotoState> {
  const row = await find(db, 'photo', { device, address });
  if (!row) throw new Problem('photo-unexpected');
  return { received: row.received, complete: row.complete_at !== null };
}

/**
 * Takes one piece of a photo. A piece that doesn't start at the end of those received changes nothing: the answer says where to
 * continue, so a repeated piece is harmless. After the last piece the whole is hashed, and dropped if it isn't the photo that
 * the event named.
 *
 * @throws Problem `photo-unexpected`, `photo-piece-wrong`, `photo-altered`, `photo-quota`
 */
export async function takePiece(
  db: Db,
  device: string,
  address: string,
  { offset, total }: { offset: number; total: number },
  piece: Uint8Array,
  now: Date,
): Promise<PhotoState> {
  if (piece.length === 0 || piece.length > MAX_PIECE_BYTES || offset + piece.length > total || total > MAX_PHOTO_BYTES)
    throw new Problem('photo-piece-wrong');
  const state = await inTransaction(db, async (tx) => {
    // Locks the device before the photo's row, in the order of an ingest, so that quotas are checked one after the other.
    if (offset === 0)
      await tx.selectFrom('device').select('id').where('id', '=', device).forNoKeyUpdate().executeTakeFirst();
    // Two replicas may get pieces of one photo: this lock serialises them.
    const row = await findLocked(tx, 'photo', { device, address });
    if (!row) throw new Problem('photo-unexpected');
    if (row.complete_at !== null) return { received: row.received, complete: true };
    if (offset !== row.received || (row.total !== null && row.total !== total))
      return { received: row.received, complete: false };
    if (offset === 0) await requireQuota(tx, device, total);
    await insert(tx, 'photo_piece', { device, address, at: offset, bytes: piece });
    const received = offset + piece.length;
    const whole = received === total;
    if (whole && (await hashOf(tx, device, address)) !== address) {
      await remove(tx, 'photo_piece', { device, address });
      await update(tx, 'photo', { device, address }, { received: 0, total: null });
      return 'altered';
    }
    await update(tx, 'photo', { device, address }, { received, total, complete_at: whole ? now : null });
    if (whole && row.kind === 'enrolment') await keepNewestEnrolment(tx, row.person);
    return { received, complete: whole };
  });
  if (state !== 'altered') return state;
  throw new Problem('photo-altered');
}

/**
 * Keeps only the newest picture of a person who was enrolled again at a kiosk. Older ones are deleted once it is complete, in
 * whatever order they arrived; retention's sweep deletes their objects. For people under a legal hold, all are kept.
 */
async function keepNewestEnrolment(tx: Tx, person: string | null): Promise<void> {
  if (person === null || (await isHeld(tx, await sameAs(tx, [person])))) return;
  await sql`
    delete from photo p where p.person = ${person}::uuid and p.kind = 'enrolment' and exists (
      select from photo newer
        join event of_newer on of_newer.id = newer.event join event own on own.id = p.event
      where newer.person = p.person and newer.kind = 'enrolment' and newer.complete_at is not null
        and of_newer.at > own.at)`.execute(tx);
}

async function requireQuota(tx: Tx, device: string, total: number): Promise<void> {
  const { rows } = await sql<{ held: number | string | null }>`
    select sum(total) as held from photo where device = ${device}::uuid`.execute(tx);
  if (Number(rows[0]?.held ?? 0) + total > DEVICE_BYTES) throw new Problem('photo-quota');
}

/** Hashes a photo piece by piece, with only one in memory. @returns SHA-256, base64url */
async function hashOf(tx: Tx, device: string, address: string): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; ; ) {
    const piece = await find(tx, 'photo_piece', { device, address, at }, ['bytes']);
    if (!piece) return hash.digest('base64url');
    hash.update(piece.bytes);
    at += piece.bytes.length;
  }
}

/** Returns the pieces of a device's photo as received, in order. */
export function readPhotoOf(db: Db, device: string, address: string): Promise<{ at: number; bytes: Uint8Array }[]> {
  return findSorted(db, 'photo_piece', { device, address }, ['at'], { columns: ['at', 'bytes'] });
}

/** Returns the ciphertext of a complete photo, whichever device sent it: the address is its hash. Null for any other. */
export async function readPhoto(db: Db, address: string): Promise<Buffer | null> {
  const whole = await find(db, 'photo', { address, complete_at: not(null) }, ['device']);
  if (!whole) return null;
  const pieces = await readPhotoOf(db, whole.device, address);
  return pieces.length === 0 ? null : Buffer.concat(pieces.map((piece) => piece.bytes));
}

/**
 * A kiosk's photo is decrypted with the key in its event (`photoKey`). The kiosk's envelope is: version byte 1 ‖ 12-byte
 * nonce ‖ AES-256-GCM ciphertext ‖ 16-byte tag, bound to its kind, person and event (docs/develop/protocol.md).
 */
const VERSION = 1;
/** Key versions to try. A kiosk's version of a person's key grows with each rare renewal, and is part of the associated data. */
const KEY_VERSIONS = 16;

export interface PhotoPlace {
  readonly kind: 'checkin' | 'enrolment';
  /** The id in the event, even if the person was merged since. */
  readonly person: string;
  readonly event: string;
}

/**
 * Decrypts a kiosk's photo.
 *
 * @param key 32 bytes, base64url
 * @returns the picture's bytes (JPEG)
 * @throws Problem `photo-unreadable`
 */
export function openPhoto(sealed: Uint8Array, key: string, { kind, person, event }: PhotoPlace): Buffer {
  const isPhoto = sealed[0] === VERSION && sealed.length > 1 + GCM_OVERHEAD;
  for (let version = 1; isPhoto && version <= KEY_VERSIONS; version++) {
    const bound = Buffer.from(JSON.stringify([`photo.${kind}`, person, event, 1, version]), 'utf8');
    try {
      return decryptGcm(Buffer.from(key, 'base64url'), bound, sealed.subarray(1));
    } catch {
      // Another key version, or not this photo.
    }
  }
  throw new Problem('photo-unreadable');
}
