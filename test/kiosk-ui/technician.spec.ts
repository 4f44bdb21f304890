import type { Page } from '@playwright/test';
import { expect, expectNoAxeFault, noCamera, test } from './fixtures.ts';
import { coreError, type ScriptedCore, STAFF, TECHNICIAN, TECHNICIAN_CODE } from './scripted-core.ts';

/* The technician's menu, by keyboard and by touch. */

async function openGate(page: Page, core: ScriptedCore): Promise<void> {
  core.staff = [...STAFF];
  await page.locator('.foot-actions button').last().click();
  await tabTo(page, /^Jo Meier/);
  await page.keyboard.press('Enter');
  await page.locator('input[name="staff-pin"]').fill('2468');
  await page.keyboard.press('Enter');
  await expect(page.locator('input[name="technician-code"]')).toBeFocused();
}

async function openMenu(page: Page, core: ScriptedCore): Promise<void> {
  await openGate(page, core);
  await page.keyboard.type(TECHNICIAN_CODE);
  await page.keyboard.press('Enter');
  await page.locator('.technician-menu .technician-tasks').waitFor();
}

async function tabTo(page: Page, name: RegExp): Promise<void> {
  const button = page.getByRole('button', { name }).first();
  await button.waitFor();
  for (let i = 0; i < 40 && !(await button.evaluate((el) => el === document.activeElement)); i++)
    await page.keyboard.press('Tab');
  await expect(button).toBeFocused();
}

test('a wrong code is refused, a lock counts down, and the kiosk’s clock is shown for comparison', async ({
  kiosk,
}) => {
  const page = await kiosk.open({ before: noCamera });
  await openGate(page, kiosk.core);
  await expect(page.getByText(/This kiosk’s clock: .*2026/)).toBeVisible();
  await page.keyboard.type('111111');
  await page.keyboard.press('Enter');
  await expect(page.locator('.form-error p')).toContainText('is wrong, or the code was already used');
  await expect(page.locator('input[name="technician-code"]')).toHaveValue('');
  await expectNoAxeFault(page, 'technician code');
  kiosk.core.methods.staffUnlock = async () => {
    throw coreError('pin-locked', { seconds: 95 });
  };
  await page.keyboard.type('111111');
  await page.keyboard.press('Enter');
  await expect(page.locator('.form-error p')).toContainText('1:3');
  expect(kiosk.core.callsOf('technicianState')).toEqual([]);
});

test('by keyboard alone: status, a restart after a second confirmation, diagnostics, and leaving', async ({
  kiosk,
}) => {
  const page = await kiosk.open({ before: noCamera });
  await openMenu(page, kiosk.core);
  await expect(page.locator('.technician-cards')).toContainText('0.3.0-0123456789ab');
  await expect(page.locator('.technician-cards')).toContainText(/21\.4 GB.{0,2} of .{0,2}64\.0 GB.{0,2} free/);
  await expect(page.locator('.technician-cards')).toContainText('51.5 °C');
  await expectNoAxeFault(page, 'technician menu');
  await tabTo(page, /Restart the machine/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Cancel' })).toBeFocused();
  expect(kiosk.core.callsOf('technicianDo')).toEqual([]);
  await expectNoAxeFault(page, 'technician ask');
  await tabTo(page, /Restart the machine now/);
  await page.keyboard.press('Enter');
  await expect(page.getByText('The machine is restarting.')).toBeVisible();
  expect(kiosk.core.callsOf('technicianDo').map(({ what }) => what)).toEqual(['reboot']);
  await tabTo(page, /Diagnostics/);
  await page.keyboard.press('Enter');
  await page.locator('.diagnostics-card').first().waitFor();
  await tabTo(page, /Back/);
  await page.keyboard.press('Enter');
  await tabTo(page, /Leave/);
  await page.keyboard.press('Enter');
  await page.locator('.checkin').waitFor();
  await expect.poll(() => kiosk.core.callsOf('staffLock').length).toBe(1);
});

test('tasks this machine can’t do show the reason instead of a button', async ({ kiosk }) => {
  kiosk.core.methods.technicianState = async () => ({
    ...structuredClone(TECHNICIAN),
    slots: null,
    offers: { restart: null, reboot: 'not-a-kiosk-image', login: 'not-a-kiosk-image', update: 'not-installed' },
  });
  const page = await kiosk.open({ before: noCamera });
  await openMenu(page, kiosk.core);
  await expect(page.locator('[data-task=restart] button')).toHaveCount(1);
  for (const task of ['reboot', 'login', 'update'])
    await expect(page.locator(`[data-task=${task}] button`)).toHaveCount(0);
  await expect(page.locator('[data-task=reboot]')).toContainText('wasn’t set up with the kiosk installer');
  await expect(page.locator('[data-task=update]')).toContainText('it can’t install builds');
  await expectNoAxeFault(page, 'technician not here');
});

test('an update from a USB stick shows its progress, and why it was refused', async ({ kiosk }) => {
  let update: (typeof TECHNICIAN)['update'] = { at: 'none' };
  kiosk.core.methods.technicianState = async () => ({ ...structuredClone(TECHNICIAN), update });
  kiosk.core.methods.technicianDo = async () => {
    update = { at: 'stick', seconds: 118 };
    return {};
  };
  const page = await kiosk.open({ before: noCamera });
  await openMenu(page, kiosk.core);
  await page.locator('[data-task=update] button').click();
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await expect(page.locator('.technician-stick')).toContainText('Plug in the stick. Waiting for another 1:58 min.');
  update = { at: 'preparing', version: '0.4.0', progress: 0.35 };
  await expect(page.locator('.technician-stick')).toContainText('Checking and unpacking version 0.4.0: 35%');
  await expectNoAxeFault(page, 'technician update');
  update = { at: 'ready', version: '0.4.0' };
  await expect(page.locator('.technician-stick')).toContainText('Version 0.4.0 is ready.');
  update = { at: 'refused', code: 'update-unsigned', message: 'x', nextStep: 'y' };
  await expect(page.locator('.technician-stick')).toContainText('aren’t signed with the release keys');
  await expectNoAxeFault(page, 'technician update refused');
  update = {
    at: 'refused',
    code: 'update-new-in-a-year',
    message: 'the moon was full',
    nextStep: 'Wait for a new one.',
  };
  await expect(page.locator('.technician-stick')).toContainText('update-new-in-a-year');
  await expect(page.locator('.technician-stick')).toContainText('the moon was full. Wait for a new one.');
});

test('left idle it closes after a warning, unless it is touched', async ({ kiosk }) => {
  const page = await kiosk.open({ before: noCamera });
  await page.clock.install();
  await openMenu(page, kiosk.core);
  await page.clock.runFor(111_000);
  await expect(page.locator('.idle[data-on=true]')).toBeVisible();
  await page.keyboard.press('Shift');
  await expect(page.locator('.idle[data-on=true]')).toHaveCount(0);
  await page.clock.runFor(121_000);
  await page.locator('.checkin').waitFor();
  await expect.poll(() => kiosk.core.callsOf('staffLock').length).toBe(1);
});

test('a session ended by the core returns to the first screen', async ({ kiosk }) => {
  const page = await kiosk.open({ before: noCamera });
  await openMenu(page, kiosk.core);
  kiosk.core.methods.technicianState = async () => {
    throw coreError('staff-locked');
  };
  await page.locator('.checkin').waitFor();
});
