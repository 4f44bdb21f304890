import { z } from 'zod';
import { CommandWhat, Instant, StaffOutcome, Uuid } from '../wire/event.ts';
import { DeviceConfig, Inventory } from '../wire/fleet.ts';
import { givenName } from '../wire/name.ts';
import { endpoint } from './endpoint.ts';
import { MAX_PAGE, pageQuery } from './page.ts';
import { NewWindow, Ring, WindowInForce } from './rollouts.ts';
import { StaffBy } from './staff.ts';

/** `/api/fleet`: the kiosks' health, settings and commands. */

/** The settings of one kiosk, as sent to it. */
export { DeviceConfig };

/** What is wrong with a kiosk, worst first. */
export const AlertCode = z.enum([
  'offline',
  'never-heard',
  'disk-full',
  'disk-low',
  'camera-bad',
  'camera-doubtful',
  'clock-off',
  'hot',
  'settings-refused',
  'queue-long',
  'old-version',
  'no-report',
  'emergency-pin-used',
  'screen-may-go-dark',
  'no-screen',
]);
export type AlertCode = z.infer<typeof AlertCode>;

export const Alert = z.strictObject({
  code: AlertCode,
  /** `bad`: not everyone can check in, or records are at risk. */
  severity: z.enum(['bad', 'warn']),
  /** The value behind it: seconds, bytes, °C, the camera's state, the newest version. */
  detail: z.union([z.string(), z.number()]).nullable(),
});
export type Alert = z.infer<typeof Alert>;

export const CommandState = z.enum(['waiting', 'started', 'done', 'failed', 'refused', 'expired', 'withdrawn']);

export const FleetCommand = z.strictObject({
  id: Uuid,
  what: CommandWhat,
  state: CommandState,
  askedAt: Instant,
  by: z.string(),
  /** E-mail address of the account; null: no account, or removed since. */
  email: z.string().nullable(),
  expiresAt: Instant,
  startedAt: Instant.nullable(),
  answeredAt: Instant.nullable(),
  /** Why it was not done. */
  code: z.string().nullable(),
  /** For `logs`: what arrived, and until when it is kept; null: nothing (any more). */
  log: z.strictObject({ bytes: z.number().int(), at: Instant, keptUntil: Instant }).nullable(),
});
export type FleetCommand = z.infer<typeof FleetCommand>;

export const FleetKiosk = z.strictObject({
  id: Uuid,
  name: z.string(),
  /** Null: the default site. */
  site: Uuid.nullable(),
  status: z.enum(['pending', 'approved', 'revoked']),
  lastHeardAt: Instant.nullable(),
  /** As reported by the kiosk; null: it never has. */
  report: Inventory.nullable(),
  reportAt: Instant.nullable(),
  alerts: z.array(Alert),
  /** The revision sent to it, and the one in force by its own report; null: none. */
  config: z.strictObject({ published: z.number().int().nullable(), inForce: z.number().int().nullable() }),
  /** A wipe or decommissioning that has started or completed. */
  leaving: z.enum(['wipe', 'decommission']).nullable(),
  /** When the state of one of its commands last changed. Screens that show commands then reload them. */
  commandAt: Instant.nullable(),
  /** When one of its problems was last noted or noted as over. Screens that show past problems then reload them. */
  problemAt: Instant.nullable(),
});
export type FleetKiosk = z.infer<typeof FleetKiosk>;

export const FleetQuery = z.strictObject({
  ...pageQuery,
  site: Uuid.optional(),
  device: Uuid.optional(),
  alert: AlertCode.optional(),
  version: z.string().max(60).optional(),
  /** Part of the name. */
  name: z.string().max(80).optional(),
  status: z.enum(['approved', 'revoked']).default('approved'),
});
export type FleetQuery = z.infer<typeof FleetQuery>;

const Counts = z.record(z.string(), z.number().int());
export const FleetPage = z.strictObject({
  items: z.array(FleetKiosk).max(MAX_PAGE),
  next: z.string().nullable(),
  /** Counts over all approved kiosks, regardless of the filter. */
  summary: z.strictObject({ kiosks: z.number().int(), well: z.number().int(), alerts: Counts, versions: Counts }),
});
export type FleetPage = z.infer<typeof FleetPage>;

export const SettingsChange = z.strictObject({
  revision: z.number().int(),
  at: Instant,
  by: z.string(),
  email: z.string().nullable(),
  settings: DeviceConfig,
  /** The older revision that it restored. */
  revertedTo: z.number().int().nullable(),
});
export type SettingsChange = z.infer<typeof SettingsChange>;

/** Settings of one device, or those that a site's devices inherit. */
export const Settings = z.strictObject({
  settings: DeviceConfig,
  revision: z.number().int(),
  history: z.array(SettingsChange),
});
export type Settings = z.infer<typeof Settings>;

/** What staff did at the kiosk, from the kiosk's event. */
export const StaffRecord = z.strictObject({
  id: Uuid,
  at: Instant,
  /** For a `staff` event, its `what`; otherwise the type of the event: `person`, `checkin`, `evacuation`, … */
  what: z.string().max(40),
  outcome: StaffOutcome,
  /** Why it failed, or how it was done (docs/develop/protocol.md). */
  code: z.string().nullable(),
  /** Who did it; null: nobody was recognised, or it was done on the machine's command line. */
  by: StaffBy.nullable(),
  /** The other member of staff concerned, if any. */
  member: z.string().nullable(),
});
export type StaffRecord = z.infer<typeof StaffRecord>;

/** A problem that a kiosk has or had, kept for 90 days after its end. Both moments are accurate to a minute. */
export const PastProblem = z.strictObject({
  /** An `AlertCode`, or one of an older build. */
  code: z.string(),
  /** When it was noticed. A kiosk counts as offline after ten minutes of silence. */
  since: Instant,
  /** Null: it still exists. */
  until: Instant.nullable(),
});
export type PastProblem = z.infer<typeof PastProblem>;

export const FleetDetail = z.strictObject({
  kiosk: FleetKiosk,
  ring: Ring.pick({ id: true, name: true }),
  own: Settings,
  /** When it may restart for updates. */
  updateWindow: WindowInForce,
  /** The settings inherited from its site. */
  template: DeviceConfig,
  /** Its own settings merged over its site's, as sent to it. */
  effective: DeviceConfig,
  commands: z.array(FleetCommand),
  /** Newest first; only the most recent. */
  staff: z.array(StaffRecord),
  /** Newest first; only the most recent. */
  problems: z.array(PastProblem),
});
export type FleetDetail = z.infer<typeof FleetDetail>;

/** The database's largest revision number. */
export const Revision = z.number().int().min(0).max(2_147_483_647);

/** Settings as entered. Existing settings are not rejected for their name. */
export const GivenSettings = DeviceConfig.extend({ name: givenName(100).optional() });

export const NewSettings = z.strictObject({
  settings: GivenSettings,
  /** The revision that was displayed, so that someone else's change in the meantime is not overwritten unnoticed. */
  after: Revision,
});
export const PutBack = z.strictObject({ revision: Revision });

/** Settings that a site's kiosks inherit. */
export const Template = z.strictObject({ site: Uuid, name: z.string(), isDefault: z.boolean(), ...Settings.shape });
export type Template = z.infer<typeof Template>;

export const NewCommand = z.strictObject({
  what: CommandWhat.exclude(['watch']),
  /** For `wipe` and `decommission`: the kiosk's name, typed as confirmation. */
  name: z.string().max(80).optional(),
  /** How long it may wait for the kiosk, hours. */
  hours: z
    .number()
    .int()
    .min(1)
    .max(24 * 90)
    .optional(),
});
export type NewCommand = z.infer<typeof NewCommand>;

export const listFleet = endpoint('GET /api/fleet', {
  summary: 'List kiosks with their health: version, disk, camera, clock, queue, problems',
  roles: ['admin', 'dpo', 'staff', 'auditor', 'operator'],
  data: [],
  query: FleetQuery,
  answer: FleetPage,
});

export const getKiosk = endpoint('GET /api/fleet/:device', {
  summary: 'Show one kiosk: health, settings with their history, and commands',
  roles: ['admin', 'dpo', 'auditor', 'operator'],
  data: ['account.email', 'staff.name'],
  answer: FleetDetail,
});

const managing = { roles: ['admin', 'operator'], data: ['account.email', 'staff.name'], answer: FleetDetail } as const;

export const setKioskSettings = endpoint('PUT /api/fleet/:device/settings', {
  ...managing,
  summary: 'Replace one kiosk’s own settings; those left out follow its site',
  body: NewSettings,
  errors: ['settings-changed-meanwhile', 'name-unreadable'],
});

export const revertKioskSettings = endpoint('POST /api/fleet/:device/settings/revert', {
  ...managing,
  summary: 'Restore an older revision of a kiosk’s own settings, as a new revision',
  body: PutBack,
  errors: ['settings-revision-unknown'],
});

export const setKioskWindow = endpoint('PUT /api/fleet/:device/update-window', {
  ...managing,
  roles: ['admin'],
  summary: 'Set when one kiosk may restart for updates, in its site’s local time; null means at any time',
  body: NewWindow,
});

export const removeKioskWindow = endpoint('DELETE /api/fleet/:device/update-window', {
  ...managing,
  roles: ['admin'],
  summary: 'Reset a kiosk’s maintenance window to that of its site',
  action: 'write',
});

export const listSettingsTemplates = endpoint('GET /api/fleet-templates', {
  summary: 'Show the settings that kiosks inherit from their site, with their history',
  roles: ['admin', 'dpo', 'auditor', 'operator'],
  data: ['account.email'],
  answer: z.strictObject({ items: z.array(Template) }),
});

export const setSettingsTemplate = endpoint('PUT /api/fleet-templates/:site', {
  summary: 'Replace the settings that a site’s kiosks inherit; each kiosk affected is notified',
  roles: ['admin', 'operator'],
  data: ['account.email'],
  body: NewSettings,
  answer: Template,
  errors: ['settings-changed-meanwhile', 'name-unreadable'],
});

export const revertSettingsTemplate = endpoint('POST /api/fleet-templates/:site/revert', {
  summary: 'Restore an older revision of a site’s settings, as a new revision',
  roles: ['admin', 'operator'],
  data: ['account.email'],
  body: PutBack,
  answer: Template,
  errors: ['settings-revision-unknown'],
});

export const commandKiosk = endpoint('POST /api/fleet/:device/commands', {
  ...managing,
  summary: 'Send a kiosk a command: restart, send its redacted log, wipe, or decommission',
  action: 'operate',
  body: NewCommand,
  errors: ['device-not-approved', 'command-name-differs', 'command-waits', 'device-leaves'],
});

export const withdrawCommand = endpoint('DELETE /api/fleet/:device/commands/:command', {
  ...managing,
  summary: 'Cancel a command that a kiosk hasn’t started yet',
  action: 'operate',
  errors: ['unknown-device', 'command-answered'],
});

/** The picture of a watched screen. Watching starts with `watchScreen` and ends when polling stops. */
export const ScreenPicture = z.strictObject({
  /** Increases with each picture; 0: none yet. */
  sequence: z.number().int(),
  /** When the kiosk last sent a picture. */
  at: Instant.nullable(),
  /** JPEG, base64; null: none newer than `after`. */
  picture: z.base64().nullable(),
});
export type ScreenPicture = z.infer<typeof ScreenPicture>;

export const watchScreen = endpoint('POST /api/fleet/:device/screen', {
  summary: 'Watch a kiosk’s screen live, if its site’s policy allows it; the kiosk shows that it is watched',
  roles: ['admin'],
  data: ['device.screen'],
  action: 'read',
  answer: z.strictObject({ command: Uuid }),
  errors: ['device-not-approved', 'device-leaves', 'screen-not-shared'],
});

export const getScreen = endpoint('GET /api/fleet/:device/screen/:command', {
  summary: 'Get the newest picture of a screen that the caller watches; the watch ends 30 s after the last call',
  roles: ['admin'],
  // Audited once, by `watchScreen`.
  data: [],
  query: z.strictObject({ after: z.coerce.number().int().min(0).default(0) }),
  answer: ScreenPicture,
  idle: true,
});

export const stopWatching = endpoint('DELETE /api/fleet/:device/screen/:command', {
  summary: 'Stop watching a kiosk’s screen; the picture is dropped at once',
  roles: ['admin'],
  data: [],
  action: 'read',
});

export const getKioskLog = endpoint('GET /api/fleet/:device/logs/:command', {
  summary: 'Get the redacted log that a kiosk sent, as lines of JSON without personal data; it is kept for seven days',
  roles: ['admin', 'operator'],
  data: ['device.log'],
  answer: 'file',
});
