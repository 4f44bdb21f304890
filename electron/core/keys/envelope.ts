import { createSecretKey, type KeyObject } from 'node:crypto';
import { Problem } from '../../../sync/errors/problem.ts';
import { decryptGcm, encryptGcm, GCM_OVERHEAD, NONCE_BYTES } from '../../../sync/protocol/seal/aes-gcm.ts';

/**
 * AES-256-GCM envelopes (NIST SP 800-38D): version byte 1 ‖ 12-byte random nonce ‖ ciphertext ‖ 16-byte tag. The associated data
 * binds a ciphertext to the place where it belongs, so that it opens nowhere else.
 */
const VERSION = 1;

/** Where a value belongs. Logical names, never those of tables: renaming a column must not break existing ciphertexts. */
export interface Place {
  /** Logical field, e.g. `person.profile`. */
  readonly field: string;
  /** UUID of the person it belongs to; empty if it belongs to nobody. */
  readonly person: string;
  /** Id of the record: the event's, the template's, or the person's own. */
  readonly record: string;
  /** Increases with each change of the value, so that an old ciphertext doesn't open in a newer row. */
  readonly row: number;
  /** Version of the key it is encrypted under. */
  readonly key: number;
}

export type Random = (bytes: number) => Uint8Array;

/** Returns a JSON array of the five parts: unambiguous, whatever the parts contain. */
export function associatedData(place: Place): Buffer {
  return Buffer.from(JSON.stringify([place.field, place.person, place.record, place.row, place.key]), 'utf8');
}

/** Returns a key object: three times as fast to use as raw bytes, and it can't be printed by accident. */
export function keyObject(bytes: Uint8Array): KeyObject {
  return createSecretKey(bytes);
}

export function seal(key: KeyObject, place: Place, plain: Uint8Array | string, random: Random): Buffer {
  const bytes = typeof plain === 'string' ? Buffer.from(plain, 'utf8') : plain;
  return Buffer.concat([Buffer.of(VERSION), encryptGcm(key, associatedData(place), bytes, random(NONCE_BYTES))]);
}

/** @throws Problem `value-altered` if the envelope was not encrypted for this place under this key */
export function open(key: KeyObject, place: Place, envelope: Uint8Array): Buffer {
  try {
    if (envelope.length < 1 + GCM_OVERHEAD) throw new RangeError('too short');
    if (envelope[0] !== VERSION) throw new RangeError(`unknown version ${envelope[0]}`);
    return decryptGcm(key, associatedData(place), envelope.subarray(1));
  } catch (cause) {
    throw new Problem('value-altered', { field: place.field, cause });
  }
}
