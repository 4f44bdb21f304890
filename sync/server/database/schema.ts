import type { ColumnType, Generated, Kysely } from 'kysely';

/**
 * The tables, as queries see them. Personal values are envelopes (bytea) or not here at all; the UUID of a person is a
 * pseudonym that an erasure removes.
 */

/** PGlite and pg both give bytea back as Uint8Array (Buffer is one). */
type Bytes = Uint8Array;
/** timestamptz: read as Date, written as Date or RFC 3339. */
type Instant = ColumnType<Date, Date | string, Date | string>;
/** jsonb: written as text. */
type Json<T> = ColumnType<T, string, string>;
/** bigint: written as number; PGlite gives number, pg gives text, so read it through Number(). */
type Big = ColumnType<number | string, number, number>;

interface MetaTable {
  key: string;
  value: string;
}

export interface DeviceTable {
  id: string;
  name: string;
  status: 'pending' | 'approved' | 'revoked';
  ed25519: string;
  x25519: string;
  /** SHA-256 of the TLS public key, hexadecimal. */
  tls_key_hash: string;
  registered_at: Instant;
  last_heard_at: Instant | null;
  /** The request that its first certificate was, or will be, made from. */
  csr: string | null;
  /** What administrators compare on both screens. */
  fingerprint: string | null;
  site: string | null;
  /** Address under which it reaches this server. */
  url: string | null;
  approved_at: Instant | null;
  revoked_at: Instant | null;
  /** End of the newest certificate, and fingerprint (SHA-256) of the CA that issued it. */
  cert_not_after: Instant | null;
  cert_issuer: string | null;
  /** Envelope; there until the device first spoke after its approval. */
  provisioning_secret: Bytes | null;
  /** Thumbprints of our signing keys that it said it trusts, comma-separated; null: those of its registration's time. */
  trusts: string | null;
  /** Thumbprint of our sealing key that it last used. */
  sealed_to: string | null;
}

interface DeviceTlsKeyTable {
  device: string;
  key_hash: string;
  added_at: Instant;
}

interface ProvisioningCodeTable {
  hash: Bytes;
  name: string;
  site: string | null;
  url: string;
  created_at: Instant;
  expires_at: Instant;
  used_at: Instant | null;
  device: string | null;
}

interface KeyringIdentityTable {
  one: Generated<boolean>;
  server_id: string;
  key_check: string;
  serial: number;
}

export interface ServerKeyTable {
  /** Thumbprint (signing, sealing) or certificate fingerprint (ca). */
  id: string;
  purpose: 'signing' | 'sealing' | 'ca';
  /** Number of the set of keys that it first stood in: the higher, the newer. */
  serial: number;
  /** JWK as JSON, or the CA's certificate as PEM. */
  public: string;
  /** Envelope of the private half; null once destroyed. */
  private: Bytes | null;
  /** Of a CA: its name and key, signed by the CA before it. */
  cross_pem: string | null;
  made_at: Instant;
  retired_at: Instant | null;
}

interface ListenerCertificateTable {
  purpose: 'devices' | 'people';
  hostnames: string;
  cert_pem: string;
  private: Bytes;
}

export type ChainState = 'whole' | 'unverified' | 'broken';

interface EventTable {
  device: string;
  epoch: string;
  seq: Big;
  id: string;
  type: string;
  at: Instant;
  received_at: Instant;
  header: Json<unknown>;
  header_hash: string;
  /** `unverified`: the predecessor is not (or not readably) here. */
  chain: ChainState;
  /** Whom the personal half is about; null once erased. */
  person: string | null;
  /** Envelope of the whole personal half, salts included; null once erased. */
  personal: Bytes | null;
}

interface CheckinTable {
  id: string;
  device: string;
  at: Instant;
  received_at: Instant;
  direction: 'in' | 'out';
  method: string;
  liveness: string;
  person: string | null;
  /** Position in the feed of changes: rises whenever the row should be shown anew. */
  change: Big;
}

interface VoidTable {
  target: string;
  device: string;
  event: string;
  reason: string;
  at: Instant;
}

interface PersonTable {
  id: string;
  name: Bytes | null;
  number: Bytes | null;
  language: Bytes | null;
  row_version: number;
  updated_at: Instant;
  deleted_at: Instant | null;
}

interface AckMarkTable {
  device: string;
  epoch: string;
  committed: Big;
  safe: Big;
  updated_at: Instant;
}

interface QuarantineTable {
  id: Generated<number | string>;
  device: string;
  epoch: string;
  seq: Big;
  /** SHA-256 of what came, so that a replay adds nothing. */
  digest: string;
  reason: string;
  /** What came, in an envelope: it may hold personal values. */
  content: Bytes;
  received_at: Instant;
}

interface AdminLinkTable {
  hash: Bytes;
  created_at: Instant;
  expires_at: Instant;
  used_at: Instant | null;
}

interface SessionTable {
  hash: Bytes;
  created_at: Instant;
  expires_at: Instant;
}

export interface Tables {
  meta: MetaTable;
  device: DeviceTable;
  event: EventTable;
  checkin: CheckinTable;
  checkin_void: VoidTable;
  person: PersonTable;
  ack_mark: AckMarkTable;
  quarantine: QuarantineTable;
  admin_link: AdminLinkTable;
  session: SessionTable;
  device_tls_key: DeviceTlsKeyTable;
  provisioning_code: ProvisioningCodeTable;
  'keyring.identity': KeyringIdentityTable;
  'keyring.server_key': ServerKeyTable;
  'keyring.listener': ListenerCertificateTable;
}

export type Db = Kysely<Tables>;
