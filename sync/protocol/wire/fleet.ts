import { z } from 'zod';
import type { ErrorCode } from '../../errors/problem.ts';
import { CommandWhat, Instant, Uuid } from './event.ts';
import { BuildVersion } from './release.ts';

/**
 * What the server sends to one device alone, and what a device reports of itself. A
 * directive is a wish, never a permission: what may be installed is decided by TUF on the kiosk.
 */

/** `HH:MM` on the wall. */
export const WallTime = z.string().regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, 'must be HH:MM');

/** When a kiosk may restart for an update, on the wall of `zone`; `from` later than `to` goes over midnight. */
export const UpdateWindow = z.strictObject({ from: WallTime, to: WallTime, zone: z.string().min(1).max(60) });
export type UpdateWindow = z.infer<typeof UpdateWindow>;

/** Minutes that a new build has to prove itself. */
export const TrialMinutes = z.number().int().min(2).max(60);

/** Which build this device is to run. */
export const UpdateDirective = z.strictObject({
  rollout: Uuid,
  /** `install`: run `version`. `rollback`: leave `version`, where it runs or is about to, for the build before it. */
  action: z.enum(['install', 'rollback']),
  version: BuildVersion,
  /** Null: now. */
  window: UpdateWindow.nullable(),
  trialMinutes: TrialMinutes,
  /** A version that failed here is not tried again before this number has grown. */
  retry: z.number().int().min(0).max(1_000_000),
});
export type UpdateDirective = z.infer<typeof UpdateDirective>;

/** Rejections of an update that time does not fix: only another directive does. After any other the kiosk tries again. */
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

/** Done once, and answered by an event `command`; after `expires` it is not done any more. */
export const Command = z.strictObject({ id: Uuid, what: CommandWhat, expires: Instant });
export type Command = z.infer<typeof Command>;

/** Settings of one device; absent: as the kiosk's own site.json says. */
export const DeviceConfig = z.strictObject({
  name: z.string().min(1).max(100).optional(),
  direction: z.enum(['auto', 'in', 'out']).optional(),
  language: z.string().min(2).max(20).optional(),
  volume: z.number().int().min(0).max(100).optional(),
  theme: z.enum(['light', 'dark', 'auto']).optional(),
  /** Controls within reach of a person in a wheelchair. */
  low: z.boolean().optional(),
  trialMinutes: TrialMinutes.optional(),
});
export type DeviceConfig = z.infer<typeof DeviceConfig>;

/** Largest report, bytes of JSON. */
export const MAX_REPORT_BYTES = 4096;
const Bytes = z.number().int().nonnegative().nullable();
/** A short word: a reader shows one that it does not know as it is. */
const StateName = z.string().regex(/^[a-z][a-z-]{0,29}$/);

/**
 * Why a camera's pictures may be made up. `virtual`: a program makes the device; `repeats`: it gave frames that had been there
 * before; `unresponsive`: its frames did not follow the exposure that it was set to. A doubt is no proof.
 */
export const CAMERA_DOUBTS = ['virtual', 'repeats', 'unresponsive'] as const;
export type CameraDoubt = (typeof CAMERA_DOUBTS)[number];

/** A device's health, as it reports it. Names no one. */
export const Inventory = z
  .strictObject({
    version: z.string().max(60),
    /** Of the build's sources; empty where it was not packaged. */
    commit: z.string().regex(/^([0-9a-f]{40})?$/),
    host: z.enum(['browser', 'electron']),
    /** SHA-256 or id of what finds and what compares faces; null: none is loaded. */
    models: z.strictObject({ detector: z.string().max(100).nullable(), embedder: z.string().max(100).nullable() }),
    uptimeSeconds: z.number().int().nonnegative(),
    /** Of the disk with the store; null where the system does not say. */
    diskFree: Bytes,
    diskTotal: Bytes,
    /** `ok`, `none`, `covered`, `denied`, `busy`, `unknown`, … */
    camera: StateName,
    /** Trusted minus the machine's time. */
    clockOffsetMs: z.number().int(),
    queued: z.number().int().nonnegative(),
    photosWaiting: z.number().int().nonnegative(),
    /** °C. */
    temperature: z.number().min(-100).max(200).nullable(),
    storeSchema: z.number().int().positive(),
    /** Of the configuration in force; null: none was ever sent. */
    configRevision: z.number().int().nonnegative().nullable(),
    /** Why the newest one is not in force; null: it is. */
    configProblem: z.string().max(300).nullable(),
    /** The server's members of staff that can unlock it, by id; absent: it was never sent any. */
    staff: z.array(Uuid).max(50).optional(),
    /** When the sealed emergency PIN was last used, while no new one is sealed. */
    emergencyPinUsedAt: Instant.optional(),
    /** Why the camera's pictures may be made up; absent: nothing says so, or the site has declared its camera a virtual one. */
    cameraDoubt: z.enum(CAMERA_DOUBTS).optional(),
    /** Why the screen may go dark by itself; absent: it stays on. */
    screenMayGoDark: z.enum(['refused', 'unsupported']).optional(),
    /** Its page has not been open for five minutes: nobody can check in. Absent: it is, or will be in a moment. */
    noScreen: z.literal(true).optional(),
    /** An update that is ready, and waits since then only because someone is always in view; absent: none does. */
    updateHeld: z.strictObject({ version: BuildVersion, since: Instant }).optional(),
    /** Of an installed kiosk. */
    slots: z
      .strictObject({ current: z.string().max(60), previous: z.string().max(60).nullable(), trial: z.boolean() })
      .optional(),
  })
  .refine((report) => new TextEncoder().encode(JSON.stringify(report)).length <= MAX_REPORT_BYTES, {
    message: 'is too large',
  });
export type Inventory = z.infer<typeof Inventory>;

/** How a camera can be that nobody can use: `frozen`: it is there, and no pictures come; `blind`: faces can't be found in them. */
export const CAMERA_UNUSABLE = ['none', 'busy', 'denied', 'unplugged', 'frozen', 'broken', 'covered', 'blind'] as const;
const UNUSABLE: readonly string[] = CAMERA_UNUSABLE;

/** Free space, bytes: under the first a kiosk warns, under the second it writes nothing but attendance. */
export const DISK_LOW = 500 * 1024 * 1024;
export const DISK_FULL = 20 * 1024 * 1024;
/** Codes of people's own pages live minutes: from here on some are refused, ms. */
const CLOCK_MS = 120_000;
/** °C: small computers slow down from about here. */
const HOT = 80;
const QUEUE_LONG = 500;
/**
 * What is wrong with a kiosk by its own report: the server shows it, and a kiosk reports at once when it changes. `detail`:
 * bytes, seconds, °C, records, or a state. Pure.
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
