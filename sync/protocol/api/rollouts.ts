import { z } from 'zod';
import { Instant, Uuid } from '../wire/event.ts';
import { TrialMinutes, WallTime } from '../wire/fleet.ts';
import { givenName } from '../wire/name.ts';
import { BuildVersion } from '../wire/release.ts';
import { endpoint } from './endpoint.ts';
import { pageOf, pageQuery } from './page.ts';

/** `/api/rollouts`: a version of the kiosk's build is rolled out to the fleet, step by step (docs/operate/rollouts.md). */

/** Groups of kiosks. Each kiosk is in one; those not assigned are in `all`. */
export const RingId = z.enum(['canary', 'early', 'all']);
export type RingId = z.infer<typeof RingId>;

/** One step: this share of a ring, chosen by a stable hash of rollout and kiosk. For `all` it is a share of all kiosks. */
export const RolloutStep = z.strictObject({
  ring: RingId,
  percent: z.number().int().min(1).max(100),
  /** Hours before the next step. */
  soakHours: z
    .number()
    .min(0)
    .max(24 * 60),
});
export type RolloutStep = z.infer<typeof RolloutStep>;

/** Every step must reach kiosks that earlier steps did not, and the last one must reach all. */
export const RolloutSteps = z
  .array(RolloutStep)
  .min(1)
  .max(12)
  .refine(
    (steps) =>
      steps.every((step, i) => !steps.slice(0, i).some((b) => b.ring === step.ring && b.percent >= step.percent)),
    'a later step of a ring must be larger than the one before',
  )
  .refine((steps) => {
    const at = steps.findIndex((step) => step.ring === 'all' && step.percent === 100);
    return at === steps.length - 1;
  }, 'the last step, and no other, must be 100 % of all');

/** When a rollout stops automatically: if this many kiosks, and this share of those that got it, failed. */
export const StopAt = z.strictObject({
  kiosks: z.number().int().min(1).max(10_000),
  percent: z.number().int().min(1).max(100),
});
export type StopAt = z.infer<typeof StopAt>;

/**
 * `stopped`: automatically. `held`: by a restore from a backup, until someone resumes it. `done`: every kiosk has it, nothing is
 * left to decide. `ended`: replaced by another rollout.
 */
export const RolloutState = z.enum(['running', 'paused', 'stopped', 'held', 'done', 'rolled-back', 'ended']);
export type RolloutState = z.infer<typeof RolloutState>;

/**
 * The state of one kiosk. `waiting`: not notified yet. `installing`: the new build is on trial. `overdue`: its result is long
 * overdue. `refused`: it did not install, and still runs its previous build. `not-heard`: it is due for the build but has not
 * been in contact for an hour; the rollout doesn't wait for it, and it gets the build when it is back.
 */
export const KioskState = z.enum([
  'waiting',
  'notified',
  'not-heard',
  'installing',
  'healthy',
  'rolled-back',
  'refused',
  'overdue',
]);
export type KioskState = z.infer<typeof KioskState>;
export const KioskCounts = z.record(KioskState, z.number().int());
export type KioskCounts = z.infer<typeof KioskCounts>;

/**
 * What it waits for before the next step. `nothing`: it proceeds, or there is no next step. `contact`: none of the kiosks that
 * are due has been in contact for an hour.
 */
export const WaitsFor = z.enum(['nothing', 'soak', 'verdicts', 'contact', 'failures', 'decision']);
export type WaitsFor = z.infer<typeof WaitsFor>;

export const Rollout = z.strictObject({
  id: Uuid,
  version: z.string(),
  state: RolloutState,
  /** Why it stopped automatically; null if it did not. */
  stopped: z.strictObject({ failed: z.number().int(), got: z.number().int() }).nullable(),
  steps: z.array(RolloutStep),
  /** Index of the current step, from 0. */
  step: z.number().int(),
  stepSince: Instant,
  /** Proceeds to the next step automatically. */
  automatic: z.boolean(),
  /** Ignores maintenance windows. */
  urgent: z.boolean(),
  trialMinutes: z.number().int(),
  stopAt: StopAt,
  startedAt: Instant,
  /** Account, or `operator`. */
  startedBy: z.string(),
  endedAt: Instant.nullable(),
  counts: KioskCounts,
  waitsFor: WaitsFor,
  /** When the soak time ends, if it waits for that. */
  nextAt: Instant.nullable(),
});
export type Rollout = z.infer<typeof Rollout>;

/** Newest first. If one is in progress, it comes first. */
export const RolloutPage = pageOf(Rollout);

export const RolloutAction = z.strictObject({
  at: Instant,
  /** Account, `operator`, or `server` for automatic actions. */
  by: z.string(),
  /** E-mail address of the account; null: no account, or removed since. */
  email: z.string().nullable(),
  what: z.enum(['started', 'paused', 'resumed', 'stopped', 'held', 'advanced', 'rolled-back', 'done', 'ended']),
  /** Details: the step it moved to, how many had failed. */
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});
export type RolloutAction = z.infer<typeof RolloutAction>;

/** Without `steps`: canary (if the ring has kiosks), 10 %, 50 %, 100 %, one day each. */
export const NewRollout = z.strictObject({
  version: BuildVersion,
  steps: RolloutSteps.optional(),
  automatic: z.boolean().default(true),
  urgent: z.boolean().default(false),
  trialMinutes: TrialMinutes.default(10),
  stopAt: StopAt.default({ kiosks: 2, percent: 20 }),
});
export type NewRollout = z.input<typeof NewRollout>;

export const ResumeRollout = z.strictObject({
  /** Kiosks on which it failed try it again. */
  retry: z.boolean().default(false),
});

export const RolloutKiosk = z.strictObject({
  device: Uuid,
  name: z.string(),
  ring: RingId,
  state: KioskState,
  /** Since when; null: not notified. */
  at: Instant.nullable(),
  /** The previous build. */
  from: z.string().nullable(),
  /** Code of why it went back or refused. What failed follows a colon: `trial-deadline: camera, match`. */
  reason: z.string().nullable(),
  /** Since when it is ready and delayed only because someone is always in view; null: it isn't. */
  heldSince: Instant.nullable(),
  lastHeardAt: Instant.nullable(),
});
export type RolloutKiosk = z.infer<typeof RolloutKiosk>;

export const RepositoryBuild = z.strictObject({
  version: z.string(),
  platforms: z.array(z.string()),
  commit: z.string(),
  bytes: z.number().int(),
});
export const Repository = z.strictObject({
  /** False: this server provides no updates. */
  configured: z.boolean(),
  builds: z.array(RepositoryBuild),
  /** When kiosks stop accepting it unless it is signed again; null: there is no repository. */
  expires: Instant.nullable(),
  /** Code of why it can't be read; null if it can. */
  problem: z.string().nullable(),
});
export type Repository = z.infer<typeof Repository>;

export const Ring = z.strictObject({
  id: RingId,
  /** Null: not renamed. */
  name: z.string().nullable(),
  count: z.number().int(),
  /** By name; at most 500. */
  kiosks: z.array(z.strictObject({ device: Uuid, name: z.string() })),
});
export type Ring = z.infer<typeof Ring>;
export const RingList = z.strictObject({ items: z.array(Ring) });
/** Null: restores its default name. */
export const RingPatch = z.strictObject({ name: givenName(40).nullable() });

/** When kiosks may restart for an update, in their site's local time. */
export const MaintenanceWindow = z
  .strictObject({ from: WallTime, to: WallTime })
  .refine(({ from, to }) => from !== to, 'must have a length');
export type MaintenanceWindow = z.infer<typeof MaintenanceWindow>;
export const WindowInForce = z.strictObject({
  /** False: a kiosk's is its site's, a site's is the default site's. */
  own: z.boolean(),
  /** Null: at any time. */
  window: MaintenanceWindow.nullable(),
  timeZone: z.string(),
});
export type WindowInForce = z.infer<typeof WindowInForce>;
/** Null: at any time. */
export const NewWindow = z.strictObject({ window: MaintenanceWindow.nullable() });

export const listRollouts = endpoint('GET /api/rollouts', {
  summary: 'List rollouts, newest first; one in progress comes first',
  roles: ['admin', 'auditor', 'operator'],
  data: [],
  query: z.strictObject(pageQuery),
  answer: RolloutPage,
});

export const listBuilds = endpoint('GET /api/builds', {
  summary: 'List the builds in the repository, newest first',
  roles: ['admin', 'auditor', 'operator'],
  data: [],
  answer: Repository,
});

const operate = { roles: ['admin', 'operator'], data: [], action: 'operate', answer: Rollout } as const;

export const startRollout = endpoint('POST /api/rollouts', {
  ...operate,
  summary: 'Start a rollout; it ends an earlier one that isn’t running',
  body: NewRollout,
  errors: [
    'updates-not-configured',
    'repository-unreadable',
    'repository-expired',
    'version-not-in-repository',
    'version-not-newer',
    'rollout-running',
    'ring-empty',
  ],
});

export const getRollout = endpoint('GET /api/rollouts/:rollout', {
  summary: 'Show one rollout: its step, the progress of its kiosks, and what it waits for',
  roles: ['admin', 'auditor', 'operator'],
  data: [],
  answer: Rollout,
});

export const listRolloutKiosks = endpoint('GET /api/rollouts/:rollout/kiosks', {
  summary: 'List the kiosks of a rollout, by name, with their progress and why they went back',
  roles: ['admin', 'auditor', 'operator'],
  data: [],
  query: z.strictObject({ ...pageQuery, state: KioskState.optional() }),
  answer: pageOf(RolloutKiosk),
});

export const getRolloutHistory = endpoint('GET /api/rollouts/:rollout/history', {
  summary: 'List the history of a rollout: what was done, who did it and when, newest first',
  roles: ['admin', 'auditor', 'operator'],
  data: ['account.email'],
  answer: z.strictObject({ items: z.array(RolloutAction) }),
});

const NOT_SO = ['rollout-over', 'rollout-not-so'] as const;

export const pauseRollout = endpoint('POST /api/rollouts/:rollout/pause', {
  ...operate,
  summary: 'Pause a rollout: no more kiosks are updated; those that have started will finish',
  errors: NOT_SO,
});

export const resumeRollout = endpoint('POST /api/rollouts/:rollout/resume', {
  ...operate,
  summary: 'Resume a rollout with the same step; earlier failures no longer count',
  body: ResumeRollout,
  errors: NOT_SO,
});

export const advanceRollout = endpoint('POST /api/rollouts/:rollout/advance', {
  ...operate,
  summary: 'Start the next step now',
  errors: [...NOT_SO, 'rollout-at-everybody'],
});

export const rollBackRollout = endpoint('POST /api/rollouts/:rollout/roll-back', {
  ...operate,
  summary: 'Roll back: every kiosk that has the build goes back to its previous one',
  errors: NOT_SO,
});

export const listRings = endpoint('GET /api/rings', {
  summary: 'List the rings: groups of kiosks that get a build one after the other',
  roles: ['admin', 'auditor', 'operator'],
  data: [],
  answer: RingList,
});

export const renameRing = endpoint('PATCH /api/rings/:ring', {
  summary: 'Rename a ring',
  roles: ['admin', 'operator'],
  data: [],
  params: { ring: RingId },
  body: RingPatch,
  answer: RingList,
  errors: ['name-unreadable'],
});

export const setDeviceRing = endpoint('PUT /api/devices/:device/ring', {
  summary: 'Move a kiosk to a ring',
  roles: ['admin', 'operator'],
  data: [],
  body: z.strictObject({ ring: RingId }),
});

export const getUpdateWindow = endpoint('GET /api/sites/:site/update-window', {
  summary: 'Show when a site’s kiosks may restart for updates, in local time',
  roles: ['admin', 'auditor'],
  data: [],
  answer: WindowInForce,
});

export const setUpdateWindow = endpoint('PUT /api/sites/:site/update-window', {
  summary: 'Set when a site’s kiosks may restart for updates; null means at any time',
  roles: ['admin'],
  data: [],
  body: NewWindow,
  answer: WindowInForce,
});

export const removeUpdateWindow = endpoint('DELETE /api/sites/:site/update-window', {
  summary: 'Reset a site’s maintenance window to that of the default site',
  roles: ['admin'],
  data: [],
  action: 'write',
});
