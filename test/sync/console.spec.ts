import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { pino } from 'pino';
import { build } from 'vite';
import { SyncEngine } from '../../sync/edge/engine.ts';
import { createDeviceIdentity, deviceRequest } from '../../sync/edge/identity.ts';
import { type Config, readConfig } from '../../sync/server/config.ts';
import { initServer, provisionLocal } from '../../sync/server/local.ts';
import { type RunningServer, startServer } from '../../sync/server/server.ts';
import { freePorts, MemoryOutbox, temporaryHome } from './kit.ts';

/** The console in real Chromium against the real server and a real sync engine. Pictures land in test/artefacts/screens. */
const ROOT = join(import.meta.dirname, '../..');
const SCREENS = join(ROOT, 'test/artefacts/screens');
const PEOPLE = [
  'Ada Lovelace',
  'Grace Hopper',
  'Alan Turing',
  'Katherine Johnson',
  'Jürgen Müller-Lüdenscheidt',
  'Barbara Liskov',
];

test.describe.configure({ mode: 'serial' });
test.setTimeout(120_000);
const home = temporaryHome();
const pages = temporaryHome();
const outbox = new MemoryOutbox();
let config: Config;
let server: RunningServer;
let engine: SyncEngine;
let context: BrowserContext;
let page: Page;
const complaints: string[] = [];
const people: string[] = [];

const start = async () => {
  server = await startServer(config, pino({ level: 'silent' }), { pages: pages.path });
};
const axe = async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map((v) => `${colorScheme} ${v.id}: ${v.nodes[0]?.html}`)).toEqual([]);
  }
};
const picture = async (name: string) => {
  for (const [width, height] of [
    [1280, 800],
    [1080, 1920],
  ] as const) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.screenshot({ path: join(SCREENS, `console-${name}-${width}-${colorScheme}.png`) });
    }
  }
  await page.setViewportSize({ width: 1280, height: 800 });
};

test.beforeAll(async ({ browser }) => {
  await build({
    configFile: join(ROOT, 'vite.config.ts'),
    logLevel: 'error',
    build: { outDir: pages.path, emptyOutDir: true },
  });
  const [peoplePort, devicePort] = await freePorts(2);
  const env = {
    ...initServer(home.path),
    SMARTPRESENCE_PEOPLE_PORT: String(peoplePort),
    SMARTPRESENCE_DEVICE_PORT: String(devicePort),
    SMARTPRESENCE_SITE: 'North entrance',
  };
  config = readConfig(env);
  const secret = await createDeviceIdentity(outbox.device);
  const bundle = await provisionLocal({
    serverHome: home.path,
    env,
    device: await deviceRequest(secret, 'Front door'),
  });
  await start();
  engine = new SyncEngine({ secret, bundle, source: outbox });
  engine.start();
  context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB' });
  page = await context.newPage();
  page.on('console', (m) => m.type() === 'error' && complaints.push(m.text()));
  page.on('pageerror', (e) => complaints.push(e.message));
});
test.afterAll(async () => {
  await context?.close();
  await engine?.stop();
  await server?.close();
  home.remove();
  pages.remove();
});

test('the link opens a door with one button, and leaves the address bar', async () => {
  await page.goto(server.adminLink);
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
  expect(page.url()).not.toContain('enter=');
  await axe();
  await picture('door');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'North entrance' })).toBeVisible();
  await expect(page).toHaveTitle('North entrance · SmartPresence');
});

test('an empty board says what will appear', async () => {
  await expect(page.getByText('Nobody has checked in yet')).toBeVisible();
  await expect(page.getByText('In contact')).toBeVisible();
  await axe();
  await picture('empty');
});

test('a check-in appears by itself, and a void strikes it through', async () => {
  people.push(...PEOPLE.map((name) => outbox.person(name)));
  const first = outbox.checkin(people[0]!);
  engine.nudge();
  await expect(page.getByRole('listitem').filter({ hasText: 'Ada Lovelace' })).toContainText(/In.*\d\d:\d\d:\d\d/);
  await expect(page.getByRole('listitem').filter({ hasText: 'Ada Lovelace' })).toContainText('Liveness: off (demo)');
  outbox.append('void', { target: first.header.id, reason: 'not-me' }, {});
  for (const [i, id] of people.entries()) outbox.checkin(id, 'in', new Date(Date.now() + i));
  outbox.checkin(people[2]!, 'out', new Date(Date.now() + 10));
  engine.nudge();
  await expect(page.locator('.row s')).toHaveText('Ada Lovelace');
  await expect(page.locator('.row')).toHaveCount(8);
  await expect(page.locator('.stat').nth(0)).toContainText('5');
  await expect(page.locator('.stat').nth(1)).toContainText('6');
  await expect(page.locator('.stat').nth(2)).toContainText('Alan Turing');
  await axe();
  await picture('live');
});

test('speaks German', async () => {
  await page.getByRole('button', { name: 'DE', exact: true }).click();
  await expect(page.getByText('Jetzt im Haus')).toBeVisible();
  await expect(page.getByText('Storniert: nicht ich')).toBeVisible();
  await picture('german');
  await page.getByRole('button', { name: 'EN', exact: true }).click();
});

test('loads and runs nothing that its policy forbids', async () => {
  expect(complaints).toEqual([]);
  const blocked = await page.evaluate(async () => {
    const told = new Promise<string>((resolve) =>
      document.addEventListener('securitypolicyviolation', (e) => resolve(e.effectiveDirective), { once: true }),
    );
    void fetch('https://127.0.0.1:9/planted').catch(() => undefined);
    return told;
  });
  expect(blocked).toBe('connect-src');
});

test('says when the server is gone and comes back by itself, without repeating a row', async () => {
  await server.close();
  await expect(page.getByText('The connection to the server is lost.')).toBeVisible();
  await axe();
  await picture('lost');
  outbox.checkin(people[1]!, 'out');
  await start();
  await expect(page.locator('.row')).toHaveCount(9, { timeout: 90_000 });
  await expect(page.getByText('The connection to the server is lost.')).toBeHidden();
});

test('a used link says so in another browser', async ({ browser }) => {
  const other = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'de-DE' });
  const theirs = await other.newPage();
  const link = server.adminLink;
  for (const expected of ['North entrance', 'Dieser Link wurde schon benutzt']) {
    await other.clearCookies();
    await theirs.goto('about:blank');
    await theirs.goto(link);
    await theirs.getByRole('button', { name: 'Anmelden' }).click();
    await expect(theirs.getByText(expected)).toBeVisible();
  }
  await other.close();
});

test('signing out closes the door behind', async () => {
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'You are not signed in' })).toBeVisible();
  await axe();
  await picture('out');
  await page.reload();
  await expect(page.getByRole('heading', { name: 'You are not signed in' })).toBeVisible();
});
