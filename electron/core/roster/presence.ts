import type { Presence } from '../../../sync/protocol/wire/changes.ts';
import type { LastCheckin } from '../checkin/direction.ts';

/** The last record of each person at any door of the site, as the server sent it: a hint for the direction. */
export interface PresenceBoard {
  /** RFC 3339 of the newest one; null when nothing is known. */
  newest(): string | null;
  /** @param whole all that the server has of the site, as at the end of a snapshot: what was known before may be of another one */
  note(presence: readonly Presence[], whole?: boolean): void;
  last(person: string): LastCheckin | null;
  forget(person: string): void;
}

/** What is older says nothing about today, ms. */
const KEPT_MS = 36 * 3_600_000;

/** @param known what was sent before, e.g. before a restart */
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
