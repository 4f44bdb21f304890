import type { Page } from '@playwright/test';
import { LANGUAGES } from '../../sync/protocol/api/languages.ts';
import { expect, noCamera, test } from './fixtures.ts';
import { receiptOf } from './scripted-core.ts';

/** Returns the touchable elements that are covered by the footer or outside the screen. */
async function underFoot(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    /** The visible part of the element: an ancestor that scrolls cuts off the rest. */
    const seen = (el: Element): { top: number; bottom: number } => {
      let { top, bottom } = el.getBoundingClientRect();
      for (let over = el.parentElement; over; over = over.parentElement) {
        if (!['auto', 'scroll'].includes(getComputedStyle(over).overflowY)) continue;
        const box = over.getBoundingClientRect();
        [top, bottom] = [Math.max(top, box.top), Math.min(bottom, box.bottom)];
      }
      return { top, bottom };
    };
    const foot = document.querySelector('.foot')!.getBoundingClientRect();
    return [...document.querySelectorAll('main button, main input, main select')]
      .filter((el) => el.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
      .map((el) => ({ el, box: seen(el) }))
      .filter(({ box }) => box.bottom > foot.top)
      .map(({ el, box }) => `${el.outerHTML.slice(0, 90)} ${Math.round(box.bottom)} > ${Math.round(foot.top)}`);
  });
}

for (const language of LANGUAGES)
  test(`the footer covers nothing of an enrolment at 1280 × 800: ${language}`, async ({ kiosk }) => {
    const { core } = kiosk;
    core.hello = { ...core.hello, defaultLanguage: language };
    const page = await kiosk.open({ width: 1280, height: 800, before: noCamera });
    for (const text of ['usual', 'large']) {
      if (text === 'large') {
        await page.reload();
        await page.locator('#display-switch').click();
        await page.locator('[data-name=large]').click();
        await page.locator('#display-switch').click();
      }
      await page.locator('.foot-actions button').last().click();
      await page.locator('input[name=staff-pin]').fill('2468');
      await page.keyboard.press('Enter');
      await page.locator('[data-open=enrol]').click();
      await page.locator('input[name=name]').fill('Erika Musterfrau-Schönhausen');
      expect.soft(await underFoot(page), `details, ${language}, ${text} text`).toEqual([]);
      await page.locator('.enrol-details button[type=submit]').click();
      await page.locator('.enrol-consent .consent-text').waitFor();
      expect.soft(await underFoot(page), `consent, ${language}, ${text} text`).toEqual([]);
      await page.locator('.button-back').click();
      await page.locator('label:has(input[value=minor])').click();
      await page.locator('.enrol-details button[type=submit]').click();
      await page.locator('.born').waitFor();
      expect.soft(await underFoot(page), `guardian, ${language}, ${text} text`).toEqual([]);
    }
  });

test('“Not me” disappears when another check-in method is used', async ({ kiosk }) => {
  const { core } = kiosk;
  core.hello = { ...core.hello, undoMs: 60_000 };
  const page = await kiosk.open({ before: noCamera });
  const notMe = page.getByRole('button', { name: 'Not me' });
  await expect(page.locator('.checkin')).toBeVisible();
  core.arrive({ kind: 'welcome', receipt: receiptOf('Ada', { method: 'badge', liveness: 'not-needed' }) });
  await expect(page.locator('.result')).toContainText('Ada');
  await expect(page.locator('.result')).toHaveCount(0);
  await expect(notMe).toBeVisible();
  await page.locator('[data-method=pin]').click();
  await page.keyboard.press('Escape');
  await expect(page.locator('.checkin')).toBeVisible();
  await expect(notMe).toHaveCount(0);
});

test('“Not me” stays for the face that was answered, and disappears with the next', async ({ kiosk }) => {
  const { core } = kiosk;
  core.hello = { ...core.hello, undoMs: 60_000 };
  let answers = 0;
  core.methods.probe = async () =>
    ++answers === 1 ? { kind: 'welcome', receipt: receiptOf('Ada') } : { kind: 'more', progress: 0.2 };
  const page = await kiosk.open({ clip: 'man' });
  await expect(page.locator('.result')).toContainText('Ada');
  await expect(page.locator('.result')).toHaveCount(0);
  const notMe = page.getByRole('button', { name: 'Not me' });
  await expect(notMe).toBeVisible();
  expect(core.callsOf('visitBegin')).toHaveLength(1);
  // As if they had left and someone else stood there: this is a new visit.
  await page.locator('[data-method=face]').click();
  await expect.poll(() => core.callsOf('visitBegin').length).toBe(2);
  await expect(notMe).toHaveCount(0);
  expect(core.callsOf('voidCheckin')).toEqual([]);
});
