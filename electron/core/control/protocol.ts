import { join } from 'node:path';
import { z } from 'zod';

/**
 * The control socket of a running core: one request per connection, answered in JSON lines. The socket is 0600 in the kiosk's
 * folder, so only its user can reach it. Once the kiosk has a supervisor's PIN or the emergency PIN, each command requires one,
 * and leaves an event.
 */
export const controlSocketPath = (home: string): string => join(home, 'control.sock');

/** Longest request line, bytes. Arguments are names, numbers and paths. */
export const MAX_REQUEST_BYTES = 8 * 1024 * 1024;

/** A connection that has not sent its request by then is closed, ms. */
export const REQUEST_MS = 30_000;

export const ControlRequest = z.strictObject({
  v: z.literal(1),
  command: z.string().max(60),
  args: z.unknown(),
  /** A supervisor, by name or id; absent if the PIN is the emergency PIN. */
  staff: z.string().min(1).max(100).optional(),
  /** Absent if no PIN has been requested yet. */
  staffPin: z.string().max(20).optional(),
});
export type ControlRequest = z.infer<typeof ControlRequest>;

export const ControlAnswer = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('line'), value: z.unknown() }),
  z.strictObject({ kind: z.literal('progress'), done: z.number(), total: z.number(), what: z.string() }),
  z.strictObject({ kind: z.literal('done'), exitCode: z.number().int() }),
  z.strictObject({ kind: z.literal('problem'), code: z.string(), message: z.string(), nextStep: z.string() }),
]);
export type ControlAnswer = z.infer<typeof ControlAnswer>;
