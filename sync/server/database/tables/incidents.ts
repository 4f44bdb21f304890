import type { ColumnType } from 'kysely';

type Bytes = Uint8Array;
type Instant = ColumnType<Date, Date | string, Date | string>;
type Json<T> = ColumnType<T, string, string>;

/** An incident (incidents/). */
export interface IncidentTable {
  id: string;
  severity: 'low' | 'medium' | 'high' | 'critical';
  /** Since when it is known: the 72 hours count from here. */
  found_at: Instant;
  began_at: Instant | null;
  ended_at: Instant | null;
  /** Kinds of data, as the audit log names them. */
  data: string[];
  opened_at: Instant;
  contained_at: Instant | null;
  authority_at: Instant | null;
  people_at: Instant | null;
  closed_at: Instant | null;
  row_version: number;
  /** Envelope of the words (incidents/record.ts). */
  sealed: Bytes;
}

/** Which rows of the audit log are about it. */
export interface IncidentScopeTable {
  id: string;
  incident: string;
  filter: Json<unknown>;
  added_at: Instant;
}

export interface IncidentEntryTable {
  id: string;
  incident: string;
  at: Instant;
  kind: string;
  by_role: string;
  /** Account; null: the command line, or the server. */
  by_id: string | null;
  sealed: Bytes | null;
}
