import { z } from 'zod';

/** What the technician's menu shows and offers. It names nobody but the technician. */

const Code = z.string().regex(/^[a-z0-9-]{1,60}$/);
const Instant = z.iso.datetime({ precision: 3 });

/** `restart`: the kiosk's software; `reboot`: the machine; `update`: from a USB stick; `login`: on the machine's own terminal. */
export const TechnicianTask = z.enum(['restart', 'reboot', 'update', 'login']);
export type TechnicianTask = z.infer<typeof TechnicianTask>;

/**
 * Why a task is not offered here. `not-a-kiosk-image`: the machine was not set up by the kiosk's installer, so it does not listen
 * to the kiosk; `not-installed`: the program was started directly, and nothing installs builds; `nobody-restarts`: nothing would
 * start it again.
 */
export const NotHere = z.enum(['not-a-kiosk-image', 'not-installed', 'nobody-restarts']);
export type NotHere = z.infer<typeof NotHere>;

/** State of an update from a USB stick that this session, or an earlier one, started. */
export const StickUpdate = z.discriminatedUnion('at', [
  z.strictObject({ at: z.literal('none') }),
  /** Waits for the stick to be plugged in. */
  z.strictObject({ at: z.literal('stick'), seconds: z.number().int().nonnegative() }),
  z.strictObject({ at: z.literal('preparing'), version: z.string().nullable(), progress: z.number().nullable() }),
  /** The kiosk restarts into it as soon as nobody touches the screen. */
  z.strictObject({ at: z.literal('ready'), version: z.string() }),
  z.strictObject({ at: z.literal('refused'), code: Code, message: z.string(), nextStep: z.string() }),
]);
export type StickUpdate = z.infer<typeof StickUpdate>;

export const TechnicianState = z.strictObject({
  /** Trusted time. */
  now: Instant,
  build: z.strictObject({ version: z.string(), commit: z.string().nullable(), host: z.enum(['browser', 'electron']) }),
  slots: z.strictObject({ current: z.string(), previous: z.string().nullable(), trial: z.boolean() }).nullable(),
  uptimeSeconds: z.number().nonnegative(),
  server: z.strictObject({
    address: z.string().nullable(),
    online: z.boolean(),
    lastHeardAt: Instant.nullable(),
    problem: Code.nullable(),
  }),
  queued: z.number().int(),
  photosWaiting: z.number().int(),
  /** A value of Inventory's `camera`. */
  camera: z.string(),
  clock: z.strictObject({ offsetMs: z.number(), doubt: z.enum(['ahead', 'behind']).nullable() }),
  disk: z.strictObject({ free: z.number().nullable(), total: z.number().nullable() }),
  /** °C of the hottest sensor. */
  temperature: z.number().nullable(),
  /** Null if the task is available. */
  offers: z.strictObject({
    restart: NotHere.nullable(),
    reboot: NotHere.nullable(),
    update: NotHere.nullable(),
    login: NotHere.nullable(),
  }),
  busy: TechnicianTask.nullable(),
  update: StickUpdate,
});
export type TechnicianState = z.infer<typeof TechnicianState>;
