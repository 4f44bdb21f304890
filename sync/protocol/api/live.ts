import { z } from 'zod';
import { Direction, Instant, LivenessResult, Method, Uuid } from '../wire/event.ts';
import { endpoint } from './endpoint.ts';

/** The live board, in the same format from `GET /api/checkins` and from the WebSocket `/api/live`. */

export const BoardRow = z.strictObject({
  id: Uuid,
  /** Increases with each change of the row. A later message about the same `id` replaces it. */
  change: z.number().int(),
  /** When it happened, according to the kiosk, and when it arrived. */
  at: Instant,
  receivedAt: Instant,
  /** The direction that counts, as resolved by the server; `claimed` is what the kiosk stated. */
  direction: Direction,
  claimed: Direction.optional(),
  /** The record of the same presence that counts instead (from another kiosk, seconds apart). */
  duplicateOf: Uuid.nullable().optional(),
  method: Method,
  liveness: LivenessResult,
  /** Null if the person was erased, or is not known here yet. */
  name: z.string().nullable(),
  person: Uuid.nullable(),
  device: Uuid,
  voided: z.string().nullable(),
});
export type BoardRow = z.infer<typeof BoardRow>;

export const BoardDevice = z.strictObject({ id: Uuid, name: z.string(), lastHeardAt: Instant.nullable() });
export type BoardDevice = z.infer<typeof BoardDevice>;

/** Counts for one site. "Today" is its attendance day. Voided records don't count. */
export const BoardCounts = z.strictObject({
  /** People who came in today. */
  inToday: z.number().int(),
  /** People whose last record at any site says in, and at this site, as in `GET /api/presence`. */
  insideNow: z.number().int(),
  /** Records today, without voided ones. */
  recordsToday: z.number().int(),
});
export type BoardCounts = z.infer<typeof BoardCounts>;

export const Board = z.strictObject({
  /** Identity of the server's log. When it changes, positions start over. */
  log: Uuid,
  /** Position to resume from. Some of what follows it may have been sent before. */
  position: z.number().int().nonnegative(),
  /** True: discard all rows, these are the newest. False: rows that changed since the position requested. */
  whole: z.boolean(),
  rows: z.array(BoardRow),
  counts: BoardCounts,
  /** If `whole`, all of the site's; otherwise those that sent something or changed since then. */
  devices: z.array(BoardDevice),
  /** No longer to be shown: revoked, never approved, or moved to another site. */
  removedDevices: z.array(Uuid).optional(),
  site: z.strictObject({ name: z.string(), timeZone: z.string() }),
  serverTime: Instant,
});
export type Board = z.infer<typeof Board>;

/** Query of `GET /api/checkins` and `/api/live`: the site (default: the default site), and the position to resume from. */
export const BoardQuery = z.strictObject({
  site: Uuid.optional(),
  log: Uuid.optional(),
  after: z.coerce.number().int().nonnegative().optional(),
});

export const MAX_BOARD_ROWS = 300;

/** Close codes of the WebSocket, in addition to those of RFC 6455. */
export const CLOSE = { sessionEnded: 4401, tooSlow: 4408, tooMany: 4429, serverStops: 1001 } as const;

export const getBoard = endpoint('GET /api/checkins', {
  summary: 'List the newest check-ins of a site, or what has changed since a position',
  roles: ['admin', 'dpo', 'staff', 'auditor'],
  data: ['person.name', 'attendance'],
  query: BoardQuery,
  answer: Board,
  errors: ['unknown-site'],
});

/** A WebSocket that sends a board, then its changes. */
export const watchBoard = endpoint('GET /api/live', {
  summary: 'Stream changes of the live board of a site over a WebSocket',
  roles: ['admin', 'dpo', 'staff', 'auditor'],
  data: ['person.name', 'attendance'],
  query: BoardQuery,
  answer: Board,
  errors: ['unknown-site'],
});
