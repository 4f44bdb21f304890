import type { Page } from '@playwright/test';
import { expect, expectNoAxeFault, test } from './fixtures.ts';
import type { ScriptedCore } from './scripted-core.ts';

/* Light, camera choice and camera mounting, in real Chromium, with a camera that responds to its settings. */

interface Scene {
  /** Brightness of the face, as a factor of the clip's. */
  face: number;
  /** Luma of the background; null: as in the clip. */
  behind: number | null;
  /** Whether the camera offers its settings. */
  offers: boolean;
  /** Exposure compensation in EV; set by the page. */
  ev: number;
  asked: object[];
}

/** Runs in the page: the clip's camera under the test's light, with an adjustable exposure. */
function scene(): void {
  const set: Scene = { face: 1, behind: null, offers: true, ev: 0, asked: [] };
  Object.assign(window, { scene: set });
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const video = document.createElement('video');
    video.muted = true;
    video.srcObject = await ask(wanted);
    await video.play();
    const canvas = document.createElement('canvas');
    canvas.width = 640;
    canvas.height = 480;
    const c = canvas.getContext('2d')!;
    const draw = () => {
      const exposed = 2 ** set.ev;
      c.filter = `brightness(${set.face * exposed})`;
      c.drawImage(video, 0, 0, 640, 480);
      c.filter = 'none';
      if (set.behind !== null) {
        // Everything except the head and the shoulders.
        const v = Math.min(255, set.behind * exposed);
        c.fillStyle = `rgb(${v} ${v} ${v})`;
        c.beginPath();
        c.rect(0, 0, 640, 480);
        c.ellipse(330, 250, 130, 190, 0, 0, 7);
        c.fill('evenodd');
      }
    };
    setInterval(draw, 60);
    const stream = canvas.captureStream(16);
    const track = stream.getVideoTracks()[0]!;
    const photo = {
      exposureMode: ['continuous'],
      exposureCompensation: { min: -3, max: 3, step: 1 / 3 },
    };
    Object.assign(track, {
      getCapabilities: () => (set.offers ? photo : {}),
      getSettings: () => ({
        width: 640,
        height: 480,
        frameRate: 16,
        ...(set.offers && { exposureMode: 'continuous', exposureCompensation: set.ev }),
      }),
      applyConstraints: async ({ advanced }: { advanced?: { exposureCompensation?: number }[] }) => {
        if (!advanced) return;
        set.asked.push(advanced[0]!);
        set.ev = advanced[0]!.exposureCompensation ?? set.ev;
      },
    });
    return stream;
  };
}
const light = (page: Page, change: Partial<Scene>): Promise<Scene> =>
  page.evaluate((next) => Object.assign((window as unknown as { scene: Scene }).scene, next), change);

async function openDiagnostics(page: Page, core: ScriptedCore): Promise<void> {
  core.staff = [];
  await page.locator('.foot-actions button').last().click();
  await page.locator('input[name="staff-pin"]').fill('2468');
  await page.keyboard.press('Enter');
  await page.locator('.menu [data-open=diagnostics]').click();
  await page.locator('.diagnostics-card').first().waitFor();
}
async function openCameraCheck(page: Page, core: ScriptedCore): Promise<void> {
  await openDiagnostics(page, core);
  await page.getByRole('button', { name: 'Check camera and mounting' }).click();
  await page.locator('.camera-check').waitFor();
}
const finding = (page: Page, of: string) => page.locator(`[data-finding=${of}]`);

test('a face in front of a bright window is guided about light from behind, not about darkness', async ({ kiosk }) => {
  const page = await kiosk.open({ clip: 'man', before: scene });
  await light(page, { offers: false, face: 0.16, behind: 230 });
  await expect(page.locator('.sentence-main')).toHaveText(
    'The light is behind you. Turn so that it falls on your face.',
  );
  await light(page, { behind: 20 });
  await expect(page.locator('.sentence-main')).toHaveText('More light on your face, please');
});

test('the camera is asked to expose for the face until it is visible, and diagnostics shows what it accepted', async ({
  kiosk,
}) => {
  const page = await kiosk.open({ clip: 'man', before: scene });
  await light(page, { face: 0.35, behind: 160 });
  await expect.poll(async () => (await light(page, {})).ev).toBeGreaterThanOrEqual(0.6);
  const { asked } = await light(page, {});
  expect(asked[0]).toMatchObject({ exposureMode: 'continuous', exposureCompensation: expect.any(Number) });
  await openDiagnostics(page, kiosk.core);
  const camera = page.locator('.diagnostics-card').first();
  await expect(camera).toContainText('Measured at the face');
  await expect(camera).toContainText(/\+[0-9.]+ EV/);
});

test('a dark face is lit by the screen, gradually, until it leaves, also with reduced motion', async ({ kiosk }) => {
  const page = await kiosk.open({ clip: 'man', before: scene, theme: 'dark', reducedMotion: true });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  expect(await ground()).toBe('rgb(12, 15, 20)');
  await light(page, { offers: false, face: 0.3 });
  await expect.poll(ground).toBe('rgb(255, 255, 255)');
  const fade = await page.evaluate(() => {
    const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]) as CSSStyleRule[];
    return rules.find((rule) => rule.selectorText?.includes('::view-transition-new(root)'))?.style.animationDuration;
  });
  expect(fade).toBe('1.5s');
  await light(page, { face: 0, behind: 0 });
  await expect.poll(ground).toBe('rgb(12, 15, 20)');
});

test('the mounting check shows problems with light, height and distance, and saves no picture', async ({ kiosk }) => {
  const page = await kiosk.open({ clip: 'man', before: scene });
  await light(page, { offers: false });
  await openCameraCheck(page, kiosk.core);
  for (const of of ['light', 'height', 'distance']) await expect(finding(page, of)).not.toHaveAttribute('data-wrong');
  await expectNoAxeFault(page, 'mounting check');
  await light(page, { face: 0.3, behind: 230 });
  await expect(finding(page, 'light')).toHaveText('The light is behind you: turn the kiosk, or close the blind.');
  await expect(page.locator('.mounting-picture')).toHaveAttribute('data-light', 'backlit');
  await expectNoAxeFault(page, 'mounting check, light behind');
  await expect(page.locator('.camera-check')).toContainText('The camera offers no control');
  expect(kiosk.core.calls.filter(({ method }) => method === 'probe' || method === 'enrolCapture')).toEqual([]);
  await page.getByRole('button', { name: 'Back' }).click();
  await page.locator('.diagnostics').waitFor();
});

test('a chosen camera is used at once; a missing one is replaced, and staff are notified', async ({ kiosk }) => {
  const page = await kiosk.open({ cameras: 2 });
  await openCameraCheck(page, kiosk.core);
  await page.getByRole('radio', { name: 'fake_device_1' }).click();
  await expect(page.locator('.camera-choice')).toContainText(/In use: .{0,1}fake_device_1/);
  expect(kiosk.core.callsOf('cameraChoose').map(({ camera }) => camera)).toEqual(['fake_device_1']);
  await expectNoAxeFault(page, 'choice of a camera');
  kiosk.core.setStatus({ camera: 'A camera that is gone' });
  await expect(page.locator('.camera-choice')).toContainText('The chosen camera can’t be used. In its place:');
  await expect(page.getByRole('radio', { name: /A camera that is gone\s*Not plugged in/ })).toBeChecked();
  await expect.poll(() => kiosk.core.callsOf('screenState').at(-1)).toMatchObject({ camera: 'replaced' });
  await page.getByRole('button', { name: 'Back' }).click();
  await page.getByRole('button', { name: 'Back' }).click();
  await expect(page.locator('[data-condition=camera-replaced]')).toContainText('A different camera is in use');
});
