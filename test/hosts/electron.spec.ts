import { rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { _electron, type ElectronApplication, expect, type Page, test } from '@playwright/test';
import { buildElectronApp } from '../../build/electron/app.ts';
import { findElectron } from '../../electron/host-electron/electron-binary.ts';
import { temporaryFolder } from './support/kiosk-page.ts';

/* The Electron host in Electron itself. Runs wherever its binary is installed; elsewhere it reports that it was skipped. */

const ROOT = resolve(import.meta.dirname, '../..');
const OUT = join(ROOT, 'test/artefacts/electron-spec-app');
const program = findElectron();
const WHY =
  'SKIPPED: the Electron suite. Electron’s binary is not here (node_modules/electron/dist); nothing of Electron itself is proven by this run.';
if (!program) console.warn(`\n${'!'.repeat(WHY.length)}\n${WHY}\n${'!'.repeat(WHY.length)}\n`);

test.describe('in Electron', () => {
  test.skip(program === null, WHY);
  let app: ElectronApplication;
  let page: Page;
  let home: ReturnType<typeof temporaryFolder>;

  test.beforeEach(async () => {
    await buildElectronApp(OUT);
    symlinkSync(join(ROOT, 'dist'), join(OUT, 'dist'));
    home = temporaryFolder('electron-spec-home-');
    app = await _electron.launch({
      executablePath: program!,
      args: [join(OUT, 'electron/host-electron/main.js'), '--demo', `--home=${join(home.path, 'kiosk')}`],
    });
    page = await app.firstWindow();
  });
  test.afterEach(async () => {
    await app.close();
    home.remove();
    rmSync(OUT, { recursive: true, force: true });
  });

  test('shows the kiosk’s page from app://kiosk/, with a core behind it', async () => {
    await expect.poll(() => page.url()).toBe('app://kiosk/');
    await expect.poll(() => page.evaluate(async () => (await (await fetch('/core-state')).json()).state)).toBe('ready');
  });

  test('has no Node in the page, no other origin, and opens nothing', async () => {
    expect(
      await page.evaluate(() => [
        typeof (globalThis as { require?: unknown }).require,
        typeof (globalThis as { process?: unknown }).process,
      ]),
    ).toEqual(['undefined', 'undefined']);
    expect(
      await page.evaluate(() =>
        fetch('https://example.com/').then(
          () => 'out',
          () => 'blocked',
        ),
      ),
    ).toBe('blocked');
    expect(await page.evaluate(() => window.open('app://kiosk/') === null)).toBe(true);
    await page.evaluate(() => {
      location.href = 'https://example.com/';
    });
    expect(page.url()).toBe('app://kiosk/');
  });

  test('enforces its window’s restrictions', async () => {
    const preferences = await app.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]!.webContents as unknown as {
        getLastWebPreferences(): Record<string, unknown>;
      };
      return contents.getLastWebPreferences();
    });
    expect(preferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true,
      devTools: false,
    });
  });

  test('restarts a killed core', async () => {
    const core = () =>
      app.evaluate(
        ({ app: program }) => program.getAppMetrics().find((m) => m.name === 'SmartPresence core')?.pid ?? null,
      );
    await expect.poll(core).not.toBeNull();
    const before = (await core())!;
    process.kill(before, 'SIGKILL');
    await expect.poll(core).not.toBe(before);
    await expect.poll(() => page.evaluate(async () => (await (await fetch('/core-state')).json()).state)).toBe('ready');
  });
});
