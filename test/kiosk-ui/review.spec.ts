import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, expectNoAxeFault, type KioskPage, noCamera, test } from './fixtures.ts';
import { type ScriptedReview, STAFF } from './scripted-core.ts';
import { still } from './two-people.ts';

/*
 * Photos to review, in the staff area: in German and Arabic, on both screens, light and dark, by keyboard alone and by touch
 * alone. The pictures are shown to staff only, and are removed with the screen.
 */

const SCREENS = [
  { language: 'de', width: 1080, height: 1920, theme: 'light' },
  { language: 'ar', width: 1280, height: 800, theme: 'dark' },
  { language: 'de', width: 1280, height: 800, theme: 'light' },
  { language: 'ar', width: 1080, height: 1920, theme: 'dark' },
] as const;
type Screen = (typeof SCREENS)[number];
const SHOTS = resolve(import.meta.dirname, '../artefacts/review');

async function pictures(): Promise<ScriptedReview[]> {
  const picture = await still(1829);
  const one = (label: string, reason: string, change: Partial<ScriptedReview> = {}): ScriptedReview => ({
    id: randomUUID(),
    label,
    reason,
    consent: true,
    picture,
    ...change,
  });
  return [
    one('Anna Ärmel', 'asked'),
    one('Maria Müller-Lüdenscheidt', 'several-faces', { names: ['Maria Müller-Lüdenscheidt'] }),
    one('Jean-Baptiste de la Fontaine-Montmorency', 'duplicate-face', { like: 'Max Mustermann' }),
    one('محمد العربي', 'consent-missing', { consent: false }),
  ];
}

async function openReview(kiosk: KioskPage, screen: Screen, options: object = {}): Promise<Page> {
  const { core } = kiosk;
  core.hello = { ...core.hello, defaultLanguage: screen.language };
  core.review.push(...(await pictures()));
  const { width, height, theme } = screen;
  const page = await kiosk.open({ width, height, theme, ...options });
  await page.locator('.foot-actions button').last().click();
  await page.locator('input[name=staff-pin]').fill('2468');
  await page.keyboard.press('Enter');
  await expect(page.locator('[data-open=review]')).toBeVisible();
  return page;
}

/** Presses Tab until the element has the focus. */
async function tabTo(page: Page, selector: string): Promise<void> {
  const wanted = page.locator(selector).first();
  await wanted.waitFor();
  for (let i = 0; i < 60; i++) {
    if (await wanted.evaluate((el) => el === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`${selector} can't be reached by Tab`);
}

/** Returns how many pixels of the picture are drawn. */
const drawn = (page: Page): Promise<number> =>
  page
    .locator('.review-frame canvas')
    .evaluate((el) => (el as HTMLCanvasElement).width * (el as HTMLCanvasElement).height);

/** Returns the page's controls and text that are outside the screen. */
const outside = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll('.review h2, .review .button, .review canvas, .review .choice label')]
      .filter((el) => {
        const box = el.getBoundingClientRect();
        return box.left < 0 || box.top < 0 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1;
      })
      .map((el) => el.outerHTML.slice(0, 80)),
  );

for (const screen of SCREENS) {
  const where = `${screen.language} ${screen.width}×${screen.height} ${screen.theme}`;
  const shot = (page: Page, name: string) =>
    page.screenshot({ path: resolve(SHOTS, `${name}-${screen.language}-${screen.width}.png`) });

  test(`each picture is viewed, accepted, rejected or skipped, by keyboard alone: ${where}`, async ({ kiosk }) => {
    const { core } = kiosk;
    const page = await openReview(kiosk, screen, { clip: 'man' });
    await shot(page, 'menu');
    // One entry more than without pictures, and all of them are visible.
    await expect(page.locator('[data-open=state]')).toBeInViewport({ ratio: 1 });
    await expect(page.locator('[data-open=enrol]')).toBeInViewport({ ratio: 1 });
    await expect(page.locator('[data-open=review] .method-hint')).toContainText('4');
    await tabTo(page, '[data-open=review]');
    await page.keyboard.press('Enter');

    // A new person: no choice is needed.
    await expect(page.locator('.review-words .title')).toHaveText('Anna Ärmel');
    await expect(page.locator('.review-words .title')).toBeFocused();
    await expect.poll(() => drawn(page)).toBeGreaterThan(100_000);
    await expectNoAxeFault(page, `${where}: new`);
    expect.soft(await outside(page), 'new').toEqual([]);
    await shot(page, 'new');
    await tabTo(page, '[data-do=accept]');
    await page.keyboard.press('Enter');
    await expect(page.locator('.review-words .title')).toHaveText('Maria Müller-Lüdenscheidt');
    await expect(page.locator('.review-said')).toContainText('Anna Ärmel');
    expect(core.callsOf('reviewAccept')).toMatchObject([{ person: null }]);

    // A person who is already enrolled: they are preselected, and another can be chosen.
    await expect(page.locator('input[name=whose]:checked')).toHaveCount(1);
    await expect.poll(() => drawn(page)).toBeGreaterThan(100_000);
    await shot(page, 'known');
    await tabTo(page, '[data-do=skip]');
    await page.keyboard.press('Enter');

    // Someone else's face: staff has to choose the person, and the screen names its match.
    await expect(page.locator('.review-words')).toContainText('Max Mustermann');
    await expect(page.locator('input[name=whose]:checked')).toHaveCount(0);
    await tabTo(page, '[data-do=accept]');
    await page.keyboard.press('Enter');
    await expect(page.locator('.review-foot .form-error')).not.toBeEmpty();
    expect(core.callsOf('reviewAccept')).toHaveLength(1);
    await expectNoAxeFault(page, `${where}: duplicate`);
    expect.soft(await outside(page), 'duplicate').toEqual([]);
    await expect.poll(() => drawn(page)).toBeGreaterThan(100_000);
    await shot(page, 'duplicate');
    await tabTo(page, '[data-do=refuse]');
    await page.keyboard.press('Enter');
    await expect(page.locator('.confirm .title')).toBeFocused();
    await expect(page.locator('.review-frame')).toHaveCount(0);
    await expectNoAxeFault(page, `${where}: ask`);
    await shot(page, 'ask');
    expect(core.callsOf('reviewRefuse')).toHaveLength(0);
    await tabTo(page, '.confirm .button-primary-danger');
    await page.keyboard.press('Enter');

    // Without consent the picture can't be accepted.
    await expect(page.locator('.review-words .title')).toHaveText('محمد العربي');
    expect(core.callsOf('reviewRefuse')).toMatchObject([{ enrolled: null }]);
    await expect(page.locator('[data-do=accept]')).toHaveCount(0);
    await expect(page.locator('[data-do=enrol].button-primary')).toBeVisible();
    await expectNoAxeFault(page, `${where}: no consent`);
    expect.soft(await outside(page), 'no consent').toEqual([]);
    await expect.poll(() => drawn(page)).toBeGreaterThan(100_000);
    await shot(page, 'no-consent');
    await tabTo(page, '[data-do=enrol]');
    await page.keyboard.press('Enter');
    await expect(page.locator('input[name=name]')).toHaveValue('محمد العربي');
  });
}

for (const screen of SCREENS) {
  const { language, width, height } = screen;
  test(`a supervisor’s full menu fits the screen: ${language} ${width}×${height}`, async ({ kiosk }) => {
    const { core } = kiosk;
    core.hello = { ...core.hello, defaultLanguage: language };
    core.staff = [...STAFF];
    core.review.push(...(await pictures()));
    core.methods.lookalikeCount = async () => ({ count: 2, unseen: 1 });
    core.setStatus({ notices: ['emergency-pin-used'] });
    const page = await kiosk.open({ width, height, theme: screen.theme, clip: 'man' });
    await page.locator('.foot-actions button').last().click();
    await page.locator(`[data-member="${STAFF[1]!.id}"]`).click();
    await page.locator('input[name=staff-pin]').fill('2468');
    await page.keyboard.press('Enter');
    await expect(page.locator('[data-open=lookalikes]')).toBeVisible();
    for (const entry of ['enrol', 'lookalikes', 'people', 'members', 'log', 'state'])
      await expect(page.locator(`[data-open=${entry}]`)).toBeInViewport({ ratio: 1 });
    await expect(page.locator('[data-condition=emergency-pin-used]')).toBeInViewport({ ratio: 1 });
  });
}

for (const screen of SCREENS.slice(0, 2)) {
  const where = `${screen.language} ${screen.width}×${screen.height}`;

  test(`a person without consent is asked and enrolled in person, and the picture is deleted, by touch alone: ${where}`, async ({
    kiosk,
  }) => {
    const { core } = kiosk;
    const page = await openReview(kiosk, screen, { clip: 'man' });
    core.review.splice(0, 3);
    await page.locator('[data-open=review]').click();
    await page.locator('[data-do=enrol]').click();
    await page.locator('.enrol-details button[type=submit]').click();
    await page.locator('.agree').click();
    await page.locator('.enrol-consent button[type=submit]').click();
    await expect(page.locator('[data-end=enrolled]')).toContainText('محمد العربي');
    await expect.poll(() => core.callsOf('reviewRefuse').length).toBe(1);
    expect(core.callsOf('reviewRefuse')[0]!.enrolled).toMatch(/^[0-9a-f-]{36}$/);
    await page.locator('[data-end=enrolled] .button-primary').click();
    await expect(page.locator('.review-item')).toHaveCount(0);
    await expect(page.locator('.review-said .hint')).not.toBeEmpty();
    await expect(page.locator('.review-said .hint')).toBeFocused();
    await page.locator('.button-back').click();
    await expect(page.locator('.menu')).toBeVisible();
    await expect(page.locator('[data-open=review]')).toHaveCount(0);
  });
}

test('a person created by an accepted picture is undone by one touch', async ({ kiosk }) => {
  const { core } = kiosk;
  const page = await openReview(kiosk, SCREENS[0], { before: noCamera });
  await page.locator('[data-open=review]').click();
  await page.locator('[data-do=accept]').click();
  await page.locator('.review-said .button').click();
  await expect.poll(() => core.callsOf('personDelete').length).toBe(1);
  await expect(page.locator('.review-said .button')).toHaveCount(0);
  await expect(page.locator('.review-said .hint')).toBeFocused();
});

test('a picture disappears from the screen when idle, and when staff lock it', async ({ kiosk }) => {
  const page = await openReview(kiosk, SCREENS[0], { before: noCamera });
  await page.clock.install();
  await page.locator('[data-open=review]').click();
  await expect.poll(() => drawn(page)).toBeGreaterThan(100_000);
  const surface = await page.locator('.review-frame canvas').elementHandle();
  await page.clock.runFor(121_000);
  await expect(page.locator('.staff')).toHaveCount(0);
  // Not only the element is removed: its pixels are cleared too.
  await expect.poll(() => surface!.evaluate((el) => (el as HTMLCanvasElement).width)).toBe(0);
  expect(kiosk.core.callsOf('staffLock')).toHaveLength(1);
});

test('the picture of a person here without a face can’t be accepted, not even as a new person of that name, since they may have declined', async ({
  kiosk,
}) => {
  const { core } = kiosk;
  const list = core.methods.reviewList;
  core.methods.reviewList = async (input) => {
    const { photos, count } = await list(input);
    return {
      photos: photos.map((one) => ({ ...one, people: one.people.map((p) => ({ ...p, templates: 0 })) })),
      count,
    };
  };
  const page = await openReview(kiosk, SCREENS[0], { before: noCamera });
  core.review.splice(0, 1);
  await page.locator('[data-open=review]').click();
  await expect(page.locator('.review-words')).toContainText('ohne Gesicht');
  await expect(page.locator('[data-do=accept]')).toHaveCount(0);
  await page.locator('.choice label').last().click();
  await expect(page.locator('input[value=new]')).toBeChecked();
  await expect(page.locator('[data-do=accept]')).toHaveCount(0);
  await expect(page.locator('.review-words')).toContainText('ohne Gesicht');
});

test('an error of the core shows its reason in the screen’s language, and nothing is lost', async ({ kiosk }) => {
  const { core } = kiosk;
  core.methods.reviewAccept = async () => {
    throw Object.assign(new Error('x'), { code: 'number-taken', nextStep: '', params: {} });
  };
  const page = await openReview(kiosk, SCREENS[0], { before: noCamera });
  await page.locator('[data-open=review]').click();
  await page.locator('[data-do=accept]').click();
  await expect(page.locator('.review-foot .form-error')).toContainText('Nummer');
  await expect(page.locator('.review-words .title')).toHaveText('Anna Ärmel');
});
