import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../sync/server/app/config.ts';
import { initServer } from '../../sync/server/app/local.ts';
import { openDatabase } from '../../sync/server/platform/database/open.ts';
import { serverHome, temporaryFolder } from '../kit/folder.ts';
import { registerKiosk } from '../kit/known-kiosk.ts';
import { makeRepository } from '../update/repository.ts';
import { sp } from './run-sp.ts';

/** `rollout` as an operator runs it, on a separate server home. */

const home = await serverHome();
const folder = temporaryFolder();
const [front, back] = [randomUUID(), randomUUID()];
let env: Record<string, string>;

beforeAll(async () => {
  env = { ...initServer(home.path), SMARTPRESENCE_UPDATES: folder.path };
  const repository = makeRepository(folder.path);
  repository.now = Date.now();
  repository.add('1.1.0');
  const { db, close } = await openDatabase(readConfig(env).home);
  await registerKiosk(db, { device: front, name: 'Front' });
  await registerKiosk(db, { device: back, name: 'Back' });
  await close();
});
afterAll(() => {
  home.remove();
  folder.remove();
});

const run = (...args: string[]) => sp(home.path, ['rollout', ...args], { env });

test('a build is rolled out, paused, resumed, advanced and rolled back from the command line', async () => {
  expect((await run()).stdout).toBe('No version has been rolled out yet.\n');
  expect((await run('builds')).stdout).toMatch(/^1\.1\.0 +linux-x64 {2}1 MB {2}[0-9a-f]{12}\nIts metadata expires at/);
  const unknown = await run('start', '9.9.9');
  expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('version-not-in-repository')]);
  const rings = await run('rings', front, 'canary');
  expect(rings.stdout).toMatch(/^canary {2}1 kiosk: Front\nearly {3}0 kiosks\nall {5}1 kiosk: Back\n$/);
  expect((await run('rings', '--name', 'canary=Test bench')).stdout).toContain('“Test bench”');

  const started = await run('start', '1.1.0', '--step', 'canary@24', '--step', 'all:50@1', '--step', 'all', '--manual');
  expect([started.code, started.stdout]).toEqual([0, expect.stringContaining('running, step 1 of 3')]);
  expect(started.stdout).toMatch(/canary +100 %, then 24 h\nall +50 %, then 1 h\nall +100 %\n$/);
  const [first] = (await run('--json')).lines();
  expect(first).toMatchObject({ version: '1.1.0', state: 'running', automatic: false, startedBy: 'operator' });
  expect((await run('pause')).stdout).toContain('paused');
  expect((await run('resume', '--retry')).stdout).toContain('running');
  expect((await run('advance')).stdout).toContain('step 2 of 3');

  const shown = await run('show');
  // It was notified, and never answered.
  expect(shown.stdout).toMatch(new RegExp(`${front} {2}not-heard +Front`));
  expect(shown.stdout).toMatch(/^> all +50 %/m);
  expect(shown.stdout).toMatch(/started +by operator: version 1\.1\.0/);
  const unsure = await sp(home.path, ['rollout', 'roll-back'], { env, input: 'no\n' });
  expect([unsure.code, unsure.stderr]).toEqual([
    1,
    `sp: server ${home.path}, embedded database\nNothing was changed.\n`,
  ]);
  const undone = await sp(home.path, ['rollout', 'roll-back'], { env, input: '1.1.0\n' });
  expect(undone.stdout).toContain('rolled-back');
  expect((await run('advance')).stderr).toContain('rollout-not-so');
}, 180_000);

test('refuses invalid arguments', async () => {
  for (const args of [
    ['start', '1.1.0', '--step', 'north'],
    ['start', '1.1.0', '--stop-at', 'two'],
    ['start', '1.1.0', '--step', 'all:50'],
    ['start', 'newest'],
    ['rings', front],
    ['rings', front, 'north'],
  ]) {
    const wrong = await run(...args);
    expect([args.join(' '), wrong.code, wrong.stdout]).toEqual([args.join(' '), 2, '']);
  }
}, 180_000);
