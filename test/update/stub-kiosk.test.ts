import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openKeys } from '../../electron/core/keys/index.ts';
import { openStore } from '../../electron/core/store/index.ts';
import { readHealth } from '../../electron/core/update/files.ts';
import type { UpdateDirective } from '../../sync/protocol/wire/fleet.ts';
import { buildArchive } from './archives.ts';
import { type Nature, type StubKiosk, type StubKioskOptions, startStubKiosk, stubBuild } from './stub-kiosk.ts';
import { kioskFolders, trusted } from './updater.ts';

const ROLLOUT = '33333333-3333-4333-8333-333333333333';
const soon = { timeout: 60_000, interval: 50 };

/** Creates a kiosk of 0.2.0 that is to install 0.3.0, which has the given nature. */
async function kiosk(nature: Nature, people: Pick<StubKioskOptions, 'idleMs' | 'unusedMs' | 'monotonic'> = {}) {
  const { root, archives } = kioskFolders();
  const home = join(root, 'kiosk');
  mkdirSync(home);
  const uptime = join(root, 'uptime');
  let up = 1000;
  const pass = (seconds: number) => {
    up += seconds;
    writeFileSync(uptime, `${up}.00 1.0\n`);
  };
  pass(0);
  const said: string[] = [];
  const stub = await startStubKiosk({
    root,
    uptime,
    ...people,
    first: stubBuild('0.2.0'),
    openStore: async () => {
      const keys = await openKeys({ home, deviceSecret: null, allowSecretFile: true });
      return openStore({ home, keys });
    },
    open: trusted([buildArchive(archives, stubBuild('0.3.0', nature))]),
    log: (line, fields) => said.push(`${line} ${JSON.stringify(fields ?? {})}`),
  });
  onTestFinished(({ task }) => {
    if (task.result?.state === 'fail') console.log(said.join('\n'));
    return stub.close();
  });
  await expect.poll(() => stub.running?.version, soon).toBe('0.2.0');
  return { stub, pass, said };
}

const directive: UpdateDirective = {
  rollout: ROLLOUT,
  action: 'install',
  version: '0.3.0',
  window: null,
  trialMinutes: 10,
  retry: 0,
};

/** Sets the update directive as a page from the server would. */
function notify(stub: StubKiosk, update: UpdateDirective | null): void {
  stub.store!.settings.set('update-directive', JSON.stringify(update));
  stub.keeper!.acknowledged();
}

/** Returns the kiosk's update events, in order. */
const notified = (stub: StubKiosk) =>
  (stub.store?.outbox.pending(100) ?? [])
    .map(({ header }) => header.open as { code?: string; detail?: Record<string, unknown> })
    .filter(({ code }) => code?.startsWith('update-'));

test('a good build is installed, proves itself, and is kept', async () => {
  const { stub } = await kiosk({});
  notify(stub, directive);
  await expect.poll(() => stub.running?.version, soon).toBe('0.3.0');
  await expect.poll(() => notified(stub).map(({ code }) => code), soon).toEqual(['update-installed', 'update-healthy']);
  expect(notified(stub)[1]!.detail).toEqual({
    version: '0.3.0',
    from: '0.2.0',
    action: 'install',
    retry: 0,
    rollout: ROLLOUT,
  });
  await expect.poll(() => stub.keeper?.report(), soon).toMatchObject({ state: 'idle', slots: { trial: false } });
});

test('a build that ends at its start is left automatically with the reason, and not retried until requested again', async () => {
  const { stub } = await kiosk({ crashes: true });
  notify(stub, directive);
  await expect.poll(() => notified(stub).map(({ code }) => code), soon).toEqual(['update-rolled-back']);
  expect(notified(stub)[0]!.detail).toMatchObject({
    version: '0.3.0',
    from: '0.2.0',
    reason: 'trial-starts: nothing was shown',
  });
  await expect.poll(() => stub.running?.version, soon).toBe('0.2.0');
  // Requested by another rollout, and then as a retry.
  notify(stub, { ...directive, rollout: '44444444-4444-4444-8444-444444444444' });
  await expect.poll(() => notified(stub).at(-1)?.detail, soon).toMatchObject({ reason: 'update-failed-before' });
  expect(stub.keeper!.report()).toMatchObject({ state: 'idle', problem: { code: 'update-failed-before' } });
  notify(stub, { ...directive, retry: 1 });
  await expect.poll(() => notified(stub).filter(({ code }) => code === 'update-rolled-back').length, soon).toBe(2);
});

test.each<[string, Nature]>([
  ['camera', { camera: false }],
  ['match', { matches: false }],
  ['nothing was shown', { opens: false }],
])('a build without %s is rolled back when its time is over', async (reason, nature) => {
  const { stub, pass } = await kiosk(nature);
  notify(stub, directive);
  await expect.poll(() => stub.running?.version, soon).toBe('0.3.0');
  // A core that can't open its store doesn't report what is missing.
  if (nature.opens !== false) await expect.poll(() => readHealth(stub.layout)?.missing.join(', '), soon).toBe(reason);
  pass(601);
  await expect.poll(() => stub.running?.version, soon).toBe('0.2.0');
  await expect.poll(() => notified(stub).at(-1)?.code, soon).toBe('update-rolled-back');
  await expect.poll(() => stub.keeper?.report().slots, soon).toMatchObject({ previous: null, trial: false });
  expect(notified(stub).at(-1)!.detail).toMatchObject({ version: '0.3.0', reason: `trial-deadline: ${reason}` });
});

test('is rolled back on request', async () => {
  const { stub } = await kiosk({});
  notify(stub, directive);
  await expect.poll(() => notified(stub).at(-1)?.code, soon).toBe('update-healthy');
  notify(stub, { ...directive, action: 'rollback' });
  await expect.poll(() => stub.running?.version, soon).toBe('0.2.0');
  await expect.poll(() => notified(stub).at(-1)?.code, soon).toBe('update-rolled-back');
  expect(notified(stub).at(-1)!.detail).toMatchObject({
    version: '0.3.0',
    from: '0.2.0',
    reason: 'asked',
    action: 'rollback',
  });
});

test('a build that is withdrawn during its trial is left at once', async () => {
  const { stub } = await kiosk({ camera: false });
  notify(stub, directive);
  await expect.poll(() => notified(stub).at(-1)?.code, soon).toBe('update-installed');
  notify(stub, { ...directive, action: 'rollback' });
  await expect.poll(() => stub.running?.version, soon).toBe('0.2.0');
  await expect.poll(() => notified(stub).at(-1)?.detail?.reason, soon).toBe('rollback-asked');
});

test('staff install the newest build without a server', async () => {
  const { stub } = await kiosk({});
  await expect(stub.keeper!.now('usb')).resolves.toEqual({ version: '0.3.0' });
  await expect.poll(() => stub.running?.version, soon).toBe('0.3.0');
  await expect.poll(() => notified(stub).at(-1)?.code, soon).toBe('update-healthy');
  await expect(stub.keeper!.now('network')).rejects.toMatchObject({ code: 'update-none' });
});

test('staff can’t install a build the server rolled back, until an administrator requests it again', async () => {
  const { stub } = await kiosk({});
  notify(stub, directive);
  await expect.poll(() => notified(stub).at(-1)?.code, soon).toBe('update-healthy');
  notify(stub, { ...directive, action: 'rollback' });
  await expect.poll(() => notified(stub).at(-1)?.code, soon).toBe('update-rolled-back');
  await expect.poll(() => stub.keeper?.report(), soon).toMatchObject({ state: 'idle', version: '0.2.0' });
  await expect(stub.keeper!.now('network')).rejects.toMatchObject({ code: 'update-taken-back' });
  expect(stub.running?.version).toBe('0.2.0');
  notify(stub, { ...directive, rollout: '44444444-4444-4444-8444-444444444444' });
  await expect.poll(() => stub.running?.version, soon).toBe('0.3.0');
});

test('if someone is always in view a build waits, says since when, and starts once nobody uses the kiosk', async () => {
  let ahead = 0;
  let unused = 0;
  const monotonic = () => performance.now() + ahead;
  const { stub } = await kiosk({}, { idleMs: () => 0, unusedMs: () => unused, monotonic });
  const before = Date.now();
  notify(stub, directive);
  await expect.poll(() => stub.keeper!.report().state, soon).toBe('ready');
  // A wait of minutes isn't shown.
  expect(stub.keeper!.notice()).toMatchObject({ kind: 'waiting', heldSince: null });
  expect(stub.keeper!.held()).toBeUndefined();
  const held = () => stub.keeper!.held();
  const hoursLater = () => {
    ahead += 4 * 3_600_000;
    return held();
  };
  await expect.poll(hoursLater, soon).toMatchObject({ version: '0.3.0' });
  expect(Math.abs(Date.parse(held()!.since) - before)).toBeLessThan(soon.timeout);
  expect(stub.keeper!.report()).toMatchObject({ state: 'ready', heldSince: held()!.since });
  expect(stub.running?.version).toBe('0.2.0');
  unused = 60_000;
  await expect.poll(() => stub.running?.version, soon).toBe('0.3.0');
});

test('a maintenance window changed while a build waits applies at once', async () => {
  const { stub } = await kiosk({});
  const hour = (plus: number) => new Date(Date.now() + plus * 3_600_000).toISOString().slice(11, 16);
  notify(stub, { ...directive, window: { from: hour(6), to: hour(8), zone: 'UTC' } });
  await expect.poll(() => stub.keeper!.report().state, soon).toBe('ready');
  expect(stub.running?.version).toBe('0.2.0');
  notify(stub, directive);
  await expect.poll(() => stub.running?.version, soon).toBe('0.3.0');
});

test('a request by staff, who are in view themselves, starts once nobody uses the kiosk', async () => {
  const { stub } = await kiosk({}, { idleMs: () => 0, unusedMs: () => 5_000 });
  await stub.keeper!.now('network');
  await expect.poll(() => stub.running?.version, soon).toBe('0.3.0');
});
