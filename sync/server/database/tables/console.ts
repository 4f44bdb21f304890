import type { ColumnType, Generated, Selectable } from 'kysely';

type Instant = ColumnType<Date, Date | string, Date | string>;

/** The roll call of an evacuation. */
export interface EvacuationTable {
  id: string;
  /** Null: the default site, where none has an id. */
  site: string | null;
  begun_at: Instant;
  /** Account. */
  begun_by: string | null;
  ended_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
  /** Counts at its end. */
  inside: Generated<number | null>;
  accounted: Generated<number | null>;
}
export type EvacuationRow = Selectable<EvacuationTable>;

/** Whom somebody accounted for, while it goes on. */
export interface EvacuationMarkTable {
  evacuation: string;
  person: string;
  at: Instant;
  /** Account; null: a kiosk. */
  by: string | null;
  /** Kiosk; null: the console. */
  device: string | null;
  /** Marked by mistake: missing again. */
  missing: Generated<boolean>;
}

/** What a kiosk counted in a stretch of time. */
export interface KioskFiguresTable {
  event: string;
  device: string;
  site: string | null;
  since: Instant;
  until: Instant;
  figures: unknown;
}
