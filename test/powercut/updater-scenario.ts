import { execFile, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readRequest, readState, readStatus, type UpdateRequest, Verdict } from '../../electron/core/update/files.ts';
import { type UpdateLayout, updateLayout } from '../../electron/core/update/layout.ts';
import { signedBuilds } from '../../electron/host-browser/update/open-builds.ts';
import { firstBuild, settle, unpackInto } from '../../electron/host-browser/update/slots.ts';
import { sourcesOf } from '../../electron/host-browser/update/sources.ts';
import { verifyBuild } from '../../electron/host-browser/update/unpack.ts';
import { runUpdater } from '../../electron/host-browser/update/updater.ts';
import { readIfThere } from '../../sync/disk/replace.ts';
import { USB_FOLDER } from '../../sync/protocol/wire/release.ts';
import { type BuildParts, buildArchive } from '../update/archives.ts';
import { makeRepository } from '../update/repository.ts';
import { Recording } from './disk.ts';
import { type Fact, type Found, type Recorded, tryScenario } from './harness.ts';
import { env } from './kiosk.ts';
import { readTrace, recordRun, straceOf } from './trace.ts';

const PROGRAM = join(import.meta.dirname, '../../electron/cli/kiosk.ts');
const SPOOL = join(import.meta.dirname, 'children/spool.ts');
const LAUNCH = join(import.meta.dirname, '../../electron/host-browser/update/launch');

/** A build that reports its version. As a kiosk it keeps running, or ends immediately. */
const buildOf = (version: string, ends = false): BuildParts => ({
  version,
  program: `#!/bin/sh\n[ "$1" = run ] && ${ends ? 'exit 7' : 'exec sleep 1000'}\necho ${version}\n`,
  files: { 'lib/one.js': randomBytes(9000), 'lib/deep/two.js': randomBytes(300), empty: '' },
});

interface FoundBuilds extends Found {
  /** The version that the launcher starts; null if none is installed yet. */
  readonly starts: string | null;
  /** The same after the updater has run. */
  readonly afterwards: string | null;
  readonly onTrial: boolean;
  /** The known version of the repository's timestamp, and the latest time at which it was verified. */
  readonly timestamp: number;
  readonly verified: number;
  /** Starts of a build on trial that the launcher has counted. */
  readonly counted: number;
}

/** An installation, an update that proves itself, a rollback, and an update that ends three times and is abandoned. */
export async function updates(root: string): Promise<Recorded> {
  const aside = `${root}-aside`;
  const layout = updateLayout(root);
  for (const folder of Object.values(layout)) mkdirSync(folder, { recursive: true });
  const repository = makeRepository(join(aside, USB_FOLDER));
  repository.now = Date.now();
  const first = buildArchive(aside, buildOf('0.2.0')).archive;
  for (const parts of [buildOf('0.3.0'), buildOf('0.4.0', true)]) {
    const { archive, facts } = buildArchive(aside, parts);
    repository.add(parts.version, readFileSync(archive), facts);
  }
  writeFileSync(join(layout.work, 'root.json'), repository.trustedRoot);

  const recording = new Recording(root);
  const file = `${root}.strace`;
  const own = env({ SMARTPRESENCE_SLOTS: root, SMARTPRESENCE_UPDATE_MOUNTS: aside });
  const run = async (...command: string[]) => {
    await recordRun(file, command, own);
    recording.add(await readTrace(file));
  };
  const updater = (...args: string[]) => run(process.execPath, PROGRAM, 'updater', ...args);
  const spool = (what: UpdateRequest | Verdict) => run(process.execPath, SPOOL, root, JSON.stringify(what));
  const now = new Date().toISOString();
  const ask = async (request: UpdateRequest) => {
    await spool(request);
    await updater();
    const status = readStatus(layout);
    if (status?.state !== 'done') throw new Error(`the updater refused: ${JSON.stringify(status?.problem)}`);
    return status.build ?? '';
  };
  const stage = (version: string, action: 'install' | 'rollback') =>
    ask({ id: randomUUID(), want: 'stage', version, action, source: 'usb', now });
  const trial = async (build: string) => {
    const attempt = randomUUID();
    await ask({ id: randomUUID(), want: 'switch', build, attempt, trialMinutes: 10 });
    return attempt;
  };
  const facts: Fact<FoundBuilds>[] = [];
  const starts = (from: string, version: string, until: string) => {
    recording.said(from);
    facts.push({
      from,
      until,
      what: `that ${version} starts`,
      holds: (f) => f.starts === version && f.afterwards === version,
    });
  };
  const settled = async (from: string, version: string, attempt: string, until: string) => {
    await spool({ attempt, outcome: 'healthy', code: '', starts: 1, seconds: 3 });
    recording.said(from);
    const what = `the verdict of the trial of ${version}`;
    facts.push({ from, until, what, holds: (found) => !found.onTrial && found.afterwards === version });
    await updater();
  };

  await updater('--first', first);
  starts('<first>', '0.2.0', '<staged 1>');
  const second = await stage('0.3.0', 'install');
  starts('<staged 1>', '0.2.0', '<asked 1>');
  const metadata = { timestamp: timestampOf(layout), verified: Date.parse(now) };
  facts.push({
    from: '<staged 1>',
    what: 'how new the metadata was that it has seen',
    holds: ({ timestamp, verified }) => timestamp >= metadata.timestamp && verified >= metadata.verified,
  });
  recording.said('<asked 1>');
  const once = await trial(second);
  starts('<switched 1>', '0.3.0', '<asked 2>');
  await settled('<healthy 1>', '0.3.0', once, '<asked 2>');
  recording.said('<asked 2>');
  const back = await trial(await stage('0.3.0', 'rollback'));
  starts('<switched 2>', '0.2.0', '<asked 3>');
  await settled('<healthy 2>', '0.2.0', back, '<asked 3>');
  recording.said('<asked 3>');
  await trial(await stage('0.4.0', 'install'));
  for (const n of [1, 2, 3])
    facts.push({
      from: `on trial, start ${n} of 3`,
      until: '<given up>',
      what: `that 0.4.0 was started ${n} times on trial`,
      holds: ({ counted }) => counted >= n,
    });
  await recordLauncher(recording, file, own, 'starting 0.2.0');
  starts('<given up>', '0.2.0', '<end>');
  await updater();
  recording.said('<end>');
  facts.push({ from: '<end>', what: 'the way back', holds: (f) => f.starts === '0.2.0' && !f.onTrial });
  return (how) =>
    tryScenario({ recording, facts, start: (folder) => startAfterCut(folder, aside, first) }, how, `${root}-cuts`);
}

/** Runs the launcher as a unit does, until it prints the text. */
async function recordLauncher(
  recording: Recording,
  file: string,
  own: NodeJS.ProcessEnv,
  until: string,
): Promise<void> {
  const command = ['sh', '-c', `echo $$; exec "$0" "$@"`, LAUNCH, '--root', recording.root, '--poll', '0.05', 'kiosk'];
  const child = spawn(...straceOf(file, command), { env: own, stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = new Promise((resolve) => child.once('close', resolve));
  let pid = 0;
  child.stdout.on('data', (text) => {
    pid ||= Number(String(text).trim());
  });
  let said = '';
  await new Promise<void>((resolve) => {
    child.stderr.on('data', (text) => {
      said += text;
      if (said.includes(until)) resolve();
    });
    child.once('close', resolve);
  });
  if (!said.includes(until)) throw new Error(`the launcher ended: ${said}`);
  process.kill(pid, 'SIGTERM');
  await closed;
  recording.add(await readTrace(file));
}

const json = (file: string) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null);
const timestampOf = ({ work }: UpdateLayout): number =>
  json(join(work, 'metadata/timestamp.json'))?.signed.version ?? 0;
/** As the launcher reads them: none if the file is incomplete. */
const countedStarts = ({ spool }: UpdateLayout): number =>
  Number(/"starts": (\d+)/.exec(readIfThere(join(spool, 'launch.json'))?.toString() ?? '')?.[1] ?? 0);

/** The machine starts. The launcher chooses a build; the updater repairs what was interrupted and continues the requests. */
async function startAfterCut(root: string, aside: string, first: string): Promise<FoundBuilds> {
  const layout = updateLayout(root);
  const problems: string[] = [];
  const found = { problems, starts: null, afterwards: null, onTrial: false, timestamp: 0, verified: 0, counted: 0 };
  try {
    if (!readState(layout)) {
      // It never was a kiosk: someone whose installation was interrupted runs the installer again.
      if (readdirSync(layout.builds).some((name) => name === 'current')) problems.push('builds, and no state of them');
      await firstBuild(layout, (await unpackInto(layout, first)).id);
      return { ...found, afterwards: await launched(root) };
    }
    const timestamp = timestampOf(layout);
    const verified = json(join(layout.work, 'clock.json'))?.verified ?? 0;
    const counted = countedStarts(layout);
    const starts = await launched(root);
    const { attempt } = await settle(layout);
    const afterwards = await launched(root);
    const request = readRequest(layout);
    if (request?.want === 'stage') {
      const settings = { socket: '', mirrors: [], mounts: [aside] };
      const sources = (from: 'network' | 'usb') => sourcesOf(from, settings);
      const log = () => undefined;
      const open = signedBuilds({ layout, trustedRoot: join(layout.work, 'root.json'), sources, log });
      await runUpdater({ layout, open, self: 'test', log });
      const { state, problem } = readStatus(layout)!;
      const moot = ['update-on-trial', 'update-older', 'update-same', 'update-none'];
      if (state !== 'done' && !moot.includes(problem?.code ?? ''))
        problems.push(`the updater: ${JSON.stringify(problem)}`);
    }
    await launched(root);
    problems.push(...falseVerdicts(layout));
    return { ...found, starts, afterwards, onTrial: attempt !== '', timestamp, verified, counted };
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { ...found, problems: [...problems, `${code ?? ''} ${message.replaceAll(root, '')}`] };
  }
}

/**
 * Updates wrongly reported as failed. A cut leaves no build that the state names missing or damaged, and only 0.4.0 doesn't prove
 * itself.
 */
function falseVerdicts({ spool }: UpdateLayout): string[] {
  const verdicts = readdirSync(spool).filter((name) => name.startsWith('verdict-'));
  const failed = verdicts.map((name) => Verdict.parse(json(join(spool, name)))).filter((v) => v.outcome === 'failed');
  return failed.filter((v) => v.code !== 'trial-starts').map((v) => `an update is reported as failed: ${v.code}`);
}

/** Returns what the launcher starts, which must be complete to the last file. */
async function launched(root: string): Promise<string> {
  const { stdout } = await promisify(execFile)(LAUNCH, ['--root', root, 'updater'], { env: env() });
  const version = stdout.trim();
  const { builds } = updateLayout(root);
  const id = readdirSync(builds).find((name) => name.startsWith(`${version}-`) && !name.endsWith('.sums'));
  await verifyBuild(join(builds, id ?? version));
  return version;
}
