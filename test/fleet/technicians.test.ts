import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Core } from '../../electron/core/interface.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { STAFF_PIN_SETTING } from '../../electron/core/staff/service.ts';
import { addTechnicianCommand } from '../../electron/core/technician/commands.ts';
import { type TestServer, testServer } from '../sync/identity-kit.ts';
import { type Fleeting, fleeting } from './kiosk.ts';

/* What a technician does at a real kiosk is on its page at a real server: who, what, when, and how it ended. */

const STAFF_PIN = '582046';
const NAME = 'Jo Meier-Überall';
const PATIENT = { timeout: 90_000, interval: 250 };
let server: TestServer;
let kiosk: Fleeting;
let paper: string[];

beforeAll(async () => {
  server = await testServer();
  kiosk = await fleeting(server, 'Front door');
  const opened = await openKiosk({ home: kiosk.home, deviceSecret: null, allowSecretFile: true });
  opened.store.setSetting(STAFF_PIN_SETTING, await (await opened.pins()).hash(STAFF_PIN));
  await addTechnicianCommand.run(
    { ...opened, changed: () => undefined },
    { name: NAME },
    {
      line(value) {
        ({ paper } = value as { paper: string[] });
      },
      progress: () => undefined,
    },
  );
  await opened.close();
}, 120_000);
afterAll(async () => {
  await kiosk?.remove();
  await server?.close();
});

const shown = () => server.operate('fleet show', { device: kiosk.device });
const records = async () =>
  (await shown()).technicians
    .map(({ what, outcome, code, name }) => `${what} ${outcome} ${code ?? '-'} ${name ?? '-'}`)
    .reverse();
const enter = async ({ methods }: Core, code: string) => {
  const { token } = await methods.staffUnlock({ pin: STAFF_PIN });
  return methods.technicianEnter({ token, code });
};

test('entering, refusals and actions reach the server once, by name, and the name lies sealed there', async () => {
  const core = await kiosk.start();
  await expect(enter(core, '0000000000')).rejects.toMatchObject({ code: 'technician-code-wrong' });
  const { token } = await enter(core, paper[0]!);
  await expect(core.methods.technicianDo({ token, what: 'reboot' })).rejects.toMatchObject({
    code: 'technician-not-here',
  });
  await core.methods.technicianLeave({ token });
  await expect
    .poll(records, PATIENT)
    .toEqual([
      `enrolled done - ${NAME}`,
      'enter refused code-wrong -',
      `enter done paper ${NAME}`,
      `reboot refused not-a-kiosk-image ${NAME}`,
      `leave done - ${NAME}`,
    ]);
  const { technicians } = await shown();
  for (const { at } of technicians) expect(Math.abs(Date.parse(at) - server.now())).toBeLessThan(10 * 60_000);
}, 180_000);
