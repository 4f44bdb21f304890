import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listJobRuns } from '../../sync/protocol/api/jobs.ts';
import {
  listRolloutKiosks,
  listRollouts,
  pauseRollout,
  type Rollout,
  startRollout,
} from '../../sync/protocol/api/rollouts.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { newServer, type TestServer } from '../kit/server.ts';
import { buildArchive } from './archives.ts';
import { FleetKiosk } from './fleet-kiosk.ts';
import { makeRepository, type Repository } from './repository.ts';
import { type Nature, stubBuild } from './stub-kiosk.ts';

/**
 * Fifty kiosks with the real launcher, updater, TUF client, store and sync, over mutual TLS against a real server with a real
 * repository. A bad build reaches a tenth of them; the rollout stops automatically, and all of them return to the old build and
 * work. Then a good one reaches all kiosks. Events are recorded throughout, and each arrives once.
 */
const KIOSKS = 50;
const OLD = '1.0.0';
const BAD = '1.1.0';
const GOOD = '1.2.0';
const TENTH = { ring: 'all', percent: 10, soakHours: 0 } as const;
const EVERYBODY = { ring: 'all', percent: 100, soakHours: 0 } as const;
/** For a busy machine; everything here waits for a condition. */
const PATIENCE = { timeout: 300_000, interval: 1000 };

const folders = { repository: temporaryFolder(), archives: temporaryFolder(), kiosks: temporaryFolder() };
let server: TestServer;
let repository: Repository;
let fleet: FleetKiosk[] = [];
const numbers: Record<string, number> = {};
/** Aborted to stop recording events. */
const ending = new AbortController();
let making: Promise<void> = Promise.resolve();

function publish(version: string, nature: Nature): void {
  const { archive, facts } = buildArchive(folders.archives.path, stubBuild(version, nature));
  repository.add(version, readFileSync(archive), facts);
}

beforeAll(async () => {
  repository = makeRepository(folders.repository.path);
  repository.now = Date.now();
  publish(OLD, {});
  publish(BAD, { matches: false });
  publish(GOOD, {});
  server = await newServer({ env: { SMARTPRESENCE_UPDATES: folders.repository.path } });
});
afterAll(async () => {
  ending.abort();
  await making;
  await Promise.all(fleet.map((kiosk) => kiosk.close()));
  await server?.close();
  for (const { remove } of Object.values(folders)) remove();
});

async function startFleet(): Promise<void> {
  const began = performance.now();
  for (let i = 0; i < KIOSKS; i++)
    fleet.push(await FleetKiosk.start(server, folders.kiosks.path, `Kiosk ${i + 1}`, repository.trustedRoot));
  await expect.poll(() => fleet.every((k) => k.version === OLD && k.online), PATIENCE).toBe(true);
  numbers.startedSeconds = seconds(began);
}

/** Records events at random kiosks. */
async function makeEvents(): Promise<void> {
  for (let i = 0; !ending.signal.aborted; i++) {
    fleet[(i * 17) % fleet.length]!.event(i);
    await sleep(20);
  }
}

const seconds = (since: number) => Math.round((performance.now() - since) / 100) / 10;
const show = async (): Promise<Rollout> => (await server.call(listRollouts)).items[0]!;
const jobRuns = async () => (await server.call(listJobRuns, { query: { job: 'rollouts', limit: 1000 } })).items.length;
const statesOf = async () =>
  (await server.call(listRolloutKiosks, { params: { rollout: (await show()).id }, query: { limit: 200 } })).items;

/** Begins a rollout whose first tenth has enough kiosks for a verdict. Which ones is random in each rollout. */
async function begin(version: string): Promise<FleetKiosk[]> {
  for (;;) {
    await server.call(startRollout, { body: { version, steps: [TENTH, EVERYBODY] } });
    const notified = (await statesOf()).filter((k) => k.state === 'notified').map((k) => k.device);
    if (notified.length >= 3 && notified.length <= 10) return fleet.filter((k) => notified.includes(k.device));
    await server.call(pauseRollout, { params: { rollout: (await show()).id } });
  }
}

test('a bad build at 10 % stops its rollout and every kiosk returns to the old build, a good build reaches everyone, and no event is lost', async () => {
  await startFleet();
  making = makeEvents();
  let began = performance.now();
  const reached = await begin(BAD);
  numbers.badReached = reached.length;
  // They start it, but it can't recognise anyone, which shows only when the trial is over.
  await expect.poll(() => reached.every((k) => k.version === BAD), PATIENCE).toBe(true);
  numbers.badInstalledSeconds = seconds(began);
  await expect.poll(async () => (await show()).counts.installing, PATIENCE).toBe(reached.length);
  expect(await show()).toMatchObject({ state: 'running', step: 0 });
  began = performance.now();
  for (const kiosk of reached) kiosk.pass(11 * 60);
  await expect.poll(async () => (await show()).state, PATIENCE).toBe('stopped');
  numbers.stoppedSeconds = seconds(began);
  await expect.poll(async () => (await show()).counts['rolled-back'], PATIENCE).toBe(reached.length);
  const { stopped, step, counts } = await show();
  expect(step).toBe(0);
  expect(stopped!.failed).toBeGreaterThanOrEqual(2);
  expect(counts).toMatchObject({ notified: 0, installing: 0, healthy: 0, waiting: KIOSKS - reached.length });
  // All are on the old build, settled, online, and report why they rolled back.
  await expect.poll(() => fleet.every((k) => k.version === OLD && k.online && !k.onTrial), PATIENCE).toBe(true);
  numbers.backSeconds = seconds(began);
  for (const kiosk of await statesOf()) {
    const tried = reached.some((k) => k.device === kiosk.device);
    expect([kiosk.name, kiosk.state, kiosk.reason]).toEqual([
      kiosk.name,
      tried ? 'rolled-back' : 'waiting',
      tried ? 'trial-deadline: match' : null,
    ]);
  }
  // It doesn't continue automatically, and nobody retries it, however often it is checked.
  const runs = await jobRuns();
  await expect.poll(jobRuns, PATIENCE).toBeGreaterThanOrEqual(runs + 2);
  expect(await show()).toMatchObject({ state: 'stopped', step: 0 });
  expect(fleet.map((k) => k.version).filter((version) => version !== OLD)).toEqual([]);

  began = performance.now();
  await begin(GOOD);
  await expect.poll(async () => (await show()).step, PATIENCE).toBe(1);
  numbers.goodTenthSeconds = seconds(began);
  await expect.poll(async () => (await show()).state, PATIENCE).toBe('done');
  numbers.goodDoneSeconds = seconds(began);
  const others = (await statesOf()).filter(({ state }) => state !== 'healthy');
  expect(others.map(({ name, state, reason }) => [name, state, reason])).toEqual([]);
  await expect.poll(() => fleet.every((k) => k.version === GOOD && k.online && !k.onTrial), PATIENCE).toBe(true);

  // Each event of any kiosk is on the server once.
  ending.abort();
  await making;
  await expect.poll(() => fleet.reduce((sum, k) => sum + k.queued, 0), PATIENCE).toBe(0);
  const made = new Map(fleet.map((k) => [k.device, k.eventIds()]));
  await Promise.all(fleet.map((kiosk) => kiosk.close()));
  fleet = [];
  await server.offline(async ({ db }) => {
    const rows = await db.selectFrom('event').select(['device', 'id']).execute();
    const quarantined = await db.selectFrom('quarantine').select('reason').execute();
    expect(quarantined).toEqual([]);
    const here = Map.groupBy(rows, (row) => row.device);
    for (const [device, ids] of made) {
      const there = (here.get(device) ?? []).map((row) => row.id);
      expect(new Set(there).size).toBe(there.length);
      expect(there.sort()).toEqual([...ids].sort());
    }
    numbers.events = rows.length;
  });
  console.log(JSON.stringify({ kiosks: KIOSKS, ...numbers }));
  expect(numbers.events).toBeGreaterThan(KIOSKS * 10);
}, 1_500_000);
