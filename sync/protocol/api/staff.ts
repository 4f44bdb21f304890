import { z } from 'zod';
import { BadgeNumber } from '../wire/changes.ts';
import { Instant, StaffRole, Uuid } from '../wire/event.ts';
import { givenName } from '../wire/name.ts';
import { endpoint } from './endpoint.ts';

/** `/api/kiosk-staff`: who may unlock the kiosks of one or all sites, and in which role (docs/operate/fleet.md). */

/** Who did something at a kiosk. */
export const StaffBy = z.strictObject({
  /** The holder of the sealed emergency PIN. */
  emergency: z.boolean(),
  /** Null: the emergency PIN, or a member whose name has been deleted. */
  name: z.string().nullable(),
});
export type StaffBy = z.infer<typeof StaffBy>;

/** A kiosk that has not confirmed yet that it added or removed a member. */
export const StaffKiosk = z.strictObject({
  id: Uuid,
  name: z.string(),
  lastHeardAt: Instant.nullable(),
  /** A revoked kiosk receives nothing any more, so it keeps its staff. */
  revoked: z.boolean(),
});
export type StaffKiosk = z.infer<typeof StaffKiosk>;

/** Maximum number of kiosks listed; `kiosks` counts all. */
export const MAX_WAITING = 100;

export const KioskStaff = z.strictObject({
  id: Uuid,
  name: z.string(),
  role: StaffRole,
  /** Null: every site. Ignored for a member of one kiosk only. */
  site: Uuid.nullable(),
  /** The one kiosk where the member was added and is managed. Null: managed here. */
  kiosk: z.strictObject({ id: Uuid, name: z.string() }).nullable(),
  addedAt: Instant,
  /** Account, `operator`, or the person at the kiosk. */
  by: z.string(),
  /** E-mail address of the account; null: no account, or removed since. */
  email: z.string().nullable(),
  /** Null: may unlock kiosks. */
  removedAt: Instant.nullable(),
  /** `start`: the one made here, to be replaced at first use; null: only their kiosk knows. */
  pin: z.enum(['own', 'start', 'none']).nullable(),
  badge: z.boolean().nullable(),
  /** For a technician: number of unused paper codes. */
  paperLeft: z.number().int().nullable(),
  /** Number of kiosks concerned: those the member may unlock or, once removed, those that have to learn of it. */
  kiosks: z.number().int(),
  /** How many of these have confirmed it. */
  confirmed: z.number().int(),
  waiting: z.array(StaffKiosk).max(MAX_WAITING),
});
export type KioskStaff = z.infer<typeof KioskStaff>;
export const KioskStaffList = z.strictObject({ items: z.array(KioskStaff) });

export const NewKioskStaff = z.strictObject({
  name: givenName(60),
  role: StaffRole,
  /** Null: every site. */
  site: Uuid.nullable(),
  badge: BadgeNumber.nullable().optional(),
});

/** What is handed over to a member. Returned only once. */
export const HandedOver = z.strictObject({
  member: KioskStaff,
  /** Starter PIN, replaced by the member at first use. Null: only the second factor was renewed. */
  pin: z.string().nullable(),
  /** Only for a technician. */
  factor: z
    .strictObject({
      /** `otpauth://…`, and its QR code. */
      uri: z.string(),
      svg: z.string(),
      /** The same secret for typing, base32. */
      secret: z.string(),
      paper: z.array(z.string()),
    })
    .nullable(),
});
export type HandedOver = z.infer<typeof HandedOver>;

/** What is replaced for a member: the PIN (by a starter PIN), a technician's second factor, or the badge. */
export const StaffReset = z.discriminatedUnion('what', [
  z.strictObject({ what: z.literal('pin') }),
  z.strictObject({ what: z.literal('factor') }),
  z.strictObject({ what: z.literal('badge'), badge: BadgeNumber.nullable() }),
]);
export type StaffReset = z.infer<typeof StaffReset>;

export const listKioskStaff = endpoint('GET /api/kiosk-staff', {
  summary: 'List kiosk staff with their roles, and which kiosks have confirmed them; never a PIN or secret',
  roles: ['admin', 'dpo', 'auditor', 'operator'],
  data: ['staff.name', 'account.email'],
  answer: KioskStaffList,
});

export const addKioskStaff = endpoint('POST /api/kiosk-staff', {
  summary: 'Add kiosk staff for one site or all sites; returns, once, what is handed over to them',
  roles: ['admin', 'operator'],
  data: ['staff.name', 'account.email', 'staff.keys'],
  body: NewKioskStaff,
  answer: HandedOver,
  errors: ['unknown-site', 'staff-exists', 'staff-too-many', 'staff-badge-taken', 'name-unreadable'],
});

export const resetKioskStaff = endpoint('POST /api/kiosk-staff/:member/reset', {
  summary: 'Give kiosk staff a new starter PIN, badge or second factor; the old one stops working',
  roles: ['admin', 'operator'],
  data: ['staff.name', 'account.email', 'staff.keys'],
  body: StaffReset,
  answer: HandedOver,
  errors: ['staff-of-kiosk', 'staff-badge-taken', 'staff-no-factor'],
});

export const removeKioskStaff = endpoint('DELETE /api/kiosk-staff/:member', {
  summary: 'Remove kiosk staff; each kiosk locks them out the next time it connects',
  roles: ['admin', 'operator'],
  data: ['staff.name', 'account.email'],
  answer: KioskStaffList,
  errors: ['staff-of-kiosk'],
});
