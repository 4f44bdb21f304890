import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openKeys } from '../../electron/core/keys/index.ts';
import { openStore } from '../../electron/core/store/index.ts';
import { readRequest, readState } from '../../electron/core/update/files.ts';
import { updateLayout } from '../../electron/core/update/layout.ts';
import { downloadsFolder, type UpdaterOptions } from '../../electron/host-browser/update/updater.ts';
import type { UpdateDirective } from '../../sync/protocol/wire/fleet.ts';
import { someCheckins } from '../store/kiosk.ts';
import { aCheckin, aPerson } from '../store/samples.ts';
import { type BuildParts, buildArchive } from './archives.ts';
import { type StubKiosk, startStubKiosk, stubBuild } from './stub-kiosk.ts';
import { trusted } from './updater.ts';

/** An update on a disk that is really full: a small tmpfs, with the kiosk's store, builds and downloads on it. */

const MB = 1024 * 1024;
const soon = { timeout: 60_000, interval: 50 };
const directive: UpdateDirective = {
  rollout: '33333333-3333-4333-8333-333333333333',
  action: 'install',
  version: '0.3.0',
  window: null,
  trialMinutes: 10,
  retry: 0,
};

const probe =
  process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
if (!probe) console.warn('\n!!! SKIPPED: updates on a full disk need root and the right to mount a tmpfs\n');

interface SmallDisk {
  readonly path: string;
  resize(megabytes: number): void;
}

function smallDisk(megabytes: number): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), 'sp-disk-'));
  const mount = (options: string) => {
    const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  };
  mount(`size=${megabytes}m,mode=755`);
  onTestFinished(() => {
    spawnSync('umount', ['-l', path]);
    rmSync(path, { recursive: true });
  });
  return { path, resize: (to) => mount(`remount,size=${to}m`) };
}

/** A kiosk of 0.2.0 on this disk, with 0.3.0 available. */
async function kioskOn(disk: SmallDisk, next: BuildParts, free?: UpdaterOptions['free']) {
  const root = join(disk.path, 'kiosk-root');
  const home = join(root, 'kiosk');
  mkdirSync(home, { recursive: true });
  const uptime = join(root, 'uptime');
  writeFileSync(uptime, '1000.00 1.0\n');
  const open = async () =>
    openStore({ home, keys: await openKeys({ home, deviceSecret: null, allowSecretFile: true }) });
  const made = await open();
  const { id: person } = await made.people.add(aPerson());
  const before = await someCheckins(made, person, 3);
  made.close();
  const published = mkdtempSync(join(tmpdir(), 'sp-archives-'));
  onTestFinished(() => rmSync(published, { recursive: true }));
  let ahead = 0;
  const stub = await startStubKiosk({
    root,
    uptime,
    first: stubBuild('0.2.0'),
    openStore: open,
    open: trusted([buildArchive(published, next)]),
    monotonic: () => performance.now() + ahead,
    ...(free && { free }),
  });
  onTestFinished(() => stub.close());
  await expect.poll(() => stub.running?.version, soon).toBe('0.2.0');
  const checkins = before.map(({ id }) => id);
  return {
    stub,
    root,
    layout: updateLayout(root),
    /** Advances the core's clock. */
    pass(ms: number) {
      ahead += ms;
    },
    notify() {
      stub.store!.settings.set('update-directive', JSON.stringify(directive));
      stub.keeper!.acknowledged();
    },
    async checkIn() {
      checkins.push((await stub.store!.checkins.record(aCheckin(person))).id);
    },
    /** Requires that every check-in exists once, in an intact chain. */
    async expectNothingLost() {
      const there = stub.store!.checkins.list({ limit: 1000 }).map(({ id }) => id);
      expect(there.toSorted()).toEqual(checkins.toSorted());
      expect((await stub.store!.check()).problems).toEqual([]);
    },
  };
}

const notified = (stub: StubKiosk) =>
  (stub.store?.outbox.pending(1000) ?? [])
    .map(({ header }) => header.open as { code?: string; detail?: Record<string, unknown> })
    .filter(({ code }) => code?.startsWith('update-'));
const codes = (stub: StubKiosk) => notified(stub).map(({ code }) => code);

describe.skipIf(!probe)('a disk that is full', () => {
  test('is detected before anything is fetched: it is reported once, people check in, and the update is retried', async () => {
    // What has to stay free, a few MB for the update, and no more.
    const disk = smallDisk(312);
    const kiosk = await kioskOn(disk, stubBuild('0.3.0'));
    const { stub, layout } = kiosk;
    const ballast = join(disk.path, 'ballast');
    writeFileSync(ballast, Buffer.alloc(20 * MB, 1));
    kiosk.notify();
    await expect.poll(() => codes(stub), soon).toEqual(['update-refused']);
    expect(notified(stub)[0]!.detail).toMatchObject({ version: '0.3.0', from: '0.2.0', reason: 'update-disk-full' });
    expect(notified(stub)[0]!.detail!.message).toMatch(/: 30\d MB needed, 2\d\d MB free\.$/);
    expect(stub.keeper!.report()).toMatchObject({ state: 'idle', problem: { code: 'update-disk-full' } });
    expect(readdirSync(downloadsFolder(layout))).toEqual([]);
    expect(readdirSync(layout.builds).filter((name) => name.includes('0.3.0'))).toEqual([]);
    await kiosk.checkIn();

    // Still full: retried after its time and not before, and not reported a second time.
    const request = readRequest(layout)!.id;
    kiosk.pass(4 * 60_000);
    stub.keeper!.acknowledged();
    expect(readRequest(layout)!.id).toBe(request);
    kiosk.pass(60_000);
    await expect.poll(() => readRequest(layout)!.id, soon).not.toBe(request);
    await expect.poll(() => stub.keeper!.report(), soon).toMatchObject({ state: 'idle', wanted: null });
    expect(codes(stub)).toEqual(['update-refused']);

    rmSync(ballast);
    kiosk.pass(15 * 60_000);
    await expect.poll(() => stub.running?.version, soon).toBe('0.3.0');
    await expect.poll(() => codes(stub), soon).toEqual(['update-refused', 'update-installed', 'update-healthy']);
    await kiosk.checkIn();
    await kiosk.expectNothingLost();
  });

  test('is detected during unpacking: the partial build is deleted, the kiosk keeps running, and the update is retried', async () => {
    const disk = smallDisk(100);
    // There was space when it was checked; something else has used it since.
    const big = Buffer.alloc(150 * MB);
    const kiosk = await kioskOn(disk, stubBuild('0.3.0', {}, { files: { big } }), async () => Number.MAX_SAFE_INTEGER);
    const { stub, layout, root } = kiosk;
    const state = readFileSync(join(layout.builds, 'state.json'), 'utf8');
    kiosk.notify();
    await expect.poll(() => codes(stub), soon).toEqual(['update-refused']);
    expect(notified(stub)[0]!.detail).toMatchObject({ reason: 'update-disk-full' });
    expect(readdirSync(layout.builds).filter((name) => name.startsWith('.tmp') || name.includes('0.3.0'))).toEqual([]);
    expect(readFileSync(join(layout.builds, 'state.json'), 'utf8')).toBe(state);
    const { bavail, bsize } = statfsSync(root);
    expect(bavail * bsize).toBeGreaterThan(50 * MB);
    expect(stub.running?.version).toBe('0.2.0');
    await kiosk.checkIn();
    await kiosk.expectNothingLost();

    disk.resize(400);
    kiosk.pass(5 * 60_000);
    await expect.poll(() => stub.running?.version, soon).toBe('0.3.0');
    await expect.poll(() => codes(stub), soon).toEqual(['update-refused', 'update-installed', 'update-healthy']);
    await expect.poll(() => readState(layout)?.attempt, soon).toBe('');
    await kiosk.checkIn();
    await kiosk.expectNothingLost();
  });
});
