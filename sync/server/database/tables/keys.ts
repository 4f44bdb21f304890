import type { ColumnType } from 'kysely';

/** A person's key (keys/persons.ts); the row is deleted when it is destroyed. */
export interface PersonKeyTable {
  person: string;
  /** Envelope under purpose `keyring` of the environment's keys. */
  sealed: Uint8Array;
  /** Version of those. */
  key_version: number;
  /** Counts up when the key is replaced. */
  generation: number;
  made_at: ColumnType<Date, Date | string, Date | string>;
}
