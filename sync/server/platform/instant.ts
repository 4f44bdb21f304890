import type { EventHeader } from '../../protocol/wire/event.ts';

/** The earliest time that both the database and ISO 8601 with four-digit years can represent. */
const EARLIEST_MS = Date.parse('0001-01-01T00:00:00Z');

/**
 * Returns when an event happened, as far as the server can determine: the time the kiosk claimed, corrected by the offset it
 * knew then, and never later than its arrival. A kiosk with a dead clock claims 1970 and sends how far off that is. A clock
 * that runs ahead must not let an event override later ones. The claimed time is kept in the header. Pure.
 *
 * @param at `utc`: the claimed time. `offset`: trusted time minus claimed time, ms
 */
export function instantOf({ at }: Pick<EventHeader, 'at'>, receivedAt: Date): Date {
  const claimed = Date.parse(at.utc) + at.offset;
  if (!Number.isFinite(claimed)) return receivedAt;
  return new Date(Math.min(Math.max(claimed, EARLIEST_MS), receivedAt.getTime()));
}
