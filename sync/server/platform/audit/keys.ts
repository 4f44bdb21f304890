import { createHmac, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { Problem } from '../../../errors/problem.ts';
import { decryptGcm, encryptGcm } from '../../../protocol/seal/aes-gcm.ts';
import { canonicalBytes } from '../../../protocol/seal/chain.ts';
import { insert } from '../database/rows.ts';
import type { Db, Tx } from '../database/schema.ts';
import { type Keys, type Place, placeOf } from '../keys/envelope.ts';

const KEY_BYTES = 32;

type Use = 'mac' | 'seal' | 'alias';

/**
 * The sub-keys of one audit key. The key is random and stored in the keyring, encrypted with the environment's keys. So the
 * database alone is not enough to write a valid row or to decrypt one, and a rotation of the environment's keys only
 * re-encrypts this key and leaves the rows and their MACs alone.
 */
export class AuditKey {
  readonly version: number;
  readonly #sub: Readonly<Record<Use, KeyObject>>;

  /** @param key 32 random bytes */
  constructor(version: number, key: Uint8Array) {
    this.version = version;
    const derive = (use: Use) =>
      createSecretKey(new Uint8Array(hkdfSync('sha256', key, '', `smartpresence/v1/audit/${use}`, KEY_BYTES)));
    this.#sub = { mac: derive('mac'), seal: derive('seal'), alias: derive('alias') };
  }

  /** HMAC-SHA-256 over the concatenated pieces. */
  mac(...pieces: readonly Uint8Array[]): Buffer {
    const mac = createHmac('sha256', this.#sub.mac);
    for (const piece of pieces) mac.update(piece);
    return mac.digest();
  }

  /** Alias of a person who has no key of their own, because they are unknown or already erased. */
  aliasOf(person: string, day: string): Buffer {
    return createHmac('sha256', this.#sub.alias).update(`${day}\0${person}`).digest();
  }

  /** AES-256-GCM: nonce ‖ ciphertext ‖ tag, bound to field and position. */
  seal(field: string, position: number, plain: Uint8Array): Buffer {
    return encryptGcm(this.#sub.seal, this.#bind(field, position), plain);
  }

  /** @throws Problem `envelope-broken` */
  open(field: string, position: number, sealed: Uint8Array): Buffer {
    try {
      return decryptGcm(this.#sub.seal, this.#bind(field, position), sealed);
    } catch (cause) {
      throw new Problem('envelope-broken', { place: `${field} of audit row ${position}`, cause });
    }
  }

  #bind(field: string, position: number): Buffer {
    return canonicalBytes(['smartpresence/audit', field, position, this.version]);
  }
}

/** Audit keys by version and ciphertext. A process may keep them, because they are only deleted once no row needs them. */
const held = new WeakMap<Keys, Map<string, AuditKey>>();

export const auditKeyPlace = (version: number): Place => placeOf('keyring.audit', String(version));

/** Decrypts an audit key. @throws Problem of `Keys.open` if the environment's keys can't decrypt it */
export function unwrapAuditKey(keys: Keys, version: number, sealed: Uint8Array): AuditKey {
  const known = held.get(keys) ?? new Map<string, AuditKey>();
  held.set(keys, known);
  // With the ciphertext, because a process may use several databases, or one whose transaction was rolled back.
  const name = `${version}.${Buffer.from(sealed).toString('base64')}`;
  let key = known.get(name);
  if (!key) {
    key = new AuditKey(version, keys.open('keyring', auditKeyPlace(version), sealed));
    known.set(name, key);
  }
  return key;
}

/** Creates an audit key. The caller must hold the chain's lock. */
export async function newAuditKey(tx: Tx, keys: Keys, version: number, now: Date): Promise<AuditKey> {
  const key = randomBytes(KEY_BYTES);
  const sealed = keys.seal('keyring', auditKeyPlace(version), key);
  await insert(tx, 'keyring.audit_key', { version, sealed, made_at: now });
  return new AuditKey(version, key);
}

export async function readAuditKeys(db: Db, keys: Keys): Promise<ReadonlyMap<number, AuditKey>> {
  const rows = await db.selectFrom('keyring.audit_key').select(['version', 'sealed']).orderBy('version').execute();
  return new Map(rows.map((r) => [r.version, unwrapAuditKey(keys, r.version, r.sealed)]));
}
