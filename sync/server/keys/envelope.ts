import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { canonicalBytes } from '../../protocol/seal/chain.ts';
import { Problem } from '../../protocol/wire/problem.ts';
import type { Secret } from './secret.ts';

/** What a sub-key is for. One purpose, one key: a leak or a misuse of one says nothing about another. */
export type Purpose = 'field' | 'keyring' | 'token' | 'key-check' | 'blind-index';

/** Where an envelope belongs. Logical names, not table and column: a rename must not break it, an old value must not replay. */
export interface Place {
  /** Logical field, e.g. `person.name`. */
  readonly field: string;
  readonly person: string | null;
  readonly record: string;
  readonly rowVersion: number;
}

const FORMAT = 1;
const NONCE = 12;
const TAG = 16;
/** format (1) ‖ key version (2, big-endian) */
const PREFIX = 3;

/**
 * Derives and uses the server's sub-keys: HKDF-SHA-256 (RFC 5869) with ENCRYPTION_KEY as key material, SECRET_KEY as salt
 * and the purpose as info. One key version for now; rotation adds more behind the same envelope format.
 */
export class Keys {
  /** As key objects: OpenSSL takes one up again three times as fast as raw bytes. */
  readonly #subKeys = new Map<Purpose, KeyObject>();
  readonly #encryptionKey: Secret;
  readonly #secretKey: Secret;
  readonly #nonces = new Nonces();
  readonly version = 1;

  constructor(encryptionKey: Secret, secretKey: Secret) {
    this.#encryptionKey = encryptionKey;
    this.#secretKey = secretKey;
  }

  #key(purpose: Purpose): KeyObject {
    let key = this.#subKeys.get(purpose);
    if (!key) {
      const info = `smartpresence/v1/${purpose}`;
      key = createSecretKey(
        new Uint8Array(hkdfSync('sha256', this.#encryptionKey.reveal(), this.#secretKey.reveal(), info, 32)),
      );
      this.#subKeys.set(purpose, key);
    }
    return key;
  }

  /** A value that tells whether the environment's keys are those that a data folder was made with; reveals nothing of them. */
  check(): string {
    return createHmac('sha256', this.#key('key-check')).update('smartpresence').digest('base64url');
  }

  /** Keyed hash of a random token (link, session): the database alone opens no door. */
  hashToken(token: string): Buffer {
    return createHmac('sha256', this.#key('token')).update(token).digest();
  }

  /** Keyed hash of a value: finds equal ones of a field without opening any. Says which rows are equal, and nothing more. */
  blindIndex(field: string, value: string): Buffer {
    return createHmac('sha256', this.#key('blind-index')).update(`${field}\0${value}`).digest();
  }

  /** AES-256-GCM: format ‖ key version ‖ nonce ‖ ciphertext ‖ tag. */
  seal(purpose: Purpose, place: Place, plain: Uint8Array): Buffer {
    const prefix = Buffer.alloc(PREFIX);
    prefix.writeUInt8(FORMAT, 0);
    prefix.writeUInt16BE(this.version, 1);
    // Random 96-bit nonces are safe to 2³² envelopes a key (SP 800-38D §8.3); per-person keys will keep each far below that.
    const nonce = this.#nonces.next();
    const cipher = createCipheriv('aes-256-gcm', this.#key(purpose), nonce, { authTagLength: TAG });
    cipher.setAAD(bind(place, this.version));
    return Buffer.concat([prefix, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }

  /** @throws Problem `envelope-unknown-version`, `envelope-broken` (altered, moved from another place, or another key) */
  open(purpose: Purpose, place: Place, envelope: Uint8Array): Buffer {
    const bytes = Buffer.from(envelope.buffer, envelope.byteOffset, envelope.byteLength);
    if (
      bytes.length < PREFIX + NONCE + TAG ||
      bytes.readUInt8(0) !== FORMAT ||
      bytes.readUInt16BE(1) !== this.version
    ) {
      throw new Problem(
        'envelope-unknown-version',
        `The envelope of ${place.field} is of an unknown format or key version.`,
        'Start the server build, and with the keys, that wrote it.',
      );
    }
    const nonce = bytes.subarray(PREFIX, PREFIX + NONCE);
    const decipher = createDecipheriv('aes-256-gcm', this.#key(purpose), nonce, { authTagLength: TAG });
    decipher.setAAD(bind(place, bytes.readUInt16BE(1)));
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(PREFIX + NONCE, bytes.length - TAG)), decipher.final()]);
    } catch (cause) {
      throw new Problem(
        'envelope-broken',
        `The envelope of ${place.field} does not open: it was altered, moved, or made with another key.`,
        'Restore the row from a backup; look for who can write to the database.',
        { cause },
      );
    }
  }

  sealJson(place: Place, value: unknown): Buffer {
    return this.seal('field', place, canonicalBytes(value));
  }

  openJson(place: Place, envelope: Uint8Array): unknown {
    return JSON.parse(this.open('field', place, envelope).toString('utf8'));
  }
}

/** Random nonces, drawn many at a time: a call for twelve bytes costs as much as one for thousands. Each is given out once. */
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

function bind(place: Place, keyVersion: number): Buffer {
  return canonicalBytes([
    'smartpresence',
    FORMAT,
    place.field,
    place.person,
    place.record,
    place.rowVersion,
    keyVersion,
  ]);
}
