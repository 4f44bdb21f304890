import { createHash, X509Certificate } from 'node:crypto';
import { Problem } from '../../../errors/problem.ts';
import { publicHalf } from '../../../protocol/seal/keys.ts';
import { Ed25519PrivateJwk, X25519PrivateJwk } from '../../../protocol/wire/batch.ts';
import type { ServerKeys } from '../../../protocol/wire/keys.ts';
import { insert } from '../database/rows.ts';
import type { Db, Row } from '../database/schema.ts';
import type { Keys, Place } from './envelope.ts';

/** Reads, decrypts, encrypts and writes the rows of schema `keyring`. */

export interface Named<K> {
  /** RFC 7638 thumbprint. */
  readonly kid: string;
  readonly key: K;
  readonly serial: number;
}

export interface Ca {
  /** SHA-256 fingerprint of the certificate, hexadecimal. */
  readonly id: string;
  readonly certPem: string;
  /** Null except for the newest CA: an older one's key is destroyed once it has signed its successor. */
  readonly keyPem: string | null;
  readonly crossPem: string | null;
  readonly serial: number;
}

/** All keys that are not retired, each list newest first. */
export interface KeySet {
  readonly serverId: string;
  readonly serial: number;
  readonly signing: readonly Named<Ed25519PrivateJwk>[];
  readonly sealing: readonly Named<X25519PrivateJwk>[];
  readonly cas: readonly Ca[];
  /** Keys that sign people's codes. */
  readonly qr: readonly Named<Ed25519PrivateJwk>[];
  /** Peppers with which kiosks hash PINs, base64url; `kid` is the pepper's name. */
  readonly pin: readonly Named<string>[];
}

export type KeyPurpose = Row<'keyring.server_key'>['purpose'];

/** The place that a private key's envelope is bound to. */
export function keyPlace(purpose: KeyPurpose | 'devices' | 'people', id: string): Place {
  return { field: `keyring.${purpose}`, person: null, record: id, rowVersion: 1 };
}

/** Returns the SHA-256 of the certificate, hexadecimal. */
export function certificateId(pem: string): string {
  return createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');
}

/** Reads all keys that are not retired. @throws Problem `envelope-broken`, `envelope-unknown-version`, `keyring-unreadable` */
export async function readKeySet(db: Db, keys: Keys): Promise<KeySet> {
  // One statement, so that identity and keys are consistent whatever another replica is doing.
  const rows = await db
    .selectFrom('keyring.identity as i')
    .innerJoin('keyring.server_key as k', (join) => join.onTrue())
    .select(['i.server_id', 'i.serial as current', 'k.id', 'k.purpose', 'k.serial', 'k.public'])
    .select(['k.private', 'k.cross_pem'])
    .where('k.retired_at', 'is', null)
    .orderBy('k.serial', 'desc')
    .orderBy('k.id')
    .execute();
  const first = rows[0];
  const cas: Ca[] = [];
  const signing: Named<Ed25519PrivateJwk>[] = [];
  const sealing: Named<X25519PrivateJwk>[] = [];
  const qr: Named<Ed25519PrivateJwk>[] = [];
  const pin: Named<string>[] = [];
  for (const { id, purpose, serial, public: certPem, private: sealed, cross_pem: crossPem } of rows) {
    const text = sealed ? keys.open('keyring', keyPlace(purpose, id), sealed).toString('utf8') : null;
    if (purpose === 'ca') cas.push({ id, certPem, keyPem: text, crossPem, serial });
    else if (text && purpose === 'pin') pin.push({ kid: id, key: text, serial });
    else if (text && (purpose === 'signing' || purpose === 'qr'))
      (purpose === 'qr' ? qr : signing).push({ kid: id, key: Ed25519PrivateJwk.parse(JSON.parse(text)), serial });
    else if (text) sealing.push({ kid: id, key: X25519PrivateJwk.parse(JSON.parse(text)), serial });
  }
  if (!first || !cas[0]?.keyPem || [signing, sealing, qr, pin].some((held) => held.length === 0)) {
    // Missing keys are never re-created in an existing keyring: that would cut off every kiosk.
    throw new Problem('keyring-unreadable');
  }
  return { serverId: first.server_id, serial: first.current, signing, sealing, cas, qr, pin };
}

/** Returns the public keys of a set, which kiosks pin. */
export function publicSet(set: KeySet): ServerKeys {
  return {
    serial: set.serial,
    signing: set.signing.map((k) => publicHalf(k.key)),
    sealing: publicHalf(set.sealing[0]!.key),
    caPem: set.cas.map((ca) => ca.certPem),
  };
}

export interface NewKey {
  readonly purpose: KeyPurpose;
  readonly id: string;
  readonly serial: number;
  readonly public: string;
  readonly private: string;
  readonly crossPem?: string;
}

export async function insertKey(db: Db, keys: Keys, key: NewKey, now: number): Promise<void> {
  await insert(db, 'keyring.server_key', {
    id: key.id,
    purpose: key.purpose,
    serial: key.serial,
    public: key.public,
    private: keys.seal('keyring', keyPlace(key.purpose, key.id), Buffer.from(key.private, 'utf8')),
    cross_pem: key.crossPem ?? null,
    made_at: new Date(now),
  });
}
