import { LANGUAGES } from '../../sync/protocol/api/languages.ts';
import { expect, noCamera, test } from './fixtures.ts';
import { CLAIM, receiptOf } from './scripted-core.ts';

/* Check-ins beyond the simple case: readers, a face required after them, people who walk off. Keyboard: keyboard.spec.ts. */

test('a serial reader leads to a welcome, a rejection with the other methods, or a required face', async ({
  kiosk,
}) => {
  const { core } = kiosk;
  core.setStatus({ checkinMethods: ['badge', 'pin', 'face'] });
  core.methods.probe = async () => ({
    kind: 'welcome',
    receipt: receiptOf('Max Mustermann', { method: 'badge+face' }),
  });
  const page = await kiosk.open({ clip: 'wall' });
  // In the site's order, without those that it does not offer.
  expect(await page.locator('.method').evaluateAll((all) => all.map((el) => el.getAttribute('data-method')))).toEqual([
    'badge',
    'pin',
    'face',
  ]);
  core.arrive({ kind: 'refused', code: 'badge-unknown' });
  await expect(page.locator('.other-method-words[role=status]')).toContainText('Badge not recognised.');
  core.arrive({ kind: 'refused', code: 'locked', seconds: 75 });
  await expect(page.locator('.other-method-words[role=status]')).toContainText('wait 1:15 min');
  core.arrive({ kind: 'face', claim: CLAIM });
  await expect(page.locator('.sentence')).toContainText('Now look at the camera');
  core.arrive({ kind: 'welcome', receipt: receiptOf('Max Mustermann', { language: 'ar', method: 'badge' }) });
  await expect(page.locator('.result')).toHaveAttribute('dir', 'rtl');
  await expect(page.locator('.result')).toHaveAttribute('lang', 'ar');
  // A badge at the reader does not close the staff area while staff are using it.
  await page.getByRole('button', { name: 'Staff' }).click();
  core.arrive({ kind: 'welcome', receipt: receiptOf('Erika Muster', { method: 'badge' }) });
  core.arrive({ kind: 'face', claim: CLAIM });
  await page.locator('input[name=staff-pin]').fill('2468');
  await page.keyboard.press('Enter');
  await expect(page.locator('.menu')).toBeVisible();
  await expect(page.locator('body')).not.toContainText('Muster');
});

test('after a badge the face is compared only with its owner, and the claim is not left for the next person', async ({
  kiosk,
}) => {
  const { core } = kiosk;
  core.setStatus({ checkinMethods: ['badge', 'pin'] });
  const page = await kiosk.open({ clip: 'man' });
  await expect(page.getByRole('heading', { name: 'Check in or out' })).toBeVisible();
  core.methods.probe = async () => ({ kind: 'more', progress: 0.5 });
  core.arrive({ kind: 'face', claim: CLAIM });
  await expect.poll(() => core.callsOf('visitBegin')).toEqual([{ claim: CLAIM }]);
  core.methods.probe = async () => ({
    kind: 'welcome',
    receipt: receiptOf('Max Mustermann', { method: 'badge+face' }),
  });
  await expect(page.locator('.result')).toContainText('Welcome, Max Mustermann');
  await expect(page.locator('.result')).toHaveCount(0);
  // The same man still stands there: without another badge no new visit begins.
  await expect(page.getByRole('heading', { name: 'Check in or out' })).toBeVisible();
  expect(core.callsOf('visitBegin')).toHaveLength(1);
});

test('walking away from "what was wrong" is enough: the record is voided before its time is over', async ({
  kiosk,
}) => {
  const page = await kiosk.open({ before: noCamera });
  await page.clock.install();
  kiosk.core.arrive({ kind: 'welcome', receipt: receiptOf('Max Mustermann', { undo: 'the-token' }) });
  await page.locator('.result').getByRole('button', { name: 'Report a mistake' }).click();
  await expect(page.locator('.wrong')).toBeVisible();
  await expect(page.locator('.wrong')).not.toContainText('Mustermann');
  await page.clock.pauseAt(new Date((await page.evaluate(() => Date.now())) + 7_500));
  await expect(page.locator('.voided')).toContainText('reviewed and corrected');
  expect(kiosk.core.callsOf('voidCheckin')).toMatchObject([{ undo: 'the-token', reason: 'not-right' }]);
});

test('“Report a mistake” touched by mistake can be undone, and the record stays', async ({ kiosk }) => {
  kiosk.core.hello = { ...kiosk.core.hello, undoMs: 60_000 };
  const page = await kiosk.open({ before: noCamera });
  await expect(page.locator('.checkin')).toBeVisible();
  kiosk.core.arrive({ kind: 'welcome', receipt: receiptOf('Max Mustermann', { undo: 'the-token' }) });
  await page.locator('.recent').getByRole('button', { name: 'Report a mistake' }).click();
  await page.clock.install();
  await page.locator('.wrong').getByRole('button', { name: 'Back' }).click();
  await expect(page.locator('.checkin')).toBeVisible();
  await expect(page.locator('.recent')).toBeVisible();
  await page.clock.runFor(60_000);
  expect(kiosk.core.callsOf('voidCheckin')).toEqual([]);
});

test('with larger text and no camera the footer covers no method, in any language', async ({ kiosk }) => {
  const page = await kiosk.open({ width: 1280, height: 800, before: noCamera });
  await page.locator('#display-switch').click();
  await page.locator('[data-name=large]').click();
  await page.keyboard.press('Escape');
  for (const language of LANGUAGES) {
    await page.locator(`.foot [lang=${language}]`).click();
    await expect(page.locator('html')).toHaveAttribute('lang', language);
    const edge = (which: string, side: 'top' | 'bottom') =>
      page.locator(which).evaluateAll((all, s) => Math.max(...all.map((el) => el.getBoundingClientRect()[s])), side);
    await expect(page.locator('.method')).toHaveCount(4);
    expect(await edge('.method', 'bottom')).toBeLessThan(await edge('.foot', 'top'));
  }
});

test('with nobody present the screen shows clock and site, and the guest’s choices are reset', async ({ kiosk }) => {
  const page = await kiosk.open({ clip: 'wall' });
  await page.clock.install();
  await page.getByRole('button', { name: 'العربية' }).click();
  await page.locator('#display-switch').click();
  await page.locator('[data-name=contrast]').click();
  await page.clock.runFor(31_000);
  await expect(page.locator('.attract')).toContainText('Werk Nord, Eingang West');
  await expect(page.locator('.attract-welcome li')).toHaveText([
    'Welcome',
    'Willkommen',
    'Bienvenue',
    'Le damos la bienvenida',
    'Witamy',
    'Hoş geldiniz',
    'أهلًا وسهلًا',
    '欢迎',
  ]);
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await expect(page.locator('html')).toHaveAttribute('dir', 'ltr');
  await expect(page.locator('html')).toHaveAttribute('data-contrast', 'usual');
  // The methods stay reachable: one touch is enough.
  await page.screenshot({ path: 'test/artefacts/screens/attract.png' });
  await page.locator('.attract').click();
  await expect(page.locator('.attract')).toHaveCount(0);
  await page.clock.runFor(31_000);
  await page.locator('[data-method=pin]').click();
  await expect(page.locator('input[name=number]')).toBeFocused();
});

for (const [width, height, share] of [
  [1080, 1920, 1 / 3],
  [1280, 800, 1 / 4],
] as const)
  test(`low: no control is above the lower reach: ${width} × ${height}`, async ({ kiosk }) => {
    const page = await kiosk.open({ clip: 'wall', width, height });
    await page.locator('#display-switch').click();
    for (const name of ['low', 'large']) await page.locator(`[data-name=${name}]`).click();
    await page.locator('#display-switch').click();
    const tooHigh = (): Promise<string[]> =>
      page.evaluate(
        (limit) =>
          [...document.querySelectorAll('button, input')]
            .filter((el) => el.checkVisibility() && !el.closest('[inert]') && el.getBoundingClientRect().top < limit)
            .map((el) => `${el.outerHTML.slice(0, 80)} at ${Math.round(el.getBoundingClientRect().top)}`),
        height * share,
      );
    expect(await tooHigh(), 'first screen').toEqual([]);
    for (const method of ['pin', 'qr', 'badge']) {
      await page.locator(`[data-method=${method}]`).click();
      await page.locator('.screen-head').waitFor();
      expect(await tooHigh(), method).toEqual([]);
      await page.keyboard.press('Escape');
    }
    await page.locator('.foot-actions button').nth(1).click();
    await page.locator('.privacy').waitFor();
    expect(await tooHigh(), 'privacy').toEqual([]);
    await page.keyboard.press('Escape');
    kiosk.core.arrive({ kind: 'refused', code: 'code-used' });
    await page.locator('.other-method').waitFor();
    expect(await tooHigh(), 'other methods').toEqual([]);
    kiosk.core.arrive({ kind: 'welcome', receipt: receiptOf('Max Mustermann') });
    await page.locator('.result').waitFor();
    expect(await tooHigh(), 'result').toEqual([]);
  });
