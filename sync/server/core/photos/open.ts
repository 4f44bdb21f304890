import { Problem } from '../../../errors/problem.ts';
import { decryptGcm, GCM_OVERHEAD } from '../../../protocol/seal/aes-gcm.ts';

/**
 * A kiosk's photo, opened with the key in its event (`photoKey`). The envelope is the kiosk's: version byte 1 ‖
 * 12-byte nonce ‖ AES-256-GCM ciphertext ‖ 16-byte tag, bound to its kind, person and event (docs/develop/protocol.md).
 */
const VERSION = 1;
/** A kiosk's key of a person grows by one with each renewal, which is rare; only the associated data depends on it. */
const KEY_VERSIONS = 16;

export interface PhotoPlace {
  readonly kind: 'checkin' | 'enrolment';
  /** As the event names them, no matter who they turned out to be since. */
  readonly person: string;
  /** Id of the event. */
  readonly event: string;
}

/**
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
      // Of another key version, or not this photo.
    }
  }
  throw new Problem('photo-unreadable');
}
