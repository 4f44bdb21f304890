import { z } from 'zod';
import { Instant, Uuid } from '../wire/event.ts';
import { MAX_JOIN_BYTES } from '../wire/join.ts';
import { givenName } from '../wire/name.ts';
import { endpoint } from './endpoint.ts';
import { countedPageOf, sortedQuery } from './page.ts';

/** `/api/devices`: kiosks, from their setup code to their revocation. */

export const DeviceStatus = z.enum(['pending', 'approved', 'revoked']);

export const Device = z.strictObject({
  id: Uuid,
  name: z.string(),
  status: DeviceStatus,
  /** Compared with the kiosk's screen before approval; null for a device of an early build. */
  fingerprint: z.string().nullable(),
  /** Null: the default site. */
  site: Uuid.nullable(),
  registeredAt: Instant,
  approvedAt: Instant.nullable(),
  revokedAt: Instant.nullable(),
  lastHeardAt: Instant.nullable(),
  certificateEnds: Instant.nullable(),
});
export type Device = z.infer<typeof Device>;

export const DeviceQuery = z.strictObject({
  ...sortedQuery(['name', 'status', 'lastHeardAt', 'registeredAt', 'certificateEnds'], 'name'),
  status: DeviceStatus.optional(),
  site: Uuid.optional(),
});

export const DevicePatch = z.strictObject({
  name: givenName(80).optional(),
  /** Null: the default site. */
  site: Uuid.nullable().optional(),
});

export const NewProvisioningCode = z.strictObject({
  name: givenName(80),
  site: Uuid.nullable().default(null),
  /** Address at which kiosks reach this server, if not the configured one. */
  url: z.url({ protocol: /^https$/ }).optional(),
  minutes: z
    .number()
    .min(1)
    .max(30 * 24 * 60)
    .optional(),
});
/** Returned only once: only a keyed hash is stored. */
export const ProvisioningCode = z.strictObject({
  code: z.string(),
  svg: z.string(),
  expiresAt: Instant,
});

export const DeviceApproval = z.strictObject({ fingerprint: z.string().min(1).max(60) });

export const ProvisioningFile = z.strictObject({
  ...NewProvisioningCode.omit({ minutes: true }).shape,
  /** The kiosk's request file: a join without a code. */
  request: z.string().max(MAX_JOIN_BYTES),
  /** As displayed by the kiosk. */
  fingerprint: DeviceApproval.shape.fingerprint,
});
export const ProvisionedByFile = z.strictObject({
  device: Uuid,
  grant: z.string(),
  serverFingerprint: z.string(),
});

export const listDevices = endpoint('GET /api/devices', {
  summary: 'List kiosks, by name',
  roles: ['admin', 'dpo', 'staff', 'auditor', 'operator'],
  data: [],
  query: DeviceQuery,
  answer: countedPageOf(Device),
});

export const getDevice = endpoint('GET /api/devices/:device', {
  summary: 'Show one kiosk',
  roles: ['admin', 'dpo', 'staff', 'auditor'],
  data: [],
  answer: Device,
});

export const createProvisioningCode = endpoint('POST /api/provisioning-codes', {
  summary: 'Create a one-time setup code for a new kiosk; it is shown once',
  roles: ['admin', 'operator'],
  data: [],
  action: 'operate',
  body: NewProvisioningCode,
  answer: ProvisioningCode,
  errors: ['unknown-site', 'bad-code-life', 'name-unreadable'],
});

export const provisionByFile = endpoint('POST /api/devices/provision', {
  summary: 'Register and approve a kiosk by the file it wrote, and return the file for it',
  roles: ['operator'],
  data: [],
  action: 'operate',
  body: ProvisioningFile,
  answer: ProvisionedByFile,
  errors: ['fingerprint-differs', 'device-registered-otherwise', 'bad-certificate-request', 'unknown-site'],
});

export const approveDevice = endpoint('POST /api/devices/:device/approve', {
  summary: 'Approve a kiosk by the fingerprint on its screen; it can send data from now on',
  roles: ['admin', 'operator'],
  data: [],
  action: 'operate',
  body: DeviceApproval,
  answer: Device,
  errors: ['fingerprint-differs', 'device-revoked'],
});

export const revokeDevice = endpoint('POST /api/devices/:device/revoke', {
  summary: 'Revoke a kiosk, starting with its next message; its records stay',
  roles: ['admin', 'operator'],
  data: [],
  action: 'operate',
  answer: Device,
});

export const changeDevice = endpoint('PATCH /api/devices/:device', {
  summary: 'Rename a kiosk, or move it to another site; it then receives only that site’s people',
  roles: ['admin'],
  data: [],
  body: DevicePatch,
  answer: Device,
  errors: ['unknown-site', 'name-unreadable'],
});
