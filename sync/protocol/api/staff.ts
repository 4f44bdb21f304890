import { z } from 'zod';
import { BadgeNumber } from '../wire/changes.ts';
import { Instant, StaffRole, Uuid } from '../wire/event.ts';
import { givenName } from '../wire/name.ts';
import { endpoint } from './endpoint.ts';

/** `/api/kiosk-staff`: who may unlock the kiosks of a site, or of all, and in which role (docs/operate/fleet.md). */

/** Who did something at a kiosk. */
export const StaffBy = z.strictObject({
  /** A person who had the sealed emergency PIN. */
  emergency: z.boolean(),
  /** Null: the emergency PIN, or a member whose name is forgotten. */
  name: z.string().nullable(),
});
export type StaffBy = z.infer<typeof StaffBy>;

/** A kiosk that has not confirmed yet that it has a member, or has forgotten one. */
export const StaffKiosk = z.strictObject({
  id: Uuid,
  name: z.string(),
  lastHeardAt: Instant.nullable(),
  /** It is sent nothing any more, so it keeps what it has. */
  revoked: z.boolean(),
});
export type StaffKiosk = z.infer<typeof StaffKiosk>;

/** Most kiosks that are named; `kiosks` counts all. */
export const MAX_WAITING = 100;

export const KioskStaff = z.strictObject({
  id: Uuid,
  name: z.string(),
  role: StaffRole,
  /** Null: at every site; of no meaning for a member of one kiosk. */
  site: Uuid.nullable(),
  /** The one kiosk that they were added at, which is where they are managed. Null: managed here. */
  kiosk: z.strictObject({ id: Uuid, name: z.string() }).nullable(),
  addedAt: Instant,
  /** Account, `operator`, or the person at the kiosk. */
  by: z.string(),
  /** Of the account; null: none, or removed since. */
  email: z.string().nullable(),
  /** Null: they may unlock. */
  removedAt: Instant.nullable(),
  /** `start`: the one made here, which they replace at its first use; null: only their kiosk knows. */
  pin: z.enum(['own', 'start', 'none']).nullable(),
  badge: z.boolean().nullable(),
  /** Of a technician: codes on paper that are left. */
  paperLeft: z.number().int().nullable(),
  /** The kiosks concerned: where they may unlock, or, once removed, where that has to be known. */
  kiosks: z.number().int(),
  /** Of those: which have confirmed it. */
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

/** What is handed over to a member; shown this once. */
export const HandedOver = z.strictObject({
  member: KioskStaff,
  /** For their first use: they choose their own then. Null: only the second factor was made again. */
  pin: z.string().nullable(),
  /** Of a technician. */
  factor: z
    .strictObject({
      /** `otpauth://`, and its QR code. */
      uri: z.string(),
      svg: z.string(),
      /** The same secret to type, base32. */
      secret: z.string(),
      paper: z.array(z.string()),
    })
    .nullable(),
});
export type HandedOver = z.infer<typeof HandedOver>;

/** What is renewed for a member: a starter PIN, or a technician's second factor. Another badge, or none. */
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
