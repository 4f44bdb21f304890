import type { EventHeader } from '../../protocol/wire/event.ts';

/** The oldest moment that both the database and ISO 8601 with four digits can say. */
const EARLIEST_MS = Date.parse('0001-01-01T00:00:00Z');

/**
 * When an event happened, as far as the server can determine: the kiosk's claim put right by the offset that it knew
 * then, and never later than its arrival. A kiosk that started with a dead clock claims 1970 and knows by how much
 * that is wrong; a clock that runs ahead must not make anything outlast what really came later. The claim itself stays
 * in the header. Pure.
 *
 * @param at `utc`: the claim; `offset`: trusted time minus claimed time, ms
 */
export function instantOf({ at }: Pick<EventHeader, 'at'>, receivedAt: Date): Date {
  const claimed = Date.parse(at.utc) + at.offset;
  if (!Number.isFinite(claimed)) return receivedAt;
  return new Date(Math.min(Math.max(claimed, EARLIEST_MS), receivedAt.getTime()));
}
