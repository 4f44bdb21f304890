import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildFacts, compareVersions } from '../../../sync/protocol/wire/release.ts';
import { Problem } from '../../contract/problem.ts';
import type { CoreOptions } from '../../core/interface.ts';
import {
  buildId,
  readRequest,
  readStatus,
  type SlotState,
  statusFile,
  type UpdateRequest,
  type UpdaterStatus,
  writeShared,
} from '../../core/update/files.ts';
import type { UpdateLayout } from '../../core/update/layout.ts';
import { noSpace, refuseInstall, refuseRollback, spaceNeeded } from './rules.ts';
import { buildFolder, clean, dropPrevious, factsOf, type Step, settle, switchTo, unpackInto } from './slots.ts';
import type { BuildSource, FoundBuild } from './source.ts';
import { removeTree, unpackedSize, verifyBuild } from './unpack.ts';

export interface UpdaterOptions {
  readonly layout: UpdateLayout;
  /** Opens where builds come from; what it gives is authenticated, or it throws. */
  readonly open: (from: 'network' | 'usb', now: Date) => Promise<BuildSource>;
  /** Of the updater's own build, for its answers. */
  readonly self: string;
  readonly log: CoreOptions['log'];
  /** Tests end the process at a step. */
  readonly step?: Step;
  /** Bytes free for builds; of the disk by default. */
  readonly free?: (folder: string) => Promise<number>;
}

type Told = Partial<Omit<UpdaterStatus, 'request' | 'updater'>>;

/** How often progress is written, ms: a screen shows it, nobody waits for it. */
const TELL_EVERY = 1_000;

/**
 * One pass: puts right what was cut off, takes verdicts into the state, and does what is asked. It may be ended at any
 * moment; the next pass goes on where that is of use and begins anew where not. True: there was something to do.
 */
export async function runUpdater(options: UpdaterOptions): Promise<boolean> {
  const { layout, self, log, step = () => undefined } = options;
  const state = await settle(layout, step);
  const request = readRequest(layout);
  if (!request) return false;
  const before = readStatus(layout);
  if (before?.request === request.id && before.state !== 'working') return false;

  let told: UpdaterStatus = {
    request: request.id,
    state: 'working',
    step: request.want,
    done: 0,
    total: 0,
    problem: null,
    build: null,
    facts: null,
    moved: 0,
    updater: self,
  };
  let toldAt = Number.NEGATIVE_INFINITY;
  const tell = (change: Told): void => {
    const passing = change.state === undefined && change.step === undefined;
    told = { ...told, ...change };
    if (passing && performance.now() - toldAt < TELL_EVERY) return;
    toldAt = performance.now();
    writeShared(statusFile(layout), told);
  };
  tell({ state: 'working' });
  try {
    step('asked');
    tell({ ...(await perform(options, state, request, tell)), state: 'done' });
  } catch (error) {
    const { code, message, nextStep } = asProblem(error);
    log('warn', 'update: refused', { want: request.want, error });
    tell({ state: 'refused', problem: { code, message: message.slice(0, 1000), nextStep: nextStep.slice(0, 1000) } });
  }
  return true;
}

async function perform(
  options: UpdaterOptions,
  state: SlotState,
  request: UpdateRequest,
  tell: (change: Told) => void,
): Promise<Told> {
  const { layout, step = () => undefined } = options;
  switch (request.want) {
    case 'check':
      return {};
    case 'switch':
      tell({ step: 'switch' });
      await switchTo(layout, request.build, request, step);
      return { build: request.build };
    case 'stage': {
      if (state.attempt !== '')
        throw new Problem('update-on-trial', 'another update is still on trial', 'Wait until it has been decided.');
      const now = await factsOf(layout, state.current);
      if (!now)
        throw new Problem(
          'update-build-damaged',
          'the manifest of the build that runs can’t be read',
          'Install the kiosk again.',
        );
      const staged =
        request.action === 'rollback'
          ? await stagePrevious(layout, state, request.version, now)
          : await stageInstall(options, state, request, now, tell);
      step('staged');
      return staged;
    }
  }
}

async function stagePrevious(
  layout: UpdateLayout,
  { previous }: SlotState,
  version: string | null,
  now: BuildFacts,
): Promise<Told> {
  const facts = previous === '' ? null : await factsOf(layout, previous);
  const refusal = refuseRollback(facts, version, now);
  if (refusal) throw refusal;
  await verifyBuild(buildFolder(layout, previous));
  return { build: previous, facts };
}

async function stageInstall(
  options: UpdaterOptions,
  state: SlotState,
  request: Extract<UpdateRequest, { want: 'stage' }>,
  now: BuildFacts,
  tell: (change: Told) => void,
): Promise<Told> {
  const { layout, step = () => undefined } = options;
  tell({ step: 'look' });
  const source = await options.open(request.source, new Date(request.now));
  try {
    const found = await find(source, request.version, now);
    step('refreshed');
    const refusal = refuseInstall(found.facts, now);
    if (refusal) throw refusal;
    const id = buildId(found.facts);
    await clean(layout, state, id);
    // Gone back from, or staged before: it is still here.
    const held = await factsOf(layout, id);
    if (held && sameFacts(held, found.facts) && (await isWhole(layout, id))) return { build: id, facts: found.facts };

    await makeRoom(options, { packed: found.bytes, here: await source.here(found), unpacked: null });
    tell({ step: 'download', done: 0, total: found.bytes, facts: found.facts });
    const { path, moved } = await source.download(found, (done) => tell({ done }));
    step('downloaded');
    const unpacked = await unpackedSize(path);
    await makeRoom(options, { packed: 0, here: 0, unpacked });
    tell({ step: 'unpack', done: 0, total: unpacked, moved });
    const { id: real, build } = await unpackInto(layout, path, step, (done) => tell({ done }));
    if (!sameFacts(build.manifest, found.facts)) {
      await removeTree(buildFolder(layout, real));
      throw new Problem(
        'update-build-damaged',
        'the archive holds another build than the one that was signed for it',
        'Publish the build again.',
      );
    }
    await source.forget(found);
    return { build: id, facts: found.facts, moved };
  } finally {
    await source.close();
  }
}

/** The build of this version, or with none the newest for this kiosk. */
async function find(source: BuildSource, version: string | null, now: BuildFacts): Promise<FoundBuild> {
  const builds = (await source.builds()).filter(
    ({ facts }) => facts.platform === now.platform && facts.host === now.host,
  );
  const found =
    version === null
      ? builds.reduce<FoundBuild | null>(
          (best, one) => (best && compareVersions(best.facts.version, one.facts.version) >= 0 ? best : one),
          null,
        )
      : (builds.find(({ facts }) => facts.version === version) ?? null);
  if (found) return found;
  throw new Problem(
    'update-not-published',
    version === null ? 'there is no build for this kiosk' : `version ${version} is not published for this kiosk`,
    'Publish it, or take it out of the rollout.',
  );
}

async function makeRoom(options: UpdaterOptions, archive: Parameters<typeof spaceNeeded>[0]): Promise<void> {
  const { layout, free = freeBytes } = options;
  const needed = spaceNeeded(archive);
  if ((await free(layout.builds)) >= needed) return;
  await dropPrevious(layout);
  const left = await free(layout.builds);
  if (left < needed) throw noSpace(needed, left);
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

async function isWhole(layout: UpdateLayout, id: string): Promise<boolean> {
  try {
    await verifyBuild(buildFolder(layout, id));
    return true;
  } catch (error) {
    if (error instanceof Problem) return false;
    throw error;
  }
}

const FACTS = ['product', 'version', 'commit', 'platform', 'host', 'schema', 'minReader', 'node', 'entry'] as const;
const sameFacts = (a: BuildFacts, b: BuildFacts): boolean => FACTS.every((name) => a[name] === b[name]);

/** Errors of the disk get a code that says so; nothing here ends the process for what somebody published. */
function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { code } = error as { code?: unknown };
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new Problem('update-disk-full', 'the disk became full', 'Free some space on this kiosk.', { cause: error });
  return new Problem(
    'update-failed',
    error instanceof Error ? error.message : String(error),
    'See the updater’s log; it is tried again when it is asked for anew.',
    { cause: error },
  );
}

/** Where downloads are kept until they are installed. */
export const downloadsFolder = (layout: UpdateLayout): string => join(layout.work, 'downloads');
