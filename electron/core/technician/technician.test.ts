import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import { startCore } from '../core.ts';
import type { Core } from '../interface.ts';
import { type OpenKiosk, openKiosk } from '../open-kiosk.ts';
import { createPinGuard } from '../pin/guard.ts';
import { ensureKioskFolder } from '../provision.ts';
import { STAFF_PIN_SETTING } from '../staff/service.ts';
import { addTechnicianCommand } from './commands.ts';
import { createTechnicianDoor, TECHNICIAN_IDLE_MS, TECHNICIAN_LONGEST_MS } from './door.ts';
import { createMachine } from './machine.ts';
import { createTechnicianRecords } from './record.ts';
import { createTechnicianTasks, type TaskDeps } from './tasks.ts';
import { codeAt } from './totp.ts';

/* The technician's door and tasks on a real store, over restarts; and the whole core with a machine that hears it. */

const STAFF_PIN = '582046';
const STAFF = 'staff-session';
const WHO = { id: '0192f5a0-0000-7000-8000-0000000000aa', name: 'Jo Meier' };
let folder: string;
let home: string;
let kiosk: OpenKiosk | null = null;
let secret: Buffer;
let paper: string[];
const clock = { now: Date.now(), monotonic: 0 };

const step = (): number => Math.floor(clock.now / 30_000);
const code = (off = 0): string => codeAt(secret, step() + off);
/** One that no step around now has. */
const wrongCode = (): string => {
  const right = new Set([-1, 0, 1].map((off) => code(off)));
  return ['000000', '111111', '222222', '333333'].find((c) => !right.has(c))!;
};

async function open(): Promise<OpenKiosk> {
  kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
  return kiosk;
}
async function close(): Promise<void> {
  await kiosk?.close();
  kiosk = null;
}

interface Told {
  what: string;
  outcome: string;
  code?: string;
  name?: string;
}
/** What waits for the server, of technicians. */
const told = ({ store }: OpenKiosk): Told[] =>
  store.pending(1000).flatMap(({ header, personal }) => {
    if (header.type !== 'technician') return [];
    const { what, outcome, code: why } = header.open as unknown as Told;
    const name = personal.name?.value as string | undefined;
    return [{ what, outcome, ...(why && { code: why }), ...(name && { name }) }];
  });

function doorOf({ store }: OpenKiosk) {
  const staff = { open: true };
  const records = createTechnicianRecords({ store, changed: () => undefined, log: () => undefined });
  const door = createTechnicianDoor({
    store,
    staff: {
      require(token) {
        if (!staff.open || token !== STAFF) throw new Problem('staff-locked', 'over');
      },
      endSession: () => {
        staff.open = false;
      },
    },
    guard: createPinGuard({ store, now: () => clock.now }),
    records,
    now: () => clock.now,
    monotonic: () => clock.monotonic,
  });
  return { door, staff, records };
}

async function enrol(name = 'Jo Meier'): Promise<void> {
  const opened = await open();
  const lines: { secret: string; uri: string; paper: string[] }[] = [];
  const output = {
    line: (value: unknown) => void lines.push(value as (typeof lines)[number]),
    progress: () => undefined,
  };
  await addTechnicianCommand.run({ ...opened, changed: () => undefined }, { name }, output);
  paper = lines[0]!.paper;
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...lines[0]!.secret].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  secret = Buffer.from(bits.match(/.{8}/g)!.map((b) => Number.parseInt(b, 2)));
  expect(lines[0]!.uri).toContain(lines[0]!.secret);
  await close();
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sp-technician-'));
  home = join(folder, 'kiosk');
  ensureKioskFolder(home, false);
  clock.now = Date.now();
  const { store, pins } = await open();
  store.setSetting(STAFF_PIN_SETTING, await (await pins()).hash(STAFF_PIN));
  await close();
});
afterEach(async () => {
  await close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the door', () => {
  test('takes a code once, over a restart too, and says who came', async () => {
    await enrol();
    const first = await open();
    const { door, staff } = doorOf(first);
    const { token, name } = await door.enter(STAFF, code());
    expect(name).toBe('Jo Meier');
    expect(staff.open).toBe(false); // who came for the cables sees nobody's name
    expect(door.require(token, true)).toMatchObject({ name: 'Jo Meier' });
    door.leave(token);
    expect(() => door.require(token, true)).toThrow(expect.objectContaining({ code: 'staff-locked' }));
    expect(told(first)).toEqual([
      { what: 'enrolled', outcome: 'done', name: 'Jo Meier' },
      { what: 'enter', outcome: 'done', name: 'Jo Meier' },
      { what: 'leave', outcome: 'done', name: 'Jo Meier' },
    ]);
    await close();

    const again = await open();
    await expect(doorOf(again).door.enter(STAFF, code())).rejects.toMatchObject({ code: 'technician-code-wrong' });
    expect(told(again).at(-1)).toEqual({ what: 'enter', outcome: 'refused', code: 'code-used' });
    await doorOf(again).door.enter(STAFF, code(1));
  });

  test('wants a staff session, and nobody in where nobody is enrolled', async () => {
    const empty = await open();
    await expect(doorOf(empty).door.enter(STAFF, '123456')).rejects.toMatchObject({ code: 'technician-none' });
    expect(told(empty)).toEqual([{ what: 'enter', outcome: 'refused', code: 'technician-none' }]);
    await close();
    await enrol();
    const { door, staff } = doorOf(await open());
    await expect(door.enter('another', code())).rejects.toMatchObject({ code: 'staff-locked' });
    staff.open = false;
    await expect(door.enter(STAFF, code())).rejects.toMatchObject({ code: 'staff-locked' });
  });

  test('locks after five wrong codes, longer each time; a restart ends no lock, and the right code does not either', async () => {
    await enrol();
    const first = await open();
    const { door } = doorOf(first);
    for (let i = 0; i < 4; i++)
      await expect(door.enter(STAFF, wrongCode())).rejects.toMatchObject({ code: 'technician-code-wrong' });
    await expect(door.enter(STAFF, wrongCode())).rejects.toMatchObject({ code: 'pin-locked', params: { seconds: 30 } });
    await close();

    clock.now += 10_000;
    const second = await open();
    for (let i = 0; i < 3; i++)
      await expect(doorOf(second).door.enter(STAFF, code())).rejects.toMatchObject({
        code: 'pin-locked',
        params: { seconds: 20 },
      });
    clock.now += 20_001;
    await expect(doorOf(second).door.enter(STAFF, wrongCode())).rejects.toMatchObject({
      code: 'pin-locked',
      params: { seconds: 60 },
    });
    await close();

    clock.now += 60_001;
    const third = await open();
    await doorOf(third).door.enter(STAFF, code());
    // Each wrong code is told; knocking at a locked door once a lock and start.
    const refusals = told(third).filter(({ outcome }) => outcome === 'refused');
    expect(refusals.filter((t) => t.code === 'code-wrong')).toHaveLength(6);
    expect(refusals.filter((t) => t.code === 'locked')).toHaveLength(3);
  });

  test('one knock after another at a locked door is told once', async () => {
    await enrol();
    const opened = await open();
    const { door } = doorOf(opened);
    for (let i = 0; i < 5; i++) await door.enter(STAFF, wrongCode()).catch(() => undefined);
    for (let i = 0; i < 20; i++) await expect(door.enter(STAFF, code())).rejects.toMatchObject({ code: 'pin-locked' });
    expect(told(opened).filter((t) => t.code === 'locked')).toHaveLength(1);
  });

  test('takes a code on paper whatever the clock says, and no code of the app by a wrong clock', async () => {
    await enrol();
    const opened = await open();
    const right = code();
    clock.now += 3 * 86_400_000;
    await expect(doorOf(opened).door.enter(STAFF, right)).rejects.toMatchObject({ code: 'technician-code-wrong' });
    await doorOf(opened).door.enter(STAFF, paper[2]!);
    expect(told(opened).at(-1)).toEqual({ what: 'enter', outcome: 'done', code: 'paper', name: 'Jo Meier' });
    await expect(doorOf(opened).door.enter(STAFF, paper[2]!)).rejects.toMatchObject({ code: 'technician-code-wrong' });
  });

  test('stays shut where the entry can’t be recorded', async () => {
    await enrol();
    const opened = await open();
    const append = vi.spyOn(opened.store, 'append').mockImplementation(() => {
      throw new Problem('storage-full', 'no room');
    });
    const { door, staff } = doorOf(opened);
    await expect(door.enter(STAFF, code())).rejects.toMatchObject({ code: 'storage-full' });
    expect(staff.open).toBe(true);
    append.mockRestore();
    await door.enter(STAFF, code()); // nothing was used up by it
  });

  test('ends a session that nobody touches, and any after its longest', async () => {
    await enrol();
    const opened = await open();
    const { door } = doorOf(opened);
    const { token } = await door.enter(STAFF, code());
    clock.monotonic += TECHNICIAN_IDLE_MS - 1;
    door.require(token, false); // a screen that asks by itself renews nothing
    clock.monotonic += 1;
    expect(() => door.require(token, true)).toThrow(expect.objectContaining({ code: 'staff-locked' }));
    expect(told(opened).at(-1)).toMatchObject({ what: 'leave', code: 'idle' });

    const other = doorOf(opened);
    const long = await other.door.enter(STAFF, code(1));
    for (let spent = 0; spent + 60_000 < TECHNICIAN_LONGEST_MS; spent += 60_000) {
      clock.monotonic += 60_000;
      other.door.require(long.token, true);
    }
    clock.monotonic += 60_000;
    expect(() => other.door.require(long.token, true)).toThrow(expect.objectContaining({ code: 'staff-locked' }));
    expect(told(opened).at(-1)).toMatchObject({ what: 'leave', code: 'over' });
  });
});

describe('what a technician has it do', () => {
  const tasksOf = (opened: OpenKiosk, deps: Partial<TaskDeps> = {}) => {
    const records = createTechnicianRecords({ store: opened.store, changed: () => undefined, log: () => undefined });
    return createTechnicianTasks({
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

  test('is not offered where nothing could do it, and says why', async () => {
    const opened = await open();
    const tasks = tasksOf(opened);
    expect(tasks.offers()).toEqual({
      restart: 'nobody-restarts',
      reboot: 'not-a-kiosk-image',
      login: 'not-a-kiosk-image',
      update: 'not-installed',
    });
    await expect(tasks.begin('reboot', WHO)).rejects.toMatchObject({ code: 'technician-not-here' });
    expect(told(opened)).toEqual([{ what: 'reboot', outcome: 'refused', code: 'not-a-kiosk-image', name: 'Jo Meier' }]);
  });

  test('reaches the machine as a file of its name, told before and after', async () => {
    const opened = await open();
    const { machine, asked } = machineAt(join(folder, 'machine'), true);
    const tasks = tasksOf(opened, { machine });
    await tasks.begin('login', WHO);
    await tasks.begin('reboot', WHO);
    expect(asked).toEqual(['login', 'restart']);
    expect(told(opened).map(({ what, outcome }) => `${what} ${outcome}`)).toEqual([
      'login begun',
      'login done',
      'reboot begun',
    ]);
    await close();
    // Another boot: it was done. The same one: the machine never went down.
    const after = await open();
    tasksOf(after, { machine, bootId: 'next boot' });
    expect(told(after).at(-1)).toEqual({ what: 'reboot', outcome: 'done', name: 'Jo Meier' });
  });

  test('fails, and does not happen later, where the machine does not hear', async () => {
    const opened = await open();
    const { machine } = machineAt(join(folder, 'machine'), false);
    await expect(tasksOf(opened, { machine }).begin('reboot', WHO)).rejects.toMatchObject({ code: 'machine-silent' });
    expect(readdirSync(join(folder, 'machine'))).toEqual([]);
    expect(told(opened).at(-1)).toMatchObject({ what: 'reboot', outcome: 'failed', code: 'machine-silent' });
  });

  test('is told as it ended, by the core that comes after: a restart that was a restart, a reboot that was none', async () => {
    const opened = await open();
    const restart = vi.fn();
    await tasksOf(opened, { restart }).begin('restart', WHO);
    await vi.waitFor(() => expect(restart).toHaveBeenCalledOnce(), { timeout: 20_000 });
    tasksOf(opened);
    expect(told(opened).map(({ what, outcome }) => `${what} ${outcome}`)).toEqual(['restart begun', 'restart done']);
    const { machine } = machineAt(join(folder, 'machine'), true);
    await tasksOf(opened, { machine }).begin('reboot', WHO);
    tasksOf(opened, { machine });
    expect(told(opened).at(-1)).toMatchObject({ what: 'reboot', outcome: 'failed' });
    tasksOf(opened);
    expect(told(opened)).toHaveLength(4); // each ending is told once
  });

  test('an update waits for the stick, and ends as the updater says', async () => {
    const opened = await open();
    const { machine, asked } = machineAt(join(folder, 'machine'), true);
    let looks = 0;
    const now = vi.fn(async () => {
      looks += 1;
      if (looks < 3) throw new Problem('update-no-stick', 'no stick');
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
    await tasks.begin('update', WHO);
    await expect(tasks.begin('reboot', WHO)).rejects.toMatchObject({ code: 'technician-busy' });
    await vi.waitFor(() => expect(tasks.update()).toEqual({ at: 'ready', version: '0.4.0' }), { timeout: 20_000 });
    await vi.waitFor(() => expect(tasks.busy()).toBeNull(), { timeout: 20_000 });
    expect(asked).toEqual(['stick']);
    expect(told(opened).at(-1)).toMatchObject({ what: 'update', outcome: 'done', code: '0.4.0' });

    now.mockImplementation(async () => {
      throw new Problem('update-unsigned', 'the metadata is not signed', 'Make a new stick.');
    });
    await tasks.begin('update', WHO);
    await vi.waitFor(() => expect(tasks.update()).toMatchObject({ at: 'refused', code: 'update-unsigned' }), {
      timeout: 20_000,
    });
    await vi.waitFor(() => expect(tasks.busy()).toBeNull(), { timeout: 20_000 });
    expect(told(opened).at(-1)).toMatchObject({ what: 'update', outcome: 'failed', code: 'update-unsigned' });

    // No stick ever comes.
    now.mockImplementation(async () => {
      throw new Problem('update-no-stick', 'no stick');
    });
    await tasks.begin('update', WHO);
    await vi.waitFor(() => expect(tasks.update()).toMatchObject({ at: 'refused', code: 'update-no-stick' }), {
      timeout: 20_000,
    });
  });

  test('does not begin where it can’t be recorded', async () => {
    const opened = await open();
    const { machine, asked } = machineAt(join(folder, 'machine'), true);
    const tasks = tasksOf(opened, { machine });
    vi.spyOn(opened.store, 'append').mockImplementation(() => {
      throw new Problem('storage-full', 'no room');
    });
    await expect(tasks.begin('reboot', WHO)).rejects.toMatchObject({ code: 'storage-full' });
    expect(asked).toEqual([]);
    expect(tasks.busy()).toBeNull();
  });
});

describe('in a whole core', () => {
  const start = (slots: string | null, again?: () => void): Promise<Core> => {
    mkdirSync(join(folder, 'none'), { recursive: true });
    return startCore({
      home,
      deviceSecret: null,
      demo: false,
      weights: join(folder, 'none'),
      ...(again && { again }),
      ...(slots && { slots: { root: slots, insteadOf: null } }),
      log: () => undefined,
    });
  };

  test('staff PIN, then a code; the menu’s token opens diagnostics and nothing of people, and goes with the screen', async () => {
    await enrol();
    const core = await start(null);
    try {
      const { methods } = core;
      const staff = await methods.staffUnlock({ pin: STAFF_PIN });
      const gate = await methods.technicianGate({ token: staff.token });
      expect(gate.enrolled).toBe(true);
      clock.now = Date.parse(gate.now as string);
      const { token } = await methods.technicianEnter({ token: staff.token, code: code() });
      await expect(methods.peopleFind({ token: staff.token, query: 'x' })).rejects.toMatchObject({
        code: 'staff-locked',
      });
      await expect(methods.peopleFind({ token, query: 'x' })).rejects.toMatchObject({ code: 'staff-locked' });
      await methods.diagnostics({ token });
      await expect(methods.doorTest({ token })).rejects.toMatchObject({ code: 'door-unset' });
      const state = await methods.technicianState({ token, active: true });
      expect(state).toMatchObject({
        slots: null,
        camera: 'unknown',
        offers: {
          restart: 'nobody-restarts',
          reboot: 'not-a-kiosk-image',
          login: 'not-a-kiosk-image',
          update: 'not-installed',
        },
      });
      await methods.hello({}); // the page is loaded again
      await expect(methods.technicianState({ token, active: true })).rejects.toMatchObject({ code: 'staff-locked' });
    } finally {
      await core.close();
    }
    expect(told(await open()).map((t) => `${t.what} ${t.outcome} ${t.code ?? ''}`.trim())).toEqual([
      'enrolled done',
      'enter done',
      'door-test begun',
      'door-test failed door-unset',
      'leave done screen',
    ]);
  });

  test('on a machine of the image a reboot is a file in its spool; the kiosk’s own restart is its host’s', async () => {
    await enrol();
    const spool = join(folder, 'machine');
    mkdirSync(spool, { recursive: true });
    const again = vi.fn();
    const core = await start(folder, again);
    // What /opt/smartpresence/technician does with a file.
    const taken: string[] = [];
    const machine = setInterval(() => {
      for (const name of readdirSync(spool)) {
        rmSync(join(spool, name));
        taken.push(name);
      }
    }, 20);
    try {
      const { methods } = core;
      const staff = await methods.staffUnlock({ pin: STAFF_PIN });
      clock.now = Date.parse((await methods.technicianGate({ token: staff.token })).now as string);
      const { token } = await methods.technicianEnter({ token: staff.token, code: code() });
      expect((await methods.technicianState({ token, active: false })).offers).toMatchObject({
        restart: null,
        reboot: null,
        login: null,
      });
      await methods.technicianDo({ token, what: 'reboot' });
      expect(taken).toEqual(['restart']);
      expect(existsSync(join(spool, 'restart'))).toBe(false);
      await methods.technicianDo({ token, what: 'restart' });
      await vi.waitFor(() => expect(again).toHaveBeenCalledOnce(), { timeout: 20_000 });
    } finally {
      clearInterval(machine);
      await core.close();
    }
    const kept = await open();
    expect(told(kept).map((t) => `${t.what} ${t.outcome} ${t.code ?? ''}`.trim())).toEqual([
      'enrolled done',
      'enter done',
      'reboot begun',
      'reboot failed interrupted', // this machine took the file and never went down
      'restart begun',
      'leave done screen',
    ]);
  });

  test('an unknown file of technicians lets nobody in', async () => {
    const { store } = await open();
    store.setSetting('technicians', randomBytes(8).toString('hex'));
    await close();
    const core = await start(null);
    try {
      const { token } = await core.methods.staffUnlock({ pin: STAFF_PIN });
      await expect(core.methods.technicianEnter({ token, code: '123456' })).rejects.toMatchObject({
        code: 'technicians-unreadable',
      });
    } finally {
      await core.close();
    }
  });
});
