import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import * as checkin from './checkin/service.ts';
import { controlSocketPath } from './control/protocol.ts';
import { startCore } from './core.ts';
import * as enrolment from './enrolment/service.ts';
import type { Core, CoreOptions } from './interface.ts';
import { openKiosk } from './open-kiosk.ts';
import { ensureKioskFolder } from './provision.ts';
import { readSiteConfig, writeSiteConfig } from './site/config.ts';
import { EMERGENCY_PIN } from './staff/emergency.ts';
import * as link from './sync/link.ts';
import { outboxOf } from './sync/outbox-of.ts';

vi.mock('./checkin/service.ts', { spy: true });
vi.mock('./enrolment/service.ts', { spy: true });
vi.mock('./sync/link.ts', { spy: true });

/* The core's start and close, and what a screen leaves behind; without weights, so that no models are loaded. */

const STAFF_PIN = '582046';
let folder: string;
let home: string;
const options = (): CoreOptions => ({
  home,
  deviceSecret: null,
  demo: false,
  weights: join(folder, 'none'),
  log: () => undefined,
});
const start = (): Promise<Core> => startCore(options());

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sp-core-'));
  home = join(folder, 'kiosk');
  mkdirSync(join(folder, 'none'));
  ensureKioskFolder(home, false);
  const privacy = { controller: 'Werk Nord', contact: 'a@b.example', dpo: 'Frau Amt' };
  writeSiteConfig(home, { ...readSiteConfig(home), privacy });
  const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
  kiosk.store.settings.set(EMERGENCY_PIN, await (await kiosk.pins()).hash(STAFF_PIN));
  await kiosk.close();
});
afterEach(() => {
  vi.resetAllMocks(); // reset the spied modules
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

test('a start that fails late closes what it had opened: timers, the connection to the server, socket and store', async () => {
  const stopped = vi.fn(async () => undefined);
  vi.mocked(link.startUplink).mockReturnValue({
    status: () => ({
      online: false,
      transport: null,
      lastSyncAt: null,
      queued: 0,
      problem: null,
      pausedUntil: null,
    }),
    nudge: () => undefined,
    sealingKey: () => null,
    turnedAway: () => null,
    transport: () => null,
    stop: stopped,
  });
  vi.mocked(enrolment.createEnrolmentService).mockImplementation(() => {
    expect(existsSync(controlSocketPath(home))).toBe(true); // this much was already open
    throw new Error('no room');
  });
  const begun = vi.spyOn(globalThis, 'setInterval');
  const cleared = vi.spyOn(globalThis, 'clearInterval');

  await expect(start()).rejects.toThrow('no room');

  const timers = begun.mock.results.map((result) => result.value as unknown);
  expect(timers.length).toBeGreaterThanOrEqual(2); // retention and status
  expect(cleared.mock.calls.map(([timer]) => timer as unknown)).toEqual(expect.arrayContaining(timers));
  expect(stopped).toHaveBeenCalledOnce();
  expect(existsSync(controlSocketPath(home))).toBe(false);
  await (await openKiosk({ home, deviceSecret: null, allowSecretFile: true })).close(); // otherwise: store-in-use
});

/** Runs a command through the core's socket; returns its answers. */
async function command(name: string): Promise<unknown[]> {
  const socket = connect(controlSocketPath(home));
  socket.write(`${JSON.stringify({ v: 1, command: name, args: {}, staffPin: STAFF_PIN })}\n`);
  return (await text(socket))
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}

test('a rekey in a running core answers, closes the store, and has the host restart the core with the new key', async () => {
  const asked = Promise.withResolvers<object>();
  const busy = vi.fn();
  const core = await startCore({ ...options(), restart: asked.resolve, busy });
  await command('store check');
  expect(busy.mock.calls).toEqual([[true], [false]]);
  expect(await command('store rekey')).toContainEqual({
    kind: 'line',
    value: { generation: 2, pages: expect.any(Number), people: 0 },
  });
  expect(busy).toHaveBeenLastCalledWith(true);
  expect(await asked.promise).toEqual({ browser: false });
  await core.close();
  const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: false });
  expect(kiosk.keys.current.generation).toBe(2);
  expect((await kiosk.store.check()).problems).toEqual([]);
  await kiosk.close();
});

test('if nothing can restart the core, the store keeps its key', async () => {
  const core = await start();
  expect(await command('store rekey')).toMatchObject([{ kind: 'problem', code: 'store-in-use' }]);
  expect(await core.methods.status({})).toBeTruthy(); // it keeps running
  await core.close();
});

test('after a restart without the network, the last contact with the server is still known', async () => {
  const serverTime = '2026-12-02T07:05:00.000Z';
  const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
  outboxOf(kiosk.store).keepAck({ logEpoch: 'a', serverTime });
  await kiosk.close();
  const core = await start();
  expect(await core.methods.status({})).toMatchObject({ online: false, lastSyncAt: serverTime });
  await core.close();
});

test('a screen that may turn dark is reported to staff until it stays on', async () => {
  const core = await start();
  const notices = async () => (await core.methods.status({})).notices;
  const pushed: string[][] = [];
  core.onSignal((name, data) => {
    if (name === 'status') pushed.push((data as { notices: string[] }).notices);
  });
  await core.methods.screenState({ camera: 'ok', frames: 1, dark: 'refused' });
  expect(await notices()).toContain('screen-may-go-dark');
  await vi.waitFor(() => expect(pushed.at(-1)).toContain('screen-may-go-dark'), 60_000);
  await core.methods.screenState({ camera: 'ok', frames: 2 });
  expect(await notices()).not.toContain('screen-may-go-dark');
  await core.close();
});

test('a camera whose pictures may be fake is reported to staff and to the server, until it is replaced', async () => {
  const core = await start();
  const notices = async () => (await core.methods.status({})).notices;
  const seen = { camera: 'ok', frames: 1, label: 'Webcam' } as const;
  await core.methods.screenState({ ...seen, label: 'OBS Virtual Camera' });
  expect(await notices()).toContain('camera-virtual');
  await core.methods.screenState({ ...seen, doubt: 'repeats' });
  expect(await notices()).toContain('camera-repeats');
  await core.methods.screenState(seen);
  expect((await notices()).filter((code) => code.startsWith('camera-'))).toEqual([]);
  await core.close();
});

test('a camera that its screen reports as frozen for a while becomes an event for the server', async () => {
  const core = await start();
  const now = performance.now.bind(performance);
  const clock = vi.spyOn(performance, 'now');
  await core.methods.screenState({ camera: 'frozen', frames: 1 });
  clock.mockImplementation(() => now() + 15_000);
  await core.methods.screenState({ camera: 'frozen', frames: 1 });
  clock.mockRestore();
  await core.close();
  const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
  try {
    expect(kiosk.store.settings.get('device-reported/camera/camera')).toBe('frozen');
    expect(kiosk.store.outbox.count()).toBeGreaterThan(0);
  } finally {
    await kiosk.close();
  }
});

/** Starts an enrolment by staff, and a visit. */
async function halfDone({ methods }: Core) {
  const { token } = await methods.staffUnlock({ pin: STAFF_PIN });
  const { version, language } = await methods.consentText({ language: 'en' });
  const { enrolment: id } = await methods.enrolBegin({
    token,
    name: 'New',
    number: null,
    pin: null,
    language: 'en',
    consent: { version, language },
  });
  return { token, enrolment: id, ...(await methods.visitBegin({})) };
}
const picture = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3) };
const frame = { picture, box: [8, 8, 48, 48] as [number, number, number, number], others: 0, takenAt: 0 };

test.each([
  ['a page that is reloaded', async (core: Core) => void (await core.methods.hello({}))],
  ['the last screen that disconnects', async (core: Core) => core.leave()],
])('%s leaves neither visit nor staff session nor enrolment behind', async (_what, happens) => {
  const core = await start();
  try {
    const { token, enrolment: id, visit } = await halfDone(core);
    await happens(core);
    await expect(core.methods.probe({ visit, frame })).rejects.toMatchObject({ code: 'visit-unknown' });
    await expect(core.methods.peopleFind({ token, query: 'x' })).rejects.toMatchObject({ code: 'staff-locked' });
    const again = await core.methods.staffUnlock({ pin: STAFF_PIN });
    await expect(core.methods.enrolFinish({ token: again.token, enrolment: id })).rejects.toMatchObject({
      code: 'enrolment-unknown',
    });
  } finally {
    await core.close();
  }
});

test('a failure while a screen disconnects is logged, and the core keeps running', async () => {
  const refused = vi.fn(async () => {
    throw new Error('no room');
  });
  vi.mocked(checkin.createCheckinService).mockReturnValue({ visitBegin: refused } as never);
  const logged: string[] = [];
  const core = await startCore({ ...options(), log: (_level, message) => logged.push(message) });
  try {
    core.leave(); // an unhandled rejection would fail the test run
    await vi.waitFor(() => expect(logged.join()).toContain('could not be cancelled'), 60_000);
    expect(refused).toHaveBeenCalledOnce();
  } finally {
    await core.close();
  }
});

test('an enrolment does not start for a staff session that ended while its PIN was hashed', async () => {
  const core = await start();
  try {
    const { token } = await core.methods.staffUnlock({ pin: STAFF_PIN });
    const { version, language } = await core.methods.consentText({ language: 'en' });
    const details = { token, name: 'New', number: '55', pin: '5830', language: 'en', consent: { version, language } };
    const begun = core.methods.enrolBegin(details);
    core.leave();
    await expect(begun).rejects.toMatchObject({ code: 'staff-locked' });
  } finally {
    await core.close();
  }
});

test('a number locked by wrong PINs works with the PIN that staff set, and is free for its next owner', async () => {
  const opened = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
  const add = async (id: string, number: string) =>
    opened.store.people.add({
      id,
      name: 'Max',
      number,
      pinHash: await (await opened.pins()).hash('5830'),
      language: 'en',
      consent: { textVersion: 'test', language: 'en' },
      templates: [],
      photo: null,
    });
  await add('01890a5d-ac96-774b-bcce-b302099a8057', '1001');
  await add('01890a5d-ac96-774b-bcce-b302099a8058', '1002');
  await opened.close();
  const core = await start();
  const code = (number: string, pin: string) =>
    core.methods.checkinByPin({ number, pin }).then(
      () => 'in',
      (error: { code: string }) => error.code,
    );
  try {
    for (const number of ['1001', '1002']) for (let i = 0; i < 5; i++) await code(number, '0000');
    expect(await code('1001', '5830')).toBe('pin-locked');
    const { token } = await core.methods.staffUnlock({ pin: STAFF_PIN });
    await core.methods.personSetPin({ token, person: '01890a5d-ac96-774b-bcce-b302099a8057', pin: '7291' });
    expect(await code('1001', '7291')).toBe('in');
    await core.methods.personDelete({ token, person: '01890a5d-ac96-774b-bcce-b302099a8058' });
    expect(await code('1002', '5830')).toBe('pin-wrong');
  } finally {
    await core.close();
  }
});

test('a kiosk that takes no photos of check-ins does not say that it keeps them', async () => {
  const notified = async (): Promise<[number, number, string]> => {
    const core = await start();
    try {
      const { privacy } = await core.methods.status({});
      const { paragraphs } = await core.methods.consentText({ language: 'de' });
      return [privacy.photoDays, privacy.gpsDays, paragraphs.join(' ')];
    } finally {
      await core.close();
    }
  };
  expect(await notified()).toEqual([90, 0, expect.stringContaining('90 Tage lang ein Foto')]);
  writeSiteConfig(home, { ...readSiteConfig(home), photos: false });
  expect(await notified()).toEqual([0, 0, expect.not.stringContaining('Bei jeder An- und Abmeldung')]);
});
