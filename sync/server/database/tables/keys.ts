import type { ColumnType } from 'kysely';

type Instant = ColumnType<Date, Date | string, Date | string>;

/** A person's key (keys/persons.ts); the row is deleted when it is destroyed. */
export interface PersonKeyTable {
  person: string;
  /** Envelope under purpose `keyring` of the environment's keys. */
  sealed: Uint8Array;
  /** The key before, while `keys rotate --re-encrypt` replaces it. */
  previous: ColumnType<Uint8Array | null, Uint8Array | null | undefined, Uint8Array | null>;
  /** Version of those. */
  key_version: number;
  /** Counts up when the key is replaced. */
  generation: number;
  made_at: Instant;
}

/** A version of the environment's keys (keys/versions.ts). */
export interface KeyVersionTable {
  version: number;
  /** `Keys.check()`: reveals nothing of the keys. */
  key_check: string;
  state: 'active' | 'incoming' | 'retired';
  made_at: Instant;
  retired_at: Instant | null;
}

/** A process of this server, as it last said. */
export interface ReplicaTable {
  id: string;
  holds: string[];
  writes: number;
  seen_at: Instant;
  /** SMARTPRESENCE_REPLICA; empty: one server alone. */
  name: ColumnType<string, string | undefined, string>;
  build: string | null;
  /** The newest migration that it knows. */
  schema: string | null;
  started_at: ColumnType<Date, never, never>;
}

/** What a running server's checks found (checks/watch.ts). */
export interface ServerFindingTable {
  /** Name of the replica, or `*` where it is of the whole installation. */
  replica: string;
  code: string;
  detail: string | null;
  since: Instant;
  seen_at: Instant;
}

export interface TokenKeyTable {
  one: ColumnType<boolean, boolean | undefined, never>;
  sealed: Uint8Array;
  made_at: Instant;
}

/** A rotation (keys/rotation/): one row each, the last of them the present one. */
export interface RotationTable {
  to_version: number;
  from_version: number;
  re_encrypt: boolean;
  phase: 'announced' | 'switched' | 'working' | 'finished';
  /** Steps with the rows that each had at the start. */
  plan: ColumnType<{ step: string; rows: number }[], string, string>;
  step: number;
  position: string | null;
  done: ColumnType<number | string, number, number>;
  started_at: Instant;
  finished_at: Instant | null;
  /** When the dead rows of the keyring were gone, which the keys before still open. */
  scrubbed_at: ColumnType<Date | null, Date | undefined, Date>;
}
