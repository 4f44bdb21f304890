import type { Page } from '@playwright/test';
import { LANGUAGES } from '../../sync/protocol/api/languages.ts';
import { expect, expectNoAxeFault, noCamera, test } from './fixtures.ts';

/* Methods that still work come first, others say why they don't, and staff see faults where they look. */

const order = (page: Page): Promise<(string | undefined)[]> =>
  page
    .locator('.method')
    .evaluateAll((checkinMethods) => checkinMethods.map((method) => (method as HTMLElement).dataset.method));

test('without a camera, face and code stay visible but disabled with a reason, and a reader still reads codes', async ({
  kiosk,
}) => {
  const { core } = kiosk;
  const page = await kiosk.open({ before: noCamera });
  await expect(page.locator('[data-method=qr]')).toHaveAttribute('aria-disabled', 'true');
  await expect(page.locator('[data-method=qr]')).toContainText('The camera has no picture right now');
  await expect(page.locator('[data-method=face]')).toHaveAttribute('aria-disabled', 'true');
  expect(await order(page)).toEqual(['pin', 'badge', 'face', 'qr']);
  await page.locator('[data-method=qr]').click({ force: true });
  await expect(page.locator('.checkin')).toBeVisible();
  await expectNoAxeFault(page, 'without a camera');
  core.setStatus({ reader: true });
  await expect(page.locator('[data-method=qr]')).toHaveAttribute('aria-disabled', 'false');
  await page.locator('[data-method=qr]').click();
  await expect(page.locator('.present .sentence')).toContainText('Hold your QR code in front of the reader');
});

test('with a covered camera face and code are shown as unavailable', async ({ kiosk }) => {
  const page = await kiosk.open({ clip: 'black' });
  await expect(page.locator('[data-trouble=covered]')).toBeVisible();
  expect(await order(page)).toEqual(['pin', 'badge', 'face', 'qr']);
  for (const method of ['face', 'qr'])
    await expect(page.locator(`[data-method=${method}]`)).toHaveAttribute('aria-disabled', 'true');
  await expect(page.locator('[data-method=pin]')).toHaveAttribute('aria-disabled', 'false');
});

test('choosing the face while the camera is already active highlights its instruction', async ({ kiosk }) => {
  const page = await kiosk.open();
  await expect(page.locator('.sentence')).toContainText('Look at the camera');
  await expect(page.locator('.sentence[data-called=true]')).toHaveCount(0);
  await page.locator('[data-method=face]').click();
  await expect(page.locator('.sentence[data-called=true]')).toContainText('Look at the camera');
  await expectNoAxeFault(page, 'called');
});

for (const language of LANGUAGES)
  test(`a full disk shows staff what to do, and people checking in nothing: ${language}`, async ({ kiosk }) => {
    const { core } = kiosk;
    core.hello = { ...core.hello, defaultLanguage: language };
    core.setStatus({
      storage: 'full',
      notices: ['device-secret-in-file'],
      face: { use: 'off', code: 'model-altered', nextStep: '' },
    });
    const page = await kiosk.open({
      before: noCamera,
      ...(language === 'de' ? { width: 1280, height: 800, theme: 'light' as const } : {}),
    });
    await expect(page.locator('.checkin')).toBeVisible();
    await expect(page.locator('.note')).toHaveCount(0);
    await page.locator('.foot-actions button').last().click();
    await page.locator('input[name=staff-pin]').fill('2468');
    await page.keyboard.press('Enter');
    const storage = page.locator('[data-condition=storage]');
    await expect(storage).toBeVisible();
    await expect(storage.locator('span')).not.toBeEmpty();
    await expect(page.locator('[data-condition=face] span')).not.toBeEmpty();
    await expect(page.locator('[data-condition=device-secret-in-file]')).toBeVisible();
    await page.screenshot({ path: `test/artefacts/full-staff-${language}.png` });
    await expectNoAxeFault(page, `conditions in ${language}`);
  });
