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
 * The sub-keys of one audit key. The key itself is random and is stored in the keyring, wrapped under the
 * environment's keys: a person who has the database alone can neither make a row that verifies nor open one, and a
 * rotation of the environment's keys rewraps it without touching the rows, whose MACs would not stand it.
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

  /** HMAC-SHA-256 over the pieces. */
  mac(...pieces: readonly Uint8Array[]): Buffer {
    const mac = createHmac('sha256', this.#sub.mac);
    for (const piece of pieces) mac.update(piece);
    return mac.digest();
  }

  /** Of a person who has no key of their own: unknown here, or erased already. */
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

/** By version and wrapping: a process may keep audit keys, which go only when no row needs them. */
const held = new WeakMap<Keys, Map<string, AuditKey>>();

export const auditKeyPlace = (version: number): Place => placeOf('keyring.audit', String(version));

/** @throws Problem of `Keys.open` when the environment's keys do not open it */
export function unwrapAuditKey(keys: Keys, version: number, sealed: Uint8Array): AuditKey {
  const known = held.get(keys) ?? new Map<string, AuditKey>();
  held.set(keys, known);
  // The wrapping too: the same process may meet another database, or the same one after its transaction was undone.
  const name = `${version}.${Buffer.from(sealed).toString('base64')}`;
  let key = known.get(name);
  if (!key) {
    key = new AuditKey(version, keys.open('keyring', auditKeyPlace(version), sealed));
    known.set(name, key);
  }
  return key;
}

/** Makes the next audit key. The caller holds the chain's lock. */
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
