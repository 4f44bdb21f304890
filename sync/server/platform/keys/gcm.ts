import { type KeyObject, randomBytes } from 'node:crypto';
import { Problem } from '../../../errors/problem.ts';
import { decryptGcm, encryptGcm, GCM_OVERHEAD } from '../../../protocol/seal/aes-gcm.ts';
import { canonicalBytes } from '../../../protocol/seal/chain.ts';

/**
 * The envelope: format (1) ‖ key version (2, big-endian) ‖ nonce (12) ‖ ciphertext ‖ tag (16), with AES-256-GCM. The place
 * it belongs to, the format and the key version are the associated data.
 */

/** What an envelope is bound to. Logical names survive renamed columns; `rowVersion` prevents replays of old values. */
export interface Place {
  /** Logical field, e.g. `person.profile`. */
  readonly field: string;
  readonly person: string | null;
  readonly record: string;
  readonly rowVersion: number;
}

/** @param o `person`: whose data it is. `rowVersion`: for rows whose envelope is rewritten */
export const placeOf = (
  field: string,
  record: string,
  { person = null, rowVersion = 1 }: { readonly person?: string | null; readonly rowVersion?: number } = {},
): Place => ({ field, person, record, rowVersion });

/** Which key encrypts it: a sub-key of the environment's keys, or a person's own key. */
export const FORMAT = { environment: 1, person: 2 } as const;
export type Format = (typeof FORMAT)[keyof typeof FORMAT];

const NONCE = 12;
const PREFIX = 3;

/** Format and key version of an envelope; null if it is too short for one. Doesn't check whether it can be decrypted. */
export function labelOf(envelope: Uint8Array): { readonly format: number; readonly version: number } | null {
  if (envelope.length < PREFIX + GCM_OVERHEAD) return null;
  return { format: envelope[0]!, version: envelope[1]! * 256 + envelope[2]! };
}

export function sealGcm(key: KeyObject, format: Format, version: number, place: Place, plain: Uint8Array): Buffer {
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt8(format, 0);
  prefix.writeUInt16BE(version, 1);
  return Buffer.concat([prefix, encryptGcm(key, bind(place, format, version), plain, NONCES.next())]);
}

/**
 * Decrypts an envelope.
 *
 * @param key of the version in the envelope's label
 * @throws Problem `envelope-broken` (altered, moved from another place, or wrong key)
 */
export function openGcm(key: KeyObject, place: Place, envelope: Uint8Array): Buffer {
  const bytes = Buffer.from(envelope.buffer, envelope.byteOffset, envelope.byteLength);
  const bound = bind(place, bytes.readUInt8(0), bytes.readUInt16BE(1));
  try {
    return decryptGcm(key, bound, bytes.subarray(PREFIX));
  } catch (cause) {
    throw new Problem('envelope-broken', { place: place.field, cause });
  }
}

export const unknownVersion = (place: Place): Problem =>
  new Problem('envelope-unknown-version', { field: place.field });

/** Random nonces, generated in batches because a call for 12 bytes costs as much as one for thousands. Each is used once. */
class Nonces {
  #pool = Buffer.alloc(0);
  #at = 0;

  next(): Buffer {
    if (this.#at === this.#pool.length) {
      this.#pool = randomBytes(NONCE * 256);
      this.#at = 0;
    }
    this.#at += NONCE;
    return this.#pool.subarray(this.#at - NONCE, this.#at);
  }
}
const NONCES = new Nonces();

function bind(place: Place, format: number, keyVersion: number): Buffer {
  return canonicalBytes([
    'smartpresence',
    format,
    place.field,
    place.person,
    place.record,
    place.rowVersion,
    keyVersion,
  ]);
}
