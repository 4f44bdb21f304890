import { z } from 'zod';
import { BadgeNumber } from '../../sync/protocol/wire/changes.ts';
import { StaffOutcome, StaffRole } from '../../sync/protocol/wire/event.ts';
import { givenName } from '../../sync/protocol/wire/name.ts';

/** Staff of the kiosk: who there is, how they unlock it, and what a session may do. */

const Id = z.uuid();
const Instant = z.iso.datetime({ precision: 3 });

/** A technician's second factor: six digits of the app, or ten of the paper. */
export const FactorCode = z.string().regex(/^([0-9]{6}|[0-9]{10})$/);
export const StaffPin = z.string().regex(/^[0-9]{6,12}$/);

/** As the unlock screen lists them, before anyone is known: nothing but who to choose. */
export const StaffChoice = z.strictObject({ id: Id, name: z.string(), role: StaffRole, pin: z.boolean() });
export type StaffChoice = z.infer<typeof StaffChoice>;

export const StaffRow = z.strictObject({
  id: Id,
  name: z.string(),
  role: StaffRole,
  /** Those of the server are added, reset and removed in its console. */
  from: z.enum(['kiosk', 'server']),
  /** `start`: a PIN that was made for them, which they replace when they first use it. */
  pin: z.enum(['own', 'start', 'none']),
  badge: z.boolean(),
});
export type StaffRow = z.infer<typeof StaffRow>;

/** One thing that staff did at this kiosk. People it was done to are not named. */
export const StaffDeed = z.strictObject({
  id: Id,
  at: Instant,
  /** Kind of event and what it says: `staff-enter`, `person-deleted`, `checkin`, `health-door-tested`. */
  what: z.string().max(120),
  outcome: StaffOutcome,
  /** Null: no one was recognised, or it was done on the machine's command line. `name` null: the emergency PIN, or a former member. */
  by: z.strictObject({ emergency: z.boolean(), name: z.string().nullable() }).nullable(),
  /** Which member it was about, where that is another one. */
  member: z.string().nullable(),
});
export type StaffDeed = z.infer<typeof StaffDeed>;

/** Someone who is added at the kiosk's screen. Technicians are added where a secret can be handed over: console, command line. */
export const NewStaff = z.strictObject({
  name: givenName(60),
  role: z.enum(['desk', 'supervisor']),
  pin: StaffPin.nullable(),
  badge: BadgeNumber.nullable(),
});

/** How the kiosk is unlocked: by member and PIN, by badge, or (neither of both) by the emergency PIN. */
export const Unlock = z.strictObject({
  member: Id.optional(),
  badge: BadgeNumber.optional(),
  pin: z
    .string()
    .regex(/^[0-9]{4,12}$/)
    .optional(),
  code: FactorCode.optional(),
  /** Replaces the PIN that they were given, or had. */
  newPin: StaffPin.optional(),
});

export const Unlocked = z.strictObject({
  token: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  expiresAt: Instant,
  /** Null: the emergency PIN. */
  member: z.strictObject({ id: Id, name: z.string(), role: StaffRole }).nullable(),
  /** Whether the use of the emergency PIN was recorded and reported; false while this kiosk has no staff yet. */
  alerted: z.boolean(),
  /** Methods that this session may call, and what it may do within them. */
  may: z.array(z.string().max(60)),
});
export type Unlocked = z.infer<typeof Unlocked>;
