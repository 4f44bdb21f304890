import type { EventHeader, EventType, Open, Personal, SaltedValue } from '../../../sync/protocol/wire/event.ts';
import { OpenBody, PersonalBody } from '../../../sync/protocol/wire/event.ts';
import { typeCode, typeOf } from './compact.ts';
import { guarded, storageFull } from './database.ts';
import { happenedAt, wireValues } from './events.ts';
import { headerOf, uuidText } from './header.ts';
import { isStorageProblem } from './reserve.ts';
import type { Session } from './session.ts';
import type { Settings } from './settings.ts';

/** One event to append. The store adds id, sequence, time, salts, commitments and `prev`. */
export interface NewEvent<T extends EventType = EventType> {
  readonly type: T;
  readonly open: Open<T>;
  readonly personal: Personal<T>;
}

export interface AppendedEvent {
  readonly header: EventHeader;
  readonly personal: Readonly<Record<string, SaltedValue>>;
}

/** How many of the newest events are searched: some weeks on a busy kiosk, without a noticeable pause. */
const SEARCHED = 20_000;

/** An event of the kiosk's staff: one that names who caused it, or one of type `staff`. */
export interface StaffEvent {
  readonly id: string;
  /** Trusted time, ms since 1970. */
  readonly at: number;
  readonly type: EventType;
  readonly open: Readonly<Record<string, unknown>>;
}

/** Events that do not belong to any other record of this store. */
export class EventRecords {
  readonly #s: Session;
  readonly #settings: Settings;

  constructor(session: Session, settings: Settings) {
    this.#s = session;
    this.#settings = settings;
  }

  /** @param settings settings to store in the same transaction */
  append<T extends EventType>(event: NewEvent<T>, settings: Readonly<Record<string, string>> = {}): AppendedEvent {
    const { type } = event;
    const open = OpenBody[type].parse(event.open) as object;
    const personal = PersonalBody[type].parse(event.personal) as { person?: string };
    const person = personal.person ? this.#s.people.known(personal.person) : null;
    const inserted = this.#s.write(() => {
      this.#settings.setAll(settings);
      return this.#s.values.append(type, open, personal, person);
    });
    return { header: headerOf(inserted.parts), personal: wireValues(inserted.salted) };
  }

  /** Appends a health event and stores `settings` with it, unless attendance needs the space. Returns whether it did. */
  reportIfSpace(
    code: string,
    detail: Readonly<Record<string, string | number | boolean>>,
    settings: Readonly<Record<string, string>> = {},
  ): boolean {
    const { log, reserve } = this.#s;
    try {
      if (!reserve.keep()) throw storageFull();
      guarded(() =>
        log.transaction(() => {
          log.insert('health', { code, detail });
          this.#settings.setAll(settings);
        }),
      );
      return true;
    } catch (error) {
      if (!isStorageProblem(error)) throw error;
      return false;
    }
  }

  /** Returns what staff did at this kiosk, newest first, from the events that still exist. */
  ofStaff(limit: number): StaffEvent[] {
    const rows = this.#s.sql.rows<{ id: Buffer; utc: number; offset: number; type: number; open: string }>(
      `SELECT id, utc, "offset", type, open FROM whole_event
       WHERE n > ? AND (type = ? OR instr(open, '"by":"') > 0) ORDER BY n DESC LIMIT ?`,
      this.#s.log.last - SEARCHED,
      typeCode('staff'),
      limit,
    );
    return rows.map(({ id, utc, offset, type, open }) => ({
      id: uuidText(id),
      at: happenedAt({ utc, offset }),
      type: typeOf(type),
      open: JSON.parse(open) as Record<string, unknown>,
    }));
  }
}
