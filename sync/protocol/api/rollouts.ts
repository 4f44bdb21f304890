import { z } from 'zod';
import { Instant, Uuid } from '../wire/event.ts';
import { TrialMinutes, WallTime } from '../wire/fleet.ts';
import { givenName } from '../wire/name.ts';
import { BuildVersion } from '../wire/release.ts';
import { endpoint } from './endpoint.ts';
import { pageOf, pageQuery } from './page.ts';

/** `/api/rollouts`: a version of the kiosk's build goes out to the fleet, step by step (docs/operate/rollouts.md). */

/** Groups of kiosks. Each kiosk is in one; who was put in none is in `all`. */
export const RingId = z.enum(['canary', 'early', 'all']);
export type RingId = z.infer<typeof RingId>;

/** One step: this share of a ring, by a stable hash of rollout and kiosk. Of `all` it is a share of every kiosk. */
export const RolloutStep = z.strictObject({
  ring: RingId,
  percent: z.number().int().min(1).max(100),
  /** Hours that have to go by before the next step. */
  soakHours: z
    .number()
    .min(0)
    .max(24 * 60),
});
export type RolloutStep = z.infer<typeof RolloutStep>;

/** Every step reaches a kiosk that the ones before it did not, and the last one everybody. */
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

/** When a rollout stops automatically: so many kiosks that got it failed, and so large a share. */
export const StopAt = z.strictObject({
  kiosks: z.number().int().min(1).max(10_000),
  percent: z.number().int().min(1).max(100),
});
export type StopAt = z.infer<typeof StopAt>;

/**
 * `stopped`: by itself. `held`: by a restore from a backup, until someone resumes it. `done`: at everybody, nothing is left to
 * decide. `ended`: another one took its place.
 */
export const RolloutState = z.enum(['running', 'paused', 'stopped', 'held', 'done', 'rolled-back', 'ended']);
export type RolloutState = z.infer<typeof RolloutState>;

/**
 * Where one kiosk is. `waiting`: it was not notified yet. `installing`: the new build is on trial. `overdue`: it should long have
 * said whether it is healthy. `refused`: it did not install, and runs what it had. `not-heard`: the rollout has come to it, it
 * was not heard of for an hour, and nothing waits for it; it gets the build when it comes back.
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
 * What it waits for before the next step; `nothing`: it goes on, or there is no next step. `contact`: none of the kiosks that
 * it has come to was heard of for an hour.
 */
export const WaitsFor = z.enum(['nothing', 'soak', 'verdicts', 'contact', 'failures', 'decision']);
export type WaitsFor = z.infer<typeof WaitsFor>;

export const Rollout = z.strictObject({
  id: Uuid,
  version: z.string(),
  state: RolloutState,
  /** Why it stopped by itself; null where it did not. */
  stopped: z.strictObject({ failed: z.number().int(), got: z.number().int() }).nullable(),
  steps: z.array(RolloutStep),
  /** Which step it is at, from 0. */
  step: z.number().int(),
  stepSince: Instant,
  /** Proceeds to the next step automatically. */
  automatic: z.boolean(),
  /** At any hour, whatever the maintenance windows say. */
  urgent: z.boolean(),
  trialMinutes: z.number().int(),
  stopAt: StopAt,
  startedAt: Instant,
  /** Account, or `operator`. */
  startedBy: z.string(),
  endedAt: Instant.nullable(),
  counts: KioskCounts,
  waitsFor: WaitsFor,
  /** When its soak time is over, while it waits for that. */
  nextAt: Instant.nullable(),
});
export type Rollout = z.infer<typeof Rollout>;

/** Newest first: the one in force, if there is one, is the first. */
export const RolloutPage = pageOf(Rollout);

export const RolloutAction = z.strictObject({
  at: Instant,
  /** Account, `operator`, or `server`: by itself. */
  by: z.string(),
  /** Of the account; null: none, or removed since. */
  email: z.string().nullable(),
  what: z.enum(['started', 'paused', 'resumed', 'stopped', 'held', 'advanced', 'rolled-back', 'done', 'ended']),
  /** Details: the step that it went to, how many had failed. */
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});
export type RolloutAction = z.infer<typeof RolloutAction>;

/** Without `steps`: canary (where the ring has kiosks), 10 %, 50 %, everybody, a day each. */
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
  /** Kiosks on which it failed try it once more. */
  retry: z.boolean().default(false),
});

export const RolloutKiosk = z.strictObject({
  device: Uuid,
  name: z.string(),
  ring: RingId,
  state: KioskState,
  /** Since when; null: not notified. */
  at: Instant.nullable(),
  /** The build before. */
  from: z.string().nullable(),
  /** Code of why it went back or refused; behind a colon what it did not show: `trial-deadline: camera, match`. */
  reason: z.string().nullable(),
  /** Notified, and ready: since then it waits only because someone is always in view; null: it does not. */
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
  /** False: this server gives out no updates. */
  configured: z.boolean(),
  builds: z.array(RepositoryBuild),
  /** When kiosks take nothing from it any more, unless it is signed again; null: none is there. */
  expires: Instant.nullable(),
  /** Code of why it can't be read; null: it can. */
  problem: z.string().nullable(),
});
export type Repository = z.infer<typeof Repository>;

export const Ring = z.strictObject({
  id: RingId,
  /** Null: nobody called it otherwise. */
  name: z.string().nullable(),
  count: z.number().int(),
  /** By name; at most 500. */
  kiosks: z.array(z.strictObject({ device: Uuid, name: z.string() })),
});
export type Ring = z.infer<typeof Ring>;
export const RingList = z.strictObject({ items: z.array(Ring) });
/** Null: by its own name again. */
export const RingPatch = z.strictObject({ name: givenName(40).nullable() });

/** When kiosks of a site may restart for an update, by the site's clock; null: at any hour. */
export const MaintenanceWindow = z
  .strictObject({ from: WallTime, to: WallTime })
  .refine(({ from, to }) => from !== to, 'must have a length');
export type MaintenanceWindow = z.infer<typeof MaintenanceWindow>;
export const SiteWindow = z.strictObject({
  site: Uuid,
  /** False: it is that of the default site. */
  own: z.boolean(),
  window: MaintenanceWindow.nullable(),
  timeZone: z.string(),
});
export type SiteWindow = z.infer<typeof SiteWindow>;

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
  answer: SiteWindow,
});

export const setUpdateWindow = endpoint('PUT /api/sites/:site/update-window', {
  summary: 'Set when a site’s kiosks may restart for updates; null means at any time',
  roles: ['admin'],
  data: [],
  body: z.strictObject({ window: MaintenanceWindow.nullable() }),
  answer: SiteWindow,
});

export const removeUpdateWindow = endpoint('DELETE /api/sites/:site/update-window', {
  summary: 'Reset a site’s maintenance window to that of the default site',
  roles: ['admin'],
  data: [],
  action: 'write',
});
