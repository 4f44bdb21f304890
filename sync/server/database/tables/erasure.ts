import type { ColumnType, Generated } from 'kysely';

type Instant = ColumnType<Date, Date | string, Date | string>;
type Json<T> = ColumnType<T, string, string>;

/** A request for erasure (erasure/). One row a name that the person had: `part_of` names the request that it belongs to. */
export interface ErasureTable {
  request: string;
  person: string;
  requested_at: Instant;
  part_of: string | null;
  /** `requested`: can be taken back; `closed`: key and values are gone, the rest is under way. Of a part: as its request. */
  state: Generated<'requested' | 'closed' | 'done' | 'undone'>;
  origin: Generated<ErasureOrigin>;
  /** Null: it could not be taken back from the beginning. */
  undo_until: Instant | null;
  /** A kiosk deleted the person: until this is closed or undone, no kiosk has them. */
  off_kiosks: Generated<boolean>;
  closed_at: Instant | null;
  done_at: Instant | null;
  /** Compact JWS. */
  certificate: string | null;
}

export type ErasureOrigin = 'person' | 'staff' | 'operator' | 'kiosk' | 'retention' | 'restore';

/** How far a request has got, a row a step that was begun. */
export interface ErasureStepTable {
  request: string;
  step: string;
  attempts: number;
  /** When it is tried again; null: it is done. */
  next_at: Instant | null;
  /** Why it waits: a code. */
  code: string | null;
  done_at: Instant | null;
  /** Counts and times that the certificate tells; never a personal value. */
  detail: Json<unknown> | null;
}
