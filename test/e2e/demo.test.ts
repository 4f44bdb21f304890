import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../sync/server/app/config.ts';
import { initServer } from '../../sync/server/app/local.ts';
import { openDatabase } from '../../sync/server/platform/database/open.ts';
import type { Db } from '../../sync/server/platform/database/schema.ts';
import type { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { keysOf } from '../../sync/server/platform/keys/settings.ts';
import { ask } from '../console/walk.ts';
import { openedUnderEnvironment, tablesNaming, tablesWithAnybody } from '../policy/erasure-search.ts';
import { type Started, startAppliance } from './started.ts';

const CHROMIUM = '/usr/bin/chromium';
const LIMIT_MS = 600_000;

interface Listed {
  readonly items: readonly { readonly id: string; readonly name: string; readonly status?: string }[];
}

describe.skipIf(!existsSync(CHROMIUM))('the demo of npm start', () => {
  let started: Started;
  let browser: Browser;
  let page: Page;
  /** The ids of all people and kiosks. */
  let ids: string[];
  let names: string[];
  const get = <T>(path: string): Promise<T> => ask(page, 'GET', path) as Promise<T>;

  beforeAll(async () => {
    started = startAppliance(['--camera', 'demo']);
    const link = (await started.waitFor(/sign in\s+(https:\/\/\S+)/))[1]!;
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    page = await browser.newPage({ ignoreHTTPSErrors: true, locale: 'en-GB' });
    page.setDefaultTimeout(LIMIT_MS);
    await page.goto(link);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.locator('.rail').waitFor();
  }, LIMIT_MS);
  afterAll(async () => {
    await browser?.close();
    await started.interrupt();
    await started.removeHome();
  }, LIMIT_MS);

  test(
    'has a dozen made-up people, a month of records, two kiosks and one attention item',
    async () => {
      const contents = () => get<Record<string, number>>('/api/demo/contents');
      await expect.poll(contents, { timeout: LIMIT_MS }).toMatchObject({ people: 14, kiosks: 2 });
      await expect.poll(async () => (await contents()).records, { timeout: LIMIT_MS }).toBeGreaterThan(400);
      const kiosks = (await get<Listed>('/api/devices')).items;
      expect(kiosks.map(({ name }) => name)).toEqual(['Main entrance (demo)', 'Side entrance (demo)']);
      await expect
        .poll(() => get('/api/attention/count'), { timeout: LIMIT_MS })
        .toEqual({ total: 1, kinds: { void: 1 } });
      const people = (await get<Listed>('/api/people?limit=100')).items;
      ids = [...people, ...kiosks].map(({ id }) => id);
      names = people.map(({ name }) => name);
      const day = (daysAgo: number) => new Date(Date.now() - daysAgo * 86_400_000).toISOString().slice(0, 10);
      const { methods, hours } = await get<{ methods: Record<string, number>; hours: { at: string }[] }>(
        `/api/stats/arrivals?from=${day(31)}&to=${day(0)}`,
      );
      expect(Object.keys(methods).sort()).toEqual(['badge', 'face', 'number+pin', 'qr']);
      expect(Date.now() - Date.parse(hours[0]!.at)).toBeGreaterThan(25 * 86_400_000);
    },
    LIMIT_MS,
  );

  test(
    'opens the guide at the first address printed, with its kiosks, people and records done',
    async () => {
      expect(
        started
          .output()
          .split(/^ready .*$/m)[1]!
          .trim(),
      ).toMatch(/^sign in\s+https:\S+\s+open this first/);
      const guide = page.locator('.setup');
      await guide.waitFor();
      expect(await get('/api/setup')).toEqual({ done: ['kiosk', 'person', 'checkin'] });
      await expect.poll(() => guide.locator('li[data-done=true]').count(), { timeout: LIMIT_MS }).toBe(3);
      await guide.getByRole('button', { name: 'Add contacts' }).waitFor();
    },
    LIMIT_MS,
  );

  test(
    'says so on every page, to staff and to a person',
    async () => {
      for (const path of ['home', 'people', 'settings']) {
        await page.goto(new URL(`#/${path}`, page.url()).href);
        await page.locator('main h1').waitFor();
        await page.getByText('People, records and kiosks in here are made up.').waitFor();
      }
      await page.goto(new URL('#/reports', page.url()).href);
      await page.locator('tbody tr[data-index]').nth(13).waitFor();
      // On paper as well, and without a separate sheet.
      const pdf = (await page.pdf({ format: 'A4', preferCSSPageSize: true })).toString('latin1');
      expect(pdf.match(/\/Type \/Page\b/g)).toHaveLength(1);
      const { url } = (await ask(page, 'POST', `/api/people/${ids[0]}/sign-in-links`, {})) as { url: string };
      const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB' });
      const own = await context.newPage();
      own.setDefaultTimeout(LIMIT_MS);
      await own.goto(url);
      await own.getByRole('button').first().click();
      await own.locator('.portal').waitFor();
      await own.getByText('People, records and kiosks in here are made up.').waitFor();
      expect(await own.getByRole('button', { name: 'Empty the demo' }).count()).toBe(0);
      await context.close();
    },
    LIMIT_MS,
  );

  test(
    'is emptied by one button and a typed word, and then the set-up begins',
    async () => {
      await page.goto(new URL('#/people', page.url()).href);
      await page.getByRole('button', { name: 'Empty the demo' }).click();
      const dialog = page.getByRole('dialog');
      await dialog
        .getByText(/14 people with their consents, face templates and keys, 2 kiosks and \d+ records/)
        .waitFor();
      expect(await dialog.getByRole('button', { name: 'Empty the demo' }).isDisabled()).toBe(true);
      await dialog.getByLabel('Type “empty” to confirm').fill('empty');
      await dialog.getByRole('button', { name: 'Empty the demo' }).click();
      await page.locator('.demo-bar').waitFor({ state: 'detached' });
      await page.getByRole('heading', { name: 'Get started' }).waitFor();
      // Nobody can type a code at a kiosk without a display, so this machine's kiosk sets itself up.
      await expect.poll(() => get('/api/setup'), { timeout: LIMIT_MS }).toEqual({ done: ['kiosk'] });
      await started.waitFor(/^The demo is empty[\s\S]*staff PIN \d{6}/m);
      const [kiosk, ...more] = (await get<Listed>('/api/devices')).items;
      expect([kiosk!.status, more, ids.includes(kiosk!.id)]).toEqual(['approved', [], false]);
    },
    LIMIT_MS,
  );

  test(
    'leaves nothing in the database, and the next start creates no demo',
    async () => {
      await browser.close();
      await started.interrupt();
      await withDatabase(async (db, keys) => {
        const held = await tablesWithAnybody(db);
        expect(held.filter((table) => ['person', 'consent', 'template', 'checkin'].includes(table))).toEqual([]);
        for (const id of ids) expect(await tablesNaming(db, id)).not.toContain('person');
        expect(await openedUnderEnvironment(db, keys, names)).toEqual([]);
      });
      const again = startAppliance(['--camera', 'demo'], {}, started.home);
      await again.waitFor(/^ready/m);
      await again.interrupt();
      expect(again.output()).not.toMatch(/made-up people/);
      await withDatabase(async (db) => expect(await tablesWithAnybody(db)).not.toContain('person'));
    },
    LIMIT_MS,
  );

  async function withDatabase(work: (db: Db, keys: Keys) => Promise<unknown>): Promise<void> {
    const server = join(started.home, 'server');
    const { db, close } = await openDatabase(server);
    await work(db, keysOf(readConfig(initServer(server)))).finally(close);
  }
});
