import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type BrowserContext, chromium, type Page, test } from '@playwright/test';
import { type BrowserHost, startBrowserHost } from '../../../electron/host-browser/browser-host.ts';
import { chromiumArgs, chromiumPreferences } from '../../../electron/host-browser/chromium-args.ts';
import { builtTestPage, temporaryFolder } from './kiosk-page.ts';
import { type Outside, startOutside } from './outside.ts';

/* The browser host with the real Chromium: bootstrap, session, restart of the core, lockdown, launcher. */

export const CORE = resolve(import.meta.dirname, 'browser-test-core.ts');
export const CHROMIUM = '/usr/bin/chromium';
export let dist: Awaited<ReturnType<typeof builtTestPage>>;
export let home: ReturnType<typeof temporaryFolder>;
export let host: BrowserHost;
export let outside: Outside;
export const logs: { level: string; message: string; fields: Record<string, unknown> }[] = [];
export const said = (message: string): number => logs.filter((l) => l.message.includes(message)).length;

export async function start(mode: 'none' | 'headless'): Promise<void> {
  host = await startBrowserHost({
    home: home.path,
    demo: true,
    browser: { mode },
    dist: dist.path,
    coreModule: CORE,
    log: (level, message, fields = {}) => void logs.push({ level, message, fields }),
  });
}

/** A browser as the launcher starts it, controlled by Playwright: same arguments, same seeded profile. */
export async function kioskBrowser(extra: string[] = []): Promise<{ context: BrowserContext; page: Page }> {
  const profile = join(home.path, `profile-${readdirSync(home.path).length}`);
  mkdirSync(join(profile, 'Default'), { recursive: true });
  writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify(chromiumPreferences(host.url)));
  const args = chromiumArgs({
    mode: 'headless',
    origin: host.url,
    enterFile: host.enterFile!,
    profile,
    demo: true,
    sandbox: false,
    footage: null,
  });
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    ignoreDefaultArgs: ['--disable-extensions'],
    args: [...args.filter((a) => a.startsWith('--') && !a.startsWith('--user-data-dir')), ...extra],
  });
  return { context, page: await enter(context) };
}
export async function enter(context: BrowserContext): Promise<Page> {
  const page = context.pages()[0] ?? (await context.newPage());
  await page.goto(`file://${host.enterFile}`);
  await page.waitForURL(`${host.url}/`);
  return page;
}
export const state = (page: Page) => page.locator('#state');

/** Builds the page once per file. Gives each test a data folder and an outside, and ends its host afterwards. */
export function useChromium(): void {
  test.beforeAll(async () => {
    dist = await builtTestPage();
  });
  test.afterAll(() => dist.remove());
  test.beforeEach(async () => {
    logs.length = 0;
    home = temporaryFolder('chromium-home-');
    outside = await startOutside();
  });
  test.afterEach(async () => {
    await host.close();
    await outside.close();
    home.remove();
  });
}
