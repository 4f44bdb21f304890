import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { replaceFile, syncFolder } from '../../../sync/disk/replace.ts';
import { BuildFacts, BuildVersion } from '../../../sync/protocol/wire/release.ts';
import { keptJson } from '../kept-json.ts';
import { type UpdateLayout, updateLayout } from './layout.ts';

/**
 * The files through which kiosk, launcher and updater communicate. Two builds read each other's, and either may be the newer one.
 * So unknown fields are ignored here, unlike anywhere else, and known fields are never removed.
 */

const Uuid = z.uuid().lowercase();
const Code = z.string().regex(/^[a-z0-9-]{1,60}$/);
/** Name of a build's folder: version and commit. */
export const BuildId = z.string().regex(/^[0-9A-Za-z][0-9A-Za-z.-]{0,90}$/);
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const orEmpty = <T extends z.ZodType>(schema: T) => z.union([z.literal(''), schema]);
const MAX_BYTES = 64 * 1024;

export const buildId = (build: { readonly version: string; readonly commit: string }): string =>
  `${build.version}-${build.commit.slice(0, 12)}`;

/**
 * `builds/state.json`: the build to run. Flat, with one field per line, since the launcher reads it without a parser. The link
 * `current` shows the same to people; if the two differ, this file counts.
 */
export const SlotState = z.object({
  format: z.literal(1),
  current: BuildId,
  /** SHA-256 of its build.json. */
  currentManifest: Sha256,
  previous: orEmpty(BuildId),
  previousManifest: orEmpty(Sha256),
  /** Identifies the trial while `current` is on trial; empty once it is settled. */
  attempt: orEmpty(Uuid),
  trialMinutes: z.number().int().min(1).max(60),
});
export type SlotState = z.infer<typeof SlotState>;

/** `spool/verdict-<attempt>.json`: the outcome of a trial. Core or launcher decides: whichever creates the file first. */
export const Verdict = z.object({
  attempt: Uuid,
  outcome: z.enum(['healthy', 'failed']),
  /** For a failure: `trial-starts`, `trial-deadline`, `build-broken`, or the core's own code. */
  code: z.union([Code, z.literal('')]),
  starts: z.number().int().nonnegative(),
  /** How long it has run, over all starts. */
  seconds: z.number().int().nonnegative(),
});
export type Verdict = z.infer<typeof Verdict>;

/** `spool/health.json`: what the build on trial has yet to prove; the previous build takes the reason of a failure from it. */
export const TrialHealth = z.object({ attempt: Uuid, missing: z.array(Code).max(20) });
export type TrialHealth = z.infer<typeof TrialHealth>;

/** `spool/request.json`: what the kiosk currently wants from the updater. A newer request replaces it. */
export const UpdateRequest = z.discriminatedUnion('want', [
  z.object({
    id: Uuid,
    /** Download (or find among the local builds), verify and unpack; the running kiosk doesn't change. */
    want: z.literal('stage'),
    /** Null for the newest that the source has. */
    version: BuildVersion.nullable(),
    /** Versions to exclude when choosing the newest. Older updaters ignore this. */
    except: z.array(BuildVersion).max(10).optional(),
    action: z.enum(['install', 'rollback']),
    source: z.enum(['network', 'usb']),
    /** The kiosk's trusted time, RFC 3339. */
    now: z.iso.datetime({ precision: 3 }),
  }),
  z.object({
    id: Uuid,
    /** Makes the staged build the current one, on trial: the next start runs it. */
    want: z.literal('switch'),
    build: BuildId,
    attempt: Uuid,
    trialMinutes: z.number().int().min(1).max(60),
  }),
  /** Reports, and settles a trial that has its verdict. */
  z.object({ id: Uuid, want: z.literal('check') }),
]);
export type UpdateRequest = z.infer<typeof UpdateRequest>;

/** `update/status.json`: the updater's progress with the request. */
export const UpdaterStatus = z.object({
  request: Uuid,
  state: z.enum(['working', 'done', 'refused']),
  step: Code,
  done: z.number().nonnegative(),
  total: z.number().nonnegative(),
  /** Only if `refused`. */
  problem: z.object({ code: Code, message: z.string().max(1000), nextStep: z.string().max(1000) }).nullable(),
  build: BuildId.nullable(),
  facts: BuildFacts.nullable().catch(null),
  /** Bytes downloaded for it, from the network or the USB stick. */
  moved: z.number().nonnegative(),
  /** Build of the updater that answers. */
  updater: z.string().max(100),
});
export type UpdaterStatus = z.infer<typeof UpdaterStatus>;

export const stateFile = (layout: UpdateLayout): string => join(layout.builds, 'state.json');
export const requestFile = (layout: UpdateLayout): string => join(layout.spool, 'request.json');
export const statusFile = (layout: UpdateLayout): string => join(layout.work, 'status.json');
export const healthFile = (layout: UpdateLayout): string => join(layout.spool, 'health.json');
export const serverSocket = (layout: UpdateLayout): string => join(layout.spool, 'server.sock');
export const verdictFile = (layout: UpdateLayout, attempt: string): string =>
  join(layout.spool, `verdict-${attempt}.json`);

export const readState = (layout: UpdateLayout): SlotState | null => read(stateFile(layout), SlotState);
export const readRequest = (layout: UpdateLayout): UpdateRequest | null => read(requestFile(layout), UpdateRequest);
export const readStatus = (layout: UpdateLayout): UpdaterStatus | null => read(statusFile(layout), UpdaterStatus);
export const readHealth = (layout: UpdateLayout): TrialHealth | null => read(healthFile(layout), TrialHealth);
export const readVerdict = (layout: UpdateLayout, attempt: string): Verdict | null =>
  read(verdictFile(layout, attempt), Verdict);

/**
 * Returns whether the running build is on an undecided trial. If so, its host exits with its core, so that each crash of the core
 * counts as a start: a core that keeps exiting leaves people without check-ins.
 */
export function undecidedTrial({
  SMARTPRESENCE_SLOTS: root,
  SMARTPRESENCE_TRIAL: attempt,
}: NodeJS.ProcessEnv): () => boolean {
  return () => !!root && !!attempt && readVerdict(updateLayout(root), attempt) === null;
}

/** A file that is missing, too large or invalid counts as none: it belongs to another user, or was cut off. */
function read<T extends z.ZodType>(file: string, schema: T): z.output<T> | null {
  try {
    return statSync(file).size > MAX_BYTES ? null : keptJson(schema, readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** Writes one of the files above, atomically and durably, readable by other users. */
export function writeShared(file: string, value: object): void {
  replaceFile(file, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o644, pastUmask: true });
}

/** Decides a trial. Returns false if it was already decided: then the existing file counts. */
export function decide(layout: UpdateLayout, verdict: Verdict): boolean {
  const file = verdictFile(layout, verdict.attempt);
  if (existsSync(file)) return false;
  const draft = join(dirname(file), `.verdict-${randomBytes(6).toString('hex')}`);
  writeShared(draft, verdict);
  try {
    linkSync(draft, file); // fails if there is one already: the first counts
    syncFolder(dirname(file));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}
