import type { Page } from '@playwright/test';
import en from '../../renderer/kiosk/locales/en.json' with { type: 'json' };
import type { VisionMetrics } from '../../renderer/kiosk/vision/face-detector.ts';
import { expect, expectNoAxeFault, noCamera, test } from './fixtures.ts';
import { receiptOf, type ScriptedCore } from './scripted-core.ts';

/* How the face is used: not at all, when recognition could not start, or after a number if too many people are enrolled. */

const framesSeen = (page: Page): Promise<number> =>
  page.evaluate(() => (window as unknown as { smartpresenceMetrics: VisionMetrics }).smartpresenceMetrics.frames);
const seen = async (page: Page, more: number): Promise<void> => {
  const from = await framesSeen(page);
  await expect.poll(() => framesSeen(page)).toBeGreaterThan(from + more);
};

/** Counts the page's requests for a camera, and records the results. */
function countCameras(): void {
  const tracks: MediaStreamTrack[] = [];
  Object.assign(window, { asked: 0, tracks });
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    (window as unknown as { asked: number }).asked++;
    const stream = await real(wanted);
    tracks.push(...stream.getTracks());
    return stream;
  };
}

function faceOff(core: ScriptedCore): void {
  core.setStatus({ face: { use: 'off', code: 'model-altered', nextStep: 'Reinstall the kiosk.' } });
}

test.describe('without face recognition', () => {
  for (const [width, height] of [
    [1080, 1920],
    [1280, 800],
  ] as const)
    test(`the other method fills the screen, no camera is requested, and it checks in: ${width} × ${height}`, async ({
      kiosk,
    }) => {
      faceOff(kiosk.core);
      const page = await kiosk.open({ clip: 'man', width, height, before: countCameras });
      await expect(page.getByRole('status').filter({ hasText: 'Face recognition is off today.' })).toBeVisible();
      await expectNoAxeFault(page, 'without face');
      await page.getByRole('button', { name: /Number and PIN/ }).click();
      await page.locator('input[name=number]').fill('1001');
      await page.locator('input[name=pin]').fill('8642');
      await page.keyboard.press('Enter');
      await expect(page.locator('.result')).toContainText('Welcome, Max Mustermann');
      await expect(page.locator('.result')).toHaveCount(0);
      await expect(page.getByRole('button', { name: 'Not me' })).toBeVisible();
      // During the whole time.
      expect(await page.evaluate(() => (window as unknown as { asked: number }).asked)).toBe(0);
      expect(kiosk.core.callsOf('visitBegin')).toEqual([]);
    });

  test('staff see the code and next step, and that people can be enrolled by number meanwhile', async ({ kiosk }) => {
    faceOff(kiosk.core);
    const page = await kiosk.open({ before: noCamera });
    await page.getByRole('button', { name: 'Staff' }).click();
    await page.locator('input[name=staff-pin]').fill('2468');
    await page.keyboard.press('Enter');
    const enrol = page.getByRole('button', { name: /Enrol a person/ });
    await expect(enrol).toContainText(en.staff.enrolByNumber);
    await page.getByRole('button', { name: /Kiosk status/ }).click();
    await expect(page.locator('.state-facts')).toContainText('model-altered');
    await expect(page.locator('.state-facts')).toContainText('Reinstall the kiosk');
    await expectNoAxeFault(page, 'state');
  });

  test('a detector that can’t start shows the same screen, and releases the camera', async ({ kiosk }) => {
    const page = await kiosk.open({ clip: 'man', before: countCameras });
    await page.context().route('**/face_detection_short_range.tflite', (route) => route.abort());
    await page.reload();
    await expect(page.locator('.checkin-plain')).toContainText('Face recognition is off today.');
    await expect(page.getByRole('button', { name: /Number and PIN/ })).toBeVisible();
    await expectNoAxeFault(page, 'no detector');
    const live = () =>
      (window as unknown as { tracks: MediaStreamTrack[] }).tracks.filter((track) => track.readyState === 'live')
        .length;
    await expect.poll(() => page.evaluate(live)).toBe(0);
  });
});

test('faces return without a reload when the core has them again, even if the page was loaded while they were off', async ({
  kiosk,
}) => {
  kiosk.core.setStatus({ face: { use: 'off', code: 'lease-expired', nextStep: '' } });
  kiosk.core.methods.probe = async () => ({ kind: 'welcome', receipt: receiptOf('Max Mustermann') });
  const page = await kiosk.open({ clip: 'man' });
  await expect(page.locator('.checkin-plain')).toBeVisible();
  kiosk.core.setStatus({ face: { use: 'alone' } });
  await expect(page.locator('.result')).toContainText('Welcome, Max Mustermann');
});

test.describe('number first', () => {
  const withNumber = (core: ScriptedCore): void => core.setStatus({ face: { use: 'with-number' } });
  const typeNumber = async (page: Page, number: string): Promise<void> => {
    await page.getByRole('button', { name: /Number and face/ }).click();
    await expect(page.locator('input[name=number]')).toBeFocused();
    await page.keyboard.type(number);
    await page.keyboard.press('Enter');
  };

  test('no face is examined before its number is known; number and PIN are offered beside it', async ({ kiosk }) => {
    const { core } = kiosk;
    withNumber(core);
    core.methods.probe = async () =>
      core.callsOf('probe').length < 3
        ? { kind: 'more', progress: 0.5 }
        : { kind: 'welcome', receipt: receiptOf('Max Mustermann', { method: 'number+face' }) };
    const page = await kiosk.open({ clip: 'man' });
    await expect(page.locator('.sentence')).toContainText('Enter your number first');
    await expect(page.getByRole('button', { name: /Number and PIN/ })).toBeVisible();
    await seen(page, 25);
    expect(core.callsOf('visitBegin')).toEqual([]);
    await expectNoAxeFault(page, 'number first');
    await typeNumber(page, '1001');
    await expect(page.locator('.result')).toContainText('Welcome, Max Mustermann');
    expect(core.callsOf('visitBegin')).toEqual([{ number: '1001' }]);
    // The number left with its owner: the next person has to type their own.
    await expect(page.locator('.result')).toHaveCount(0);
    await expect(page.locator('.sentence')).toContainText('Enter your number first');
    await seen(page, 25);
    expect(core.callsOf('visitBegin')).toHaveLength(1);
  });

  test('an error reveals neither number nor face, and offers number and PIN or another number', async ({ kiosk }) => {
    const { core } = kiosk;
    withNumber(core);
    core.methods.probe = async () => ({ kind: 'other-method', reason: 'uncertain' });
    const page = await kiosk.open({ clip: 'man' });
    await typeNumber(page, '1001');
    const screen = page.locator('.other-method');
    await expect(screen).toContainText('not your fault');
    await expect(screen).not.toContainText('1001');
    await expect(screen.getByRole('button', { name: /Number and face/ })).toBeVisible();
    await expect(screen.getByRole('button', { name: /Number and PIN/ })).toBeVisible();
    core.methods.probe = async () => ({ kind: 'other-method', reason: 'locked' });
    await typeNumber(page, '1002');
    await expect(screen).toContainText('Too many attempts');
    await expectNoAxeFault(page, 'locked');
  });

  test('a number without a face is not kept for the next person', async ({ kiosk }) => {
    withNumber(kiosk.core);
    const page = await kiosk.open({ clip: 'wall' });
    await page.clock.install();
    await typeNumber(page, '1001');
    await expect(page.locator('.sentence')).toContainText('Look at the camera');
    await expect(page.getByRole('button', { name: /Change number/ })).toBeVisible();
    await page.clock.runFor(21_000);
    await expect(page.locator('.sentence')).toContainText('Enter your number first');
  });

  test('follows the core: face only when there are few people, after the number when there are more', async ({
    kiosk,
  }) => {
    const page = await kiosk.open({ clip: 'wall' });
    await expect(page.getByRole('button', { name: /Number and PIN/ })).toBeVisible();
    await expect(page.getByRole('button', { name: /Number and face/ })).toHaveCount(0);
    withNumber(kiosk.core);
    await expect(page.getByRole('button', { name: /Number and face/ })).toBeVisible();
    kiosk.core.setStatus({ face: { use: 'alone' } });
    await expect(page.getByRole('button', { name: /Number and face/ })).toHaveCount(0);
  });
});
