import { randomBytes } from 'node:crypto';
import { constants, existsSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { access, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile, syncFolder } from '../../../sync/disk/replace.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { type BuildFacts, BuildManifest, buildFacts, MANIFEST_FILE } from '../../../sync/protocol/wire/release.ts';
import {
  BuildId,
  buildId,
  readState,
  readVerdict,
  SlotState,
  stateFile,
  type Verdict,
  writeShared,
} from '../../core/update/files.ts';
import type { UpdateLayout } from '../../core/update/layout.ts';
import { hashFile, removeTree, unpackBuild, type VerifiedBuild, verifyBuild } from './unpack.ts';

/** Called at each step of an update; tests end the process there. */
export type Step = (name: StepName) => void;
export const STEPS = [
  'asked',
  'refreshed',
  'downloaded',
  'unpacking',
  'unpacked',
  'sums-written',
  'renamed',
  'staged',
  'verified-again',
  'state-written',
  'current-swapped',
  'links-written',
  'cleaned',
  'settled',
] as const;
export type StepName = (typeof STEPS)[number];

const TEMPORARY = '.tmp-';
/** Input of `sha256sum --check`, by which the launcher verifies a build. Beside the build, which only holds what was signed. */
const sumsFile = (layout: UpdateLayout, id: string): string => join(layout.builds, `${id}.sums`);
export const buildFolder = (layout: UpdateLayout, id: string): string => join(layout.builds, id);

/** @throws Problem `update-state-missing` */
export function requireState(layout: UpdateLayout): SlotState {
  const state = readState(layout);
  if (!state) throw new Problem('update-state-missing');
  return state;
}

/** Reads the manifest of the build in a folder; null if there is no build. Its files are not checked. */
export async function factsOf(layout: UpdateLayout, id: string): Promise<BuildFacts | null> {
  if (!BuildId.safeParse(id).success) return null;
  try {
    const text = await readFile(join(buildFolder(layout, id), MANIFEST_FILE), 'utf8');
    return buildFacts(BuildManifest.parse(JSON.parse(text)));
  } catch {
    return null;
  }
}

const FACTS = ['product', 'version', 'commit', 'platform', 'host', 'schema', 'minReader', 'node', 'entry'] as const;
export const sameFacts = (a: BuildFacts, b: BuildFacts): boolean => FACTS.every((name) => a[name] === b[name]);

export interface UnpackOptions {
  /** Signed facts about the archive, which must contain exactly that build. */
  readonly signed?: BuildFacts;
  readonly step?: Step;
  readonly progress?: (bytes: number) => void;
}

/**
 * Unpacks a verified archive to its final place. It only counts once its folder has its final name, and by then all of it is
 * on the disk.
 * @throws as unpackBuild
 */
export async function unpackInto(
  layout: UpdateLayout,
  archive: string,
  { signed, step = () => undefined, progress }: UnpackOptions = {},
): Promise<{ id: string; build: VerifiedBuild }> {
  const temporary = join(layout.builds, `${TEMPORARY}${randomBytes(6).toString('hex')}`);
  try {
    step('unpacking');
    const build = await unpackBuild(archive, temporary, progress);
    if (signed && !sameFacts(build.manifest, signed))
      throw new Problem('update-build-damaged', {
        reason: 'the archive contains a different build from the one that was signed',
      });
    const id = buildId(build.manifest);
    step('unpacked');
    // An earlier attempt may have left a folder. It is not in use, since no slot names it.
    await removeTree(buildFolder(layout, id));
    replaceFile(sumsFile(layout, id), sums(build), { mode: 0o644, pastUmask: true });
    step('sums-written');
    await rename(temporary, buildFolder(layout, id));
    syncFolder(layout.builds);
    step('renamed');
    return { id, build };
  } catch (error) {
    await removeTree(temporary);
    throw error;
  }
}

const sums = ({ files }: VerifiedBuild): string => [...files].map(([path, hash]) => `${hash}  ${path}\n`).join('');

/**
 * Makes a staged build the current one, on trial.
 * @throws Problem `update-state-missing`, `update-build-damaged`, `update-on-trial`
 */
export async function switchTo(
  layout: UpdateLayout,
  id: string,
  trial: { attempt: string; trialMinutes: number },
  step: Step,
): Promise<SlotState> {
  const before = requireState(layout);
  // A repeated request, because the first answer was lost.
  if (before.attempt === trial.attempt || before.current === id) return finishSwitch(layout, before, step);
  if (before.attempt !== '') throw new Problem('update-on-trial');
  if (readVerdict(layout, trial.attempt)) throw new Problem('update-decided');
  const { manifestHash } = await verifyBuild(buildFolder(layout, id));
  step('verified-again');
  const state: SlotState = {
    format: 1,
    current: id,
    currentManifest: manifestHash,
    previous: before.current,
    previousManifest: before.currentManifest,
    attempt: trial.attempt,
    trialMinutes: trial.trialMinutes,
  };
  writeShared(stateFile(layout), state);
  step('state-written');
  const done = finishSwitch(layout, state, step);
  await clean(layout, state);
  step('cleaned');
  return done;
}

function finishSwitch(layout: UpdateLayout, state: SlotState, step: Step = () => undefined): SlotState {
  linkTo(layout, 'current', state.current);
  step('current-swapped');
  linkTo(layout, 'previous', state.previous);
  step('links-written');
  return state;
}

/**
 * Applies a verdict to the state: after a healthy trial it is over, a failed one is reverted. So is a build that can no longer
 * be started: its launcher runs the previous one instead, and it can be installed again. Also repairs links left behind by an
 * interrupted switch.
 */
export async function settle(layout: UpdateLayout, step: Step = () => undefined): Promise<SlotState> {
  let state = requireState(layout);
  const verdict = state.attempt === '' ? null : readVerdict(layout, state.attempt);
  const next = state.attempt !== '' && !verdict ? null : await settled(layout, state, verdict);
  if (next) {
    state = next;
    writeShared(stateFile(layout), state);
    step('settled');
    await clean(layout, state);
  }
  return finishSwitch(layout, state);
}

/**
 * Returns the next state, or null if it stays the same. A build that failed or can't be started is not kept, so that no one
 * returns to it, unless the previous one can't be started either.
 */
async function settled(layout: UpdateLayout, state: SlotState, verdict: Verdict | null): Promise<SlotState | null> {
  const { current, currentManifest, previous, previousManifest } = state;
  const failed = verdict ? verdict.outcome === 'failed' : !(await canStart(layout, current, currentManifest));
  if (failed && (await canStart(layout, previous, previousManifest)))
    return {
      ...state,
      current: previous,
      currentManifest: previousManifest,
      previous: '',
      previousManifest: '',
      attempt: '',
    };
  return verdict && { ...state, attempt: '' };
}

/** Whether the launcher would start this build outside a trial. */
async function canStart(layout: UpdateLayout, id: string, manifestHash: string): Promise<boolean> {
  const facts = id === '' ? null : await factsOf(layout, id);
  if (!facts) return false;
  try {
    await access(join(buildFolder(layout, id), facts.entry), constants.X_OK);
    return (await hashFile(join(buildFolder(layout, id), MANIFEST_FILE))) === manifestHash;
  } catch {
    return false;
  }
}

/** Installs a kiosk's first build. There is none before it, so it is not on trial. @throws Problem `update-state-there` */
export async function firstBuild(layout: UpdateLayout, id: string): Promise<SlotState> {
  if (readState(layout)) throw new Problem('update-state-there');
  const { manifestHash } = await verifyBuild(buildFolder(layout, id));
  const state: SlotState = SlotState.parse({
    format: 1,
    current: id,
    currentManifest: manifestHash,
    previous: '',
    previousManifest: '',
    attempt: '',
    trialMinutes: 10,
  });
  writeShared(stateFile(layout), state);
  return finishSwitch(layout, state);
}

/** Removes the previous build to make space for the next one. The state is changed first. */
export async function dropPrevious(layout: UpdateLayout): Promise<void> {
  const state = requireState(layout);
  if (state.attempt !== '' || state.previous === '') return;
  const without = { ...state, previous: '', previousManifest: '' };
  writeShared(stateFile(layout), without);
  finishSwitch(layout, without);
  await clean(layout, without);
}

/** Removes builds that no slot refers to, and leftovers of interrupted unpacking. @param keep one more build, just staged */
export async function clean(layout: UpdateLayout, state: SlotState, keep = ''): Promise<void> {
  const held = new Set([state.current, state.previous, keep].filter((id) => id !== ''));
  for (const entry of await readdir(layout.builds, { withFileTypes: true })) {
    const { name } = entry;
    if (entry.isDirectory() && !held.has(name)) await removeTree(join(layout.builds, name));
    if (entry.isFile() && name.endsWith('.sums') && !held.has(name.slice(0, -'.sums'.length)))
      rmSync(join(layout.builds, name), { force: true });
  }
}

/**
 * Replaces a link atomically: it always leads to a complete build, or is absent. It is not flushed, because the state file
 * decides, and the next start repairs a link left behind by a power cut.
 */
function linkTo(layout: UpdateLayout, name: 'current' | 'previous', id: string): void {
  const link = join(layout.builds, name);
  if (id === '') {
    rmSync(link, { force: true });
    return;
  }
  if (existsSync(link) && readlinkSync(link) === id) return;
  const temporary = join(layout.builds, `.${name}.tmp`);
  rmSync(temporary, { force: true });
  symlinkSync(id, temporary);
  renameSync(temporary, link);
}
