import { z } from 'zod';
import { Uuid } from '../wire/event.ts';
import { givenName } from '../wire/name.ts';
import { Instant } from './page.ts';

/** `/api/technicians`: who may enter the technician's menu at the kiosks of a site, or of all (docs/fleet.md). */

/** A kiosk that has not said yet that it has a technician, or has forgotten one. */
export const TechnicianKiosk = z.strictObject({
  id: Uuid,
  name: z.string(),
  lastHeardAt: Instant.nullable(),
  /** It is told nothing any more, so it keeps what it has. */
  revoked: z.boolean(),
});
export type TechnicianKiosk = z.infer<typeof TechnicianKiosk>;

/** Most kiosks that are named; `kiosks` counts all. */
export const MAX_WAITING = 100;

export const Technician = z.strictObject({
  id: Uuid,
  name: z.string(),
  /** Null: at every site. */
  site: Uuid.nullable(),
  addedAt: Instant,
  /** Account, or `operator`. */
  by: z.string(),
  /** Of the account; null: none, or removed since. */
  email: z.string().nullable(),
  /** Null: they may enter. */
  removedAt: Instant.nullable(),
  paperLeft: z.number().int(),
  /** Whom it concerns: where they may enter, or, once removed, where that has to be known. */
  kiosks: z.number().int(),
  /** Of those: which have said so. */
  confirmed: z.number().int(),
  waiting: z.array(TechnicianKiosk).max(MAX_WAITING),
});
export type Technician = z.infer<typeof Technician>;
export const TechnicianList = z.strictObject({ items: z.array(Technician) });

export const NewTechnician = z.strictObject({
  name: givenName(60),
  /** Null: every site. */
  site: Uuid.nullable(),
});

/** Told this once. */
export const AddedTechnician = z.strictObject({
  technician: Technician,
  /** `otpauth://`, and its QR code. */
  uri: z.string(),
  svg: z.string(),
  /** The same secret to type, base32. */
  secret: z.string(),
  paper: z.array(z.string()),
});
export type AddedTechnician = z.infer<typeof AddedTechnician>;
