import { randomUUID } from 'node:crypto';
import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { SyncEngine } from '../../sync/edge/engine.ts';
import { listRolloutKiosks, listRollouts } from '../../sync/protocol/api/rollouts.ts';
import type { Inventory } from '../../sync/protocol/wire/fleet.ts';
import { INVENTORY } from '../kit/engine.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { newKiosk } from '../kit/kiosk.ts';
import type { MemoryOutbox } from '../kit/outbox.ts';
import { makeRepository } from '../update/repository.ts';
import { axe, enterByLink, openBrowser, picture } from './browser.ts';
import { newSystem, type System } from './system.ts';

/** A rollout in the console: started, stopped automatically, resumed, rolled back; rings and maintenance windows. */

test.describe.configure({ mode: 'serial' });
const folder = temporaryFolder();
let system: System;
let context: BrowserContext;
let page: Page;
const kiosks: { box: MemoryOutbox; engine: SyncEngine }[] = [];

/** The kiosk in the office, which always has someone in front of it. */
const held: Inventory = {
  ...INVENTORY,
  version: '1.4.0',
  updateHeld: { version: '1.5.0', since: '2026-01-10T12:00:00.000Z' },
};

test.beforeAll(async ({ browser }) => {
  const repository = makeRepository(folder.path);
  repository.now = Date.now();
  for (const version of ['1.4.0', '1.5.0']) repository.add(version);
  system = await newSystem('North entrance', { SMARTPRESENCE_UPDATES: folder.path });
  for (const name of ['Cafeteria', 'Gate', 'Hall A', 'Hall B', 'Loading bay', 'Office']) {
    const { secret, bundle, box } = await newKiosk(system.server, name);
    const engine = new SyncEngine({ secret, bundle, source: box, ...(name === 'Office' && { report: () => held }) });
    engine.start();
    kiosks.push({ box, engine });
  }
  ({ context, page } = await openBrowser(browser));
  await enterByLink(page, system.server.adminLink);
  await expect(page.getByRole('heading', { name: 'North entrance' })).toBeVisible();
});
test.afterAll(async () => {
  await context?.close();
  for (const { engine } of kiosks) await engine.stop();
  await system?.close();
  folder.remove();
});

const open = async (heading = 'Rollouts') => {
  await page.goto('about:blank');
  await page.goto(system.at('rollouts'));
  await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
};

/** Reports how the kiosk's update went, as its core does. */
function says(index: number, code: string, rollout: string, reason?: string): void {
  const { box, engine } = kiosks[index]!;
  box.append('health', { code, detail: { rollout, version: '1.5.0', from: '1.4.0', ...(reason && { reason }) } }, {});
  engine.nudge();
}

const rolloutId = async () => (await system.server.call(listRollouts)).items[0]!.id;

test('kiosks are put into a ring by its displayed name, and a site gets a maintenance window', async () => {
  await open();
  await expect(page.getByText('No rollout in progress')).toBeVisible();
  await page.getByRole('button', { name: 'Move kiosk to a ring' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Kiosk').selectOption({ label: 'Cafeteria' });
  await axe(page);
  await dialog.getByRole('button', { name: 'Move kiosk to a ring' }).click();
  const ring = (name: string) => page.locator('.ring-list > li').filter({ hasText: name });
  await expect(ring('Canary').getByRole('link')).toHaveText(['Cafeteria']);
  await page.getByRole('button', { name: 'Rename Canary' }).click();
  await dialog.getByLabel('Ring name').fill('Test bench');
  await dialog.getByRole('button', { name: 'Rename' }).click();
  await expect(page.getByRole('button', { name: 'Rename Test bench' })).toBeVisible();
  // The others are named too, and a kiosk's page names its ring.
  await expect(ring('Everyone else').getByRole('link')).not.toHaveCount(0);
  await expect(ring('Everyone else')).not.toContainText('Cafeteria');
  await ring('Test bench').getByRole('link', { name: 'Cafeteria' }).click();
  await page.getByRole('link', { name: 'Test bench' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Rollouts' })).toBeVisible();
  await page.getByRole('button', { name: 'Set hours North entrance' }).click();
  await dialog.getByRole('combobox').selectOption({ label: 'Specific hours' });
  await dialog.getByLabel('From').fill('21:30');
  await axe(page);
  await dialog.getByRole('button', { name: 'Set hours' }).click();
  await expect(page.getByText('21:30–04:00')).toBeVisible();
});

test('a version is rolled out, stops automatically and says why, is resumed, and is rolled back', async () => {
  await page.getByRole('button', { name: 'Start rollout' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('Version')).toContainText('1.5.0');
  await dialog.getByLabel('Plan').selectOption({ label: 'Everyone at once' });
  await axe(page);
  await picture(page, 'rollouts-start');
  await dialog.getByRole('button', { name: 'Roll out 1.5.0' }).click();
  await expect(page.getByRole('heading', { name: 'Version 1.5.0' })).toBeVisible();
  await expect(page.getByText('Running', { exact: true })).toBeVisible();

  const id = await rolloutId();
  says(0, 'update-installed', id);
  says(0, 'update-healthy', id);
  says(1, 'update-installed', id);
  says(2, 'update-rolled-back', id, 'trial-deadline: camera, match');
  says(3, 'update-refused', id, 'update-disk-full');
  await expect(async () => {
    await open();
    await expect(page.getByLabel('Kiosk progress')).toContainText('1 rejected', { timeout: 2000 });
    await expect(page.getByLabel('Kiosk progress')).toContainText('1 went back', { timeout: 2000 });
  }).toPass();
  await page.getByRole('button', { name: 'Kiosks', exact: true }).click();
  // The address records what is open.
  await page.reload();
  await expect(page.getByRole('row').filter({ hasText: 'Hall A' })).toContainText(
    'Didn’t pass its checks in time: camera, recognition',
  );
  await expect(page.getByRole('row').filter({ hasText: 'Office' })).toContainText(
    /Waiting since .+: someone is always in view/,
  );
  await axe(page);
  await picture(page, 'rollouts-running', ['desk', 'wall', 'narrow']);

  says(4, 'update-rolled-back', id, 'trial-starts');
  await expect(async () => {
    await open();
    await expect(page.getByText('Stopped automatically')).toBeVisible({ timeout: 2000 });
  }).toPass();
  await expect(page.getByRole('status').filter({ hasText: '2 of 4 kiosks failed' })).toBeVisible();
  await page.getByRole('button', { name: 'History' }).click();
  await expect(page.getByText('automatic').first()).toBeVisible();
  await axe(page);
  await picture(page, 'rollouts-stopped', ['desk', 'narrow']);

  await page.getByRole('button', { name: 'Resume' }).click();
  await dialog.getByLabel('Retry failed kiosks').check();
  await axe(page);
  await dialog.getByRole('button', { name: 'Resume' }).click();
  await expect(page.getByText('Running', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Pause' }).click();
  await dialog.getByRole('button', { name: 'Pause' }).click();
  await expect(page.getByText('Paused', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Roll back' }).click();
  await dialog.getByRole('textbox').fill('1.5.0');
  await dialog.getByRole('button', { name: 'Roll back' }).click();
  await expect(page.getByText('Rolled back', { exact: true })).toBeVisible();
});

test('a list that turns out to be too long to load is not sorted in part', async () => {
  const [kiosk] = (await system.server.call(listRolloutKiosks, { params: { rollout: await rolloutId() } })).items;
  const list = /\/kiosks\?/;
  await page.route(list, (asked) => {
    const from = Number(new URL(asked.request().url()).searchParams.get('cursor') ?? 0);
    const items = Array.from({ length: 200 }, (_, i) => ({
      ...kiosk,
      device: randomUUID(),
      name: `Kiosk ${String(from + i).padStart(4, '0')}`,
      lastHeardAt: new Date(Date.UTC(2026, 0, 1) - (from + i) * 1000).toISOString(),
    }));
    return asked.fulfill({ json: { items, next: from < 2800 ? String(from + 200) : null } });
  });
  await page.getByRole('button', { name: 'Kiosks', exact: true }).click();
  const heads = page.getByRole('table', { name: 'Kiosks' }).getByRole('columnheader');
  await heads.getByRole('button', { name: 'Last seen' }).click();
  await expect(page.getByText('Filter to 2,000 rows or fewer to sort by other columns.')).toBeVisible();
  await expect(heads.getByRole('button')).toHaveCount(0);
  const first = page.getByRole('table', { name: 'Kiosks' }).getByRole('row').nth(1);
  await expect(first).toContainText('Kiosk 0000');
  await page.unroute(list);
});

test('fits in German, and right to left', async () => {
  await page.getByRole('combobox', { name: 'Language' }).selectOption('de');
  await open('Rollouts');
  await expect(page.getByText('Rückgängig gemacht', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Kioske', exact: true }).click();
  await expect(page.getByRole('row').filter({ hasText: 'Cafeteria' })).toBeVisible();
  await axe(page);
  await picture(page, 'rollouts-de', ['desk', 'wall']);
  await page.getByRole('combobox', { name: 'Sprache' }).selectOption('ar');
  await open('النشر التدريجي');
  await axe(page);
  await picture(page, 'rollouts-ar');
});
