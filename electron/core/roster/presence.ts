import type { Presence } from '../../../sync/protocol/wire/changes.ts';
import type { LastCheckin } from '../checkin/direction.ts';

/** The last record of each person at any door of the site, as sent by the server: a hint for the direction. */
export interface PresenceBoard {
  /** RFC 3339 time of the newest one; null if none is known. */
  newest(): string | null;
  /** @param whole the page has all of the site, as at the end of a snapshot: existing entries may be from another one */
  note(presence: readonly Presence[], whole?: boolean): void;
  last(person: string): LastCheckin | null;
  forget(person: string): void;
}

/** Older records are irrelevant today, ms. */
const KEPT_MS = 36 * 3_600_000;

/** @param known presences sent earlier, e.g. before a restart */
export function createPresenceBoard(known: readonly Presence[] = []): PresenceBoard {
  const people = new Map<string, LastCheckin>();
  let newest: number | null = null;
  const board: PresenceBoard = {
    newest: () => (newest === null ? null : new Date(newest).toISOString()),
    note(presence, whole = false) {
      if (whole) {
        people.clear();
        newest = null;
      }
      for (const { person, direction, at } of presence) {
        const time = Date.parse(at);
        newest = Math.max(newest ?? 0, time);
        people.set(person, { direction, at: time });
      }
      if (presence.length === 0 || newest === null) return;
      for (const [person, { at }] of people) if (at < newest - KEPT_MS) people.delete(person);
    },
    last: (person) => people.get(person) ?? null,
    forget: (person) => void people.delete(person),
  };
  board.note(known);
  return board;
}
