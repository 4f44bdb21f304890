import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { parse } from 'csv-parse/sync';
import { packedLog } from '../../electron/core/fleet/attach.ts';
import { keepLog, logsFolder } from '../../electron/core/fleet/log-book.ts';
import { sendLogs } from '../../sync/edge/logs.ts';
import type { FleetDetail } from '../../sync/protocol/api/fleet.ts';
import { runJob } from '../../sync/protocol/api/jobs.ts';
import type { Inventory } from '../../sync/protocol/wire/fleet.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { transportOptions } from '../kit/kiosk.ts';
import { axe, enterByLink, openBrowser, picture } from './browser.ts';
import { newSystem, type System } from './system.ts';
import { ask, firstSignIn } from './walk.ts';

/** The fleet's pages against a real server and the kiosk's own sync engine. */
test.describe.configure({ mode: 'serial' });

let system: System;
let context: BrowserContext;
let page: Page;
let complaints: string[];
let inventory: Inventory = {
  version: '0.2.0',
  commit: '0123456789abcdef0123456789abcdef01234567',
  host: 'browser',
  models: {
    detector: '81aa98977e25ca7db8fd30ff648b80b91926d05a8e7abcac24f902d1ac127707',
    embedder: 'fr_feature@87aacdfe5751',
  },
  uptimeSeconds: 3 * 3600,
  diskFree: 21.4e9,
  diskTotal: 64e9,
  camera: 'ok',
  clockOffsetMs: -120,
  queued: 0,
  photosWaiting: 0,
  temperature: 51.5,
  storeSchema: 6,
  configRevision: null,
  configProblem: null,
  slots: { current: '0.2.0-0123456789ab', previous: '0.1.0-fedcba987654', trial: false },
};

const open = async (path: string, heading: string) => {
  await page.goto(system.at(path));
  await expect(page.getByRole('heading', { name: heading, level: 1 })).toBeVisible();
};
const detail = () =>
  page.evaluate(
    async (device) => (await fetch(`/api/fleet/${device}`)).json(),
    system.outbox.device,
  ) as Promise<FleetDetail>;
const seen = async (name: string, sizes?: Parameters<typeof picture>[2]) => {
  await axe(page);
  await picture(page, name, sizes);
};

test.beforeAll(async ({ browser }) => {
  system = await newSystem('North entrance', {}, () => inventory);
  ({ context, page, complaints } = await openBrowser(browser));
  await enterByLink(page, system.server.adminLink);
  await expect(page.locator('.rail')).toBeVisible();
});
test.afterAll(async () => {
  await context?.close();
  await system?.close();
});

test('the list shows each kiosk’s state, and updates automatically', async () => {
  await open('fleet', 'Fleet');
  const row = page.getByRole('row', { name: /Front door/ });
  await expect(row).toContainText('OK');
  // Next to it, its age.
  await expect(row.locator('.fleet-badges time')).toBeVisible();
  await expect(row).toContainText('0.2.0');
  await expect(row).toContainText('21.4 GB');
  await seen('fleet', ['desk', 'narrow']);
  inventory = { ...inventory, camera: 'covered', diskFree: 310e6, queued: 3 };
  // Nobody touches the page: the kiosk reports, and the page polls.
  await expect(row).toContainText('Camera problem: Covered');
  await expect(row).toContainText('Disk almost full: 310 MB');
  await expect(page.locator('.fleet-summary')).toContainText('Kiosks OK: 0 of 1');
  await page.getByRole('button', { name: /^Camera problem 1/ }).click();
  await expect(page).toHaveURL(/alert=camera-bad/);
  await expect(row).toBeVisible();
  await seen('fleet-trouble', ['desk', 'narrow']);
  await page.getByLabel('Problem').selectOption('hot');
  await expect(page.getByText('No matching kiosks')).toBeVisible();
  await page.getByRole('button', { name: /clear/i }).click();
  await row.getByRole('link', { name: 'Front door' }).click();
  await expect(page.getByRole('heading', { name: 'Front door', level: 1 })).toBeVisible();
});

test('staff see what is wrong with a kiosk and what to do, but nothing meant for administrators', async ({
  browser,
}) => {
  const { link } = await ask(page, 'POST', '/api/accounts', { email: 'desk@example.org', role: 'staff' });
  const desk = await openBrowser(browser);
  await firstSignIn(desk.page, link.url);
  await desk.page.goto(system.at('devices'));
  await desk.page.reload();
  const row = desk.page.getByRole('row', { name: /Front door/ });
  await expect(row).toContainText('Camera problem It doesn’t recognise faces now');
  await expect(row).toContainText('Disk almost full It still works. Ask an administrator to free up space soon.');
  await expect(row).not.toContainText('310 MB');
  await picture(desk.page, 'devices-staff', ['desk', 'narrow']);
  await row.getByRole('link', { name: 'Front door' }).click();
  await expect(desk.page.getByRole('heading', { name: 'Front door', level: 1 })).toBeVisible();
  await expect(desk.page).toHaveURL(/#\/devices\//);
  const shown = desk.page.getByRole('main');
  await expect(shown).toContainText('Check that the camera is plugged in');
  await expect(shown).toContainText('Last seen');
  await expect(shown).not.toContainText(/310 MB|0\.2\.0|Restart/);
  await axe(desk.page);
  await picture(desk.page, 'device-staff');
  expect(desk.complaints).toEqual([]);
  await desk.context.close();
});

test('a kiosk is renamed on its own page', async () => {
  const rename = async (from: string, to: string) => {
    await page.getByRole('button', { name: 'Rename kiosk' }).click();
    const dialog = page.getByRole('dialog', { name: 'Rename kiosk' });
    await expect(dialog.getByLabel('Name')).toHaveValue(from);
    await dialog.getByLabel('Name').fill(to);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('heading', { name: to, level: 1 })).toBeVisible();
  };
  await rename('Front door', 'Back door');
  await seen('fleet-renamed', ['desk', 'narrow']);
  await rename('Back door', 'Front door');
});

test('a kiosk’s page shows its past problems as they begin and end, and sets hours for updates of this kiosk alone', async () => {
  const { camera, diskFree } = inventory;
  const keep = () => system.server.call(runJob, { params: { job: 'fleet-alerts' } });
  const panel = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Problems', exact: true }) });
  const problem = (name: string) => panel.getByRole('row', { name: new RegExp(`^${name}`) });
  await keep();
  // Nobody touches the page.
  await expect(problem('Camera problem')).toContainText('Not over yet');
  inventory = { ...inventory, camera: 'ok' };
  await expect(async () => {
    await keep();
    expect((await detail()).problems).toContainEqual(
      expect.objectContaining({ code: 'camera-bad', until: expect.any(String) }),
    );
  }).toPass();
  await expect(problem('Camera problem')).not.toContainText('Not over yet');
  await expect(problem('Camera problem')).toContainText(/\d min$/);
  await expect(problem('Disk almost full')).toContainText('Not over yet');
  inventory = { ...inventory, camera, diskFree };
  const hours = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Update', exact: true }) });
  await expect(hours).toContainText('Any time · UTC · Same as its site');
  await page.getByRole('button', { name: 'Set hours Front door' }).click();
  const dialog = page.getByRole('dialog', { name: 'Front door' });
  await dialog.getByRole('combobox').selectOption({ label: 'Specific hours' });
  await dialog.getByLabel('From').fill('12:00');
  await dialog.getByLabel('To').fill('13:30');
  await axe(page);
  await dialog.getByRole('button', { name: 'Set hours' }).click();
  await expect(hours).toContainText('12:00–13:30 · UTC');
  await expect(hours).not.toContainText('Same as its site');
  await seen('fleet-past', ['desk', 'narrow']);
  await page.getByRole('button', { name: 'Set hours Front door' }).click();
  await dialog.getByRole('combobox').selectOption({ label: 'Same as its site' });
  await dialog.getByRole('button', { name: 'Set hours' }).click();
  await expect(hours).toContainText('Any time · UTC · Same as its site');
});

test('a kiosk’s settings have a history, and an older revision can be restored', async () => {
  const panel = page.locator('section', { has: page.getByRole('heading', { name: 'Settings', exact: true }) });
  const set = async (change: () => Promise<void>) => {
    await panel.getByRole('button', { name: 'Edit' }).click();
    await expect(save).toBeDisabled();
    await change();
    await save.click();
  };
  const dialog = page.getByRole('dialog');
  const save = dialog.getByRole('button', { name: 'Save' });
  const diff = dialog.locator('.diff');
  await set(async () => {
    await dialog.getByLabel('Volume').fill('101');
  });
  await expect(dialog.getByText('Enter a whole number from 0 to 100, or leave it empty.')).toBeVisible();
  await dialog.getByLabel('Volume').fill('40');
  await dialog.getByLabel('Appearance').selectOption('dark');
  await expect(diff).toContainText(/AppearanceKiosk default → Dark.*VolumeKiosk default → 40%Applies to 1 kiosk/);
  await seen('fleet-settings');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(panel).toContainText('Appearance: Dark · Volume: 40%');
  await set(async () => {
    await dialog.getByLabel('Volume').fill('');
  });
  await expect(panel.getByRole('row', { name: /^2/ })).toContainText(/Volume: 40% → Not set ?Appearance: Dark/);
  await panel.getByRole('row', { name: /^1/ }).getByRole('button', { name: 'Restore' }).click();
  await expect(diff).toContainText('Kiosk default → 40%');
  await dialog.getByRole('button', { name: 'Restore' }).click();
  await expect(panel.getByRole('row', { name: /^3/ })).toContainText('revision 1 restored');
  // The state before the first revision: nothing is set.
  await panel.getByRole('button', { name: 'Restore what was before revision 1' }).click();
  await expect(diff).toContainText('40% → Kiosk default');
  await dialog.getByRole('button', { name: 'Restore' }).click();
  await expect(panel.getByRole('row', { name: /^4/ })).toContainText('what was before revision 1 restored');
  await expect(panel.getByRole('button', { name: 'Restore what was before revision 1' })).toHaveCount(0);
  await panel.getByRole('row', { name: /^3/ }).getByRole('button', { name: 'Restore' }).click();
  await dialog.getByRole('button', { name: 'Restore' }).click();
  await expect(panel.getByRole('row', { name: /^5/ })).toContainText('revision 3 restored');
  await expect(panel).toContainText('The kiosk hasn’t received the latest settings yet.');
  inventory = { ...inventory, configRevision: 5 };
  await expect(panel).not.toContainText('hasn’t received');
});

test('an update held up by people shows since when', async () => {
  await expect(page.getByText('someone is always in view')).toHaveCount(0);
  inventory = { ...inventory, updateHeld: { version: '0.3.0', since: '2026-01-10T12:00:00.000Z' } };
  await expect(
    page.getByText(/^Version 0\.3\.0 is ready\. Waiting since .+: someone is always in view\.$/),
  ).toBeVisible();
  const { updateHeld: _, ...installed } = inventory;
  inventory = installed;
  await expect(page.getByText('someone is always in view')).toHaveCount(0);
});

test('a restart is sent, and its progress shows without a reload', async () => {
  await page.getByRole('button', { name: 'Restart', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Restart' }).click();
  const row = page.getByRole('row', { name: /^Restart/ });
  await expect(row).toContainText('Waiting');
  const { commands } = await detail();
  const answer = { command: commands[0]!.id, what: 'restart' } as const;
  system.outbox.append('command', { ...answer, outcome: 'started' }, {});
  system.engine.nudge();
  await expect(row).toContainText('Started');
  system.outbox.append('command', { ...answer, outcome: 'done' }, {});
  system.engine.nudge();
  await expect(row).toContainText('Done');
  await seen('fleet-kiosk', ['desk', 'narrow']);
});

test('its log is requested, sent, and shown on its page newest first, errors only, and as a file', async () => {
  await page.getByRole('button', { name: 'Request log' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Request log' }).click();
  const row = page.getByRole('row', { name: /^Request log/ });
  await expect(row).toContainText('Waiting');
  const command = (await detail()).commands.find(({ what }) => what === 'logs')!.id;
  const home = temporaryFolder();
  const log = keepLog(home.path, () => undefined);
  for (let i = 0; i < 6; i += 1) log('info', 'check-in', { direction: 'in', method: 'face' });
  log('warn', 'the camera is lost', { code: 'camera-bad' });
  log('error', 'the core failed', { error: new Error('x') });
  // A broken disk, or a kiosk in other hands.
  appendFileSync(join(logsFolder(home.path), 'kiosk.jsonl'), 'no line of a log\n');
  const sent = { secret: system.link.secret, command, gz: packedLog(home.path) };
  await sendLogs(transportOptions(system.link, system.server.now), sent, AbortSignal.timeout(60_000));
  home.remove();
  system.outbox.append('command', { command, what: 'logs', outcome: 'done' }, {});
  system.engine.nudge();
  await row.getByRole('button', { name: 'View log' }).click();
  const dialog = page.getByRole('dialog', { name: 'Log of Front door' });
  const lines = dialog.getByRole('row');
  await expect(lines).toHaveCount(10);
  await expect(lines.nth(1)).toContainText('no line of a log');
  await expect(lines.nth(2)).toContainText('the core failed');
  await expect(lines.nth(4)).toContainText('direction: in · method: face');
  await seen('fleet-log');
  await dialog.getByLabel('Level').selectOption('Warning');
  await expect(lines).toHaveCount(3);
  await expect(lines.nth(2)).toContainText('code: camera-bad');
  const saved = page.waitForEvent('download');
  await dialog.getByRole('button', { name: 'Download' }).click();
  expect((await saved).suggestedFilename()).toMatch(/\.jsonl$/);
  await dialog.getByRole('button', { name: 'Close' }).click();
});

test('a wipe requires typing the kiosk’s name', async () => {
  await page.getByRole('button', { name: 'Wipe', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox').fill('Back door');
  await expect(dialog.getByRole('button', { name: 'Wipe' })).toHaveAttribute('aria-disabled', 'true');
  await dialog.getByRole('textbox').press('Enter');
  await expect(dialog).toBeVisible();
  expect((await detail()).commands.filter(({ what }) => what === 'wipe')).toEqual([]);
  await seen('fleet-wipe');
  await dialog.getByRole('textbox').fill('Front door');
  await dialog.getByRole('button', { name: 'Wipe' }).click();
  const row = page.getByRole('row', { name: /^Wipe/ });
  await expect(row).toContainText('Waiting');
  await row.getByRole('button', { name: 'Cancel command' }).click();
  await expect(row).toContainText('Cancelled');
});

test('revoking a kiosk says how many of its records have not been sent', async () => {
  await open('devices', 'Kiosks');
  await page
    .getByRole('row', { name: /Front door/ })
    .getByRole('button', { name: /^Revoke/ })
    .click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('3 records on it had not been sent');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
});

test('a site’s settings reach kiosks that don’t override them', async () => {
  await open('fleet/templates', 'Settings by site');
  const panel = page.locator('section', { has: page.getByRole('heading', { name: 'North entrance' }) });
  await panel.getByRole('button', { name: 'Edit' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Language').selectOption('de');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(panel).toContainText('Language: Deutsch');
  await seen('fleet-templates', ['desk', 'narrow']);
  const coming = page.waitForEvent('download');
  await panel.getByRole('button', { name: 'Export' }).click();
  const file = await coming;
  expect(file.suggestedFilename()).toBe('settings-history.csv');
  expect(parse(readFileSync(await file.path()), { bom: true, columns: true })).toMatchObject([
    { Revision: '1', Change: expect.stringContaining('Language: Not set → Deutsch') },
  ]);
  expect((await detail()).effective).toMatchObject({ language: 'de', theme: 'dark', volume: 40 });
});

test('a site’s page shows who is inside, its kiosks’ state and open items; names are links, and Back returns', async () => {
  await open('sites', 'Sites');
  await seen('sites', ['desk', 'narrow']);
  await page.getByRole('link', { name: 'North entrance', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'North entrance', level: 1 })).toBeVisible();
  const part = (name: string) => page.locator('section', { has: page.getByRole('heading', { name, exact: true }) });
  await expect(part('Inside now')).toContainText('No one is inside');
  for (const name of ['Ada Lovelace', 'Grace Hopper']) system.outbox.checkin(system.outbox.person(name));
  inventory = { ...inventory, camera: 'covered' };
  system.engine.nudge();
  await expect(async () => {
    await page.reload();
    await expect(part('Inside now')).toContainText('2 people inside', { timeout: 2_000 });
    await expect(part('Kiosks')).toContainText('Camera problem', { timeout: 2_000 });
  }).toPass();
  await expect(part('Settings').getByText('UTC')).toBeVisible();
  await seen('site', ['desk', 'narrow']);
  await part('Inside now').getByRole('link', { name: 'Ada Lovelace' }).click();
  await expect(page.getByRole('heading', { name: 'Ada Lovelace', level: 1 })).toBeVisible();
  await page.goBack();
  await part('Kiosks').getByRole('link', { name: 'Front door' }).click();
  await expect(page.getByRole('heading', { name: 'Front door', level: 1 })).toBeVisible();
  await page.reload();
  await page.locator('main').getByRole('link', { name: 'North entrance' }).first().click();
  await part('Inside now').getByRole('button', { name: 'Evacuation' }).click();
  await expect(page).toHaveURL(/evacuation\?site=/);
});

test('in German, by keyboard', async ({ browser }) => {
  const german = await openBrowser(browser, 'de-DE');
  try {
    await german.context.addCookies(await context.cookies());
    await german.page.goto(system.at('fleet'));
    await expect(german.page.getByRole('heading', { name: 'Kioskflotte', level: 1 })).toBeVisible();
    const link = german.page.getByRole('link', { name: 'Front door' });
    await link.focus();
    await german.page.keyboard.press('Enter');
    await expect(german.page.getByRole('heading', { name: 'Zustand' })).toBeVisible();
    await axe(german.page);
    await picture(german.page, 'fleet-kiosk-de', ['desk']);
  } finally {
    await german.context.close();
  }
  expect(complaints).toEqual([]);
});
