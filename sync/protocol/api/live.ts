import { z } from 'zod';
import { Direction, Instant, LivenessResult, Method, Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';

/** What the people listener sends to a signed-in screen: the same shapes over `GET /api/checkins` and the WebSocket `/api/live`. */

export const BoardRow = z.strictObject({
  id: Uuid,
  /** Grows with each change of the row; a later message about the same `id` replaces it. */
  change: z.number().int(),
  /** When it happened, according to the kiosk, and when it arrived. */
  at: Instant,
  receivedAt: Instant,
  /** What counts, as the server resolved it; `claimed` is what the kiosk said. */
  direction: Direction,
  claimed: Direction.optional(),
  /** The record of the same presence that counts instead (another kiosk's, seconds apart). */
  duplicateOf: Uuid.nullable().optional(),
  method: Method,
  liveness: LivenessResult,
  /** Null when the person was erased, or is not known here yet. */
  name: z.string().nullable(),
  person: Uuid.nullable(),
  device: Uuid,
  voided: z.string().nullable(),
});
export type BoardRow = z.infer<typeof BoardRow>;

export const BoardDevice = z.strictObject({ id: Uuid, name: z.string(), lastHeardAt: Instant.nullable() });
export type BoardDevice = z.infer<typeof BoardDevice>;

/** Of one site. "Today" is its attendance day. Voided records don't count. */
export const BoardCounts = z.strictObject({
  /** People who came in today. */
  inToday: z.number().int(),
  /** People whose last record, wherever it was made, says in and here: as `GET /api/presence` lists them. */
  insideNow: z.number().int(),
  /** Records today, the voided left out. */
  recordsToday: z.number().int(),
});
export type BoardCounts = z.infer<typeof BoardCounts>;

export const Board = z.strictObject({
  /** Identity of the server's log: when it changes, positions start over. */
  log: Uuid,
  /** What to resume from. What is sent from there may in part have been sent before. */
  position: z.number().int().nonnegative(),
  /** True: forget all rows, these are the newest. False: rows that changed since the position asked for. */
  whole: z.boolean(),
  rows: z.array(BoardRow),
  counts: BoardCounts,
  /** Where `whole`: all of the site; else those that were heard or changed since. */
  devices: z.array(BoardDevice),
  /** No longer to be shown: revoked, never approved, or at another site. */
  removedDevices: z.array(Uuid).optional(),
  site: z.strictObject({ name: z.string(), timeZone: z.string() }),
  serverTime: Instant,
});
export type Board = z.infer<typeof Board>;

/** Query of `GET /api/checkins` and `/api/live`: which site, by default the default one; where the reader stopped, if it did. */
export const BoardQuery = z.strictObject({
  site: Uuid.optional(),
  log: Uuid.optional(),
  after: z.coerce.number().int().nonnegative().optional(),
});

export const MAX_BOARD_ROWS = 300;

/** Close codes of the WebSocket, beyond those of RFC 6455. */
export const CLOSE = { sessionEnded: 4401, tooSlow: 4408, tooMany: 4429, serverStops: 1001 } as const;

export const getBoard = endpoint('GET /api/checkins', {
  summary: 'List the newest check-ins of a site, or what has changed since a position',
  roles: ['admin', 'dpo', 'staff', 'auditor'],
  data: ['person.name', 'attendance'],
  query: BoardQuery,
  answer: Board,
  errors: ['unknown-site'],
});

/** A WebSocket: it sends a board, then its changes. */
export const watchBoard = endpoint('GET /api/live', {
  summary: 'Stream changes of the live board of a site over a WebSocket',
  roles: ['admin', 'dpo', 'staff', 'auditor'],
  data: ['person.name', 'attendance'],
  query: BoardQuery,
  answer: Board,
  errors: ['unknown-site'],
});
