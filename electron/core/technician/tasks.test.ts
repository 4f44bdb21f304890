import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Problem } from '../../../sync/errors/problem.ts';
import { type OpenKiosk, openKiosk } from '../open-kiosk.ts';
import { ensureKioskFolder } from '../provision.ts';
import { createStaffRecords } from '../staff/records.ts';
import { createMachine } from './machine.ts';
import { createTechnicianTasks, type TaskDeps } from './tasks.ts';

/* Tasks that a technician gives the kiosk, on a real store, across restarts. */

const TECHNICIAN = '0192f5a0-0000-7000-8000-0000000000aa';
let folder: string;
let home: string;
let kiosk: OpenKiosk | null = null;

async function open(): Promise<OpenKiosk> {
  kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
  return kiosk;
}
async function close(): Promise<void> {
  await kiosk?.close();
  kiosk = null;
}

/** The events about staff that wait for the server. */
const notified = ({ store }: OpenKiosk) =>
  store.outbox
    .pending(1000)
    .flatMap(({ header }) =>
      header.type === 'staff' ? [header.open as { what: string; outcome: string; code?: string; by?: string }] : [],
    );

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sp-technician-'));
  home = join(folder, 'kiosk');
  ensureKioskFolder(home, false);
});
afterEach(async () => {
  await close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a task given by a technician', () => {
  const tasksOf = (opened: OpenKiosk, deps: Partial<TaskDeps> = {}) => {
    const records = createStaffRecords({ store: opened.store, changed: () => undefined, log: () => undefined });
    return createTechnicianTasks({
      store: opened.store,
      records,
      machine: createMachine({ folder: null, monotonic: () => performance.now() }),
      bootId: 'this boot',
      updates: () => null,
      restart: null,
      monotonic: () => performance.now(),
      log: () => undefined,
      ...deps,
    });
  };
  const machineAt = (path: string, hears: boolean) => {
    mkdirSync(path, { recursive: true });
    let spent = 0;
    const asked: string[] = [];
    const machine = createMachine({
      folder: path,
      monotonic: () => spent,
      async sleep(ms) {
        spent += ms;
        for (const name of readdirSync(path)) {
          asked.push(name);
          if (hears) rmSync(join(path, name));
        }
      },
    });
    return { machine, asked };
  };

  test('is not offered if nothing could carry it out, with the reason', async () => {
    const opened = await open();
    const tasks = tasksOf(opened);
    expect(tasks.offers()).toEqual({
      restart: 'nobody-restarts',
      reboot: 'not-a-kiosk-image',
      login: 'not-a-kiosk-image',
      update: 'not-installed',
    });
    await expect(tasks.begin('reboot', TECHNICIAN)).rejects.toMatchObject({ code: 'technician-not-here' });
    expect(notified(opened)).toEqual([
      { what: 'reboot', outcome: 'refused', code: 'not-a-kiosk-image', by: TECHNICIAN },
    ]);
  });

  test('reaches the machine as a file of that name, reported before and after', async () => {
    const opened = await open();
    const { machine, asked } = machineAt(join(folder, 'machine'), true);
    const tasks = tasksOf(opened, { machine });
    await tasks.begin('login', TECHNICIAN);
    await tasks.begin('reboot', TECHNICIAN);
    expect(asked).toEqual(['login', 'restart']);
    expect(notified(opened).map(({ what, outcome }) => `${what} ${outcome}`)).toEqual([
      'login started',
      'login done',
      'reboot started',
    ]);
    await close();
    // Another boot: it was done. The same boot: the machine never went down.
    const after = await open();
    tasksOf(after, { machine, bootId: 'next boot' });
    expect(notified(after).at(-1)).toEqual({ what: 'reboot', outcome: 'done', by: TECHNICIAN });
  });

  test('fails, and is not carried out later, if the machine does not respond', async () => {
    const opened = await open();
    const { machine } = machineAt(join(folder, 'machine'), false);
    await expect(tasksOf(opened, { machine }).begin('reboot', TECHNICIAN)).rejects.toMatchObject({
      code: 'machine-silent',
    });
    expect(readdirSync(join(folder, 'machine'))).toEqual([]);
    expect(notified(opened).at(-1)).toMatchObject({ what: 'reboot', outcome: 'failed', code: 'machine-silent' });
  });

  test('is reported with its outcome by the next core: a restart that happened, a reboot that did not', async () => {
    const opened = await open();
    const restart = vi.fn();
    await tasksOf(opened, { restart }).begin('restart', TECHNICIAN);
    await vi.waitFor(() => expect(restart).toHaveBeenCalledOnce(), { timeout: 60_000 });
    tasksOf(opened);
    expect(notified(opened).map(({ what, outcome }) => `${what} ${outcome}`)).toEqual([
      'restart started',
      'restart done',
    ]);
    const { machine } = machineAt(join(folder, 'machine'), true);
    await tasksOf(opened, { machine }).begin('reboot', TECHNICIAN);
    tasksOf(opened, { machine });
    expect(notified(opened).at(-1)).toMatchObject({ what: 'reboot', outcome: 'failed' });
    tasksOf(opened);
    expect(notified(opened)).toHaveLength(4); // each outcome is reported once
  });

  test('an update waits for the USB stick, and ends as the updater reports', async () => {
    const opened = await open();
    const { machine, asked } = machineAt(join(folder, 'machine'), true);
    let tries = 0;
    const now = vi.fn(async () => {
      tries += 1;
      if (tries < 3) throw new Problem('update-no-stick', { folder: '/media/keys' });
      return { version: '0.4.0' };
    });
    const updates = { now, notice: () => null };
    let spent = 0;
    const deps = {
      machine,
      updates: () => updates as never,
      monotonic: () => spent,
      async sleep(ms: number) {
        spent += ms;
      },
    };
    const tasks = tasksOf(opened, deps);
    await tasks.begin('update', TECHNICIAN);
    await expect(tasks.begin('reboot', TECHNICIAN)).rejects.toMatchObject({ code: 'technician-busy' });
    await vi.waitFor(() => expect(tasks.update()).toEqual({ at: 'ready', version: '0.4.0' }), { timeout: 60_000 });
    await vi.waitFor(() => expect(tasks.busy()).toBeNull(), { timeout: 60_000 });
    expect(asked).toEqual(['stick']);
    expect(notified(opened).at(-1)).toMatchObject({ what: 'update', outcome: 'done', code: '0.4.0' });

    now.mockImplementation(async () => {
      throw new Problem('update-unsigned', { role: 'targets' });
    });
    await tasks.begin('update', TECHNICIAN);
    await vi.waitFor(() => expect(tasks.update()).toMatchObject({ at: 'refused', code: 'update-unsigned' }), {
      timeout: 60_000,
    });
    await vi.waitFor(() => expect(tasks.busy()).toBeNull(), { timeout: 60_000 });
    expect(notified(opened).at(-1)).toMatchObject({ what: 'update', outcome: 'failed', code: 'update-unsigned' });

    // No stick is ever plugged in.
    now.mockImplementation(async () => {
      throw new Problem('update-no-stick', { folder: '/media/keys' });
    });
    await tasks.begin('update', TECHNICIAN);
    await vi.waitFor(() => expect(tasks.update()).toMatchObject({ at: 'refused', code: 'update-no-stick' }), {
      timeout: 60_000,
    });
  });

  test('does not start if it can’t be recorded', async () => {
    const opened = await open();
    const { machine, asked } = machineAt(join(folder, 'machine'), true);
    const tasks = tasksOf(opened, { machine });
    vi.spyOn(opened.store.events, 'append').mockImplementation(() => {
      throw new Problem('storage-full');
    });
    await expect(tasks.begin('reboot', TECHNICIAN)).rejects.toMatchObject({ code: 'storage-full' });
    expect(asked).toEqual([]);
    expect(tasks.busy()).toBeNull();
  });
});
