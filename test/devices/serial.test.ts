import { existsSync } from 'node:fs';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { Door, Gps, Reader } from '../../electron/core/devices/config.ts';
import { type Devices, startDevices } from '../../electron/core/devices/devices.ts';
import { systemPorts } from '../../electron/core/devices/serial/system-ports.ts';
import { type SerialCable, SOCAT, serialCable } from '../services/serial-line.ts';

/* The drivers on real system ports (ptys): plugged in, unplugged, with corrupted data, and silent. */

/** Polls more often than a kiosk does, so that tests do not wait for seconds. */
const pollMs = 30;
const soon = { timeout: 60_000, interval: 10 };
const LCUS = { shut: 'a00100a1', open: 'a00101a2' };

function cable(): SerialCable {
  const made = serialCable();
  onTestFinished(() => made[Symbol.asyncDispose]());
  return made;
}

const running: Devices[] = [];
afterEach(async () => {
  for (const devices of running.splice(0)) await devices.stop();
});

async function devices(config: { readers?: Reader[]; gps?: Gps; door?: Door }) {
  const reads: string[] = [];
  const notified: { code: string; detail: object }[] = [];
  const settings = new Map<string, string>();
  const clock = { ahead: 0 };
  const started = await startDevices({
    config: { readers: [], ...config },
    ports: systemPorts,
    store: {
      settings: { get: (key) => settings.get(key) ?? null },
      events: {
        reportIfSpace(code, detail, noted = {}) {
          notified.push({ code, detail });
          for (const [key, value] of Object.entries(noted)) settings.set(key, value);
          return true;
        },
      },
    },
    monotonic: () => performance.now() + clock.ahead,
    log: () => undefined,
    pollMs,
    onBadge: (badge) => reads.push(badge),
    onTime: () => undefined,
    onStatus: () => undefined,
  });
  running.push(started);
  const state = async () => {
    const report = await started.report();
    return { reader: report.readers[0]?.state, gps: report.gps?.state, door: report.door?.state };
  };
  return { devices: started, reads, notified, clock, state };
}

describe.skipIf(!existsSync(SOCAT))('serial devices', () => {
  test('a reader’s cards are read despite noise on the line, and reading continues after it was unplugged and plugged in', async () => {
    const line = cable();
    const {
      reads,
      state,
      devices: kiosk,
    } = await devices({
      readers: [Reader.parse({ name: 'gate', port: line.path })],
    });
    await expect.poll(state, soon).toMatchObject({ reader: 'absent' });
    expect(kiosk.notices()).toEqual(['reader-absent']);
    for (const round of [1, 2, 3]) {
      await line.plug();
      await expect.poll(state, soon).toMatchObject({ reader: 'ok' });
      line.say(Uint8Array.of(0xff, 0x00, 0x9b, 0x0d, 0x0a));
      line.say(`CARD-${round}\r\nCUT-OF`);
      await expect.poll(() => reads, soon).toHaveLength(round);
      await line.unplug();
      await expect.poll(state, soon).toMatchObject({ reader: 'absent' });
    }
    expect(reads).toEqual(['CARD-1', 'CARD-2', 'CARD-3']);
    const [reader] = (await kiosk.report()).readers;
    expect(reader).toMatchObject({ lastRead: { masked: '••••-3' }, faults: { characters: 3 } });
  });

  test('a port that exists but can’t be opened is reported as such', async () => {
    const { state } = await devices({ readers: [Reader.parse({ name: 'gate', port: '/dev/null' })] });
    await expect.poll(state, soon).toMatchObject({ reader: 'refused' });
  });

  test('two programs never share a port', async () => {
    const line = cable();
    await line.plug();
    const first = await devices({ readers: [Reader.parse({ name: 'gate', port: line.path })] });
    await expect.poll(first.state, soon).toMatchObject({ reader: 'ok' });
    const second = await devices({ readers: [Reader.parse({ name: 'gate', port: line.path })] });
    await expect.poll(second.state, soon).toMatchObject({ reader: 'refused' });
  });

  test('a receiver that falls silent while plugged in is reopened and reported, and recovers when it sends again', async () => {
    const line = cable();
    await line.plug();
    const { state, clock, devices: kiosk } = await devices({ gps: Gps.parse({ port: line.path }) });
    await expect.poll(state, soon).toMatchObject({ gps: 'ok' });
    clock.ahead += 11_000;
    await expect.poll(state, soon).toMatchObject({ gps: 'silent' });
    expect(kiosk.notices()).toEqual(['gps-silent']);
    await expect
      .poll(async () => {
        line.say('$GPTXT,01,01,02,u-blox*00\r\n');
        return state();
      }, soon)
      .toMatchObject({ gps: 'ok' });
  });

  test('the server is notified once that a device is missing, and once that it is back', async () => {
    const line = cable();
    const { notified, state, clock } = await devices({ readers: [Reader.parse({ name: 'gate', port: line.path })] });
    const device = { kind: 'reader', name: 'gate' };
    await expect
      .poll(() => {
        clock.ahead += 2_000;
        return notified;
      }, soon)
      .toEqual([{ code: 'device', detail: { ...device, state: 'absent' } }]);
    await line.plug();
    await expect.poll(state, soon).toMatchObject({ reader: 'ok' });
    await expect
      .poll(() => {
        clock.ahead += 20_000;
        return notified.slice(1);
      }, soon)
      .toEqual([{ code: 'device', detail: { ...device, state: 'ok' } }]);
  });
});

describe.skipIf(!existsSync(SOCAT))('the door relay', () => {
  const door = (port: string, change: object = {}) =>
    Door.parse({ port, protocol: { kind: 'lcus' }, mode: 'fail-secure', pulseSeconds: 0.3, ...change });
  const said = (line: SerialCable) => () => line.heard().toString('hex');

  test('is switched off first, opens for a pulse, and closes again', async () => {
    const line = cable();
    await line.plug();
    const { devices: kiosk, state } = await devices({ door: door(line.path) });
    await expect.poll(state, soon).toMatchObject({ door: 'ok' });
    await expect.poll(said(line), soon).toBe(LCUS.shut);
    const began = performance.now();
    await kiosk.testDoor();
    await expect.poll(said(line), soon).toBe(LCUS.shut + LCUS.open + LCUS.shut);
    expect(performance.now() - began).toBeGreaterThan(250);
  });

  test('stays open for the last of two pulses, and closes once', async () => {
    const line = cable();
    await line.plug();
    const { devices: kiosk, state } = await devices({ door: door(line.path) });
    await expect.poll(state, soon).toMatchObject({ door: 'ok' });
    await Promise.all([kiosk.testDoor(), kiosk.testDoor()]);
    await expect.poll(async () => (await kiosk.report()).door?.open, soon).toBe(false);
    await expect.poll(said(line), soon).toBe(LCUS.shut + LCUS.open + LCUS.open + LCUS.shut);
  });

  test.each([
    ['fail-secure', LCUS.shut, LCUS.shut],
    ['fail-safe', LCUS.open, LCUS.shut], // current keeps it shut; a kiosk that stops leaves it without current
  ])('%s: rests and stops according to its mode', async (mode, rest, stopped) => {
    const line = cable();
    await line.plug();
    const { devices: kiosk, state } = await devices({ door: door(line.path, { mode }) });
    await expect.poll(state, soon).toMatchObject({ door: 'ok' });
    await expect.poll(said(line), soon).toBe(rest);
    await kiosk.stop();
    await expect.poll(said(line), soon).toBe(rest + stopped);
  });

  test('is switched off as soon as it is back after being unplugged during a pulse', async () => {
    const line = cable();
    await line.plug();
    const { devices: kiosk, state } = await devices({ door: door(line.path, { pulseSeconds: 30 }) });
    await expect.poll(state, soon).toMatchObject({ door: 'ok' });
    await kiosk.testDoor();
    await line.unplug();
    await expect.poll(state, soon).toMatchObject({ door: 'absent' });
    await expect(kiosk.testDoor()).rejects.toMatchObject({ code: 'door-absent' });
    await line.plug();
    await expect.poll(said(line), soon).toBe(LCUS.shut);
    await expect.poll(async () => (await kiosk.report()).door, soon).toMatchObject({ open: false });
  });

  test('opens by badge and PIN, never by face alone, unless the site allows it', async () => {
    const line = cable();
    await line.plug();
    const { devices: kiosk, state } = await devices({ door: door(line.path, { directions: ['in'] }) });
    await expect.poll(state, soon).toMatchObject({ door: 'ok' });
    kiosk.admitted({ method: 'face', liveness: 'passed', direction: 'in' });
    kiosk.admitted({ method: 'number+pin', liveness: 'not-needed', direction: 'out' });
    kiosk.admitted({ method: 'number+pin', liveness: 'not-needed', direction: 'in' });
    await expect.poll(said(line), soon).toBe(LCUS.shut + LCUS.open + LCUS.shut);
  });
});
