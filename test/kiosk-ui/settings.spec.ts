import { expect, noCamera, test } from './fixtures.ts';

/** Settings that an administrator changes for this one kiosk take effect on its screen at once. */
test('name, language, theme and reach follow the settings without a reload', async ({ kiosk }) => {
  const page = await kiosk.open({ before: noCamera });
  const root = page.locator('html');
  const set = (change: object) =>
    kiosk.core.setStatus({
      settings: { site: 'Tor 1', timeZone: 'UTC', language: 'en', theme: 'auto', volume: 100, low: false, ...change },
    });
  await page.locator('.checkin').waitFor();
  set({ theme: 'dark', low: true, language: 'de' });
  await expect(page.locator('.site')).toHaveText('Tor 1');
  await expect(root).toHaveAttribute('data-theme', 'dark');
  await expect(root).toHaveAttribute('data-reach', 'low');
  await expect(root).toHaveAttribute('lang', 'de');
  set({ theme: 'light' });
  await expect(root).toHaveAttribute('data-theme', 'light');
  await expect(root).toHaveAttribute('data-reach', 'usual');
  await expect(root).toHaveAttribute('lang', 'en');
  // What a guest has switched on is reset to the settings, not to the default.
  set({ theme: 'light', low: true });
  await expect(root).toHaveAttribute('data-reach', 'low');
});

test('the clock shows the site’s time, whatever the machine’s zone', async ({ kiosk }) => {
  const page = await kiosk.open({ before: noCamera });
  const settings = { site: 'Tor 1', language: 'en', theme: 'auto', volume: 100, low: false } as const;
  for (const timeZone of ['Asia/Kolkata', 'America/St_Johns']) {
    kiosk.core.setStatus({ settings: { ...settings, timeZone } });
    const now = () => new Date().toLocaleTimeString('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' });
    await expect(async () => expect(await page.locator('.clock time').textContent()).toBe(now())).toPass();
  }
});

test('a muted kiosk plays nothing', async ({ kiosk }) => {
  kiosk.core.setStatus({
    settings: { site: 'Tor 1', timeZone: 'UTC', language: 'en', theme: 'auto', volume: 0, low: false },
  });
  const page = await kiosk.open({
    before: () => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('none', 'NotFoundError'));
      const Real = window.OscillatorNode;
      Object.assign(window, {
        played: 0,
        OscillatorNode: class extends Real {
          constructor(context: BaseAudioContext, options: OscillatorOptions) {
            super(context, options);
            (window as unknown as { played: number }).played++;
          }
        },
      });
    },
  });
  const played = () => page.evaluate(() => (window as unknown as { played: number }).played);
  await page.locator('.checkin').waitFor();
  const badge = async () => {
    kiosk.core.arrive({ kind: 'refused', code: 'badge-unknown' });
    await expect(page.locator('.checkin')).toHaveCount(0);
    await page.keyboard.press('Escape');
    await page.locator('.checkin').waitFor();
  };
  await badge();
  expect(await played()).toBe(0);
  kiosk.core.setStatus({
    settings: { site: 'Tor 1', timeZone: 'UTC', language: 'en', theme: 'auto', volume: 30, low: false },
  });
  await badge();
  await expect.poll(played).toBeGreaterThan(0);
});

test('sound switched off by a guest is back once they have left', async ({ kiosk }) => {
  const page = await kiosk.open({ before: noCamera });
  await page.locator('.checkin').waitFor();
  await page.locator('#display-switch').click();
  await page.locator('[data-name=sound]').click();
  await expect(page.locator('[data-name=sound]')).toHaveAttribute('aria-checked', 'false');
  await page.clock.install();
  await page.clock.fastForward(31_000);
  await page.locator('.kiosk[data-resting=true]').waitFor();
  await expect(page.locator('[data-name=sound]')).toHaveAttribute('aria-checked', 'true');
});
