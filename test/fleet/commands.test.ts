import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { keepLog } from '../../electron/core/fleet/log-book.ts';
import type { CoreOptions } from '../../electron/core/interface.ts';
import { Problem } from '../../sync/errors/problem.ts';
import {
  commandKiosk,
  getKiosk,
  getKioskLog,
  type NewSettings,
  revertKioskSettings,
  setKioskSettings,
  withdrawCommand,
} from '../../sync/protocol/api/fleet.ts';
import { newServer, type TestServer } from '../kit/server.ts';
import { type Fleeting, fleeting, SECRETS } from './kiosk.ts';

/** Inventory, settings, restart and logs with the real core and a real server. */
let server: TestServer;
const kiosks: Fleeting[] = [];
beforeAll(async () => {
  server = await newServer();
});
afterAll(() => server?.close());
afterEach(async () => {
  server.shift(0);
  for (const kiosk of kiosks.splice(0)) await kiosk.remove();
});

const PATIENT = { timeout: 90_000, interval: 250 };
const made = async (name: string) => {
  const kiosk = await fleeting(server, name);
  kiosks.push(kiosk);
  return kiosk;
};
const shown = (kiosk: Fleeting) => server.call(getKiosk, { params: { device: kiosk.device } });
const newest = async (kiosk: Fleeting) => (await shown(kiosk)).commands[0];

describe('a kiosk and the server’s fleet management', { timeout: 180_000 }, () => {
  test('a kiosk reports its state, and again when its camera changes', async () => {
    const kiosk = await made('Front door');
    const core = await kiosk.start();
    const report = async () => (await shown(kiosk)).kiosk.report;
    await expect
      .poll(report, PATIENT)
      .toMatchObject({ host: 'browser', camera: 'unknown', queued: expect.any(Number) });
    expect((await report())!.diskTotal).toBeGreaterThan(0);
    expect((await report())!.models.embedder).toMatch(/^fr_feature@[0-9a-f]{12}$/);
    await core.methods.screenState({ camera: 'covered', frames: 12 });
    await expect.poll(async () => (await report())?.camera, PATIENT).toBe('covered');
    expect((await shown(kiosk)).kiosk.alerts).toEqual([{ code: 'camera-bad', severity: 'bad', detail: 'covered' }]);
  });

  test('settings take effect while it runs; if it can’t apply them it says so and keeps the last ones', async () => {
    const kiosk = await made('Side door');
    const core = await kiosk.start();
    const settings = async () => (await core.methods.status({})).settings;
    const params = { device: kiosk.device };
    const set = (settings: z.input<typeof NewSettings>['settings'], after: number) =>
      server.call(setKioskSettings, { params, body: { settings, after } });
    const first = { name: 'Tor 1', volume: 30, direction: 'out' } as const;
    await set(first, 0);
    await expect.poll(settings, PATIENT).toMatchObject({ site: 'Tor 1', volume: 30 });
    await expect.poll(async () => (await shown(kiosk)).kiosk.config, PATIENT).toEqual({ published: 1, inForce: 1 });

    await set({ ...first, language: 'nl', volume: 90 }, 1);
    await expect
      .poll(async () => (await shown(kiosk)).kiosk.alerts.map(({ code }) => code), PATIENT)
      .toContain('settings-refused');
    expect((await shown(kiosk)).kiosk).toMatchObject({
      config: { published: 2, inForce: 1 },
      report: { configProblem: expect.stringContaining('language-unknown') },
    });
    expect(await settings()).toMatchObject({ volume: 30 });
    await server.call(revertKioskSettings, { params: { device: kiosk.device }, body: { revision: 1 } });
    await expect.poll(async () => (await shown(kiosk)).kiosk.config, PATIENT).toEqual({ published: 3, inForce: 3 });
    expect((await shown(kiosk)).kiosk.alerts).toEqual([]);
  });

  test('a restart happens once, announced before and confirmed by the restarted core', async () => {
    const kiosk = await made('Back door');
    let asked = 0;
    const core = await kiosk.start({ restart: () => asked++ });
    await server.call(commandKiosk, { params: { device: kiosk.device }, body: { what: 'restart' } });
    await expect.poll(() => asked, PATIENT).toBe(1);
    expect(await newest(kiosk)).toMatchObject({ what: 'restart', state: 'started' });
    await core.close();
    await kiosk.start({ restart: () => asked++ });
    await expect.poll(async () => (await newest(kiosk))?.state, PATIENT).toBe('done');
    expect(asked).toBe(1);
  });

  test('an expired command is not run, and the kiosk says so', async () => {
    const kiosk = await made('Late door');
    await server.call(commandKiosk, { params: { device: kiosk.device }, body: { what: 'restart', hours: 1 } });
    // Moves the server's clock, which the kiosk follows, two hours forward.
    server.shift(2 * 3_600_000);
    let asked = 0;
    await kiosk.start({ restart: () => asked++ });
    await expect.poll(async () => (await newest(kiosk))?.answeredAt, PATIENT).not.toBeNull();
    expect(await newest(kiosk)).toMatchObject({ state: 'expired' });
    expect(asked).toBe(0);
  });

  test('nothing expired or withdrawn is run by a kiosk that was off for days and does not know the time yet', async () => {
    const kiosk = await made('Dark door');
    const params = { device: kiosk.device };
    const wipe = { what: 'wipe', name: 'Dark door' } as const;
    const lost = (await server.call(commandKiosk, { params, body: wipe })).commands[0]!;
    // Three days later, which the kiosk believes only after several answers of the server.
    server.shift(3 * 86_400_000 - 90 * 60_000);
    await server.call(withdrawCommand, { params: { ...params, command: lost.id } });
    await server.call(commandKiosk, { params, body: { what: 'restart', hours: 1 } });
    server.shift(3 * 86_400_000);
    let asked = 0;
    await kiosk.start({ restart: () => asked++ });
    const outcomes = async () =>
      (await shown(kiosk)).commands.map(
        ({ what, state, startedAt, answeredAt }) => `${what} ${startedAt ? 'started' : answeredAt ? state : 'open'}`,
      );
    await expect.poll(outcomes, PATIENT).toEqual(['restart expired', 'wipe withdrawn']);
    expect(asked).toBe(0);
    expect(existsSync(join(kiosk.home, 'store.db'))).toBe(true);
  });

  test('its log is redacted: it contains no name, number, PIN, code, position or address', async () => {
    const kiosk = await made('Talking door');
    mkdirSync(join(kiosk.home, 'logs'), { recursive: true });
    const log: CoreOptions['log'] = keepLog(kiosk.home, () => undefined);
    // The worst that code could log: all personal data, in every field, in errors and their causes.
    for (const secret of Object.values(SECRETS)) {
      log('info', 'check-in', { name: secret, direction: 'in', method: secret, person: secret });
      log('error', 'core: failed', { error: new Error(secret, { cause: new TypeError(`"${secret}"`) }) });
      log('warn', `core stderr: ${secret}`);
    }
    log('error', 'x', {
      error: new Problem('number-taken'),
    });
    await kiosk.start({ log });
    const { commands } = await server.call(commandKiosk, { params: { device: kiosk.device }, body: { what: 'logs' } });
    await expect.poll(async () => (await newest(kiosk))?.state, PATIENT).toBe('done');
    const text = await server.call(getKioskLog, { params: { device: kiosk.device, command: commands[0]!.id } });
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { message: string });
    expect(lines.map(({ message }) => message)).toContain('check-in');
    expect(lines.length).toBeGreaterThan(15);
    for (const secret of [...Object.values(SECRETS), kiosk.person]) expect(text).not.toContain(secret);
    expect(text).not.toMatch(/Wilhelmine|Überall/);
    // The log still contains the error codes, which are its purpose.
    expect(text).toContain('number-taken');
  });
});
