import { join, resolve } from 'node:path';
import type { Page } from '@playwright/test';
import type { Setup } from '../../electron/contract/setup.ts';
import { readJoinCode, writeJoinCode } from '../../sync/protocol/seal/join-code.ts';
import { clipOfCode } from './code-clip.ts';
import { expect, expectNoAxeFault, noCamera, slowCamera, test } from './fixtures.ts';
import { coreError, type ScriptedCore } from './scripted-core.ts';

/** The first-run screen, with a scripted core. For the whole process with a real server see test/fleet. */
const SCREENS = resolve(import.meta.dirname, '../artefacts/screens');
const SERVER = 'https://check.nordwerk.example:8444';
const CODE = writeJoinCode({ url: SERVER, secret: Buffer.alloc(10, 7), pin: Buffer.alloc(12, 9) });
const FINGERPRINT = '4f21 9c0b a7d3 e815';

const at = (core: ScriptedCore, setup: Setup | null) => core.setStatus({ setup, online: false, lastSyncAt: null });
const approval = (change: object = {}): Setup => ({
  at: 'approval',
  server: SERVER,
  fingerprint: FINGERPRINT,
  clockOff: null,
  trouble: null,
  staffPin: false,
  ...change,
});
const trouble = (code: string) => ({ code, message: 'in the core’s words', nextStep: 'as the core says' });
const picture = async (page: Page, name: string) => {
  await page.screenshot({ path: join(SCREENS, `setup-${name}.png`), animations: 'disabled' });
  await expectNoAxeFault(page, name);
};

test('the console’s code is read by the camera, and the outcome shown in the chosen language', async ({ kiosk }) => {
  at(kiosk.core, { at: 'code', trouble: null });
  const page = await kiosk.open({ clip: await clipOfCode(CODE), before: slowCamera });
  await page.getByRole('heading', { name: 'Set up this kiosk' }).waitFor();
  await page.getByRole('button', { name: 'Deutsch' }).click();
  await page.getByRole('heading', { name: 'Diesen Kiosk einrichten' }).waitFor();
  await expect.poll(() => kiosk.core.callsOf('setupJoin').at(-1)).toMatchObject({ language: 'de' });
  const { code } = kiosk.core.callsOf('setupJoin').at(-1)!;
  expect(readJoinCode(code).url).toBe(SERVER);
  // Nobody can check in or open the staff area on a kiosk that is not set up.
  await expect(page.getByRole('button', { name: 'Personal', exact: true })).toHaveCount(0);
  await expect(page.locator('.checkin')).toHaveCount(0);
  expect(kiosk.core.callsOf('visitBegin')).toEqual([]);

  at(kiosk.core, { at: 'asking', server: SERVER, trouble: null });
  await expect(page.getByRole('status').getByText('check.nordwerk.example:8444')).toBeVisible();
  at(kiosk.core, approval());
  await expect(page.locator('.setup-fingerprint')).toHaveText(FINGERPRINT.replaceAll(' ', ''));
  at(kiosk.core, { at: 'joined', server: SERVER });
  await page.getByRole('heading', { name: /gehört jetzt zu/ }).waitFor();
  at(kiosk.core, null);
  await page.locator('.checkin').waitFor();
});

test('a code is typed on the on-screen keyboard, or by a hand scanner', async ({ kiosk }) => {
  at(kiosk.core, { at: 'code', trouble: null });
  const page = await kiosk.open({ before: noCamera });
  await page.getByRole('heading', { name: 'No camera found' }).waitFor();
  await page.getByRole('button', { name: 'Type the code instead' }).click();
  for (const key of ['A', '7', '-', 'X']) await page.getByRole('button', { name: key, exact: true }).click();
  await page.getByRole('button', { name: 'Join' }).click();
  expect(kiosk.core.callsOf('setupJoin')).toEqual([{ code: 'A7-X', language: 'en' }]);
  await page.getByRole('heading', { name: 'Set up this kiosk' }).waitFor();
  await page.evaluate(
    (keys) => {
      for (const key of keys)
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    },
    [...CODE, 'Enter'],
  );
  await expect.poll(() => kiosk.core.callsOf('setupJoin').at(-1)?.code).toBe(CODE);
});

test('each problem has a text, a next step and its code', async ({ kiosk }) => {
  const page = await kiosk.open({ before: noCamera });
  for (const [code, text] of [
    ['join-code-expired', 'This code has expired.'],
    ['server-pin-differs', 'The server that answered isn’t the one that created this code.'],
    ['join-code-mistyped', 'This isn’t a code from the console'],
  ] as const) {
    at(kiosk.core, { at: 'code', trouble: trouble(code) });
    const note = page.locator(`.setup-trouble[data-code="${code}"]`);
    await expect(note).toContainText(text);
    await expect(note).toContainText(code);
    await expect(note).toContainText(/code|server/i);
  }
  at(kiosk.core, { at: 'asking', server: SERVER, trouble: trouble('server-unreachable') });
  await expect(page.getByText('The server can’t be reached.')).toBeVisible();
  await expect(page.getByText('The kiosk keeps trying.')).toBeVisible();
  await page.getByRole('button', { name: 'Another code' }).click();
  await expect.poll(() => kiosk.core.callsOf('setupRetry').length).toBe(1);
  at(kiosk.core, { at: 'code', trouble: trouble('something-new') });
  await expect(page.locator('.setup-trouble')).toContainText('as the core says');
  at(kiosk.core, approval({ clockOff: -7_200 }));
  await expect(page.getByText('This kiosk’s clock is 2 hours behind the server.')).toBeVisible();
});

test('the staff PIN is chosen while the kiosk waits, and a weak one is refused', async ({ kiosk }) => {
  kiosk.core.methods.setupStaffPin = async ({ pin }) => {
    if (pin === '123456') throw coreError('pin-weak');
    at(kiosk.core, approval({ staffPin: true }));
    return {};
  };
  at(kiosk.core, approval());
  const page = await kiosk.open({ before: noCamera });
  await page.getByRole('button', { name: 'Choose a staff PIN' }).click();
  await page.locator('input[name=setup-pin]').fill('123456');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert')).toContainText('too easy to guess');
  await page.locator('input[name=setup-pin]').fill('582046');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Staff PIN set')).toBeVisible();
  await expect(page.locator('.setup-fingerprint')).toBeVisible();
});

test('a kiosk being wiped shows its progress, checks nobody in, and can then be set up again', async ({ kiosk }) => {
  at(kiosk.core, { at: 'leaving', what: 'decommission', waiting: { for: 'server', count: 12 } });
  const page = await kiosk.open({ before: noCamera });
  await page.getByRole('heading', { name: 'This kiosk is being taken out of service' }).waitFor();
  await expect(page.getByText('12 records still have to reach the server.')).toBeVisible();
  at(kiosk.core, { at: 'leaving', what: 'decommission', waiting: { for: 'backup', count: 1 } });
  await expect(page.getByText('1 record is waiting for its next backup.')).toBeVisible();
  await expect(page.locator('.checkin')).toHaveCount(0);
  at(kiosk.core, { at: 'removed', what: 'wipe', step: 'destroying' });
  await page.getByRole('heading', { name: 'This kiosk is being wiped' }).waitFor();
  at(kiosk.core, { at: 'removed', what: 'wipe', step: 'notifying' });
  await page.getByRole('heading', { name: 'This device was wiped' }).waitFor();
  await expect(page.getByRole('button', { name: 'Set up again' })).toHaveCount(0);
  at(kiosk.core, { at: 'removed', what: 'wipe', step: 'done' });
  await page.getByRole('button', { name: 'Set up again' }).click();
  expect(kiosk.core.callsOf('setupStartOver')).toHaveLength(1);
});

for (const [format, width, height] of [
  ['tall', 1080, 1920],
  ['wide', 1280, 800],
] as const)
  for (const theme of ['light', 'dark'] as const)
    test(`appearance, ${format}, ${theme}`, async ({ kiosk }) => {
      at(kiosk.core, { at: 'code', trouble: null });
      const page = await kiosk.open({ clip: await clipOfCode(CODE), before: slowCamera, width, height, theme });
      await page.locator('.setup .stage[data-live="true"]').waitFor();
      const name = (state: string) => `${state}-${format}-${theme}`;
      await picture(page, name('code'));
      at(kiosk.core, { at: 'code', trouble: trouble('server-pin-differs') });
      await page.locator('.setup-trouble').waitFor();
      await picture(page, name('trouble'));
      await page.getByRole('button', { name: 'Type the code instead' }).click();
      await picture(page, name('typed'));
      at(kiosk.core, { at: 'asking', server: SERVER, trouble: trouble('server-unreachable') });
      await page.getByRole('button', { name: 'Another code' }).waitFor();
      await picture(page, name('asking'));
      at(kiosk.core, approval({ clockOff: 7_200, trouble: trouble('server-silent') }));
      await page.locator('.setup-fingerprint').waitFor();
      await picture(page, name('approval'));
      at(kiosk.core, { at: 'joined', server: SERVER });
      await page.locator('.setup-done').waitFor();
      await picture(page, name('joined'));
      at(kiosk.core, { at: 'leaving', what: 'decommission', waiting: { for: 'server', count: 12 } });
      await page.getByRole('heading', { name: /out of service/ }).waitFor();
      await picture(page, name('leaving'));
      at(kiosk.core, { at: 'leaving', what: 'decommission', waiting: { for: 'backup', count: 12 } });
      await page.getByText(/next backup/).waitFor();
      await picture(page, name('leaving-backup'));
      at(kiosk.core, { at: 'removed', what: 'wipe', step: 'done' });
      await page.getByRole('button', { name: 'Set up again' }).waitFor();
      await picture(page, name('removed'));
      // Everything fits on one screen: nothing is cut off at the bottom.
      expect(await page.evaluate(() => document.documentElement.scrollHeight <= innerHeight)).toBe(true);
    });
