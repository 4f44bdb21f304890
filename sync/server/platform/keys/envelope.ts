import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { Problem } from '../../../errors/problem.ts';
import { canonicalBytes } from '../../../protocol/seal/chain.ts';
import type { Secret } from '../secrets/secret.ts';
import { FORMAT, labelOf, openGcm, type Place, sealGcm, unknownVersion } from './gcm.ts';

export { type Place, placeOf } from './gcm.ts';

/** The purposes of sub-keys. Each has its own key, so that leaking or misusing one doesn't affect the others. */
export const PURPOSES = [
  'field',
  'keyring',
  'token',
  'key-check',
  'blind-index',
  'pgcrypto',
  'backup',
  'keyring-backup',
] as const;
export type Purpose = (typeof PURPOSES)[number];

/** ENCRYPTION_KEY and SECRET_KEY, either current or from before a rotation. */
export interface MasterPair {
  readonly encryptionKey: Secret;
  readonly secretKey: Secret;
}

/** Sub-keys of one version: HKDF-SHA-256 (RFC 5869) with ENCRYPTION_KEY as key material, SECRET_KEY as salt, purpose as info. */
class SubKeys {
  /** Key objects rather than raw bytes, because OpenSSL uses them three times as fast. */
  readonly #derived = new Map<Purpose, KeyObject>();
  readonly pair: MasterPair;
  #check: string | null = null;

  constructor(pair: MasterPair) {
    this.pair = pair;
  }

  of(purpose: Purpose): KeyObject {
    let key = this.#derived.get(purpose);
    if (!key) {
      const { encryptionKey, secretKey } = this.pair;
      const info = `smartpresence/v1/${purpose}`;
      key = createSecretKey(new Uint8Array(hkdfSync('sha256', encryptionKey.reveal(), secretKey.reveal(), info, 32)));
      this.#derived.set(purpose, key);
    }
    return key;
  }

  check(): string {
    this.#check ??= createHmac('sha256', this.of('key-check')).update('smartpresence').digest('base64url');
    return this.#check;
  }
}

/** A version as stored in the database. */
export interface KnownVersion {
  readonly version: number;
  /** Result of `Keys.check()` with this version's keys. */
  readonly check: string;
}

/**
 * Derives and uses the server's sub-keys. It holds the environment's keys and, during a rotation, the previous ones. The
 * database says which version each one is (`settle`). An envelope names the version that opens it.
 */
export class Keys {
  readonly #current: SubKeys;
  readonly #previous: SubKeys | null;
  #byVersion: Map<number, SubKeys>;
  #version = 1;
  #tokenKey: KeyObject | null = null;

  constructor(encryptionKey: Secret, secretKey: Secret, previous: MasterPair | null = null) {
    this.#current = new SubKeys({ encryptionKey, secretKey });
    this.#previous = previous && new SubKeys(previous);
    this.#byVersion = new Map([[1, this.#current]]);
  }

  /** The version that encrypts everything new. */
  get version(): number {
    return this.#version;
  }

  /** Every version whose keys this process has, starting with the one it writes. */
  get versions(): readonly number[] {
    return [this.#version, ...[...this.#byVersion.keys()].filter((v) => v !== this.#version)];
  }

  /** The versions whose keys this process has, as a database or a backup stores them. */
  get known(): KnownVersion[] {
    return [...this.#byVersion].map(([version, key]) => ({ version, check: key.check() }));
  }

  /**
   * Sets which version each key is (versions.ts). A key that is not in the database yet can't open anything in it.
   *
   * @param version the one to write with
   * @throws Problem `wrong-encryption-key` if this process doesn't hold that version; nothing is changed then
   */
  settle(known: readonly KnownVersion[], version: number): void {
    const byVersion = new Map<number, SubKeys>();
    for (const key of [this.#previous, this.#current]) {
      const found = key && known.find((k) => k.check === key.check());
      if (found) byVersion.set(found.version, key);
    }
    if (!byVersion.has(version)) throw new Problem('wrong-encryption-key');
    this.#byVersion = byVersion;
    this.#version = version;
  }

  /** A copy with the current keys only, as after removing the previous ones from the environment. */
  alone(): Keys {
    const { encryptionKey, secretKey } = this.#current.pair;
    const keys = new Keys(encryptionKey, secretKey);
    const [version] = [...this.#byVersion].find(([, held]) => held === this.#current) ?? [this.#version];
    keys.#byVersion = new Map([[version, keys.#current]]);
    keys.#version = version;
    keys.#tokenKey = this.#tokenKey;
    return keys;
  }

  /** Sets the key of token hashes. The keyring stores it, because the hashes can't be recomputed when keys rotate. */
  useTokenKey(key: Uint8Array): void {
    this.#tokenKey = createSecretKey(key);
  }

  /**
   * Returns the sub-key itself, for uses other than envelopes.
   *
   * @throws Problem `key-version-unknown`
   */
  subKey(purpose: Purpose, version = this.#version): KeyObject {
    const key = this.#byVersion.get(version)?.of(purpose);
    if (key) return key;
    throw new Problem('key-version-unknown', { version });
  }

  /** Pass phrase for pgcrypto: 256 bits as base64url. @throws Problem `key-version-unknown` */
  pgcrypto(version = this.#version): string {
    return this.subKey('pgcrypto', version).export().toString('base64url');
  }

  /** A value that shows whether the environment's keys are those a database was created with. It reveals nothing about them. */
  check(): string {
    return this.#current.check();
  }

  /** As `check`, for the previous keys. Null if there are none. */
  previousCheck(): string | null {
    return this.#previous?.check() ?? null;
  }

  /** Keyed hash of a random token (link, session). With the database alone nobody can sign in. */
  hashToken(token: string): Buffer {
    return hmac(this.#tokenKey ?? this.subKey('token'), token);
  }

  /** Keyed hash of a value, to find equal values of a field without decrypting any. It only reveals which rows are equal. */
  blindIndex(field: string, value: string, version = this.#version): Buffer {
    return hmac(this.subKey('blind-index', version), `${field}\0${value}`);
  }

  /** The blind indexes under every version this process has, which a look-up needs during a rotation. */
  blindIndexes(field: string, value: string): Buffer[] {
    return this.versions.map((v) => this.blindIndex(field, value, v));
  }

  /** Encrypts under the current version. For the envelope's format see gcm.ts. */
  seal(purpose: Purpose, place: Place, plain: Uint8Array): Buffer {
    return sealGcm(this.subKey(purpose), FORMAT.environment, this.#version, place, plain);
  }

  /** Decrypts. @throws Problem `envelope-unknown-version`, `envelope-broken` (altered, moved from another place, or wrong key) */
  open(purpose: Purpose, place: Place, envelope: Uint8Array): Buffer {
    const label = labelOf(envelope);
    const keys = label?.format === FORMAT.environment ? this.#byVersion.get(label.version) : undefined;
    if (!keys) throw unknownVersion(place);
    return openGcm(keys.of(purpose), place, envelope);
  }

  sealJson(place: Place, value: unknown): Buffer {
    return this.seal('field', place, canonicalBytes(value));
  }

  openJson(place: Place, envelope: Uint8Array): unknown {
    return JSON.parse(this.open('field', place, envelope).toString('utf8'));
  }
}

function hmac(key: KeyObject, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
