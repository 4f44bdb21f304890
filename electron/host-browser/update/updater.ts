import { mkdir, readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Running, UpdateClient, UpdateTarget } from '../../../sync/edge/update/client.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import type { BuildFacts } from '../../../sync/protocol/wire/release.ts';
import { canGoBack } from '../../../sync/protocol/wire/release.ts';
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
import {
  buildFolder,
  clean,
  dropPrevious,
  factsOf,
  type Step,
  sameFacts,
  settle,
  switchTo,
  unpackInto,
} from './slots.ts';
import { unpackedSize, verifyBuild } from './unpack.ts';

/** Authenticated builds from any source. */
export interface OpenedBuilds {
  readonly client: Pick<UpdateClient, 'find' | 'newest' | 'download'>;
  /** Returns the number of bytes fetched from elsewhere so far. */
  moved(): number;
}

export interface UpdaterOptions {
  readonly layout: UpdateLayout;
  /** @param running what an update is checked against @param now the kiosk's trusted time, ms since 1970 */
  readonly open: (from: 'network' | 'usb', running: Running, now: number) => Promise<OpenedBuilds>;
  readonly self: string;
  readonly log: CoreOptions['log'];
  readonly step?: Step;
  /** Returns the bytes available for builds; by default those free on the disk. */
  readonly free?: (folder: string) => Promise<number>;
}

type StatusChange = Partial<Omit<UpdaterStatus, 'request' | 'updater'>>;

/** How often progress is written, ms. It is only shown on a screen. */
const REPORT_EVERY_MS = 1_000;

/**
 * Makes one pass: repairs what was interrupted, applies verdicts to the state, and does what is requested. It may be ended at
 * any moment. The next pass continues where possible, and otherwise starts over.
 * @returns whether there was something to do
 */
export async function runUpdater(options: UpdaterOptions): Promise<boolean> {
  const { layout, self, log, step = () => undefined } = options;
  const state = await settle(layout, step);
  const request = readRequest(layout);
  if (!request) return false;
  const before = readStatus(layout);
  if (before?.request === request.id && before.state !== 'working') return false;

  let current: UpdaterStatus = {
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
  let reportedAt = Number.NEGATIVE_INFINITY;
  const report = (change: StatusChange): void => {
    const passing = change.state === undefined && change.step === undefined;
    current = { ...current, ...change };
    if (passing && performance.now() - reportedAt < REPORT_EVERY_MS) return;
    reportedAt = performance.now();
    writeShared(statusFile(layout), current);
  };
  report({ state: 'working' });
  try {
    step('asked');
    report({ ...(await perform(options, state, request, report)), state: 'done' });
  } catch (error) {
    const { code, message, nextStep } = asProblem(error);
    log('warn', 'update: refused', { want: request.want, error });
    report({ state: 'refused', problem: { code, message: message.slice(0, 1000), nextStep: nextStep.slice(0, 1000) } });
  }
  return true;
}

async function perform(
  options: UpdaterOptions,
  state: SlotState,
  request: UpdateRequest,
  report: (change: StatusChange) => void,
): Promise<StatusChange> {
  const { layout, step = () => undefined } = options;
  switch (request.want) {
    case 'check':
      return {};
    case 'switch':
      report({ step: 'switch' });
      await switchTo(layout, request.build, request, step);
      return { build: request.build };
    case 'stage': {
      if (state.attempt !== '') throw new Problem('update-on-trial');
      const now = await factsOf(layout, state.current);
      if (!now)
        throw new Problem('update-build-damaged', { reason: 'the manifest of the build that runs can’t be read' });
      const staged =
        request.action === 'rollback'
          ? await stagePrevious(layout, state, request.version, now)
          : await stageInstall(options, state, request, now, report);
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
): Promise<StatusChange> {
  const facts = previous === '' ? null : await factsOf(layout, previous);
  const coded = refuseRollback(facts, version, now);
  if (coded) throw coded;
  await verifyBuild(buildFolder(layout, previous));
  return { build: previous, facts };
}

async function stageInstall(
  options: UpdaterOptions,
  state: SlotState,
  request: Extract<UpdateRequest, { want: 'stage' }>,
  now: BuildFacts,
  report: (change: StatusChange) => void,
): Promise<StatusChange> {
  const { layout, step = () => undefined } = options;
  report({ step: 'look' });
  const { except = [] } = request;
  const { client, moved } = await options.open(request.source, now, Date.parse(request.now));
  const target = request.version === null ? await client.newest(except) : await client.find(request.version);
  step('refreshed');
  if (!target && except.length > 0 && (await client.newest()))
    throw new Problem('update-taken-back', { version: now.version, versions: except.join(', ') });
  if (!target) throw new Problem('update-none', { version: now.version });
  const facts = target.build;
  const coded = refuseInstall(facts, now);
  if (coded) throw coded;
  const id = buildId(facts);
  await clean(layout, state, id);
  // A build that was rolled back from, or staged earlier, may still be here.
  const held = await factsOf(layout, id);
  if (held && sameFacts(held, facts) && (await isWhole(layout, id))) return { build: id, facts, moved: moved() };

  const archive = await fetchArchive(options, client, target, request, report);
  step('downloaded');
  const unpacked = await unpackedSize(archive);
  await freeSpace(options, { packed: 0, here: 0, unpacked });
  report({ step: 'unpack', done: 0, total: unpacked, moved: moved() });
  await unpackInto(layout, archive, { signed: facts, step, progress: (done) => report({ done }) });
  await rm(downloadsFolder(layout), { recursive: true, force: true });
  return { build: id, facts, moved: moved() };
}

async function fetchArchive(
  options: UpdaterOptions,
  client: OpenedBuilds['client'],
  target: UpdateTarget,
  { id }: UpdateRequest,
  report: (change: StatusChange) => void,
): Promise<string> {
  const folder = downloadsFolder(options.layout);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await freeSpace(options, { packed: target.length, here: await bytesIn(folder), unpacked: null });
  report({ step: 'download', done: 0, total: target.length, facts: target.build });
  const to = join(folder, 'build.tar.gz');
  // A slow source may take hours. A newer request must not wait for it.
  const superseded = new AbortController();
  const looking = setInterval(() => {
    if (readRequest(options.layout)?.id !== id) superseded.abort();
  }, REPORT_EVERY_MS);
  try {
    await client.download(target, to, { progress: (done) => report({ done }), signal: superseded.signal });
  } finally {
    clearInterval(looking);
  }
  return to;
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder)) bytes += (await stat(join(folder, name))).size;
  return bytes;
}

async function freeSpace(options: UpdaterOptions, archive: Parameters<typeof spaceNeeded>[0]): Promise<void> {
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

/** Gives errors of the disk a code. Nothing that someone published may end the process. */
function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { code } = error as { code?: unknown };
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new Problem('update-disk-full', { reason: 'it is full', cause: error });
  return new Problem('update-failed', { reason: error instanceof Error ? error.message : String(error), cause: error });
}

/** Folder in which downloads are kept until they are installed. */
export const downloadsFolder = (layout: UpdateLayout): string => join(layout.work, 'downloads');

/** Bytes that must remain free after an update: attendance records and photos take precedence. */
const KEEP_FREE = 300 * 1024 * 1024;
/** Estimated ratio of unpacked to packed size, until the archive is here and states it. */
const USUAL_RATIO = 4;

/**
 * Returns why an authenticated build can't run on the current one's data; null if it can. That it is newer, for this kiosk, and
 * can be rolled back, was checked by the client of signed updates.
 */
function refuseInstall(next: BuildFacts, now: BuildFacts): Problem | null {
  if (next.schema >= now.minReader) return null;
  return new Problem('update-store-too-new', { version: next.version, schema: next.schema, minReader: now.minReader });
}

/**
 * Returns why the kiosk may not go back to the previous build; null if it may.
 * @param leave the version to leave, which must be the one running
 */
function refuseRollback(previous: BuildFacts | null, leave: string | null, now: BuildFacts): Problem | null {
  if (leave !== null && leave !== now.version)
    return new Problem('update-not-running', { leave, version: now.version });
  if (!previous) return new Problem('update-no-previous', { version: now.version });
  if (canGoBack(previous, now)) return null;
  return new Problem('update-cannot-roll-back', { older: previous.version, newer: now.version });
}

/** Bytes that an update needs on the disk, including what must remain free. */
const spaceNeeded = (archive: { packed: number; here: number; unpacked: number | null }): number =>
  Math.max(0, archive.packed - archive.here) + (archive.unpacked ?? archive.packed * USUAL_RATIO) + KEEP_FREE;

function noSpace(needed: number, free: number): Problem {
  const megabytes = (bytes: number): number => Math.ceil(bytes / 1024 / 1024);
  return new Problem('update-disk-full', { reason: `${megabytes(needed)} MB needed, ${megabytes(free)} MB free` });
}
