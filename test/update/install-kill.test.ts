import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { readState } from '../../electron/core/update/files.ts';
import type { UpdateLayout } from '../../electron/core/update/layout.ts';
import { STEPS } from '../../electron/host-browser/update/slots.ts';
import { verifyBuild } from '../../electron/host-browser/update/unpack.ts';
import type { UpdateDirective } from '../../sync/protocol/wire/fleet.ts';
import { printedRandom } from '../chance.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { aPerson, openKiosk } from '../store/kiosk.ts';
import { buildArchive } from './archives.ts';
import { type Mirror, makeRepository, type Repository, startMirror } from './repository.ts';
import { stubBuild } from './stub-kiosk.ts';
import { kioskFolders } from './updater.ts';

const random = printedRandom('installations killed');

/**
 * kill -9 of the whole kiosk (core, updater, launcher and what it started) at each step of an update, and at random moments:
 * `npm run test:update -- --kills 100`. Signed builds over HTTP, the real launcher, updater, store and rules.
 */
const KILLS = Number(process.env.SMARTPRESENCE_KILLS ?? '0');
const CHILD = join(import.meta.dirname, 'children/kiosk.ts');

/**
 * Steps at which the kiosk is killed, one row per update: each start is killed at the next step in the row. From
 * `state-written` on, each start counts as one of the three that a trial allows.
 */
const DEATHS: readonly (readonly string[])[] = [
  [
    ...STEPS.slice(0, STEPS.indexOf('staged') + 1),
    'core:before update-trial',
    'core:after update-trial',
    'verified-again',
  ],
  ['state-written'],
  ['current-swapped'],
  ['links-written'],
  ['cleaned'],
  ['core:restart'],
  ['core:before update-installed', 'core:after update-installed'],
  ['core:before update-healthy', 'settled'],
  ['core:after update-healthy'],
];

const home = temporaryFolder();
let repository: Repository;
let mirror: Mirror;
let minor = 2;
beforeAll(async () => {
  repository = makeRepository(join(home.path, 'repository'));
  mirror = await startMirror(repository.workspace.folder);
});
afterAll(async () => {
  await mirror?.close();
  home.remove();
});

/** Signs and publishes the next version. */
function nextVersion(): string {
  minor += 1;
  const version = `0.${minor}.0`;
  const big = Buffer.alloc(300_000, version);
  const { archive, facts } = buildArchive(join(home.path, 'archives'), stubBuild(version, {}, { files: { big } }));
  repository.add(version, readFileSync(archive), facts);
  return version;
}

interface Life {
  readonly killed: boolean;
  /** Ids of the builds that ran, in order. */
  readonly ran: string[];
}

/** Creates a kiosk and collects everything that it ever confirms. */
async function newLife() {
  const { root, layout } = kioskFolders();
  writeFileSync(join(root, 'root.json'), repository.trustedRoot);
  writeFileSync(join(root, 'uptime'), '100.00 1.0\n');
  mkdirSync(join(root, 'kiosk'));
  const store = await openKiosk(join(root, 'kiosk'));
  const { id: person } = await store.people.add(aPerson());
  store.close();
  const confirmed: string[] = [];
  let retry = 0;
  let installed = false;

  /** Runs the kiosk until it is killed at the given step or after the given ms, or has completed the update. */
  async function live(version: string, death: { at?: string; afterMs?: number }): Promise<Life> {
    const directive: UpdateDirective = {
      rollout: '33333333-3333-4333-8333-333333333333',
      action: 'install',
      version,
      window: null,
      trialMinutes: 10,
      retry: retry++,
    };
    const child: ChildProcess = spawn(
      process.execPath,
      [CHILD, root, mirror.url, JSON.stringify({ ...directive, retry: 0 }), person, death.at ?? ''],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const ran: string[] = [];
    let said = '';
    let launcher = 0;
    child.stderr!.on('data', (text) => {
      said += text;
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const timer = death.afterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), death.afterMs);
    let done = false;
    for await (const line of createInterface({ input: child.stdout! })) {
      const [word, what = ''] = line.split(' ');
      if (word === 'launcher') launcher = Number(what);
      else if (word === 'running') ran.push(what);
      else if (word === 'checkin') confirmed.push(what);
      else if (word === 'done') done = true;
    }
    clearTimeout(timer);
    if (child.exitCode === null && child.signalCode === null)
      await new Promise((resolve) => child.once('exit', resolve));
    if (!done && launcher > 0) {
      // Ends the launcher and the kiosk at once too.
      try {
        process.kill(launcher, 'SIGKILL');
      } catch {
        // it hadn't started yet or has already ended
      }
    }
    if (!done && child.signalCode !== 'SIGKILL') throw new Error(`the kiosk ended by itself: ${said.slice(-3000)}`);
    return { killed: !done, ran };
  }

  /** Checks that every build that may be started is complete, and that only the two expected builds ran. */
  async function expectWhole(before: string, version: string, life: Life, what: string): Promise<void> {
    const state = readState(layout);
    // Killed before its first build was put in place, which can take a while on a slow machine.
    if (!state && !installed) return;
    installed = true;
    expect(state, `${what}: the state`).not.toBeNull();
    for (const id of [state!.current, state!.previous].filter(Boolean)) await verifyBuild(join(layout.builds, id));
    const allowed = (id: string) => id === before || id.startsWith(`${version}-`);
    expect(
      life.ran.filter((id) => !allowed(id)),
      `${what}: other builds than the two`,
    ).toEqual([]);
  }

  /** Checks that each check-in and each update event exists once, and that the event chain is intact. */
  async function expectNothingLost(versions: readonly string[]): Promise<void> {
    const after = await openKiosk(join(root, 'kiosk'));
    const stored = after.checkins.list({ limit: 1_000_000 }).map(({ id }) => id);
    expect(new Set(stored).size).toBe(stored.length);
    const there = new Set(stored);
    expect(confirmed.length).toBeGreaterThan(0);
    expect(confirmed.filter((id) => !there.has(id))).toEqual([]);
    expect((await after.check()).problems).toEqual([]);
    const notified = after.outbox
      .pending(1_000_000)
      .map(({ header }) => header.open as { code?: string; detail?: { version?: string } })
      .filter(({ code }) => code?.startsWith('update-'));
    for (const version of versions) {
      const of = notified.filter(({ detail }) => detail?.version === version).map(({ code }) => code);
      const ends = of.filter((code) => code === 'update-healthy' || code === 'update-rolled-back');
      expect(ends, `${version}: ${of.join(', ')}`).toHaveLength(1);
      expect(of.filter((code) => code === 'update-installed').length, version).toBeLessThanOrEqual(1);
      expect(
        of.filter((code) => code === 'update-refused'),
        version,
      ).toEqual([]);
    }
    after.close();
  }
  const current = (layout: UpdateLayout) => readState(layout)?.current ?? '0.2.0-a8dbb2050422';
  return { live, expectWhole, expectNothingLost, current: () => current(layout) };
}

describe('kill -9 of the whole kiosk', () => {
  test('covers every step', () => {
    expect(new Set(DEATHS.flat().filter((at) => !at.startsWith('core:')))).toEqual(new Set<string>(STEPS));
  });

  test.each(DEATHS.map((steps) => ({ steps, name: steps.join(', ') })))(
    'at $name',
    async ({ steps }) => {
      const kiosk = await newLife();
      const version = nextVersion();
      const before = kiosk.current();
      for (const at of steps) {
        const life = await kiosk.live(version, { at });
        expect(life.killed, `nothing came to ${at}`).toBe(true);
        await kiosk.expectWhole(before, version, life, at);
      }
      await kiosk.expectWhole(before, version, await kiosk.live(version, {}), 'at the end');
      expect(kiosk.current().startsWith(`${version}-`)).toBe(true);
      await kiosk.expectNothingLost([version]);
    },
    300_000,
  );

  test.skipIf(KILLS === 0)(
    `at ${KILLS} random moments`,
    async () => {
      const kiosk = await newLife();
      const versions: string[] = [];
      for (let kills = 0; kills < KILLS; ) {
        const version = nextVersion();
        versions.push(version);
        const before = kiosk.current();
        for (let ended = false; !ended; ) {
          // Node's start time varies; most of this range falls in the time when the update is at work.
          const life = await kiosk.live(version, kills < KILLS ? { afterMs: 700 + random() * 3_500 } : {});
          ended = !life.killed;
          kills += life.killed ? 1 : 0;
          await kiosk.expectWhole(before, version, life, `kill ${kills} (${version})`);
        }
      }
      await kiosk.expectNothingLost(versions);
      console.log(`${KILLS} kills over ${versions.length} updates: always one of two builds, whole`);
    },
    KILLS * 20_000 + 60_000,
  );
});
