import { z } from 'zod';
import type { ErrorCode } from '../../errors/problem.ts';
import { CommandWhat, Instant, Uuid } from './event.ts';
import { BuildVersion } from './release.ts';

/**
 * What the server sends to one device only, and what a device reports about itself. A directive only requests an update: TUF on
 * the kiosk decides what may be installed.
 */

/** Local time of day, `HH:MM`. */
export const WallTime = z.string().regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, 'must be HH:MM');

/** When a kiosk may restart for an update, in local time of `zone`. A window with `from` later than `to` spans midnight. */
export const UpdateWindow = z.strictObject({ from: WallTime, to: WallTime, zone: z.string().min(1).max(60) });
export type UpdateWindow = z.infer<typeof UpdateWindow>;

/** Minutes that a new build has to prove that it works. */
export const TrialMinutes = z.number().int().min(2).max(60);

/** The build that this device should run. */
export const UpdateDirective = z.strictObject({
  rollout: Uuid,
  /** `install`: run `version`. `rollback`: if `version` is running or about to, return to the build before it. */
  action: z.enum(['install', 'rollback']),
  version: BuildVersion,
  /** Null: at once. */
  window: UpdateWindow.nullable(),
  trialMinutes: TrialMinutes,
  /** A version that failed on this device is tried again only after this number has increased. */
  retry: z.number().int().min(0).max(1_000_000),
});
export type UpdateDirective = z.infer<typeof UpdateDirective>;

/** Codes of refused updates that waiting doesn't fix: only a new directive does. After any other, the kiosk tries again. */
const FINAL_ERRORS: ReadonlySet<string> = new Set<ErrorCode>([
  'update-backwards',
  'update-failed-before',
  'update-installed',
  'update-no-previous',
  'update-cannot-roll-back',
  'update-none',
  'update-not-running',
  'update-store-newer',
  'update-store-too-new',
  'update-taken-back',
  'update-window-wrong',
  'update-wrong-platform',
]);
export const isFinalError = (code: string): boolean => FINAL_ERRORS.has(code);

/** Carried out once and answered with a `command` event. Not carried out after `expires`. */
export const Command = z.strictObject({ id: Uuid, what: CommandWhat, expires: Instant });
export type Command = z.infer<typeof Command>;

/** Settings of one device. What is absent is as in the kiosk's own site.json. */
export const DeviceConfig = z.strictObject({
  name: z.string().min(1).max(100).optional(),
  direction: z.enum(['auto', 'in', 'out']).optional(),
  language: z.string().min(2).max(20).optional(),
  volume: z.number().int().min(0).max(100).optional(),
  theme: z.enum(['light', 'dark', 'auto']).optional(),
  /** Places controls within reach of a person in a wheelchair. */
  low: z.boolean().optional(),
  trialMinutes: TrialMinutes.optional(),
});
export type DeviceConfig = z.infer<typeof DeviceConfig>;

/** Largest report, bytes of JSON. */
export const MAX_REPORT_BYTES = 4096;
const Bytes = z.number().int().nonnegative().nullable();
/** A short identifier. A reader shows an unknown one as it is. */
const StateName = z.string().regex(/^[a-z][a-z-]{0,29}$/);

/**
 * Why a camera's pictures may be fake. `virtual`: the device is created by software; `repeats`: earlier frames came again;
 * `unresponsive`: the frames did not follow the exposure setting. A doubt is no proof.
 */
export const CAMERA_DOUBTS = ['virtual', 'repeats', 'unresponsive'] as const;
export type CameraDoubt = (typeof CAMERA_DOUBTS)[number];

/** A device's own report of its health. Identifies nobody. */
export const Inventory = z
  .strictObject({
    version: z.string().max(60),
    /** Commit of the build's sources; empty if it was not packaged. */
    commit: z.string().regex(/^([0-9a-f]{40})?$/),
    host: z.enum(['browser', 'electron']),
    /** SHA-256 or id of the models that detect and compare faces; null: not loaded. */
    models: z.strictObject({ detector: z.string().max(100).nullable(), embedder: z.string().max(100).nullable() }),
    uptimeSeconds: z.number().int().nonnegative(),
    /** Bytes of the disk with the store; null if the system doesn't report them. */
    diskFree: Bytes,
    diskTotal: Bytes,
    /** `ok`, `none`, `covered`, `denied`, `busy`, `unknown`, … */
    camera: StateName,
    /** Trusted time minus the machine's time. */
    clockOffsetMs: z.number().int(),
    queued: z.number().int().nonnegative(),
    photosWaiting: z.number().int().nonnegative(),
    /** °C. */
    temperature: z.number().min(-100).max(200).nullable(),
    storeSchema: z.number().int().positive(),
    /** Revision of the configuration in force; null: none was ever sent. */
    configRevision: z.number().int().nonnegative().nullable(),
    /** Why the newest configuration is not in force; null: it is. */
    configProblem: z.string().max(300).nullable(),
    /** Ids of the server's members of staff who can unlock this kiosk; absent: it was never sent any. */
    staff: z.array(Uuid).max(50).optional(),
    /** When the sealed emergency PIN was last used; absent once a new one is sealed. */
    emergencyPinUsedAt: Instant.optional(),
    /** Why the camera's pictures may be fake; absent: no such sign, or the site has declared its camera as virtual. */
    cameraDoubt: z.enum(CAMERA_DOUBTS).optional(),
    /** Why the screen may turn off automatically; absent: it stays on. */
    screenMayGoDark: z.enum(['refused', 'unsupported']).optional(),
    /** The kiosk's page has not been open for five minutes, so nobody can check in. Absent: it is open, or was recently. */
    noScreen: z.literal(true).optional(),
    /** An update that is ready and delayed since `since` only because someone is always in view; absent: none. */
    updateHeld: z.strictObject({ version: BuildVersion, since: Instant }).optional(),
    /** Only on installed kiosks. */
    slots: z
      .strictObject({ current: z.string().max(60), previous: z.string().max(60).nullable(), trial: z.boolean() })
      .optional(),
  })
  .refine((report) => new TextEncoder().encode(JSON.stringify(report)).length <= MAX_REPORT_BYTES, {
    message: 'is too large',
  });
export type Inventory = z.infer<typeof Inventory>;

/** States of an unusable camera. `frozen`: connected but delivers no frames; `blind`: no faces can be found in its frames. */
export const CAMERA_UNUSABLE = ['none', 'busy', 'denied', 'unplugged', 'frozen', 'broken', 'covered', 'blind'] as const;
const UNUSABLE: readonly string[] = CAMERA_UNUSABLE;

/** Free space, bytes. Below the first, a kiosk warns; below the second, it writes nothing except attendance. */
export const DISK_LOW = 500 * 1024 * 1024;
export const DISK_FULL = 20 * 1024 * 1024;
/** ms. The codes on people's own pages are valid for minutes; from this clock error on, some are refused. */
const CLOCK_MS = 120_000;
/** °C. Small computers begin to throttle at about this temperature. */
const HOT = 80;
const QUEUE_LONG = 500;
/**
 * Returns what is wrong with a kiosk by its own report. The server shows it, and a kiosk reports at once when it changes.
 * `detail` is in bytes, seconds, °C or records, or is a state. Pure.
 */
export function reportAlerts(report: Inventory) {
  const { diskFree, camera, clockOffsetMs, temperature, configProblem, queued } = report;
  const full = diskFree !== null && diskFree < DISK_FULL;
  const possible = [
    { code: 'disk-full', severity: 'bad', detail: full && diskFree },
    { code: 'disk-low', severity: 'warn', detail: !full && diskFree !== null && diskFree < DISK_LOW && diskFree },
    { code: 'camera-bad', severity: 'bad', detail: UNUSABLE.includes(camera) && camera },
    { code: 'camera-doubtful', severity: 'bad', detail: report.cameraDoubt ?? false },
    {
      code: 'clock-off',
      severity: 'warn',
      detail: Math.abs(clockOffsetMs) > CLOCK_MS && Math.round(clockOffsetMs / 1000),
    },
    { code: 'hot', severity: 'warn', detail: temperature !== null && temperature >= HOT && temperature },
    { code: 'settings-refused', severity: 'warn', detail: configProblem ?? false },
    { code: 'queue-long', severity: 'warn', detail: queued > QUEUE_LONG && queued },
    { code: 'emergency-pin-used', severity: 'bad', detail: report.emergencyPinUsedAt ?? false },
    { code: 'no-screen', severity: 'bad', detail: report.noScreen ? null : false },
    { code: 'screen-may-go-dark', severity: 'warn', detail: report.screenMayGoDark ?? false },
  ] as const;
  return possible.flatMap(({ code, severity, detail }) => (detail === false ? [] : [{ code, severity, detail }]));
}
