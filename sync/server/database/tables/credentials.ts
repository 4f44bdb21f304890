import type { ColumnType } from 'kysely';

type Instant = ColumnType<Date, Date | string, Date | string>;

/** A printed card or a badge (credentials/). */
export interface CredentialTable {
  id: string;
  person: string;
  kind: 'card' | 'badge';
  /** Of a card: SHA-256 of what it carries; null once revoked. */
  hash: Uint8Array | null;
  /** Of a badge: envelope of its number, under the person's key; null once revoked. */
  number: Uint8Array | null;
  /** The kiosk that issued it; null: the console. */
  device: string | null;
  issued_at: Instant;
  revoked_at: Instant | null;
}

/** A code by which somebody chooses a PIN at a kiosk; at most one a person (pin-codes/). */
export interface PinCodeTable {
  person: string;
  id: string;
  /** Envelope of its hash, under the person's key. */
  sealed: Uint8Array;
  issued_at: Instant;
  expires_at: Instant;
  /** Account. */
  issued_by: string | null;
}

/** What a person's PIN is checked by at the kiosks of their sites (pins/); at most one a person. */
export interface PinTable {
  person: string;
  /** Names the choice of the PIN. */
  id: string;
  /** Names the pepper that it was hashed with; null, and `sealed` too: taken back. */
  pepper: string | null;
  /** Envelope of the hash, under the person's key. */
  sealed: Uint8Array | null;
  /** The kiosk where it was chosen; null: taken back here. */
  device: string | null;
  chosen_at: Instant;
}

/** Templates that the person's card alone opens; at most one set a person: a new card makes the one before worthless. */
export interface CardTemplateTable {
  person: string;
  /** Names the card. */
  id: string;
  model: string;
  /** Envelope, under the person's key, of the ciphertext. */
  sealed: Uint8Array;
  device: string | null;
  made_at: Instant;
}
