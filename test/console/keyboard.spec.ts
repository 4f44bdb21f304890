import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { appCode, enterByLink, openBrowser, SIZES } from './browser.ts';
import type { Keys } from './keys.ts';
import { newSystem, type System } from './system.ts';
import { ask, PASSWORD, reviewTexts, SETUPS, Walk, walkedIn } from './walk.ts';

/** Daily work in the console by keyboard alone. Administration: keyboard-running.spec.ts. */
let system: System;
/** The one-time link of each set-up's administrator. */
const links = new Map<string, string>();
const opened = new Set<string>();

test.beforeAll(async ({ browser }) => {
  system = await newSystem('North entrance');
  const { context, page } = await openBrowser(browser);
  await enterByLink(page, system.server.adminLink);
  await expect(page.locator('.rail')).toBeVisible();
  for (const [i, setup] of SETUPS.entries()) {
    const tag = setup.join('-');
    const body = { email: `${tag}@example.org`, role: 'admin' };
    links.set(tag, (await ask(page, 'POST', '/api/accounts', body)).link.url);
    // Possible duplicates are found within a minute, so these two exist from the start.
    for (const name of [`Ada ${tag}`, `Augusta ${tag}`])
      await ask(page, 'POST', '/api/people', { name, number: `7${i}15` });
    const [, others] = [`Grace ${tag}`, `Alan ${tag}`].map((name, n) => {
      const person = randomUUID();
      system.outbox.append('person', { change: 'added' }, { person, name, number: `7${i}2${n}`, language: 'en' });
      return system.outbox.checkin(person);
    });
    system.outbox.append('void', { target: others!.header.id, reason: 'not-me' }, {});
  }
  system.engine.nudge();
  await reviewTexts(page);
  await context.close();
});
test.afterAll(() => system?.close());

for (const [i, [language, size]] of SETUPS.entries())
  test.describe(`in ${language}, ${SIZES[size].join(' × ')}`, () => {
    test.describe.configure({ mode: 'serial' });
    const tag = `${language}-${size}`;
    const number = `7${i}`;
    const email = `${tag}@example.org`;
    /** Someone who is inside, and someone whose check-in was another person's. */
    const [inside, reported] = [`Grace ${tag}`, `Alan ${tag}`];
    const name = { de: 'Jürgen Müller-Lüdenscheidt', ar: 'ليلى الحسن' }[language];
    let walk: Walk;
    let page: Walk['page'];
    let keys: Keys;
    let secret = '';
    const button: Walk['button'] = (...of) => walk.button(...of);
    const field: Walk['field'] = (...of) => walk.field(...of);
    const dialog = () => walk.dialog();
    const open: Walk['open'] = (...of) => walk.open(...of);
    const t: Walk['t'] = (...of) => walk.t(...of);
    const toast = (text: string) => walk.toast(text);
    const seen = (path: string) => walk.seen(path);

    test.beforeAll(async ({ browser }) => {
      walk = await Walk.begin(browser, language, size, opened);
      ({ page, keys } = walk);
      await page.goto(links.get(tag)!);
    });
    test.afterAll(() => walk?.context.close());
    test.afterEach(() => expect(walk.complaints()).toEqual([]));

    test('signs in', async () => {
      await keys.enter(page.getByRole('button', { name: t('link.button'), exact: true }));
      await expect(page.getByRole('heading', { name: t('enrol.title1') })).toBeFocused();
      await keys.type(field('enrol.password'), PASSWORD);
      await keys.type(field('enrol.again'), PASSWORD);
      await keys.enter(button('enrol.next'));
      await expect(page.getByRole('heading', { name: t('enrol.title2') })).toBeFocused();
      secret = (await page.locator('.secret').textContent())!.replaceAll(' ', '');
      await keys.type(field('enrol.code'), appCode(secret));
      await seen('app');
      await keys.press('Enter');
      await expect(page.getByRole('heading', { name: t('enrol.title3') })).toBeFocused();
      await keys.tick(field('enrol.kept'));
      await keys.enter(button('enrol.done'));
      await expect(page.locator('.rail')).toBeVisible();
      await keys.enter(button('leave', page), 'Shift+Tab');
      await expect(page.getByRole('heading', { name: t('signIn.title') })).toBeFocused();
      await keys.type(field('signIn.email'), email);
      await keys.type(field('signIn.password'), PASSWORD);
      await keys.type(field('signIn.code'), appCode(secret, 1));
      await seen('sign-in');
      await keys.enter(button('signIn.button'));
      await expect(page.locator('.who-email')).toHaveText(email);
      // Skips the rail with one key.
      await page.reload();
      await keys.enter(button('skip', page));
      await expect(page.locator('main')).toBeFocused();
    });

    test('changes a setting of a site', async () => {
      await open('settings');
      for (const one of ['controller', 'contact', 'dpo'] as const)
        await keys.type(field(`settings.${one}`), `${t(`settings.${one}`)} ${tag}`);
      await keys.enter(button('settings.save'));
      await keys.enter(button('settings.save', dialog()));
      await toast(t('settings.saved'));
      await expect(page.locator('li.setting').first()).toContainText(tag);
      await keys.held();
      await seen('settings');
    });

    test('chooses which alerts are mailed, and when', async () => {
      await open('alerts');
      await keys.tick(field('alerts.quiet'));
      await keys.enter(button('alerts.save'));
      await toast(t('alerts.saved'));
      await keys.held();
      await seen('alerts');
    });

    test('finds nobody, adds a person, and finds them', async () => {
      await open('people');
      const find = async () => {
        await keys.type(field('people.exactly'), number);
        await keys.press('Enter');
      };
      await find();
      await expect(page.getByText(t('people.noneFound')).first()).toBeVisible();
      await keys.enter(button('people.add'), 'Shift+Tab');
      await keys.type(field('people.name', dialog()), name);
      await keys.type(field('people.number', dialog()), number);
      await keys.choose(field('people.language', dialog()), language);
      await seen('add-person');
      await keys.enter(button('people.add', dialog()));
      await expect(page.getByRole('heading', { level: 1, name })).toBeVisible();
      await expect(page.locator('main')).toBeFocused();
      await keys.enter(button('people.back'));
      await find();
      const link = page.getByRole('link', { name, exact: true });
      await seen('found');
      await keys.enter(link);
      await expect(page.getByRole('heading', { level: 1, name })).toBeVisible();
      await expect(page.locator('main')).toBeFocused();
    });

    test('records a consent, and issues a PIN code', async () => {
      await keys.enter(button('people.give'));
      await keys.tick(dialog().getByLabel(t('people.agrees', { name }), { exact: true }));
      await seen('consent');
      await keys.enter(button('people.record', dialog()));
      await toast(t('people.given'));
      await expect(page.locator('.panel-head .badge').filter({ hasText: t('people.standing.given') })).toBeVisible();
      await keys.held();
      await keys.enter(button('pinCode.issue'));
      await expect(dialog().locator('.pin-code').first()).toHaveText(number);
      await seen('pin-code');
      await keys.enter(button('pinCode.handed', dialog()));
      await expect(dialog()).toHaveCount(0);
      await keys.held();
    });

    test('corrects a record, undoes it, and exports the day', async () => {
      await open('attendance');
      const row = page.getByRole('row').filter({ hasText: inside });
      await expect(row).toHaveCount(1);
      await keys.enter(button('attendance.correct', row));
      await keys.choose(field('attendance.direction', dialog()), 'out');
      await keys.type(field('corrections.reason', dialog()), tag);
      await seen('correct');
      await keys.enter(button('corrections.save', dialog()));
      await toast(t('corrections.done.replace'));
      await expect(row).toHaveCount(2);
      await keys.held();
      const csv = `${t('attendance.exporting')}: ${t('attendance.csv')}`;
      const coming = page.waitForEvent('download');
      await keys.enter(page.getByRole('button', { name: csv, exact: true }), 'Shift+Tab');
      expect(readFileSync(await (await coming).path(), 'utf8')).toContain(inside);
      await keys.held();
      await seen('attendance');
      await open('corrections');
      const made = page.getByRole('row').filter({ hasText: tag });
      await keys.enter(button('corrections.undo', made));
      await keys.enter(button('corrections.undo', dialog()));
      // Filtered by the author's address, the rows also include what undoes it.
      await expect(page.locator('tr[data-tone=off]').filter({ hasText: tag })).toContainText(t('corrections.undone'));
      await keys.held();
      await seen('corrections');
    });

    test('takes the roll call of an evacuation', async () => {
      await open('evacuation');
      await keys.enter(button('evacuation.begin'));
      const row = page.getByRole('row').filter({ hasText: inside });
      await expect(row).toContainText(t('evacuation.missing'));
      await keys.held();
      await keys.type(field('evacuation.search'), inside);
      const mark = `${t('evacuation.mark')} ${inside}`;
      await keys.enter(page.getByRole('button', { name: mark, exact: true }));
      await expect(row).toContainText(t('evacuation.accounted'));
      await keys.held();
      await seen('evacuation');
      await keys.enter(button('evacuation.end'), 'Shift+Tab');
      await walk.agreeWith(t('evacuation.endWord'), 'evacuation.end');
      await expect(button('evacuation.begin')).toBeVisible();
      await keys.held();
    });

    test('resolves an attention item, and reopens it', async () => {
      await open('attention');
      const row = page.getByRole('row').filter({ hasText: reported });
      await keys.enter(button('attention.resolve', row));
      await keys.type(field('attention.note', dialog()), tag);
      await seen('settle');
      await keys.enter(button('attention.resolve', dialog()));
      await toast(t('attention.done'));
      await expect(row).toHaveCount(0);
      await keys.held();
      await keys.choose(field('attention.stateLabel'), 'resolved');
      await expect(row).toContainText(tag);
      await keys.enter(button('attention.reopen', row));
      await expect(row).toHaveCount(0);
      await keys.held();
      await seen('attention');
    });

    test('merges a duplicate', async () => {
      await open('duplicates');
      const row = page.getByRole('row').filter({ hasText: `Ada ${tag}` });
      await expect(async () => {
        await page.reload();
        await expect(row).toHaveCount(1, { timeout: 3000 });
      }).toPass({ timeout: 120_000 });
      await keys.enter(button('duplicates.compare', row));
      const kept = dialog().getByRole('region', { name: `Ada ${tag}` });
      await expect(kept).toBeVisible();
      await seen('compare');
      await keys.enter(button('duplicates.keep', kept));
      const sure = page.getByRole('dialog', { name: t('duplicates.merge') });
      const word = t('duplicates.mergeWord');
      await keys.type(sure.getByLabel(t('confirm.type', { word }), { exact: true }), word);
      await keys.enter(button('duplicates.merge', sure));
      await expect(row).toHaveCount(0);
      await expect(dialog()).toHaveCount(0);
      await keys.held();
      await seen('duplicates');
    });

    test('opens an incident', async () => {
      await open('incidents');
      await keys.enter(button('incidents.open'));
      await keys.type(field('incidents.title', dialog()), `Tablet ${tag}`);
      await keys.type(field('incidents.text.description', dialog()), tag);
      await keys.choose(field('incidents.severity', dialog()), 'high');
      await seen('open-incident');
      await keys.enter(button('incidents.open', dialog()));
      await expect(page.getByRole('heading', { level: 1, name: `Tablet ${tag}` })).toBeVisible();
      await expect(page.locator('main')).toBeFocused();
      await seen('incident');
    });

    test('adds and removes a webhook receiver', async () => {
      await open('webhooks');
      await keys.enter(button('webhooks.add'));
      await keys.type(field('webhooks.name', dialog()), tag);
      await keys.type(field('webhooks.url', dialog()), 'https://payroll.example/hook');
      await keys.tick(field('webhooks.number', dialog()));
      await keys.enter(button('webhooks.add', dialog()));
      await expect(dialog().locator('.secret')).toContainText('whsec_');
      await seen('webhook-secret');
      await keys.enter(button('webhooks.kept', dialog()));
      await expect(dialog()).toHaveCount(0);
      await keys.held();
      const hook = page.locator('section').filter({ has: page.getByRole('heading', { name: tag, exact: true }) });
      await keys.enter(button('webhooks.turnOff', hook));
      await expect(button('webhooks.turnOn', hook)).toBeFocused();
      await keys.enter(button('webhooks.remove', hook));
      await keys.type(dialog().getByLabel(t('confirm.type', { word: tag }), { exact: true }), tag);
      await seen('webhook-remove');
      await keys.enter(button('webhooks.remove', dialog()));
      await expect(hook).toHaveCount(0);
      await keys.held();
    });

    test('signs out', async () => {
      await keys.enter(button('leave', page), 'Shift+Tab');
      await expect(page.getByRole('heading', { name: t('signIn.title') })).toBeFocused();
      await seen('signed-out');
    });
  });

test('every page assigned here was opened', () => {
  expect([...opened].sort()).toEqual(walkedIn('keyboard').sort());
});
