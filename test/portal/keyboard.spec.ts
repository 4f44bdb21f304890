import { readFileSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';
import { enterByLink, openBrowser } from '../console/browser.ts';
import type { Keys } from '../console/keys.ts';
import { newSystem, type System } from '../console/system.ts';
import { ask, reviewTexts, rowsNamed, Walk } from '../console/walk.ts';

/**
 * A person's own page by keyboard alone, in German and Arabic, on a phone, upright and at a desk: every page and every action,
 * with axe on each.
 */
const SIZES = [
  [390, 844],
  [1080, 1920],
  [1280, 800],
] as const;
const SETUPS = (['de', 'ar'] as const).flatMap((language) => SIZES.map((size) => ({ language, size })));
const nameOf = ({ language, size }: (typeof SETUPS)[number]) => `Ada ${language} ${size[0]}`;

let system: System;
/** The one-time link of each variant's person. */
const links = new Map<string, string>();

test.beforeAll(async ({ browser }) => {
  system = await newSystem('North entrance');
  const { context, page } = await openBrowser(browser);
  await enterByLink(page, system.server.adminLink);
  await expect(page.locator('.rail')).toBeVisible();
  const people = SETUPS.map((setup, i) => {
    const person = crypto.randomUUID();
    const facts = { person, name: nameOf(setup), number: `500${i}`, language: setup.language };
    system.outbox.append('person', { change: 'added' }, facts);
    system.outbox.checkin(person, 'in', new Date(Date.now() - 3_600_000));
    system.outbox.checkin(person, 'out', new Date(Date.now() - 60_000));
    return person;
  });
  system.engine.nudge();
  for (const [i, setup] of SETUPS.entries()) {
    const person = people[i];
    await expect(() => ask(page, 'GET', `/api/people/${person}`)).toPass();
    await ask(page, 'POST', `/api/people/${person}/consents`, { textVersion: '1', language: 'en' });
    await ask(page, 'POST', `/api/people/${person}/cards`);
    links.set(nameOf(setup), (await ask(page, 'POST', `/api/people/${person}/sign-in-links`, {})).url);
  }
  const policy = `/api/sites/${(await ask(page, 'GET', '/api/sites')).items[0].id}/policy`;
  const { policy: held } = await ask(page, 'GET', policy);
  const privacy = { controller: 'Werk', contact: 'werk@example.org', dpo: 'Frau Amt' };
  await ask(page, 'PUT', policy, { ...held, privacy });
  await reviewTexts(page);
  await context.close();
});
test.afterAll(() => system?.close());

for (const setup of SETUPS)
  test.describe(`in ${setup.language}, ${setup.size.join(' × ')}`, () => {
    test.describe.configure({ mode: 'serial' });
    const { language, size } = setup;
    const name = nameOf(setup);
    let walk: Walk;
    let page: Page;
    let keys: Keys;
    const button: Walk['button'] = (...of) => walk.button(...of);
    const field: Walk['field'] = (...of) => walk.field(...of);
    const dialog = () => walk.dialog();
    const t: Walk['t'] = (...of) => walk.t(...of);
    const seen = (path: string) => walk.seen(path);
    /** Opens a page through the navigation bar. */
    const open = async (path: 'code' | 'profile' | 'records' | 'rights') => {
      await keys.enter(page.locator(`nav a[href="#/${path}"]`), 'Shift+Tab');
      await walk.arrived(t(`${path}.title`));
    };

    test.beforeAll(async ({ browser }) => {
      const made = await openBrowser(browser, language);
      walk = new Walk(made, language, new Set(), 'portal');
      ({ page, keys } = walk);
      await page.setViewportSize({ width: size[0], height: size[1] });
      await page.goto(links.get(name)!);
    });
    test.afterAll(() => walk?.context.close());
    test.afterEach(() => expect(walk.complaints()).toEqual([]));

    test('enters by the link, shows the code, and reports a lost card', async () => {
      await keys.enter(button('link.button'));
      await expect(page.getByRole('img', { name: t('code.picture') })).toBeVisible();
      // Skips the bar with one key.
      await keys.enter(button('skip', walk.page.locator('body')), 'Shift+Tab');
      await expect(walk.main()).toBeFocused();
      await seen('code');
      const lost = button('cards.lost');
      // With several cards, the button names the card.
      await expect(lost).toHaveAccessibleName(new RegExp(`^${t('cards.lost')} ${t('cards.card')}`));
      await rowsNamed(page);
      await keys.enter(lost);
      await walk.asked(button('cancel', dialog()));
      await walk.escape(lost);
      await keys.press('Enter');
      await walk.agree('cards.revoke');
      await expect(lost).toHaveCount(0);
      await keys.held();
    });

    test('reports a record as wrong', async () => {
      await open('records');
      const wrong = page.getByRole('button', { name: new RegExp(`^${t('records.wrongTitle')}: `) }).first();
      await keys.enter(wrong);
      await walk.asked(field('records.wrongWhat', dialog()));
      await walk.escape(wrong);
      await keys.press('Enter');
      await keys.type(field('records.wrongWhat', dialog()), name);
      await seen('wrong');
      await keys.enter(button('records.wrongSend', dialog()));
      await expect(page.getByText(t('records.waits'))).toBeVisible();
      await expect(wrong).toBeFocused();
      await seen('records');
    });

    test('corrects their data, and opts out of positions', async () => {
      await open('profile');
      const edit = button('profile.edit');
      await keys.enter(edit);
      await walk.asked(field('field.name', dialog()));
      await keys.type(field('field.name', dialog()), `${name} King`);
      await keys.type(field('field.phone', dialog()), '0301234');
      await seen('edit');
      await keys.press('Enter');
      await expect(page.getByRole('banner')).toContainText(`${name} King`);
      await expect(edit).toBeFocused();
      await keys.tick(field('gps.optOut'));
      await walk.toast(t('gps.off'));
      await keys.held();
      await seen('profile');
    });

    test('downloads everything, withdraws the consent, and consents to the current text', async () => {
      await open('rights');
      const coming = page.waitForEvent('download');
      await keys.enter(button('export.button'));
      expect(readFileSync(await (await coming).path(), 'utf8')).toContain(`${name} King`);
      await keys.held();
      await keys.enter(button('consent.withdraw'), 'Shift+Tab');
      await walk.agree('consent.withdraw');
      await expect(page.getByText(t('consent.standing.withdrawn'), { exact: true })).toBeVisible();
      await keys.held();
      await keys.enter(button('consent.read'));
      // The text comes before the consent.
      await walk.asked(field('field.language', dialog()));
      await keys.tick(field('consent.agree', dialog()));
      await seen('consent');
      await keys.enter(button('consent.give', dialog()));
      await expect(page.getByText(t('consent.standing.given'), { exact: true })).toBeVisible();
      await keys.held();
      await seen('rights');
    });

    test('requests the erasure in two steps and a typed word, and undoes it', async () => {
      const erase = button('erase.button');
      await keys.enter(erase);
      await walk.asked(button('cancel', dialog()));
      await walk.escape(erase);
      await keys.press('Enter');
      await keys.enter(button('erase.next', dialog()));
      const word = dialog().getByLabel(t('confirm.type', { word: t('erase.word') }), { exact: true });
      await walk.asked(word);
      await keys.type(word, t('erase.word'));
      await seen('erase');
      await keys.enter(button('erase.button', dialog()));
      await expect(page.getByText(t('erase.underWay')).first()).toBeVisible();
      await expect(dialog()).toHaveCount(0);
      await keys.held();
      await keys.enter(button('erase.undo'), 'Shift+Tab');
      await expect(page.getByText(t('erase.underWay'))).toHaveCount(0);
      await keys.held();
    });

    test('chooses the theme, signs out, and requests another link', async () => {
      await keys.choose(page.getByRole('combobox', { name: t('theme.title'), exact: true }), 'dark');
      await keys.held();
      await keys.enter(button('leave', page.getByRole('banner')), 'Shift+Tab');
      await expect(page.getByRole('heading', { level: 1, name: t('out.title') })).toBeFocused();
      await keys.type(field('field.email'), 'ada@example.org');
      await seen('out');
      await keys.press('Enter');
      await expect(page.getByText(t('out.asked'))).toBeVisible();
      await keys.held();
    });
  });
