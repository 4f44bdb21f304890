import type { Page } from '@playwright/test';
import { expect, expectNoAxeFault, noCamera, test } from './fixtures.ts';
import { coreError, marked } from './scripted-core.ts';

/* Staff's evacuation list and diagnostics, by keyboard and by touch. */

async function openStaff(page: Page): Promise<void> {
  await page.locator('.foot-actions button').last().click();
  await page.locator('input[name="staff-pin"]').fill('2468');
  await page.keyboard.press('Enter');
  await page.locator('.menu').waitFor();
}

async function tabTo(page: Page, name: RegExp): Promise<void> {
  const button = page.getByRole('button', { name }).first();
  for (let i = 0; i < 40 && !(await button.evaluate((el) => el === document.activeElement)); i++)
    await page.keyboard.press('Tab');
  await expect(button).toBeFocused();
}

test.describe('the evacuation list', () => {
  test('by keyboard alone: starts, marks a person safe and missing again, and ends after a confirmation', async ({
    kiosk,
  }) => {
    const page = await kiosk.open({ before: noCamera });
    await openStaff(page);
    await tabTo(page, /Evacuation list/);
    await page.keyboard.press('Enter');
    const rows = page.locator('.evacuee');
    await expect(rows).toHaveCount(6);
    await expect(page.getByRole('button', { name: /^Mark as accounted for/ })).toHaveCount(0);
    await expect(page.locator('[data-late=true]')).toContainText('Laderampe');
    await expect(page.locator('[data-late=true]')).toContainText('Anything recorded there since may be missing.');
    await tabTo(page, /Start evacuation/);
    await page.keyboard.press('Enter');
    await expect(page.locator('.evacuee[data-missing=true]')).toHaveCount(6);
    await tabTo(page, /^Mark as accounted for: Max Mustermann/);
    await page.keyboard.press('Enter');
    await expect(page.locator('.evacuee[data-missing=true]')).toHaveCount(5);
    await expect(page.locator('.evacuation-counts')).toContainText('Missing5');
    await tabTo(page, /^Mark as missing: Max Mustermann/);
    await page.keyboard.press('Enter');
    await expect(page.locator('.evacuee[data-missing=true]')).toHaveCount(6);
    await expectNoAxeFault(page, 'evacuation');
    await tabTo(page, /End evacuation/);
    await page.keyboard.press('Enter');
    expect(kiosk.core.callsOf('evacuationEnd')).toEqual([]);
    await tabTo(page, /End evacuation/);
    await page.keyboard.press('Enter');
    await expect(page.getByRole('button', { name: /Start evacuation/ })).toBeVisible();
    expect(kiosk.core.callsOf('evacuationOpen')).toHaveLength(1);
  });

  test('shows who was marked by others and where, and that the roll call is shared', async ({ kiosk }) => {
    const page = await kiosk.open({ before: noCamera });
    await openStaff(page);
    await page.locator('[data-open=evacuation]').click();
    await expect(page.locator('.evacuation-kiosks')).not.toContainText('shared between this site’s kiosks');
    await page.getByRole('button', { name: /Start evacuation/ }).click();
    await expect(page.locator('.evacuation-kiosks')).toContainText('shared between this site’s kiosks');
    marked(kiosk.core, {
      0: { where: 'kiosk', name: 'Eingang Ost' },
      1: { where: 'console', name: '' },
      2: { where: 'kiosk', name: '' },
    });
    const row = (name: string) => page.locator('.evacuee', { hasText: name });
    await expect(row('Max Mustermann')).toContainText(/· Eingang Ost/);
    await expect(row('Maria')).toContainText('in the console');
    await expect(row('Ayşe')).toContainText('at another kiosk');
    await expect(page.locator('.evacuation-counts')).toContainText('Missing3');
    await expectNoAxeFault(page, 'evacuation-of-several');
  });

  test('stays on screen and says so if it can’t be refreshed', async ({ kiosk }) => {
    const page = await kiosk.open({ before: noCamera });
    await openStaff(page);
    await page.locator('[data-open=evacuation]').click();
    await expect(page.locator('.evacuee')).toHaveCount(6);
    kiosk.core.methods.evacuationBegin = async () => {
      throw coreError('storage-full');
    };
    await page.getByRole('button', { name: /Start evacuation/ }).click();
    await expect(page.locator('.evacuation .form-error')).not.toBeEmpty();
    await expect(page.locator('.evacuee')).toHaveCount(6);
  });

  // Printed output is tested in test/e2e/printing.spec.ts.
  test('without a printer says what works instead, and has no print button', async ({ kiosk }) => {
    kiosk.core.methods.printing = async () => ({ printer: 'none', trouble: null, newest: 0, job: null });
    const page = await kiosk.open({ before: noCamera });
    await openStaff(page);
    await page.locator('[data-open=evacuation]').click();
    await expect(page.locator('.print-status')).toHaveText(
      'No printer is set up on this kiosk. Take a photo of the list, or open “Evacuation” in the console on another device and print it there.',
    );
    await expect(page.getByRole('button', { name: 'Print', exact: true })).toHaveCount(0);
    await expectNoAxeFault(page, 'evacuation-without-printer');
  });

  test('is black on white even at night', async ({ kiosk }) => {
    const page = await kiosk.open({ before: noCamera });
    await page.evaluate(() => {
      document.documentElement.dataset.theme = 'dark';
    });
    await openStaff(page);
    await page.locator('[data-open=evacuation]').click();
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    const colours = await page
      .locator('.evacuee')
      .first()
      .evaluate((one) => {
        const probe = (color: string) => Number(/\d+/.exec(color)![0]);
        return [probe(getComputedStyle(one).color), probe(getComputedStyle(document.body).backgroundColor)];
      });
    expect(colours[0]).toBeLessThan(60);
    expect(colours[1]).toBeGreaterThan(240);
  });

  for (const [what, answer, text] of [
    [
      'a jam',
      { trouble: 'paper-jam', job: 'waiting' },
      /^Paper is jammed in the printer\. Printing then continues by itself\.$/,
    ],
    ['a failed job', { trouble: null, job: 'failed' }, /^The printer couldn’t print it\. Take a photo of the list/],
    [
      'a page that no printer has heard of',
      { trouble: null, job: 'none' },
      /^It did not reach the printer\. Take a photo of the list/,
    ],
    ['a page that came out', { trouble: null, job: 'printed' }, /^Printed\.$/],
  ] as const)
    test(`reports the outcome: ${what}`, async ({ kiosk }) => {
      kiosk.core.methods.printing = async ({ after }) =>
        after === null
          ? { printer: 'ready', trouble: null, newest: 7, job: null }
          : { printer: 'ready', newest: after, ...answer };
      const page = await kiosk.open({ before: noCamera });
      await openStaff(page);
      await page.locator('[data-open=evacuation]').click();
      await tabTo(page, /^Print$/);
      await page.keyboard.press('Enter');
      await expect(page.locator('.print-status')).toHaveText(text);
      expect(kiosk.core.callsOf('printing').at(-1)?.after).toBe(7);
    });
});

test.describe('diagnostics', () => {
  test('shows connected devices, no complete badge number, and opens the door once on request', async ({ kiosk }) => {
    const page = await kiosk.open({ before: noCamera });
    await openStaff(page);
    await tabTo(page, /Diagnostics/);
    await page.keyboard.press('Enter');
    const card = (title: string) => page.locator('.diagnostics-card', { hasText: title });
    await expect(card('Badge reader: Drehkreuz')).toContainText('••••••••35');
    await expect(card('Badge reader: Drehkreuz')).toContainText('2 wrong checksum');
    await expect(card('GPS')).toContainText('No position: no recent data');
    await expect(card('Camera')).toContainText('No camera found');
    const { diagnostics } = kiosk.core.methods;
    kiosk.core.methods.diagnostics = async (input) => {
      const now = await diagnostics(input);
      return { ...now, sync: { ...now.sync, online: false, problem: 'server-silent' } };
    };
    await expect(page.getByText('The server didn’t respond in time. (server-silent)')).toBeVisible();
    await expectNoAxeFault(page, 'diagnostics');
    await tabTo(page, /Open the door once/);
    await page.keyboard.press('Enter');
    await expect(page.getByText('Open command sent.')).toBeVisible();
    expect(kiosk.core.callsOf('doorTest')).toHaveLength(1);
    kiosk.core.methods.doorTest = async () => {
      throw coreError('door-absent');
    };
    await page.keyboard.press('Enter');
    await expect(page.getByText('The door relay wasn’t found.', { exact: false })).toBeVisible();
  });
});
