import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, expect, type FileChooser, type Locator, test } from '@playwright/test';
import { cachedClip } from '../../electron/cli/demo/footage.ts';
import { createDeviceIdentity } from '../../sync/edge/identity.ts';
import { startJoining } from '../../sync/edge/provisioning/join.ts';
import { stillsOfA } from '../footage/index.ts';
import { CLIPS } from '../kiosk-ui/clips.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { makeRepository } from '../update/repository.ts';
import { appCode, enterByLink, openBrowser, SIZES } from './browser.ts';
import type { Keys } from './keys.ts';
import { newSystem, type System } from './system.ts';
import { ask, PASSWORD, reviewTexts, SETUPS, WALKED, Walk, walkedIn } from './walk.ts';

/**
 * Administration by keyboard alone: status, accounts, kiosks, rollouts, faces, imports, an erasure; and, as a data protection
 * officer, texts, retention and the audit log. Daily work: keyboard.spec.ts.
 */
const SITE = 'North entrance';
const folder = temporaryFolder();
const opened = new Set<string>();
const rails = new Set<string>();
let system: System;
let browser: Browser;
type Cookies = Parameters<Walk['context']['addCookies']>[0];
let admin: Cookies;
let officer: Cookies;
let secret = '';
let site = '';
/** Kiosks waiting for approval, and what their screens show. */
const waiting = new Map<string, { device: string; fingerprint: string }>();
/** People whose faces are enrolled, in this order. */
const people = new Map<string, string[]>();
const tagOf = (setup: (typeof SETUPS)[number]) => setup.join('-');

test.beforeAll(async () => {
  const repository = makeRepository(folder.path);
  repository.now = Date.now();
  for (const version of ['1.4.0', '1.5.0']) repository.add(version);
  system = await newSystem(SITE, { SMARTPRESENCE_UPDATES: folder.path });
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      `--use-file-for-fake-video-capture=${await cachedClip(CLIPS.man, join(import.meta.dirname, '../artefacts/clips'))}`,
    ],
  });
  const { context, page } = await openBrowser(browser);
  await enterByLink(page, system.server.adminLink);
  await expect(page.locator('.rail')).toBeVisible();
  admin = await context.cookies();
  site = (await ask(page, 'GET', '/api/sites')).items[0].id;
  for (const [i, setup] of SETUPS.entries()) {
    const tag = tagOf(setup);
    const made = [];
    for (const [n, name] of [`Ada ${tag}`, `Max ${tag}`].entries()) {
      const { id } = await ask(page, 'POST', '/api/people', { name, number: `8${i}${n}` });
      made.push(id);
    }
    people.set(tag, made);
    const { code } = await ask(page, 'POST', '/api/provisioning-codes', { name: `Gate ${tag}`, site: null });
    const identity = await createDeviceIdentity(randomUUID());
    const joining = startJoining({ secret: identity, name: `Gate ${tag}`, code, trustedNow: Date.now });
    const { fingerprint } = await joining.ask(new AbortController().signal);
    joining.close();
    waiting.set(tag, { device: identity.device, fingerprint });
  }
  const inside = randomUUID();
  system.outbox.append(
    'person',
    { change: 'added' },
    { person: inside, name: 'Grace', number: '1906', language: 'en' },
  );
  system.outbox.checkin(inside);
  system.engine.nudge();
  secret = await reviewTexts(page);
  officer = await context.cookies();
  await context.clearCookies();
  await context.addCookies(admin);
  const scope = `/api/sites/${site}/policy`;
  const { policy } = await ask(page, 'GET', scope);
  const privacy = { controller: 'Werk Nord', contact: 'privacy@example.org', dpo: 'Dr Example' };
  await ask(page, 'PUT', scope, { ...policy, privacy });
  await context.close();
});
test.afterAll(async () => {
  await browser?.close();
  await system?.close();
  folder.remove();
});

for (const [i, setup] of SETUPS.entries())
  test.describe(`in ${setup[0]}, ${SIZES[setup[1]].join(' × ')}`, () => {
    test.describe.configure({ mode: 'serial' });
    const [language, size] = setup;
    const tag = tagOf(setup);
    const gate = `Gate ${tag}`;
    let walk: Walk;
    let page: Walk['page'];
    let keys: Keys;
    const button: Walk['button'] = (...of) => walk.button(...of);
    const field: Walk['field'] = (...of) => walk.field(...of);
    const dialog = () => walk.dialog();
    const open: Walk['open'] = (...of) => walk.open(...of);
    const t: Walk['t'] = (...of) => walk.t(...of);
    /** Both themes in one set-up of each language. Differences by size are visible in either theme. */
    const seen = (path: string) => walk.seen(path, i < 2 ? ['light', 'dark'] : ['light']);
    const begin = async (cookies: Cookies) => {
      walk = await Walk.begin(browser, language, size, opened);
      ({ page, keys } = walk);
      await walk.context.addCookies(cookies);
      await page.goto(new URL('/console/', system.server.adminLink).href);
      await expect(page.locator('.rail')).toBeVisible();
      const hrefs = (within: string) =>
        page.locator(`${within} a`).evaluateAll((all) => all.map((a) => a.getAttribute('href')!.slice(2)));
      for (const section of await hrefs('.rail')) {
        if (rails.has(section)) continue;
        const link = page.locator(`.rail a[href="#/${section}"]`);
        await link.click();
        // Its tabs load with it.
        await expect(link).toHaveAttribute('aria-current', 'page');
        for (const href of [section, ...(await hrefs('.tabs'))]) rails.add(href);
      }
      // Nothing has the focus, as when the console is opened.
      await page.reload();
      await expect(page.locator('.rail')).toBeVisible();
    };
    /** Chooses files as a person without a mouse does. */
    const choose = async (input: Locator, files: Parameters<FileChooser['setFiles']>[0]) => {
      await keys.reach(input);
      const chosen = async () => {
        // A busy browser may not open one at the first press.
        const choosing = page.waitForEvent('filechooser');
        await Promise.all([choosing, keys.press('Space')]);
        return choosing;
      };
      await (await chosen().catch(chosen)).setFiles(files);
    };

    test.beforeAll(() => begin(admin));
    test.afterAll(() => walk?.context.close());
    test.afterEach(() => expect(walk.complaints()).toEqual([]));

    test('views Home, the statistics and a day’s report', async () => {
      await open('presence');
      await expect(walk.row('Grace')).toHaveCount(1);
      await open('home', SITE);
      await open('statistics');
      const numbers = page.locator('summary', { hasText: t('statistics.table') }).first();
      await keys.enter(numbers);
      await expect(page.locator('.chart-table').first()).toBeVisible();
      await open('reports');
      await expect(walk.row('Grace')).toHaveCount(1);
      await keys.choose(field('reports.period'), 'yesterday');
      await expect(walk.row('Grace')).toHaveCount(0);
      await keys.held();
      await keys.choose(field('reports.period'), 'today');
      await expect(walk.row('Grace')).toHaveCount(1);
      await open('schedules');
      await open('jobs');
      await keys.choose(field('jobs.job'), 'retention');
      await keys.held();
    });

    test('adds an account, turns it off and on, and removes it', async () => {
      const email = `${tag}@example.org`;
      await open('accounts');
      const add = button('accounts.add');
      await keys.enter(add);
      await walk.asked(field('people.email', dialog()));
      await walk.escape(add);
      await keys.enter(add);
      await keys.type(field('people.email', dialog()), email);
      await keys.choose(field('accounts.role', dialog()), 'auditor');
      await seen('account-add');
      await keys.enter(button('accounts.add', dialog()));
      await expect(dialog()).toContainText(t('accounts.linkText'));
      await seen('account-link');
      await walk.escape(add);
      const row = walk.row(email);
      await keys.enter(button('accounts.disable', row));
      await expect(button('accounts.enable', row)).toBeFocused();
      await keys.press('Enter');
      await expect(button('accounts.disable', row)).toBeFocused();
      // Only people who may no longer sign in can be removed.
      await keys.press('Enter');
      await expect(button('accounts.enable', row)).toBeFocused();
      await keys.enter(button('accounts.remove', row));
      await walk.agreeWith(email, 'accounts.remove');
      await expect(row).toHaveCount(0);
      await keys.held();
    });

    test('makes a setup code, approves a kiosk, and renames it', async () => {
      await open('devices');
      const add = button('devices.add');
      await keys.enter(add);
      await walk.asked(field('devices.name', dialog()));
      await keys.type(field('devices.name', dialog()), `New ${tag}`);
      await keys.press('Enter');
      await expect(dialog().locator('.secret')).toBeVisible();
      await keys.held();
      await seen('device-code');
      await walk.escape(add);
      const row = walk.row(gate);
      await keys.enter(button('devices.approve', row));
      await walk.asked(field('devices.fingerprint', dialog()));
      await keys.type(field('devices.fingerprint', dialog()), waiting.get(tag)!.fingerprint);
      await seen('device-approve');
      await keys.press('Enter');
      await expect(row).toContainText(t('devices.status.approved'));
      await keys.held();
      await keys.enter(button('people.edit', row));
      await walk.asked(field('devices.name', dialog()));
      await keys.type(field('devices.name', dialog()), `${gate} 2`);
      await keys.press('Enter');
      await expect(walk.row(`${gate} 2`)).toHaveCount(1);
      await keys.held();
    });

    test('changes a kiosk’s settings, restores them, sends a command, cancels it, and revokes the kiosk', async () => {
      await open('fleet');
      await keys.enter(page.getByRole('link', { name: `${gate} 2`, exact: true }));
      await walk.arrived(`${gate} 2`);
      const panel = walk.panel('fleet.settings');
      for (const theme of ['dark', 'light'] as const) {
        await keys.enter(button('people.edit', panel));
        await walk.asked(field('fleet.setting.name', dialog()));
        await keys.choose(field('fleet.setting.theme', dialog()), theme);
        if (theme === 'dark') await seen('kiosk-settings');
        await keys.enter(button('people.save', dialog()));
        await expect(panel.getByRole('row').nth(1)).toContainText(t(`fleet.choices.theme.${theme}`));
        await keys.held();
      }
      await keys.enter(button('fleet.restore', panel));
      await walk.agree('fleet.restore');
      await expect(panel.getByRole('row')).toHaveCount(4);
      await keys.held();
      await keys.enter(button('fleet.command.restart'));
      await walk.agree('fleet.command.restart');
      await keys.enter(button('fleet.takeBack'));
      await expect(walk.panel('fleet.commands')).toContainText(t('fleet.commandState.withdrawn'));
      await keys.held();
      await seen('kiosk');
      await open('devices');
      await keys.enter(button('devices.revoke', walk.row(gate)));
      await seen('device-revoke');
      await walk.agreeWith(`${gate} 2`, 'devices.revoke');
      await expect(walk.row(gate)).toContainText(t('devices.status.revoked'));
      await keys.held();
    });

    test('views a site', async () => {
      await open('sites');
      await keys.enter(page.getByRole('link', { name: SITE, exact: true }));
      await walk.arrived(SITE);
      await seen('site');
      await keys.enter(button('sites.back'), 'Shift+Tab');
      await walk.arrived(t('sites.nav'));
    });

    test('changes a site’s kiosk settings, and adds and removes a member of kiosk staff', async () => {
      await open('fleet');
      await keys.enter(button('fleet.templates'));
      await walk.arrived(t('fleet.templates'));
      await keys.enter(page.getByRole('button', { name: `${t('people.edit')} ${SITE}` }));
      await walk.asked(field('fleet.setting.direction', dialog()));
      await keys.type(field('fleet.setting.volume', dialog()), `${40 + i}`);
      await keys.press('Enter');
      await expect(page.getByText(new RegExp(`${40 + i}\\W*%`)).first()).toBeVisible();
      await keys.held();
      await keys.enter(button('fleet.back'), 'Shift+Tab');
      await walk.arrived(t('fleet.nav'));
      await keys.enter(button('kioskStaff.nav'));
      await walk.arrived(t('kioskStaff.nav'));
      const add = button('kioskStaff.add');
      await keys.enter(add);
      await walk.asked(field('kioskStaff.name', dialog()));
      await keys.type(field('kioskStaff.name', dialog()), `Jo ${tag}`);
      await keys.press('Enter');
      await expect(dialog().locator('.secret')).toBeVisible();
      await keys.enter(button('kioskStaff.kept', dialog()));
      await expect(dialog()).toHaveCount(0);
      await keys.held();
      await keys.enter(button('kioskStaff.remove', walk.row(`Jo ${tag}`)));
      await walk.agreeWith(`Jo ${tag}`, 'kioskStaff.remove');
      await expect(walk.row(`Jo ${tag}`)).toContainText(t('kioskStaff.removedState'));
      await keys.held();
    });

    test('rolls out a version, pauses, resumes and rolls it back, and sets rings and maintenance windows', async () => {
      await open('rollouts');
      const put = button('rollouts.put');
      await keys.enter(put);
      await walk.asked(field('rollouts.kioskLabel', dialog()));
      await keys.choose(field('rollouts.kioskLabel', dialog()), system.outbox.device);
      await keys.enter(button('rollouts.put', dialog()));
      await walk.toast(t('rollouts.putDone'));
      await expect(put).toBeFocused();
      await keys.enter(page.getByRole('button', { name: t('rollouts.rename') }).first());
      await walk.asked(field('rollouts.ringName', dialog()));
      await keys.type(field('rollouts.ringName', dialog()), tag);
      await keys.press('Enter');
      await expect(page.getByRole('button', { name: `${t('rollouts.rename')} ${tag}` })).toBeFocused();
      const hours = page.getByRole('button', { name: `${t('rollouts.setWindow')} ${SITE}` });
      await keys.enter(hours);
      await keys.choose(field('rollouts.windows', dialog()), 'hours');
      await seen('rollout-hours');
      await keys.enter(button('rollouts.setWindow', dialog()));
      await walk.toast(t('rollouts.windowSet'));
      await expect(hours).toBeFocused();
      await keys.enter(button('rollouts.start'), 'Shift+Tab');
      await walk.asked(field('rollouts.version', dialog()));
      await keys.choose(field('rollouts.plan.label', dialog()), 'everybody');
      await seen('rollout-start');
      await keys.enter(button('rollouts.begin', dialog()).or(dialog().locator('button[type=submit]')));
      // Earlier ones are in a separate table.
      const panel = page.locator('section.panel').filter({ has: page.getByText('1.5.0') });
      await expect(panel).toContainText(t('rollouts.state.running'));
      await keys.held();
      await keys.enter(button('rollouts.act.pause'));
      await walk.agree('rollouts.act.pause');
      await expect(panel).toContainText(t('rollouts.state.paused'));
      await keys.held();
      await keys.enter(button('rollouts.act.resume'));
      await walk.asked(field('rollouts.retry', dialog()));
      await keys.enter(button('rollouts.act.resume', dialog()));
      await expect(panel).toContainText(t('rollouts.state.running'));
      await keys.held();
      await keys.enter(button('rollouts.history'));
      await expect(button('rollouts.history')).toHaveAttribute('aria-expanded', 'true');
      await keys.enter(button('rollouts.act.roll-back'), 'Shift+Tab');
      await walk.agreeWith('1.5.0', 'rollouts.act.roll-back');
      await expect(panel).toContainText(t('rollouts.state.rolled-back'));
      await keys.held();
      await seen('rollouts');
    });

    test('enrols faces from files and from the camera, and reviews a possible duplicate', async () => {
      const [ada, max] = people.get(tag)!;
      // The data protection officer puts another text in force in each set-up.
      const { items: texts } = await ask(page, 'GET', '/api/consent-texts');
      const { version, language: written } = texts.find((one: { inForce: boolean }) => one.inForce);
      for (const person of [ada, max])
        await ask(page, 'POST', `/api/people/${person}/consents`, { textVersion: version, language: written });
      const templates = async (of: string) => (await ask(page, 'GET', `/api/people/${of}`)).templates as number;
      const enrol = async (n: number, name: string) => {
        await open('people');
        await keys.type(field('people.exactly'), `8${i}${n}`);
        await keys.press('Enter');
        await keys.enter(page.getByRole('link', { name, exact: true }));
        await walk.arrived(name);
        await keys.enter(button('people.enrol').first());
        await walk.arrived(t('enrolFace.title', { name }));
      };
      const pictures = page.getByRole('list', { name: t('enrolFace.pictures') }).getByRole('listitem');
      await enrol(0, `Ada ${tag}`);
      await expect(pictures).not.toHaveCount(0);
      await seen('enrol-camera');
      await keys.enter(button('enrolFace.save'));
      await expect.poll(() => templates(ada!)).toBeGreaterThan(0);
      await keys.held();
      // The same man again, from files: nothing is stored before someone has looked.
      await enrol(1, `Max ${tag}`);
      await keys.enter(button('enrolFace.photo'));
      await expect(button('enrolFace.photo')).toBeFocused();
      await choose(page.getByLabel(t('enrolFace.files')), stillsOfA().slice(0, 2));
      await expect(pictures).toHaveCount(2);
      await keys.enter(button('enrolFace.save'));
      await expect(page.getByRole('alert')).toContainText(t('lookalikes.question'));
      await seen('enrol-duplicate');
      await keys.type(page.locator('.two-people input'), `8${i}0`);
      await keys.press('Enter');
      await expect.poll(() => templates(max!)).toBe(2);
      await keys.held();
    });

    test('requests an erasure, and undoes it', async () => {
      const [ada, ...others] = people.get(tag)!;
      await open('people');
      await keys.type(field('people.exactly'), `8${i}0`);
      await keys.press('Enter');
      await keys.enter(page.getByRole('link', { name: `Ada ${tag}`, exact: true }));
      await walk.arrived(`Ada ${tag}`);
      await keys.enter(button('people.erase'));
      await seen('erase-person');
      await walk.agreeWith(t('people.eraseWord'), 'people.erase');
      await walk.arrived(t('erasures.one'));
      await keys.enter(button('erasures.undo'));
      await walk.agree('erasures.undo', 'erasures.keep');
      await expect(page.getByRole('heading', { name: t('erasures.state.undone') })).toBeVisible();
      await keys.held();
      await open('erasures');
      await keys.enter(walk.main().locator('td a, th a').first());
      await walk.arrived(t('erasures.one'));
      await seen('erasure');
      // Otherwise the next set-up would be asked about people with these faces.
      for (const person of others) await ask(page, 'POST', '/api/erasures', { person });
      expect(await ask(page, 'GET', `/api/people/${ada}`)).toMatchObject({ templates: 0 });
    });

    test('imports people and photos: decides, undoes, enrols, and cancels another import', async () => {
      await open('imports');
      const first = button('imports.begin');
      await keys.enter(first);
      await walk.asked(field('imports.stated', dialog()));
      await keys.tick(field('imports.stated', dialog()));
      await keys.type(field('imports.statement', dialog()), `Schrank ${tag}`);
      await seen('import-begin');
      await keys.enter(button('imports.begin', dialog()));
      await walk.arrived(t('imports.one'));
      await choose(page.getByLabel(t('imports.files')), [
        {
          name: 'list.csv',
          mimeType: 'text/csv',
          buffer: Buffer.from(`name,number,photo\nEva ${tag},9${i}1,eva.jpg\nTom ${tag},9${i}2,\n`),
        },
        { name: 'eva.jpg', mimeType: 'image/jpeg', buffer: readFileSync(stillsOfA()[4]!) },
      ]);
      await expect(walk.row(`Eva ${tag}`)).toHaveCount(1);
      await keys.held();
      const make = walk.main().getByRole('button', { name: t('imports.people.make', { count: 2 }), exact: true });
      await keys.enter(make);
      await walk.asked(button('cancel', dialog()));
      await keys.enter(dialog().getByRole('button', { name: t('imports.people.make', { count: 2 }), exact: true }));
      await expect(page.getByText(t('imports.people.state.made', { count: 2 }))).toBeVisible();
      await keys.held();
      const photo = page.locator('.photo').filter({ hasText: 'eva.jpg' });
      const state = (of: 'accepted' | 'judged' | 'refused') => expect(photo).toContainText(t(`imports.photo.${of}`));
      await state('judged');
      await expect(button('imports.accept', photo)).toBeVisible();
      for (const [decision, after] of [
        ['refuse', 'refused'],
        ['accept', 'accepted'],
      ] as const) {
        await keys.enter(button(`imports.${decision}`, photo));
        await state(after);
        await keys.held();
        if (decision === 'accept') break;
        await keys.enter(button('toast.undo', photo));
        await state('judged');
        await keys.held();
      }
      await seen('import');
      await keys.enter(button('imports.apply'), 'Shift+Tab');
      await walk.agree('imports.apply');
      await expect(page.getByText(t('imports.stateText.done'))).toBeVisible();
      await keys.held();
      await keys.enter(button('imports.people.undo'));
      await walk.agreeWith(t('people.eraseWord'), 'imports.people.undo');
      await expect(page.getByText(t('imports.people.state.undone'), { exact: true })).toBeVisible();
      await keys.held();
      await keys.enter(button('imports.back'), 'Shift+Tab');
      await walk.arrived(t('imports.nav'));
      await keys.enter(button('imports.begin'));
      await keys.enter(button('imports.begin', dialog()));
      await walk.arrived(t('imports.one'));
      await keys.enter(button('imports.cancel'));
      await walk.agree('imports.cancel', 'imports.keep');
      await walk.arrived(t('imports.nav'));
      // It is the same man's face throughout.
      const { items } = await ask(page, 'POST', '/api/people/search', { q: `9${i}1` });
      await ask(page, 'POST', '/api/erasures', { person: items[0].id });
    });

    test('as a data protection officer, handles consents, a consent text, retention and a legal hold', async () => {
      await walk.context.close();
      await begin(officer);
      await open('consents');
      await expect(page.getByRole('row')).not.toHaveCount(0);
      await open('texts');
      await keys.enter(button('texts.add'));
      await walk.asked(field('texts.version', dialog()));
      await keys.type(field('texts.version', dialog()), `2028-0${i + 1}`);
      await keys.choose(field('people.language', dialog()), language);
      await keys.type(field('texts.title', dialog()), tag);
      await keys.type(field('texts.body', dialog()), '{controller}');
      await seen('text-add');
      await keys.enter(button('texts.add', dialog()));
      const text = page.getByRole('article').filter({ hasText: tag });
      await expect(text).toContainText(t('texts.waits'));
      await keys.held();
      await keys.enter(button('texts.review', text));
      await walk.agree('texts.review');
      await expect(text).toContainText(t('texts.inForce'));
      await keys.held();
      await open('retention');
      await keys.enter(button('retention.dryRun'));
      await keys.held();
      const add = button('retention.addHold');
      await keys.enter(add);
      await walk.asked(field('retention.reason', dialog()));
      await keys.type(field('retention.reason', dialog()), tag);
      await keys.choose(field('people.site', dialog()), site);
      await seen('hold');
      await keys.enter(button('retention.addHold', dialog()));
      const hold = page.getByRole('table', { name: t('retention.holds') }).getByRole('row', { name: new RegExp(tag) });
      await expect(hold).toBeVisible();
      await keys.enter(button('retention.release', hold));
      await walk.agreeWith(t('retention.releaseWord'), 'retention.release');
      await expect(hold).toHaveCount(0);
      await keys.held();
    });

    test('searches the audit log, verifies it, and makes new recovery codes', async () => {
      await open('audit');
      await keys.type(field('audit.route'), 'POST /api/people');
      await keys.press('Enter');
      const one = walk.main().locator('td button').first();
      await keys.enter(one);
      await expect(dialog()).toContainText('POST /api/people');
      await seen('audit-row');
      await walk.escape(one);
      const verify = button('audit.verify');
      await keys.enter(verify, 'Shift+Tab');
      await walk.asked(button('audit.verify', dialog()));
      await keys.press('Enter');
      await expect(dialog()).toContainText(t('audit.whole'));
      await seen('audit-verify');
      await walk.escape(verify);
      await open('account');
      await keys.enter(button('account.codesChange'));
      await walk.asked(field('account.current', dialog()));
      await keys.type(field('account.current', dialog()), PASSWORD);
      await keys.type(field('signIn.code', dialog()), appCode(secret));
      await keys.press('Enter');
      await expect(dialog().locator('.codes li')).not.toHaveCount(0);
      await seen('codes');
      await keys.tick(field('enrol.kept', dialog()));
      await keys.enter(button('enrol.finish', dialog()));
      await expect(dialog()).toHaveCount(0);
      await keys.held();
    });
  });

test('every page in the navigation is assigned to a walk, and every page assigned here was opened', () => {
  expect([...rails].sort()).toEqual(Object.keys(WALKED).sort());
  expect([...opened]).toEqual(expect.arrayContaining(walkedIn('keyboard-running')));
});
