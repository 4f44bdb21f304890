import type { ColumnType, Generated } from 'kysely';

/** The audit log (audit/): names nobody; what would is sealed. */

type Bytes = Uint8Array;
type Instant = ColumnType<Date, Date | string, Date | string>;
type Big = ColumnType<number | string, number, number>;

export interface AuditTable {
  /** 1, 2, 3, … without a gap. */
  position: Big;
  at: Instant;
  action: string;
  role: string;
  /** Account or device. Null where there is none, and for a person: theirs is a daily alias inside `sealed`. */
  actor: string | null;
  route: string;
  resource: string | null;
  data: string[];
  /** How many people it was about. */
  count: number;
  /** It was about everybody there was, beside those who are listed. */
  everyone: boolean;
  outcome: string;
  /** Envelope of who did it: e-mail, address, user agent. */
  sealed: Bytes | null;
  /** Envelope of the daily aliases of those it was about. */
  subjects: Bytes | null;
  /** Which audit key the row was made with. */
  key_version: number;
  mac: Bytes;
}

/** The end of a part of the log that was purged: the rest is verified from here. */
export interface AuditCheckpointTable {
  /** The last position that is gone. */
  position: Big;
  /** MAC of that row. */
  mac: Bytes;
  /** Signed statement of it (JWS). */
  statement: string;
  /** MAC of the statement under the audit key. */
  seal: Bytes;
  key_version: number;
  made_at: Instant;
}

/** Heads of the chain, as they were anchored outside the database. */
export interface AuditAnchorTable {
  position: Big;
  mac: Bytes;
  statement: string;
  seal: Bytes;
  key_version: number;
  made_at: Instant;
  /** Key of the object that holds it too; null: not stored yet. */
  object: string | null;
  id: Generated<number | string>;
}

/** Random keys of the audit log, wrapped under the environment's: a rotation wraps them anew and leaves the rows alone. */
export interface AuditKeyTable {
  version: number;
  sealed: Bytes;
  made_at: Instant;
}
