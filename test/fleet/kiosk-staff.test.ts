import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Unlock } from '../../electron/contract/staff.ts';
import type { Core } from '../../electron/core/interface.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { EMERGENCY_PIN } from '../../electron/core/staff/emergency.ts';
import { codeAt } from '../../electron/core/staff/totp.ts';
import { getKiosk, listSettingsTemplates } from '../../sync/protocol/api/fleet.ts';
import { addKioskStaff, listKioskStaff, removeKioskStaff } from '../../sync/protocol/api/staff.ts';
import { sp } from '../cli/run-sp.ts';
import { newServer, type TestServer } from '../kit/server.ts';
import { type Fleeting, fleeting } from './kiosk.ts';

/* Staff added at the server unlock every kiosk of the site, offline too, until removed. The page names who did what. */

const EMERGENCY = '582046';
const NAME = 'Kim Öztürk-Überall';
const OWN = '604815';
const PATIENT = { timeout: 90_000, interval: 250 };
const STEP_MS = 30_000;
let server: TestServer;
let front: Fleeting;
let back: Fleeting;
const cores = new Map<Fleeting, Core>();

beforeAll(async () => {
  server = await newServer();
  [front, back] = [await fleeting(server, 'Front door', 0), await fleeting(server, 'Back door', 0)];
  for (const kiosk of [front, back]) {
    const opened = await openKiosk({ home: kiosk.home, deviceSecret: null, allowSecretFile: true });
    opened.store.settings.set(EMERGENCY_PIN, await (await opened.pins()).hash(EMERGENCY));
    await opened.close();
  }
});
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
const listed = async (name = NAME) => (await server.call(listKioskStaff)).items.find((one) => one.name === name)!;
const standing = async () => {
  const { confirmed, kiosks, paperLeft, waiting } = await listed();
  return { confirmed, kiosks, paperLeft, waiting: waiting.map((k) => k.name) };
};
const records = async (kiosk: Fleeting) =>
  (await server.call(getKiosk, { params: { device: kiosk.device } })).staff
    .map(
      ({ what, outcome, code, by }) =>
        `${what} ${outcome} ${code ?? '-'} ${by?.emergency ? 'EMERGENCY' : (by?.name ?? '-')}`,
    )
    .reverse();
const WRONG = { code: 'pin-wrong' };

function fromBase32(text: string): Buffer {
  const bits = [...text]
    .map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
}

describe('a technician added on the server', { timeout: 240_000 }, () => {
  let id: string;
  let secret: string;
  let paper: string[];
  let pin: string;
  const unlock = (kiosk: Fleeting, more: Partial<Parameters<Core['methods']['staffUnlock']>[0]>) =>
    methods(kiosk).staffUnlock({ member: id, pin: OWN, ...more } satisfies (typeof Unlock)['_output']);
  /** Returns the authenticator app's code for the kiosk's own time, shifted by `off` steps. */
  const appCode = async (kiosk: Fleeting, off = 0) => {
    const { now } = await methods(kiosk).staffMembers({});
    return codeAt(fromBase32(secret), Math.floor(Date.parse(now as string) / STEP_MS) + off);
  };

  test('can unlock a kiosk where nobody added them, and the PIN chosen there works at the other kiosk too', async () => {
    await start(front);
    await start(back);
    const added = await server.call(addKioskStaff, { body: { name: NAME, role: 'technician', site: null } });
    ({ secret, paper } = added.factor!);
    id = added.member.id;
    pin = added.pin!;
    expect(added.factor!.uri).toContain(`secret=${secret}`);
    await expect.poll(standing, PATIENT).toEqual({ confirmed: 2, kiosks: 2, paperLeft: 5, waiting: [] });
    const code = await appCode(front);
    await expect(unlock(front, { pin, code })).rejects.toMatchObject({ code: 'staff-pin-choose' });
    const { token, member } = await unlock(front, { pin, code, newPin: OWN });
    expect(member).toMatchObject({ name: NAME, role: 'technician' });
    expect((await methods(front).technicianState({ token, active: true })).server.online).toBe(true);
    await methods(front).staffLock({ token });
    await expect(unlock(front, { code })).rejects.toMatchObject(WRONG);
    const atBack = () => unlock(back, { code: '000000', pin: OWN }).catch((refused: { code: string }) => refused.code);
    expect(await atBack()).not.toBe('answered');
    await expect.poll(async () => (await listed()).pin, PATIENT).toBe('own');
  });

  test('can enter without a network after a restart, and a paper code used this way works nowhere once it is reported', async () => {
    // The back door accepts the chosen PIN once it has received it.
    const pinAtBack = async () => {
      await stop(back);
      const kiosk = await openKiosk({ home: back.home, deviceSecret: null, allowSecretFile: true });
      const [kim] = JSON.parse(kiosk.store.settings.get('staff-of-server')!) as { pin: { start: boolean } }[];
      await kiosk.close();
      await start(back);
      return kim!.pin.start;
    };
    await expect.poll(pinAtBack, { timeout: 90_000, interval: 3000 }).toBe(false);
    await stop(front);
    await stop(back);
    await server.whileDown(async () => {
      await start(back);
      const { token } = await unlock(back, { code: paper[1]! });
      expect((await methods(back).technicianState({ token, active: true })).server.online).toBe(false);
      await methods(back).staffLock({ token });
      await expect(unlock(back, { code: paper[1]! })).rejects.toMatchObject(WRONG);
      await stop(back);
    });
    await start(back);
    await start(front);
    await expect.poll(standing, PATIENT).toMatchObject({ paperLeft: 4 });
    // The use is synced within seconds. Then the front door refuses a paper code that was only used at the back door.
    const left = async () => {
      await stop(front);
      const kiosk = await openKiosk({ home: front.home, deviceSecret: null, allowSecretFile: true });
      const [kim] = JSON.parse(kiosk.store.settings.get('staff-of-server')!) as {
        factor: { paper: { n: number }[] };
      }[];
      await kiosk.close();
      await start(front);
      return kim!.factor.paper.map(({ n }) => n);
    };
    await expect.poll(left, { timeout: 90_000, interval: 3000 }).toEqual([1, 3, 4, 5]);
    await expect(unlock(front, { code: paper[1]! })).rejects.toMatchObject(WRONG);
    await methods(front).staffLock(await unlock(front, { code: paper[2]! }));
    await expect.poll(standing, PATIENT).toMatchObject({ paperLeft: 3 });
  });

  test('use of the emergency PIN is shown as an alert on the kiosk’s page until a new one is sealed', async () => {
    const { token, alerted } = await methods(front).staffUnlock({ pin: EMERGENCY });
    expect(alerted).toBe(true);
    await expect.poll(() => records(front), PATIENT).toContain('enter done - EMERGENCY');
    const alerts = async () =>
      (await server.call(getKiosk, { params: { device: front.device } })).kiosk.alerts.map(({ code }) => code);
    await expect.poll(alerts, PATIENT).toContain('emergency-pin-used');
    await methods(front).staffSealPin({ token });
    await expect.poll(alerts, PATIENT).not.toContain('emergency-pin-used');
  });

  test('loses access on removal, from an open menu and from each kiosk, which confirms it', async () => {
    const { token } = await unlock(front, { code: await appCode(front, 1) });
    const code = paper[3]!;
    await stop(back);
    await server.call(removeKioskStaff, { params: { member: id } });
    expect((await listed()).removedAt).not.toBeNull();
    const state = () =>
      methods(front)
        .technicianState({ token, active: true })
        .then(
          () => 'in',
          (refused: { code: string }) => refused.code,
        );
    await expect.poll(state, PATIENT).toBe('staff-locked');
    await expect(unlock(front, { code })).rejects.toMatchObject({ code: 'staff-unknown' });
    await expect.poll(standing, PATIENT).toEqual({ confirmed: 1, kiosks: 2, paperLeft: null, waiting: ['Back door'] });
    // The kiosk that was offline still has them, until it reconnects and confirms their removal.
    await start(back);
    await expect.poll(standing, PATIENT).toEqual({ confirmed: 2, kiosks: 2, paperLeft: null, waiting: [] });
    await expect(unlock(back, { code })).rejects.toMatchObject({ code: 'staff-unknown' });
    await expect
      .poll(() => records(front), PATIENT)
      .toEqual(
        expect.arrayContaining([`enter done - ${NAME}`, `enter done paper ${NAME}`, `leave done removed ${NAME}`]),
      );
  });

  test('is added for a site with a sheet to print, listed, reset and removed by name on the command line', async () => {
    const run = (args: string[]) => sp(server.home, ['fleet', 'staff', ...args], { env: server.env });
    const [site] = (await server.call(listSettingsTemplates)).items;
    const added = await run(['add', 'Lou Brandt', '--role', 'technician', '--site', site!.site]);
    expect([added.code, added.stdout]).toEqual([0, expect.stringContaining('Lou Brandt was added')]);
    expect(added.stdout.match(/^ {2}\d{10}$/gm)).toHaveLength(5);
    expect(added.stdout).toMatch(/Starter PIN.*: \d{8}$/m);
    const again = await run(['add', 'lou brandt', '--role', 'desk']);
    expect([again.code, again.stderr]).toEqual([expect.any(Number), expect.stringContaining('staff-exists')]);
    const [lou] = ((await run(['list', '--json'])).lines() as { name: string; site: string }[]).filter(
      ({ name }) => name === 'Lou Brandt',
    );
    expect(lou).toMatchObject({ name: 'Lou Brandt', site: site!.site });
    expect((await run(['reset', 'Lou Brandt'])).stdout).toMatch(/: \d{8}$/m);
    const removed = await run(['remove', 'Lou Brandt']);
    expect([removed.code, removed.stdout]).toEqual([0, expect.stringContaining('removed')]);
    expect((await run(['remove', 'Lou Brandt'])).stderr).toContain('staff-unknown');
    const all = await run(['list', '--json']);
    for (const once of [...added.stdout.match(/\d{10}$/gm)!, secret, 'secret', 'hash'])
      expect(all.stdout).not.toContain(once);
  });
});
