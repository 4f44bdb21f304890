import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chromium } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { processesOf, type Started, startAppliance } from './started.ts';

const root = join(import.meta.dirname, '../..');
const CHROMIUM = '/usr/bin/chromium';

describe.skipIf(!existsSync(CHROMIUM))('npm start -- --camera demo', () => {
  let started: Started;
  beforeAll(async () => {
    // A server of this machine's, which is left alone.
    started = startAppliance(['--camera', 'demo'], {
      SMARTPRESENCE_DATABASE_URL: 'postgres://other@localhost:1/other',
    });
    await started.waitFor(/SMARTPRESENCE_DATABASE_URL is not used/);
    await started.waitFor(/^ready/m);
  }, 300_000);
  afterAll(async () => {
    await started.interrupt();
    await started.removeHome();
  }, 300_000);

  test('both demo people are recognised and checked in at the kiosk, which says that liveness is off', async () => {
    await started.waitFor(/✓ Max Mustermann checked in \(face.*liveness: off \(demo\)\)/);
    await started.waitFor(/✓ John Doe checked in \(face.*liveness: off \(demo\)\)/);
  }, 300_000);

  test('a second start with the same data folder says so, and the first keeps running', async () => {
    const second = startAppliance(['--camera', 'demo'], {}, started.home);
    await second.waitFor(/✗ already-started: .*\n.*SMARTPRESENCE_HOME/);
    await second.waitFor(/^Stopped\.$/m);
    await second.interrupt();
    const before = started.output().length;
    await expect.poll(() => started.output().slice(before), { timeout: 60_000 }).toMatch(/✓ /);
  }, 300_000);

  test('the one-time link opens the live page, which shows them, and works only once', async () => {
    const link = (await started.waitFor(/sign in\s+(https:\/\/\S+)/))[1]!;
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    try {
      const page = await browser.newPage({ ignoreHTTPSErrors: true });
      page.setDefaultTimeout(60_000);
      await page.goto(link);
      await page.getByRole('button').first().click();
      await page.getByText('Max Mustermann').first().waitFor();
      await page.getByText('John Doe').first().waitFor();
      await page.getByText('off (demo)').first().waitFor();
      // The server counts the kiosk's check-in once: it does not count the check-out as a second check-in.
      await started.waitFor(/✓ .* checked out \(/);
      await page.getByText('Out', { exact: true }).first().waitFor();
      const again = await browser.newPage({ ignoreHTTPSErrors: true });
      await again.goto(link);
      const context = await browser.newContext({ ignoreHTTPSErrors: true });
      const stranger = await context.newPage();
      stranger.setDefaultTimeout(60_000);
      await stranger.goto(link);
      const answered = stranger.waitForResponse((response) => response.status() === 410);
      await stranger.getByRole('button').first().click();
      expect(await (await answered).json()).toMatchObject({ code: 'link-already-used' });
      await stranger.getByText('This link has already been used.').first().waitFor();
      expect(await stranger.getByText('Max Mustermann').count()).toBe(0);
    } finally {
      await browser.close();
    }
  }, 300_000);

  test('checkins list works through the running core, only with the staff PIN', async () => {
    const staffPin = (await started.waitFor(/staff PIN (\d{6})/))[1]!;
    const env = { ...process.env, SMARTPRESENCE_HOME: started.home };
    const list = (pin: string) =>
      promisify(execFile)('npm', ['run', '-s', 'sp', '--', 'checkins', 'list', '--json'], {
        cwd: root,
        env: { ...env, SMARTPRESENCE_STAFF_PIN: pin },
      });
    const { stdout } = await list(staffPin);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { name: string; liveness: string });
    expect(rows.map((row) => row.name)).toEqual(expect.arrayContaining(['Max Mustermann', 'John Doe']));
    expect(new Set(rows.map((row) => row.liveness))).toEqual(new Set(['off (demo)']));
    await expect(list(staffPin === '246813' ? '246814' : '246813')).rejects.toMatchObject({
      code: 3,
      stderr: expect.stringContaining('pin-wrong'),
    });
  }, 300_000);

  test('Ctrl-C stops everything cleanly: no core counts as crashed, and no process is left', async () => {
    await started.interrupt();
    const farewell = started.output().split('Stopping …')[1] ?? '';
    expect(farewell).toMatch(/Stopped\./);
    expect(farewell).not.toMatch(/✗/);
    expect(await processesOf(started.home)).toEqual([]);
  }, 300_000);
});
