import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { Problem } from '../../../errors/problem.ts';
import { canonicalBytes } from '../../../protocol/seal/chain.ts';
import type { Secret } from '../secrets/secret.ts';
import { FORMAT, labelOf, openGcm, type Place, sealGcm, unknownVersion } from './gcm.ts';

export { type Place, placeOf } from './gcm.ts';

/** What a sub-key is for. One purpose, one key: a leak or a misuse of one says nothing about another. */
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

/** ENCRYPTION_KEY and SECRET_KEY, or both as they were before a rotation. */
export interface MasterPair {
  readonly encryptionKey: Secret;
  readonly secretKey: Secret;
}

/** Sub-keys of one version: HKDF-SHA-256 (RFC 5869) with ENCRYPTION_KEY as key material, SECRET_KEY as salt, purpose as info. */
class SubKeys {
  /** As key objects: OpenSSL takes one up again three times as fast as raw bytes. */
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

/** A version as the database knows it. */
export interface KnownVersion {
  readonly version: number;
  /** `Keys.check()` of it. */
  readonly check: string;
}

/**
 * Derives and uses the server's sub-keys. It holds the environment's keys and, while they rotate, those before them;
 * which version each is says the database (`settle`). An envelope names the version that opens it.
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

  /** The version under which everything new is encrypted. */
  get version(): number {
    return this.#version;
  }

  /** Every version whose keys this process has, the one it writes first. */
  get versions(): readonly number[] {
    return [this.#version, ...[...this.#byVersion.keys()].filter((v) => v !== this.#version)];
  }

  /** The versions whose keys this process has, as a database or a backup would know them. */
  get known(): KnownVersion[] {
    return [...this.#byVersion].map(([version, key]) => ({ version, check: key.check() }));
  }

  /**
   * Learns which version each key is (versions.ts). A key that the database does not know yet opens nothing there.
   *
   * @param version that is to be written
   * @throws Problem `wrong-encryption-key` when this process does not hold that version; nothing is changed then
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

  /** The same with only the current keys: what is left when the previous ones are removed from the environment. */
  alone(): Keys {
    const { encryptionKey, secretKey } = this.#current.pair;
    const keys = new Keys(encryptionKey, secretKey);
    const [version] = [...this.#byVersion].find(([, held]) => held === this.#current) ?? [this.#version];
    keys.#byVersion = new Map([[version, keys.#current]]);
    keys.#version = version;
    keys.#tokenKey = this.#tokenKey;
    return keys;
  }

  /** Takes over the key of token hashes, which the keyring stores: hashes can't be made again when keys rotate. */
  useTokenKey(key: Uint8Array): void {
    this.#tokenKey = createSecretKey(key);
  }

  /**
   * The sub-key itself: for what is no envelope.
   *
   * @throws Problem `key-version-unknown`
   */
  subKey(purpose: Purpose, version = this.#version): KeyObject {
    const key = this.#byVersion.get(version)?.of(purpose);
    if (key) return key;
    throw new Problem('key-version-unknown', { version });
  }

  /** Pass phrase of pgcrypto: 256 bits as base64url. @throws Problem `key-version-unknown` */
  pgcrypto(version = this.#version): string {
    return this.subKey('pgcrypto', version).export().toString('base64url');
  }

  /**
   * A value that shows whether the environment's keys are those that a database was made with; reveals nothing of
   * them.
   */
  check(): string {
    return this.#current.check();
  }

  /** As `check`, of the keys before; null when there are none. */
  previousCheck(): string | null {
    return this.#previous?.check() ?? null;
  }

  /** Keyed hash of a random token (link, session): the database alone opens no door. */
  hashToken(token: string): Buffer {
    return hmac(this.#tokenKey ?? this.subKey('token'), token);
  }

  /** Keyed hash of a value: finds equal ones of a field without opening any. Says which rows are equal, and nothing more. */
  blindIndex(field: string, value: string, version = this.#version): Buffer {
    return hmac(this.subKey('blind-index', version), `${field}\0${value}`);
  }

  /** Under every version at hand: what a look-up compares with while keys rotate. */
  blindIndexes(field: string, value: string): Buffer[] {
    return this.versions.map((v) => this.blindIndex(field, value, v));
  }

  /** Seals under the present version; the envelope's form: gcm.ts. */
  seal(purpose: Purpose, place: Place, plain: Uint8Array): Buffer {
    return sealGcm(this.subKey(purpose), FORMAT.environment, this.#version, place, plain);
  }

  /** @throws Problem `envelope-unknown-version`, `envelope-broken` (altered, moved from another place, or another key) */
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
