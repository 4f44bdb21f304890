import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { decide, readState, readVerdict, stateFile } from '../../electron/core/update/files.ts';
import type { UpdateLayout } from '../../electron/core/update/layout.ts';
import { settle, switchTo, unpackInto } from '../../electron/host-browser/update/slots.ts';
import { buildArchive, ENTRY } from './archives.ts';
import { installFirst, kioskFolders } from './updater.ts';

const LAUNCH = join(import.meta.dirname, '../../electron/host-browser/update/launch');
const ATTEMPT = '22222222-2222-4222-8222-222222222222';

/** Returns the program of a build that records that it runs and then does what the test says. */
const program = (name: string, then: string): string =>
  `#!/bin/sh\necho ${name} $* >>"$SMARTPRESENCE_SLOTS/ran"\n${then}\n`;
const STAYS = 'exec sleep 1000';
const ENDS = 'exit 7';

async function kiosk(a = STAYS, b = STAYS) {
  const { root, layout, archives } = kioskFolders();
  const uptime = join(root, 'uptime');
  const first = await installFirst(layout, archives, { version: '0.2.0', program: program('a', a) });
  const { archive } = buildArchive(archives, { version: '0.3.0', program: program('b', b) });
  const { id: second } = await unpackInto(layout, archive);
  let up = 100;
  const pass = (seconds: number) => {
    up += seconds;
    writeFileSync(uptime, `${up}.25 99.0\n`);
  };
  pass(0);
  const ran = () => (existsSync(join(root, 'ran')) ? readFileSync(join(root, 'ran'), 'utf8').trim().split('\n') : []);
  const onTrial = () => switchTo(layout, second, { attempt: ATTEMPT, trialMinutes: 2 }, () => undefined);
  return { root, layout, first, second, uptime, pass, ran, onTrial };
}

/** Runs the launcher until the test ends and keeps its output. */
function launch(kiosk: { root: string; uptime: string }, ...args: string[]) {
  const child: ChildProcess = spawn(
    LAUNCH,
    ['--root', kiosk.root, '--uptime', kiosk.uptime, '--poll', '0.05', ...args],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr!.on('data', (text) => {
    said += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const end = async () => {
    child.kill('SIGTERM');
    return ended;
  };
  onTestFinished(() => end().then(() => undefined));
  return { said: () => said, end, ended, pid: child.pid! };
}

const soon = { timeout: 60_000, interval: 20 };
const verdictOf = (layout: UpdateLayout) => readVerdict(layout, ATTEMPT);

test('starts the current build with its arguments, and again when it ends', async () => {
  const k = await kiosk(ENDS);
  const launcher = launch(k, 'kiosk', '--port', '4000');
  await expect.poll(k.ran, soon).toEqual(['a run --port 4000', 'a run --port 4000']);
  expect(launcher.said()).toContain('ended (exit 7)');
});

test('ends its build with all child processes when it ends', async () => {
  const k = await kiosk('sleep 1001 & sleep 1002');
  const launcher = launch(k, 'kiosk');
  await expect.poll(k.ran, soon).toHaveLength(1);
  const group = () => spawnSync('pgrep', ['-f', `^sleep 100[12]$`], { encoding: 'utf8' }).stdout.trim();
  await expect.poll(group, soon).not.toBe('');
  expect(await launcher.end()).toBe(0);
  await expect.poll(group, soon).toBe('');
});

test('takes the kiosk with it when killed', async () => {
  const k = await kiosk('exec sleep 1003');
  const launcher = launch(k, 'kiosk');
  const sleeping = () => spawnSync('pgrep', ['-f', '^sleep 1003$'], { encoding: 'utf8' }).stdout.trim();
  await expect.poll(sleeping, soon).not.toBe('');
  process.kill(launcher.pid, 'SIGKILL');
  await expect.poll(sleeping, soon).toBe('');
});

test('gives up a build on trial that ends three times, and starts the previous one', async () => {
  const k = await kiosk(STAYS, ENDS);
  await k.onTrial();
  const launcher = launch(k, 'kiosk');
  await expect.poll(k.ran, soon).toEqual(['b run', 'b run', 'b run', 'a run']);
  expect(verdictOf(k.layout)).toMatchObject({ outcome: 'failed', code: 'trial-starts', starts: 3 });
  expect(launcher.said()).toContain('update-failed');
  // Only the updater writes the state: it applies the verdict when it next runs.
  expect(readState(k.layout)).toMatchObject({ current: k.second });
  await settle(k.layout);
  expect(readState(k.layout)).toMatchObject({ current: k.first, previous: '', attempt: '' });
});

test('passes a build its trial, or that it has none', async () => {
  const says = 'echo "trial [$SMARTPRESENCE_TRIAL]" >>"$SMARTPRESENCE_SLOTS/ran"';
  const k = await kiosk(`${says}; ${STAYS}`, `${says}; ${ENDS}`);
  await k.onTrial();
  launch(k, 'kiosk');
  const onTrial = ['b run', `trial [${ATTEMPT}]`];
  await expect.poll(k.ran, soon).toEqual([...onTrial, ...onTrial, ...onTrial, 'a run', 'trial []']);
});

test('counts starts across launchers, since a hanging machine gets switched off', async () => {
  const k = await kiosk();
  await k.onTrial();
  for (let i = 1; i <= 3; i++) {
    const launcher = launch(k, 'kiosk');
    await expect.poll(k.ran, soon).toHaveLength(i);
    process.kill(launcher.pid, 'SIGKILL');
    await launcher.ended;
  }
  launch(k, 'kiosk');
  await expect.poll(k.ran, soon).toEqual(['b run', 'b run', 'b run', 'a run']);
});

test('ends a trial without a verdict after its time, measured only since boot', async () => {
  const k = await kiosk();
  await k.onTrial();
  launch(k, 'kiosk');
  await expect.poll(k.ran, soon).toEqual(['b run']);
  k.pass(119);
  await expect.poll(() => readFileSync(join(k.layout.spool, 'launch.json'), 'utf8'), soon).toContain('"seconds": 119');
  expect(verdictOf(k.layout)).toBeNull();
  k.pass(1);
  await expect.poll(k.ran, soon).toEqual(['b run', 'a run']);
  expect(verdictOf(k.layout)).toMatchObject({ outcome: 'failed', code: 'trial-deadline', starts: 1, seconds: 120 });
});

test('adds up a trial’s time across boots', async () => {
  const k = await kiosk();
  await k.onTrial();
  const launcher = launch(k, 'kiosk');
  await expect.poll(k.ran, soon).toHaveLength(1);
  k.pass(100);
  await expect.poll(() => readFileSync(join(k.layout.spool, 'launch.json'), 'utf8'), soon).toContain('"seconds": 100');
  process.kill(launcher.pid, 'SIGKILL');
  await launcher.ended;
  k.pass(-190); // a reboot: the clock since boot restarts
  launch(k, 'kiosk');
  await expect.poll(k.ran, soon).toEqual(['b run', 'b run']);
  k.pass(20);
  await expect.poll(k.ran, soon).toEqual(['b run', 'b run', 'a run']);
});

test('no longer watches a build that has proven itself', async () => {
  const k = await kiosk();
  await k.onTrial();
  launch(k, 'kiosk');
  await expect.poll(k.ran, soon).toEqual(['b run']);
  decide(k.layout, { attempt: ATTEMPT, outcome: 'healthy', code: '', starts: 1, seconds: 3 });
  k.pass(10_000);
  const launcher = launch(k, 'kiosk');
  await expect.poll(k.ran, soon).toEqual(['b run', 'b run']);
  expect(launcher.said()).not.toContain('trial');
  expect(verdictOf(k.layout)).toMatchObject({ outcome: 'healthy' });
});

test('does not start an incomplete build on trial', async () => {
  const k = await kiosk();
  await k.onTrial();
  writeFileSync(join(k.layout.builds, k.second, ENTRY), program('altered', STAYS));
  launch(k, 'kiosk');
  await expect.poll(k.ran, soon).toEqual(['a run']);
  expect(verdictOf(k.layout)).toMatchObject({ outcome: 'failed', code: 'build-broken', starts: 0 });
});

test('leaves a settled build with a damaged manifest or entry for the previous one', async () => {
  const k = await kiosk();
  await k.onTrial();
  decide(k.layout, { attempt: ATTEMPT, outcome: 'healthy', code: '', starts: 1, seconds: 3 });
  await settle(k.layout);
  rmSync(join(k.layout.builds, k.second, ENTRY));
  const launcher = launch(k, 'kiosk');
  await expect.poll(k.ran, soon).toEqual(['a run']);
  expect(launcher.said()).toContain(`build-fallback: starting ${k.first}`);
});

test('rejects a build with a single altered file in a full verification', async () => {
  const k = await kiosk();
  writeFileSync(join(k.layout.builds, k.first, ENTRY), program('altered', STAYS), { mode: 0o755 });
  const launcher = launch(k, '--verify', 'full', 'kiosk');
  await expect.poll(launcher.said, soon).toContain('no-build');
  expect(k.ran()).toEqual([]);
});

test('says if no build can be started, waits longer each time, and starts one once it exists', async () => {
  const k = await kiosk();
  const state = readFileSync(stateFile(k.layout));
  const folder = join(k.layout.builds, k.first);
  const manifest = readFileSync(join(folder, 'build.json'));
  rmSync(join(folder, 'build.json'));
  const launcher = launch(k, 'kiosk');
  await expect.poll(launcher.said, soon).toContain('no-build');
  await expect.poll(launcher.said, soon).toContain('Trying again in 2 s');
  expect(readFileSync(stateFile(k.layout))).toEqual(state);
  writeFileSync(join(folder, 'build.json'), manifest);
  await expect.poll(k.ran, soon).toEqual(['a run']);
});

test.each([
  ['missing', (file: string) => rmSync(file)],
  ['empty', (file: string) => writeFileSync(file, '')],
  ['cut off', (file: string) => writeFileSync(file, '{\n  "format": 1,\n  "cur')],
  ['another’s', (file: string) => writeFileSync(file, '{\n  "current": "../../../bin/sh; reboot",\n}\n')],
])('uses the links to find its build if its state is %s', async (_what, damage) => {
  const k = await kiosk();
  damage(stateFile(k.layout));
  const launcher = launch(k, 'kiosk');
  await expect.poll(k.ran, soon).toEqual(['a run']);
  expect(launcher.said()).toContain('state-damaged');
});

test('counts in memory if the disk can’t be written, so that a trial always ends', async () => {
  const k = await kiosk(STAYS, ENDS);
  await k.onTrial();
  rmSync(k.layout.spool, { recursive: true });
  writeFileSync(k.layout.spool, 'no folder');
  launch(k, 'kiosk');
  await expect.poll(k.ran, soon).toEqual(['b run', 'b run', 'b run', 'a run']);
});

test('runs the updater of the kiosk’s build without counting a start', async () => {
  const k = await kiosk('exit 0', 'exit 0');
  await k.onTrial();
  expect(await launch(k, 'updater', '--once').ended).toBe(0);
  expect(k.ran()).toEqual(['b updater --once']);
  expect(existsSync(join(k.layout.spool, 'launch.json'))).toBe(false);
  decide(k.layout, { attempt: ATTEMPT, outcome: 'failed', code: 'trial-starts', starts: 3, seconds: 3 });
  expect(await launch(k, 'updater', '--once').ended).toBe(0);
  expect(k.ran()).toEqual(['b updater --once', 'a updater --once']);
});

test('never runs names from its files', async () => {
  const k = await kiosk();
  const made = join(k.root, 'made');
  const text = readFileSync(stateFile(k.layout), 'utf8').replace('"attempt": ""', `"attempt": "$(touch ${made})"`);
  writeFileSync(stateFile(k.layout), text);
  mkdirSync(join(k.root, 'x'));
  launch(k, 'kiosk');
  await expect.poll(k.ran, soon).toEqual(['a run']);
  expect(existsSync(made)).toBe(false);
});
