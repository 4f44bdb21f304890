import { z } from 'zod';
import { BadgeNumber } from '../../sync/protocol/wire/changes.ts';
import { StaffOutcome, StaffRole } from '../../sync/protocol/wire/event.ts';
import { givenName } from '../../sync/protocol/wire/name.ts';

/** Staff of the kiosk: the members, how they unlock it, and what a session may do. */

const Id = z.uuid();
const Instant = z.iso.datetime({ precision: 3 });

/** A technician's second factor: six digits from the app, or ten from the paper. */
export const FactorCode = z.string().regex(/^([0-9]{6}|[0-9]{10})$/);
export const StaffPin = z.string().regex(/^[0-9]{6,12}$/);

/** A member as the unlock screen lists them, before anyone is identified: only what is needed to choose one. */
export const StaffChoice = z.strictObject({ id: Id, name: z.string(), role: StaffRole, pin: z.boolean() });
export type StaffChoice = z.infer<typeof StaffChoice>;

export const StaffRow = z.strictObject({
  id: Id,
  name: z.string(),
  role: StaffRole,
  /** Members from the server are added, reset and removed in its console. */
  from: z.enum(['kiosk', 'server']),
  /** `start`: a PIN that was generated for them and that they replace at first use. */
  pin: z.enum(['own', 'start', 'none']),
  badge: z.boolean(),
});
export type StaffRow = z.infer<typeof StaffRow>;

/** One action of staff at this kiosk. The people affected are not named. */
export const StaffDeed = z.strictObject({
  id: Id,
  at: Instant,
  /** Kind of the event and its detail: `staff-enter`, `person-deleted`, `checkin`, `health-door-tested`. */
  what: z.string().max(120),
  outcome: StaffOutcome,
  /** Null: nobody was recognised, or it was done on the command line. `name` null: the emergency PIN, or a former member. */
  by: z.strictObject({ emergency: z.boolean(), name: z.string().nullable() }).nullable(),
  /** The member it was about, if that is another one. */
  member: z.string().nullable(),
});
export type StaffDeed = z.infer<typeof StaffDeed>;

/** A member added at the kiosk's screen. Technicians are added where a secret can be handed over: console or command line. */
export const NewStaff = z.strictObject({
  name: givenName(60),
  role: z.enum(['desk', 'supervisor']),
  pin: StaffPin.nullable(),
  badge: BadgeNumber.nullable(),
});

/** How the kiosk is unlocked: by member and PIN, by badge, or (without either) by the emergency PIN. */
export const Unlock = z.strictObject({
  member: Id.optional(),
  badge: BadgeNumber.optional(),
  pin: z
    .string()
    .regex(/^[0-9]{4,12}$/)
    .optional(),
  code: FactorCode.optional(),
  /** Replaces the PIN that they were given, or that they had before. */
  newPin: StaffPin.optional(),
});

export const Unlocked = z.strictObject({
  token: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  expiresAt: Instant,
  /** Null: the emergency PIN. */
  member: z.strictObject({ id: Id, name: z.string(), role: StaffRole }).nullable(),
  /** Whether the use of the emergency PIN was recorded and reported; false while this kiosk has no staff. */
  alerted: z.boolean(),
  /** Methods that this session may call, and rights within them. */
  may: z.array(z.string().max(60)),
});
export type Unlocked = z.infer<typeof Unlocked>;
