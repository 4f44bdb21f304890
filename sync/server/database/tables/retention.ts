import type { ColumnType } from 'kysely';

type Instant = ColumnType<Date, Date | string, Date | string>;

/** Legal holds (retention/holds.ts). */
export interface RetentionHoldTable {
  id: string;
  person: string | null;
  site: string | null;
  from_at: Instant | null;
  until_at: Instant | null;
  /** Envelope. */
  reason: Uint8Array;
  /** Account, or `operator`. */
  set_by: string;
  set_at: Instant;
  released_at: Instant | null;
  released_by: string | null;
}

/** What migration 0012 adds to the quarantine. */
export interface QuarantineThinned {
  /** When a position was looked for in the content, and taken out. */
  thinned_at: Instant | null;
}

/** What migration 0012 adds to people. */
export interface PersonLeft {
  /** Since when they belong to no site, as far as a job has seen it. */
  left_at: Instant | null;
}
