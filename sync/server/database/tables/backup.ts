import type { ColumnType } from 'kysely';

type Instant = ColumnType<Date, Date | string, Date | string>;

/** The object that holds a photo's ciphertext. */
export interface PhotoObjectTable {
  device: string;
  address: string;
  object: string;
  /** Offsets of the pieces that it was received in. */
  pieces: number[];
  /** Bytes. */
  size: number;
  /** Null: on its way, or it may be there. */
  stored_at: Instant | null;
}

/** A backup that is complete. */
export interface BackupTable {
  id: string;
  /** Of its snapshot. */
  taken_at: Instant;
  finished_at: Instant;
  bytes: ColumnType<number | string, number, number>;
  /** Of the environment's keys, when it was made. */
  key_version: number;
  /** Version of the object that holds this backup's copy of the keyring. */
  keyring_version: string;
}
