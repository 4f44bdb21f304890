import type { EventType } from '../../../sync/protocol/wire/event.ts';
import { typeCode, typeOf } from './compact.ts';
import type { Db } from './database.ts';
import type { EventLog } from './events.ts';
import { uuidText } from './header.ts';

/** How many of the newest events are looked through: on a busy kiosk some weeks, and no pause that anyone at it would notice. */
const LOOKED_THROUGH = 20_000;

/** An event of the kiosk's staff: one that says who caused it, or of type `staff`. */
export interface StaffEvent {
  readonly id: string;
  /** Trusted time, ms since 1970. */
  readonly at: number;
  readonly type: EventType;
  readonly open: Readonly<Record<string, unknown>>;
}

/** What staff did, newest first, from the events that the kiosk still has. */
export function staffEvents(db: Db, log: EventLog, limit: number): StaffEvent[] {
  const rows = db
    .prepare(
      `SELECT id, utc, "offset", type, open FROM whole_event
       WHERE n > ? AND (type = ? OR instr(open, '"by":"') > 0) ORDER BY n DESC LIMIT ?`,
    )
    .all(log.last - LOOKED_THROUGH, typeCode('staff'), limit) as {
    id: Buffer;
    utc: number;
    offset: number;
    type: number;
    open: string;
  }[];
  return rows.map(({ id, utc, offset, type, open }) => ({
    id: uuidText(id),
    at: utc + offset,
    type: typeOf(type),
    open: JSON.parse(open) as Record<string, unknown>,
  }));
}
