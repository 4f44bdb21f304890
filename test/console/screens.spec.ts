import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import sharp from 'sharp';
import { demoHistory } from '../../electron/cli/demo/history.ts';
import { createDeviceIdentity, deviceRequest } from '../../sync/edge/identity.ts';
import { listAccounts } from '../../sync/server/core/accounts/accounts.ts';
import { keepCase } from '../../sync/server/core/templates/waiting.ts';
import { requestErasure } from '../../sync/server/features/privacy/erasure/request.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { deliverAll, registerKiosk, resolveAll } from '../kit/known-kiosk.ts';
import { CONSOLE } from '../kit/locales.ts';
import { registerDevice } from '../kit/register.ts';
import { startSmtp, type TestSmtp } from '../services/smtp.ts';
import { makeRepository } from '../update/repository.ts';
import { enterByLink, fits, openBrowser } from './browser.ts';
import { addToLists, LOGGED } from './fill-lists.ts';
import { newSystem, type System } from './system.ts';
import { ask, firstSignIn } from './walk.ts';

/*
 * Every page of the console with no data, a little and a lot, at four sizes, light and dark, in English and in the language that
 * takes most room; and, with a little data, every dialog that a page opens. Nothing is out of reach sideways, no button, tab or
 * heading is cut, and no page reports errors. With SCREENS=FOLDER it saves a screenshot of each, for people to look at.
 */
const FOLDER = process.env.SCREENS;
const SIZES = [
  [1440, 900],
  [1280, 800],
  [768, 1024],
  [390, 844],
] as const;
const AMOUNTS = [0, 5, 500] as const;

/** Records are from yesterday and today, whatever the day of the month. */
const SINCE = new Date(Date.now() - 7 * 86_400_000).toISOString().slice(0, 10);
const QUERY: Readonly<Record<string, string>> = { attendance: `?from=${SINCE}`, reports: `?from=${SINCE}` };

const TABLE = readFileSync(join(import.meta.dirname, '../../renderer/console/pages/index.ts'), 'utf8');
const PATHS = [...TABLE.matchAll(/\{ path: '(\w+)', section: /g)].map(([, path]) => path!);
const lengthOf = (sentences: object): number => JSON.stringify(sentences).length;
const [LONGEST] = Object.entries(CONSOLE)
  .toSorted(([, a], [, b]) => lengthOf(b) - lengthOf(a))
  .map(([language]) => language);

type Seat = Awaited<ReturnType<typeof openBrowser>>;
const builds = temporaryFolder();
let smtp: TestSmtp;
let system: System;
let admin: Seat;
/** The data protection officer's seat: administrators may not read the audit log. */
let officer: Seat;
let filled = 0;

test.beforeAll(async ({ browser }) => {
  const repository = makeRepository(builds.path);
  repository.now = Date.now();
  repository.add('1.5.0');
  smtp = await startSmtp('implicit');
  system = await newSystem('North entrance', {
    SMARTPRESENCE_UPDATES: builds.path,
    SMTP_URL: `smtps://localhost:${smtp.port}`,
    SMTP_FROM: 'no-reply@example.org',
    SMTP_CA_FILE: smtp.caFile,
  });
  admin = await openBrowser(browser);
  await enterByLink(admin.page, system.server.adminLink);
  await expect(admin.page.locator('.rail')).toBeVisible();
  const { link } = await ask(admin.page, 'POST', '/api/accounts', { email: 'dpo@example.org', role: 'dpo' });
  officer = await openBrowser(browser);
  await firstSignIn(officer.page, link.url);
  await officer.page.reload();
  await expect(officer.page.locator('.rail')).toBeVisible();
});
test.afterAll(async () => {
  await admin?.context.close();
  await officer?.context.close();
  await system?.close();
  await smtp?.close();
  builds.remove();
});

/** Pages of single items that the lists of people, kiosks and sites don't link to. Set once there is a person. */
let ones: string[] = [];

async function makeOnes(): Promise<void> {
  const make = async (path: string, body: unknown) => (await ask(admin.page, 'POST', path, body)) as { id: string };
  const [, first, second] = (await ask(admin.page, 'GET', '/api/people?limit=3')).items as { id: string }[];
  const waiting = await system.server.offline(({ db, keys }) =>
    db.transaction().execute(async (tx) => {
      const picture = await sharp({ create: { width: 256, height: 256, channels: 3, background: '#888' } })
        .jpeg()
        .toBuffer();
      const face = { picture, pose: 'front', quality: 50, model: 'none', embedding: new Float32Array(128) };
      const [person, other] = [first!.id, second!.id];
      return keepCase(tx, keys, { person, other, score: 0.9, source: 'photo', faces: [face], by: null }, new Date());
    }),
  );
  await admin.page.goto(system.at('home'));
  await expect(admin.page.getByRole('heading', { level: 1 })).toBeVisible();
  const found = { title: 'Lost tablet', severity: 'low', foundAt: new Date().toISOString() };
  const { id: incident } = await make('/api/incidents', found);
  const { id: run } = await make('/api/imports', { basis: null });
  const { items: webhooks } = await ask(admin.page, 'GET', '/api/webhooks');
  const { items: erasures } = await ask(admin.page, 'GET', '/api/erasures?limit=1');
  ones = [
    `incidents/${incident}`,
    `imports/${run}`,
    `erasures/${erasures[0].request}`,
    `people/${first!.id}/enrol`,
    `people/${waiting}/waiting`,
    'fleet/staff',
    'fleet/templates',
    `webhooks?log=${webhooks.find(({ name }: { name: string }) => name === LOGGED).id}`,
  ];
}

/** Opens every dialog of the current page, on a desktop and a phone; for a table or list, those of one row. */
async function openDialogs({ page }: Seat, name: string, faults: string[]): Promise<void> {
  const openers = page.locator('main button[aria-haspopup=dialog]:not([aria-disabled=true])');
  for (const [width, height] of [SIZES[1], SIZES[3]]) {
    await page.setViewportSize({ width, height });
    for (const label of new Set(await openers.allTextContents())) {
      // Located each time, since rows change meanwhile.
      const opener = openers
        .filter({ hasText: new RegExp(`^${label.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`), visible: true })
        .first();
      if (!(await opener.isVisible())) continue;
      await opener.click();
      const dialog = page.getByRole('dialog');
      await expect(dialog, `${name}: ${label}`).toBeVisible();
      await expect(page.locator('.skeleton')).toHaveCount(0);
      await fits(page, `${name}, dialog ${label}`).catch(({ message }) => faults.push(message));
      await page.keyboard.press('Escape');
      await expect(dialog).toHaveCount(0);
    }
  }
}

/** Adds up to this many rows to each list. */
async function fill(rows: number): Promise<void> {
  for (const { page } of [admin, officer]) await page.goto('about:blank');
  await system.server.offline(async ({ db, keys }) => {
    const now = new Date();
    const { device } = await registerKiosk(db, { name: `Side entrance ${rows}`, at: now });
    const epoch = crypto.randomUUID();
    const history = demoHistory({ device, epoch, now, recorded: [], people: rows - filled, days: 2, seed: rows });
    const receivers = (await listAccounts(db, keys)).flatMap(({ id, email }) => (email ? [id] : []));
    const people = history.events.flatMap(({ header, personal }) =>
      header.type === 'person' ? [personal.person!.value as string] : [],
    );
    const text = { action: 'given', textVersion: '2026-11.no-photo', language: 'en' } as const;
    for (const person of people) history.append('consent', text, { person }, now);
    for (const { header, personal } of history.events.filter(({ header }) => header.type === 'checkin').slice(0, rows))
      history.append(
        'void',
        { target: header.id, reason: 'not-me' },
        { person: personal.person!.value as string },
        now,
      );
    await deliverAll(db, keys, device, history, { now });
    await resolveAll(db);
    for (let i = filled; i < rows; i++) await addToLists({ db, keys }, i, { people, builds: builds.path, receivers });
    for (const person of people.slice(0, rows / 2))
      await requestErasure(db, keys, { person, origin: 'staff', undoDays: 14 }, now);
    for (let i = filled; i < rows - 1; i++)
      await registerDevice(db, await deviceRequest(await createDeviceIdentity(crypto.randomUUID()), `Door ${i}`), now);
    const found = { reason: 'number', score: null, found_at: now, status: 'open' } as const;
    for (const [i, person] of people.slice(1).entries()) {
      const [first, second] = [people[i]!, person].sort();
      await db
        .insertInto('merge_candidate')
        .values({ id: crypto.randomUUID(), first: first!, second: second!, ...found })
        .execute();
    }
  });
  await admin.page.goto(system.at('home'));
  await expect(admin.page.getByRole('heading', { level: 1 })).toBeVisible();
  for (let i = filled; i < Math.min(rows, 50); i++)
    await ask(admin.page, 'POST', '/api/accounts', {
      role: 'staff',
      email: `person.of.staff.${i}@entrance.example.org`,
    });
  filled = rows;
}

async function speak({ page }: Seat, language: string): Promise<void> {
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto(system.at('home'));
  await page.locator('select:has(option[value=zh])').first().selectOption(language);
}

async function show({ page }: Seat, path: string, language: string): Promise<void> {
  await page.goto(system.at(`${path}${QUERY[path] ?? ''}`));
  await expect(page.locator('html')).toHaveAttribute('lang', language);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.locator('.skeleton')).toHaveCount(0);
}

for (const rows of AMOUNTS)
  for (const language of ['en', LONGEST!])
    test(`every page with ${rows} rows in ${language}`, async () => {
      // A few hundred dialogs in sequence.
      test.slow(rows === 5);
      if (rows > filled) await fill(rows);
      if (rows > 0 && ones.length === 0) await makeOnes();
      // Requests of a page to a server that was being filled.
      for (const { complaints } of [admin, officer]) complaints.splice(0);
      await speak(admin, language);
      await speak(officer, language);
      const firstOf = async (list: string, path: string): Promise<string[]> =>
        (await ask(admin.page, 'GET', list)).items.slice(0, 1).map(({ id }: { id: string }) => `${path}/${id}`);
      const paths = [
        ...PATHS,
        ...(await firstOf('/api/people?limit=1', 'people')),
        ...(await firstOf('/api/fleet?limit=1', 'fleet')),
        ...(await firstOf('/api/sites', 'sites')),
        ...ones,
      ];
      expect(paths.length).toBeGreaterThan(20);
      // Faults are reported at the end, since stopping at the first would make for many long runs.
      const faults: string[] = [];
      for (const path of paths) {
        const seat = path === 'audit' ? officer : admin;
        const { page, complaints } = seat;
        await page.setViewportSize({ width: 1440, height: 900 });
        await show(seat, path, language);
        for (const [width, height] of SIZES) {
          await page.setViewportSize({ width, height });
          await fits(page, `${path} with ${rows} rows in ${language}`).catch(({ message }) => faults.push(message));
          if (!FOLDER) continue;
          await page.evaluate(() => scrollTo(0, 0));
          for (const colorScheme of ['light', 'dark'] as const) {
            await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
            const name = `${path.replace(/[/=][0-9a-f-]{36}/g, '-one').replaceAll(/[/?]/g, '-')}-${rows}-${language}-${width}-${colorScheme}.png`;
            await page.screenshot({ path: join(FOLDER, name) });
          }
        }
        if (rows === 5) await openDialogs(seat, `${path} in ${language}`, faults);
        faults.push(...complaints.splice(0).map((complaint) => `${path} complains: ${complaint}`));
      }
      expect(faults).toEqual([]);
    });
