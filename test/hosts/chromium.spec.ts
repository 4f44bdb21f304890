import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, expect, test } from '@playwright/test';
import { CHROMIUM, home, host, kioskBrowser, start, state, useChromium } from './support/chromium-fixture.ts';
import { PINS } from './support/test-core.ts';

/* The browser host with real Chromium: bootstrap, session, restart of the core. */

useChromium();

test('the bootstrap page works once, and the session survives reloads and new tabs', async () => {
  await start('none');
  const { context, page } = await kioskBrowser();
  const used = host.enterFile;
  expect(used).toBeNull();
  await expect(state(page)).toHaveText('connected');
  await expect(page.locator('#site')).toHaveText('Test');
  for (let i = 0; i < 2; i++) {
    await page.reload();
    await expect(state(page)).toHaveText('connected');
  }
  const [cookie] = await context.cookies(host.url);
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', expires: -1 });
  expect(await page.evaluate(() => document.cookie)).toBe('');
  await context.close();
});

test('a page with a used token or without a session shows an error with a code', async () => {
  await start('none');
  const copy = readFileSync(host.enterFile!, 'utf8');
  const { context, page } = await kioskBrowser();
  const replay = join(home.path, 'replay.html');
  writeFileSync(replay, copy);
  await page.goto(`file://${replay}`);
  await page.waitForURL('**/enter');
  await expect(page.locator('code')).toHaveText('token-used');
  await context.close();

  const stranger = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  const other = await stranger.newPage();
  await other.goto(host.url);
  await expect(other.locator('code')).toHaveText('no-session');
  await stranger.close();
});

test('a killed core is restarted while the page says so, and the page reconnects', async () => {
  await start('none');
  const { context, page } = await kioskBrowser();
  await expect(state(page)).toHaveText('connected');
  // The page shows each state only for a moment, so it keeps a list of them. How far the new core has started when the page asks
  // is chance.
  await page.evaluate(() => {
    const seen: string[] = [];
    (window as unknown as { seen: string[] }).seen = seen;
    new MutationObserver(() => seen.push(document.getElementById('state')!.textContent!)).observe(
      document.getElementById('state')!,
      { childList: true },
    );
  });
  const before = host.corePid!;
  process.kill(before, 'SIGKILL');
  await expect.poll(() => page.evaluate(() => window.connections)).toBe(2);
  const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen);
  expect(seen[0]).toBe('lost');
  expect(seen.at(-1)).toBe('connected');
  expect(host.corePid).not.toBe(before);
  await context.close();
});

test('a core that refuses to start is shown with its code', async () => {
  writeFileSync(join(home.path, 'refuse'), '');
  await start('none');
  const { context, page } = await kioskBrowser();
  await expect(state(page)).toHaveText('refused');
  await expect(page.locator('#code')).toHaveText('store-wrong-key');
  await context.close();
});

test('pictures and errors travel between a real page and the core', async () => {
  await start('none');
  const { context, page } = await kioskBrowser();
  await expect(state(page)).toHaveText('connected');
  const answer = await page.evaluate(() => {
    const picture = { width: 1280, height: 1280, data: new Uint8Array(1280 * 1280 * 3).fill(51) };
    return window.core.probe({
      visit: '01890a5d-ac96-774b-bcce-b302099a8057',
      frame: { picture, box: [0, 0, 9, 9], others: 0, takenAt: 1 },
    });
  });
  expect(answer).toEqual({ kind: 'more', progress: 0.2 });
  expect(
    await page.evaluate(
      (pin) => window.core.staffUnlock({ pin }).catch((e) => [e.code, e.params.seconds]),
      PINS.refuses,
    ),
  ).toEqual(['pin-locked', 30]);
  await context.close();
});
