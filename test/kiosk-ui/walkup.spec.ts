import type { Page } from '@playwright/test';
import { ar } from '../../renderer/kiosk/locales/ar.ts';
import { de } from '../../renderer/kiosk/locales/de.ts';
import { anOwnCode, clipOfCode } from './code-clip.ts';
import { expect, noCamera, test } from './fixtures.ts';
import { BADGE, CLAIM, receiptOf, refusal } from './scripted-core.ts';

/*
 * Every way in, walked by the keyboard alone; upright in German and lying in Arabic, the two that the looks suite does not
 * have. What is read aloud (role `status`, the focused heading) is what is asked for throughout.
 */

/** Tab until this has the focus, as somebody without a pointer would. */
async function tabTo(page: Page, selector: string): Promise<void> {
  const target = page.locator(selector).first();
  await target.waitFor();
  for (let i = 0; i < 40; i++) {
    if (await target.evaluate((el) => el === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the keyboard does not reach ${selector}`);
}

async function press(page: Page, selector: string): Promise<void> {
  await tabTo(page, selector);
  await page.keyboard.press('Enter');
}

/** Types as a keyboard wedge does, faster than a test could from outside. Gives which keys the page kept from their target. */
const wedge = (page: Page, text: string): Promise<boolean[]> =>
  page.evaluate(
    (keys) =>
      keys.map(
        (key) =>
          !(document.activeElement ?? document.body).dispatchEvent(
            new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }),
          ),
      ),
    [...text, 'Enter'],
  );

/** Runs in the page: keeps the notes that are played. */
function hearNotes(): void {
  const heard: number[] = [];
  const Real = window.OscillatorNode;
  Object.assign(window, {
    heard,
    OscillatorNode: class extends Real {
      constructor(context: BaseAudioContext, options: OscillatorOptions) {
        super(context, options);
        heard.push(Math.round(options.frequency!));
      }
    },
  });
}
const heard = (page: Page): Promise<number[]> =>
  page.evaluate(() => (window as unknown as { heard: number[] }).heard.splice(0));

for (const [language, words, width, height] of [
  ['de', de, 1080, 1920],
  ['ar', ar, 1280, 800],
] as const)
  test(`every way by keyboard alone: ${language}, ${width} × ${height}`, async ({ kiosk }) => {
    test.setTimeout(120_000);
    const { core } = kiosk;
    const code = anOwnCode();
    core.hello = { ...core.hello, defaultLanguage: language };
    const looked = Promise.withResolvers<void>();
    core.methods.codeRead = async () => {
      await looked.promise;
      return { kind: 'welcome', receipt: receiptOf('Max Mustermann', { method: 'qr' }) };
    };
    const page = await kiosk.open({ clip: await clipOfCode(code), width, height, before: hearNotes });
    await expect(page.locator('html')).toHaveAttribute('dir', language === 'ar' ? 'rtl' : 'ltr');
    await expect(page.getByRole('navigation', { name: words.ways.title }).getByRole('button')).toHaveCount(4);

    // A QR code in the camera's own footage.
    await press(page, '[data-way=qr]');
    await expect(page.getByRole('heading', { level: 1, name: words.scan.title })).toBeFocused();
    looked.resolve();
    await expect(page.locator('.result')).toContainText('Max Mustermann', { timeout: 30_000 });
    expect(core.callsOf('codeRead')[0]).toEqual({ code });
    await expect(page.locator('.result h1')).toBeFocused();
    expect(await heard(page)).toEqual([880, 523, 784]);

    // "Not me" voids it, and offers the ways again.
    await press(page, '.result-button');
    await expect(page.locator('.voided [role=status]')).toContainText(words.result.voidedMore);
    expect(core.callsOf('voidCheckin')).toMatchObject([{ reason: 'not-me' }]);
    await page.keyboard.press('Escape');

    // A badge on the first screen, whatever has the focus there; then "that was wrong".
    await tabTo(page, '[data-way=pin]');
    const kept = await wedge(page, BADGE);
    expect(kept).toEqual([false, ...Array.from(BADGE, () => true)]);
    await expect(page.locator('.result')).toContainText('Max Mustermann');
    expect(core.callsOf('badgeRead')).toEqual([{ badge: BADGE }]);
    await press(page, '.result-button:nth-child(2)');
    await expect(page.getByRole('heading', { level: 1, name: words.result.wrongTitle })).toBeFocused();
    await press(page, '.wrong .way');
    await expect(page.locator('.voided [role=status]')).toContainText(words.result.voidedWrong);
    expect(core.callsOf('voidCheckin').at(-1)).toMatchObject({ reason: 'wrong-direction' });
    await page.keyboard.press('Escape');

    // A badge that is nobody's, at its own screen: said there, with a sound of its own.
    // The code is before the camera all the while, and that screen reads it too: it is as good as the badge by now.
    core.methods.codeRead = async () => {
      throw refusal('badge-unknown');
    };
    await heard(page);
    await press(page, '[data-way=badge]');
    await wedge(page, '99999999');
    await expect(page.locator('.present .sentence[role=status]')).toContainText(words.error['badge-unknown']);
    expect(await heard(page)).toEqual(expect.arrayContaining([233, 175]));
    await page.keyboard.press('Escape');

    // Number and PIN; nothing that is typed into a form is taken for a badge.
    await press(page, '[data-way=pin]');
    await expect(page.locator('input[name=number]')).toBeFocused();
    const before = core.callsOf('badgeRead').length;
    expect(await wedge(page, BADGE)).not.toContain(true);
    expect(core.callsOf('badgeRead')).toHaveLength(before);
    await page.keyboard.type('1001');
    await page.keyboard.press('Enter');
    await page.keyboard.type('8642');
    await page.keyboard.press('Enter');
    await expect(page.locator('.result')).toContainText('Max Mustermann');
    // The name goes with the result; what stays for a while has none.
    await expect(page.locator('.result')).toHaveCount(0);
    await expect(page.locator('.recent')).toBeVisible();
    await expect(page.locator('body')).not.toContainText('Mustermann');

    // Switches, and muted from here on.
    await press(page, '#display-switch');
    for (const [name, attribute] of [
      ['large', 'data-text'],
      ['contrast', 'data-contrast'],
      ['low', 'data-reach'],
    ] as const) {
      await press(page, `[data-name=${name}]`);
      await expect(page.locator(`[data-name=${name}]`)).toHaveAttribute('aria-checked', 'true');
      await expect(page.locator('html')).not.toHaveAttribute(attribute, 'usual');
    }
    await press(page, '[data-name=sound]');
    await page.keyboard.press('Escape');
    await expect(page.locator('#display-switch')).toBeFocused();
    await heard(page);

    // Staff's own record, with a reason.
    await press(page, '.foot-actions button:last-child');
    await expect(page.locator('input[name=staff-pin]')).toBeFocused();
    await page.keyboard.type('2468');
    await page.keyboard.press('Enter');
    await press(page, '.menu [data-open=people]');
    await expect(page.locator('input[name=query]')).toBeFocused();
    await page.keyboard.type('max');
    await press(page, '.person .button');
    await tabTo(page, '.override input[name=direction]');
    await page.keyboard.press('Space');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await press(page, '.override button[type=submit]');
    await expect(page.locator('.people-found [role=status]')).toContainText('Max Mustermann');
    expect(core.callsOf('staffCheckin')).toMatchObject([{ direction: 'in', reason: words.override.reasons.forgot }]);
    expect(await heard(page)).toEqual([]);
  });

test('what a serial reader brings: a welcome, a refusal with the other ways, a face that has to follow', async ({
  kiosk,
}) => {
  const { core } = kiosk;
  core.setStatus({ ways: ['badge', 'pin', 'face'] });
  core.methods.probe = async () => ({
    kind: 'welcome',
    receipt: receiptOf('Max Mustermann', { method: 'badge+face' }),
  });
  const page = await kiosk.open({ clip: 'wall' });
  // The site's order, and nothing that it does not offer.
  expect(await page.locator('.way').evaluateAll((all) => all.map((el) => el.getAttribute('data-way')))).toEqual([
    'badge',
    'pin',
    'face',
  ]);
  core.arrive({ kind: 'refused', code: 'badge-unknown' });
  await expect(page.locator('.other-way-words[role=status]')).toContainText('This badge does not count here.');
  core.arrive({ kind: 'refused', code: 'locked', seconds: 75 });
  await expect(page.locator('.other-way-words[role=status]')).toContainText('wait 1:15 min');
  core.arrive({ kind: 'face', claim: CLAIM });
  await expect(page.locator('.sentence')).toContainText('Now look at the camera');
  core.arrive({ kind: 'welcome', receipt: receiptOf('Max Mustermann', { language: 'ar', method: 'badge' }) });
  await expect(page.locator('.result')).toHaveAttribute('dir', 'rtl');
  await expect(page.locator('.result')).toHaveAttribute('lang', 'ar');
  // Whoever works in staff's room is not swept out of it by a badge at the reader.
  await page.getByRole('button', { name: 'Staff' }).click();
  core.arrive({ kind: 'welcome', receipt: receiptOf('Erika Muster', { method: 'badge' }) });
  core.arrive({ kind: 'face', claim: CLAIM });
  await page.locator('input[name=staff-pin]').fill('2468');
  await page.keyboard.press('Enter');
  await expect(page.locator('.menu')).toBeVisible();
  await expect(page.locator('body')).not.toContainText('Muster');
});

test('after a badge the face is compared with its owner alone, and the claim is not left for the next one', async ({
  kiosk,
}) => {
  const { core } = kiosk;
  core.setStatus({ ways: ['badge', 'pin'] });
  const page = await kiosk.open({ clip: 'man' });
  await expect(page.getByRole('heading', { name: 'Check in or out' })).toBeVisible();
  core.methods.probe = async () => ({ kind: 'more', progress: 0.5 });
  core.arrive({ kind: 'face', claim: CLAIM });
  await expect.poll(() => core.callsOf('visitBegin'), { timeout: 30_000 }).toEqual([{ claim: CLAIM }]);
  core.methods.probe = async () => ({
    kind: 'welcome',
    receipt: receiptOf('Max Mustermann', { method: 'badge+face' }),
  });
  await expect(page.locator('.result')).toContainText('Welcome, Max Mustermann', { timeout: 30_000 });
  await expect(page.locator('.result')).toHaveCount(0);
  // The same man still stands there: without another badge nobody looks at him.
  await expect(page.getByRole('heading', { name: 'Check in or out' })).toBeVisible();
  expect(core.callsOf('visitBegin')).toHaveLength(1);
});

test('whoever walks off from "what was wrong" has said enough: the record is void before its time is over', async ({
  kiosk,
}) => {
  const page = await kiosk.open({ before: noCamera });
  await page.clock.install();
  kiosk.core.arrive({ kind: 'welcome', receipt: receiptOf('Max Mustermann', { undo: 'the-token' }) });
  await page.locator('.result').getByRole('button', { name: 'That was wrong' }).click();
  await expect(page.locator('.wrong')).toBeVisible();
  await expect(page.locator('.wrong')).not.toContainText('Mustermann');
  await page.clock.runFor(7_500);
  await expect(page.locator('.voided')).toContainText('A person in charge');
  expect(kiosk.core.callsOf('voidCheckin')).toMatchObject([{ undo: 'the-token', reason: 'not-right' }]);
});

test('where nobody is the screen shows clock and site, and what the guest had switched goes back', async ({
  kiosk,
}) => {
  const page = await kiosk.open({ clip: 'wall' });
  await page.clock.install();
  await page.getByRole('button', { name: 'العربية' }).click();
  await page.locator('#display-switch').click();
  await page.locator('[data-name=contrast]').click();
  await page.clock.runFor(31_000);
  await expect(page.locator('.attract')).toContainText('Werk Nord, Eingang West');
  await expect(page.locator('.attract-welcome li')).toHaveText(['Welcome', 'Willkommen', 'أهلًا وسهلًا', '欢迎']);
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await expect(page.locator('html')).toHaveAttribute('dir', 'ltr');
  await expect(page.locator('html')).toHaveAttribute('data-contrast', 'usual');
  // The ways stay in reach: nobody has to touch twice.
  await page.screenshot({ path: 'test/artefacts/screens/attract.png' });
  await page.locator('.attract').click();
  await expect(page.locator('.attract')).toHaveCount(0);
  await page.clock.runFor(31_000);
  await page.locator('[data-way=pin]').click();
  await expect(page.locator('input[name=number]')).toBeFocused();
});

for (const [width, height, share] of [
  [1080, 1920, 1 / 3],
  [1280, 800, 1 / 4],
] as const)
  test(`low: nothing to touch lies above the lower reach: ${width} × ${height}`, async ({ kiosk }) => {
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
    for (const way of ['pin', 'qr', 'badge']) {
      await page.locator(`[data-way=${way}]`).click();
      await page.locator('.screen-head').waitFor();
      expect(await tooHigh(), way).toEqual([]);
      await page.keyboard.press('Escape');
    }
    await page.locator('.foot-actions button').nth(1).click();
    await page.locator('.privacy').waitFor();
    expect(await tooHigh(), 'privacy').toEqual([]);
    await page.keyboard.press('Escape');
    kiosk.core.arrive({ kind: 'refused', code: 'code-used' });
    await page.locator('.other-way').waitFor();
    expect(await tooHigh(), 'other ways').toEqual([]);
    kiosk.core.arrive({ kind: 'welcome', receipt: receiptOf('Max Mustermann') });
    await page.locator('.result').waitFor();
    expect(await tooHigh(), 'result').toEqual([]);
  });
