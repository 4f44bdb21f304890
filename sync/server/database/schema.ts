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
}

export type Db = Kysely<Tables>;
