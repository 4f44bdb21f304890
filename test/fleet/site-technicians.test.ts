import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Core } from '../../electron/core/interface.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { STAFF_PIN_SETTING } from '../../electron/core/staff/service.ts';
import { codeAt } from '../../electron/core/technician/totp.ts';
import { sp } from '../cli/run-sp.ts';
import { type TestServer, testServer } from '../sync/identity-kit.ts';
import { type Fleeting, fleeting } from './kiosk.ts';

/* A technician who is added at the server enters at every kiosk of the site, offline too, and is out of all with their removal. */

const STAFF_PIN = '582046';
const NAME = 'Kim Öztürk-Überall';
const PATIENT = { timeout: 90_000, interval: 250 };
const STEP_MS = 30_000;
let server: TestServer;
let front: Fleeting;
let back: Fleeting;
const cores = new Map<Fleeting, Core>();

beforeAll(async () => {
  server = await testServer();
  [front, back] = [await fleeting(server, 'Front door', 0), await fleeting(server, 'Back door', 0)];
  for (const kiosk of [front, back]) {
    const opened = await openKiosk({ home: kiosk.home, deviceSecret: null, allowSecretFile: true });
    opened.store.setSetting(STAFF_PIN_SETTING, await (await opened.pins()).hash(STAFF_PIN));
    await opened.close();
  }
}, 120_000);
afterAll(async () => {
  await front?.remove();
  await back?.remove();
  await server?.close();
});

const start = async (kiosk: Fleeting) => void cores.set(kiosk, await kiosk.start());
const stop = async (kiosk: Fleeting) => {
  await cores.get(kiosk)?.close();
  cores.delete(kiosk);
};
const methods = (kiosk: Fleeting) => cores.get(kiosk)!.methods;
async function unlocked(kiosk: Fleeting): Promise<string> {
  return (await methods(kiosk).staffUnlock({ pin: STAFF_PIN })).token;
}
/** The app's code by the time that the kiosk judges it by. */
async function enter(kiosk: Fleeting, by: { secret: string; off?: number } | { paper: string }) {
  const token = await unlocked(kiosk);
  if ('paper' in by) return methods(kiosk).technicianEnter({ token, code: by.paper });
  const { now } = await methods(kiosk).technicianGate({ token });
  const step = Math.floor(Date.parse(now) / STEP_MS) + (by.off ?? 0);
  return methods(kiosk).technicianEnter({ token, code: codeAt(fromBase32(by.secret), step) });
}
const listed = async (name = NAME) => (await server.operate('fleet technicians', {})).find((one) => one.name === name)!;
const standing = async () => {
  const { confirmed, kiosks, paperLeft, waiting } = await listed();
  return { confirmed, kiosks, paperLeft, waiting: waiting.map((k) => k.name) };
};
const records = async (kiosk: Fleeting) =>
  (await server.operate('fleet show', { device: kiosk.device })).technicians
    .map(({ what, outcome, code, name }) => `${what} ${outcome} ${code ?? '-'} ${name ?? '-'}`)
    .reverse();
const WRONG = { code: 'technician-code-wrong' };

function fromBase32(text: string): Buffer {
  const bits = [...text]
    .map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
}

describe('a technician of the server', { timeout: 240_000 }, () => {
  let secret: string;
  let paper: string[];

  test('is let in where nobody ever enrolled them, and a code counts once', async () => {
    await start(front);
    await start(back);
    await expect(enter(front, { paper: '0123456789' })).rejects.toMatchObject({ code: 'technician-none' });
    const added = await server.operate('fleet technician add', { name: NAME, site: null });
    ({ secret, paper } = added);
    expect(added.uri).toContain(`secret=${secret}`);
    await expect.poll(standing, PATIENT).toEqual({ confirmed: 2, kiosks: 2, paperLeft: 5, waiting: [] });
    const { token, name } = await enter(front, { secret });
    expect(name).toBe(NAME);
    expect((await methods(front).technicianState({ token, active: true })).server.online).toBe(true);
    await methods(front).technicianLeave({ token });
    await expect(enter(front, { secret })).rejects.toMatchObject(WRONG);
  });

  test('enters without a network, after a restart; a code on paper used so counts at no kiosk once it is told', async () => {
    await stop(front);
    await stop(back);
    await server.whileDown(async () => {
      await start(back);
      const { token } = await enter(back, { paper: paper[1]! });
      expect((await methods(back).technicianState({ token, active: true })).server.online).toBe(false);
      await methods(back).technicianLeave({ token });
      await expect(enter(back, { paper: paper[1]! })).rejects.toMatchObject(WRONG);
      await stop(back);
    });
    await start(back);
    await start(front);
    await expect.poll(standing, PATIENT).toMatchObject({ paperLeft: 4 });
    // Told within seconds: from then on the front door refuses what only the back door ever saw.
    const opened = async () => {
      await stop(front);
      const kiosk = await openKiosk({ home: front.home, deviceSecret: null, allowSecretFile: true });
      const told = JSON.parse(kiosk.store.setting('technicians-told')!) as { paper: { n: number }[] }[];
      await kiosk.close();
      await start(front);
      return told[0]!.paper.map(({ n }) => n);
    };
    await expect.poll(opened, { timeout: 90_000, interval: 3000 }).toEqual([1, 3, 4, 5]);
    await expect(enter(front, { paper: paper[1]! })).rejects.toMatchObject(WRONG);
    // And the back door does not take it again for having been told anew.
    await expect(enter(back, { paper: paper[1]! })).rejects.toMatchObject(WRONG);
    await methods(front).technicianLeave(await enter(front, { paper: paper[2]! }));
    await expect.poll(standing, PATIENT).toMatchObject({ paperLeft: 3 });
  });

  test('is out with the removal: of a menu that stands open, and of each kiosk, which says so', async () => {
    const { token } = await enter(front, { secret, off: 1 });
    const code = paper[3]!;
    await stop(back);
    const gone = await server.operate('fleet technician remove', { technician: NAME });
    expect(gone.removedAt).not.toBeNull();
    const state = () =>
      methods(front)
        .technicianState({ token, active: true })
        .then(
          () => 'in',
          (refused: { code: string }) => refused.code,
        );
    await expect.poll(state, PATIENT).toBe('staff-locked');
    await expect(enter(front, { paper: code })).rejects.toMatchObject({ code: 'technician-none' });
    await expect.poll(standing, PATIENT).toEqual({ confirmed: 1, kiosks: 2, paperLeft: 0, waiting: ['Back door'] });
    // The one that was away still has them; it says so no longer once it was heard.
    await start(back);
    await expect.poll(standing, PATIENT).toEqual({ confirmed: 2, kiosks: 2, paperLeft: 0, waiting: [] });
    await expect(enter(back, { paper: code })).rejects.toMatchObject({ code: 'technician-none' });
    await expect
      .poll(() => records(front), PATIENT)
      .toEqual(
        expect.arrayContaining([`enter done - ${NAME}`, `enter done paper ${NAME}`, `leave done removed ${NAME}`]),
      );
  });

  test('on the command line: added for a site, with a sheet to print; listed; removed by name', async () => {
    const run = (args: string[]) => sp(server.home, ['fleet', ...args], { env: server.env });
    const [site] = await server.operate('fleet templates', {});
    const added = await run(['technician', 'add', '--name', 'Lou Brandt', '--site', site!.site]);
    expect([added.code, added.stdout]).toEqual([0, expect.stringContaining('Lou Brandt is added')]);
    expect(added.stdout.match(/^ {2}\d{10}$/gm)).toHaveLength(5);
    const again = await run(['technician', 'add', '--name', 'lou brandt']);
    expect([again.code, again.stderr]).toEqual([expect.any(Number), expect.stringContaining('technician-exists')]);
    const [lou] = (await run(['technicians', '--json'])).lines() as { name: string; site: string }[];
    expect(lou).toMatchObject({ name: 'Lou Brandt', site: site!.site });
    const removed = await run(['technician', 'remove', 'Lou Brandt']);
    expect([removed.code, removed.stdout]).toEqual([0, expect.stringContaining('removed')]);
    expect((await run(['technician', 'remove', 'Lou Brandt'])).stderr).toContain('technician-unknown');
    const all = await run(['technicians', '--json']);
    for (const told of [...added.stdout.match(/\d{10}$/gm)!, secret, 'secret', 'hash'])
      expect(all.stdout).not.toContain(told);
  });
});
