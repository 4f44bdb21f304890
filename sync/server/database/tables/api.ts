import type { ColumnType, Generated } from 'kysely';

type Bytes = Uint8Array;
type Instant = ColumnType<Date, Date | string, Date | string>;
type Json<T> = ColumnType<T, string, string>;

/** A record that points to the one which it stands for; never changed but for `undone_by` (corrections/correct.ts). */
export interface CorrectionTable {
  /** Also the id of the check-in that it makes, where it makes one. */
  id: string;
  kind: 'add' | 'replace' | 'void' | 'undo';
  /** A check-in; of `undo`: a correction. */
  target: string | null;
  /** As they were known when it was made: a merge since leaves it. */
  person: string;
  site: string | null;
  at: Instant | null;
  direction: 'in' | 'out' | null;
  /** Envelope under the person's key. */
  reason: Bytes;
  /** Account. */
  author: string | null;
  made_at: Instant;
  /** The correction that undid it. */
  undone_by: string | null;
}

/** The customer's own consent text. Immutable; kiosks get it once it was reviewed. */
export interface ConsentTextTable {
  version: string;
  language: string;
  title: string;
  paragraphs: Json<string[]>;
  made_at: Instant;
  made_by: string | null;
  reviewed_at: Instant | null;
  reviewed_by: string | null;
}

/** What migration 0010 adds to consents. */
export interface ConsentOrigin {
  via: Generated<'kiosk' | 'staff' | 'person' | 'import'>;
  /** Account of whoever put it on record; null: a kiosk, or the person. */
  recorded_by: string | null;
}

/** What migration 0010 adds to check-ins. */
export interface CheckinCorrection {
  /** The correction that stands instead of it: it counts nowhere. */
  superseded_by: string | null;
  /** Made by the correction of the same id. */
  corrected: Generated<boolean>;
}
