import { expect, test } from './fixtures.ts';

/* What a page reports of a camera whose frames may be synthetic, in real Chromium. The core is scripted. */

/**
 * Runs in the page: a camera with sensor noise and an exposure time that its frames follow. With `#silent` in the address it
 * reports the new setting, but its frames do not change.
 */
function noisyCamera(): void {
  const [width, height] = [320, 240];
  const answers = location.hash !== '#silent';
  navigator.mediaDevices.getUserMedia = async () => {
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width, height });
    const context = canvas.getContext('2d')!;
    let settings = { exposureMode: 'continuous', exposureTime: 50 };
    const asked: unknown[] = [];
    let seed = 1;
    const noise = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    setInterval(() => {
      const light = answers && settings.exposureMode === 'manual' ? settings.exposureTime / 50 : 1;
      const image = context.createImageData(width, height);
      for (let i = 0; i < image.data.length; i += 4) {
        const value = light * (40 + (i % 1280) / 16) + 6 * noise();
        image.data.set([value, value, value, 255], i);
      }
      context.putImageData(image, 0, 0);
    }, 100);
    const stream = canvas.captureStream(10);
    const track = stream.getVideoTracks()[0]!;
    Object.defineProperty(track, 'label', { value: 'Webcam (1234:5678)' });
    track.getCapabilities = () =>
      ({ exposureMode: ['manual', 'continuous'], exposureTime: { min: 10, max: 100, step: 5 } }) as object;
    track.getSettings = () => settings as object;
    track.applyConstraints = async (wanted) => {
      const next = wanted!.advanced![0] as typeof settings;
      settings = { ...settings, ...next };
      asked.push(next);
    };
    Object.assign(window, { asked });
    return stream;
  };
}
const asked = () => (window as unknown as { asked: unknown[] }).asked?.length ?? 0;

test('a looping file in place of a camera is reported by name, with its repeated frames', async ({ kiosk }) => {
  await kiosk.open({ clip: 'man' });
  const last = () => kiosk.core.callsOf('screenState').at(-1);
  await expect.poll(last, { timeout: 120_000 }).toMatchObject({ camera: 'ok', doubt: 'repeats' });
  expect(last()).toMatchObject({ label: expect.stringMatching(/\.mjpeg$/) });
});

test('a noisy camera whose frames follow its exposure is trusted, and one whose frames don’t is doubted', async ({
  kiosk,
}) => {
  const doubts = () => kiosk.core.callsOf('screenState').flatMap((state) => (state as { doubt?: string }).doubt ?? []);
  const page = await kiosk.open({ before: noisyCamera });
  // Darker, brighter, and back to the original.
  await expect.poll(() => page.evaluate(asked), { timeout: 90_000 }).toBe(3);
  expect(kiosk.core.callsOf('screenState').at(-1)).toMatchObject({ label: 'Webcam (1234:5678)' });
  expect(doubts()).toEqual([]);
  await page.close();

  const silent = await kiosk.open({ before: noisyCamera, path: '#silent' });
  await expect.poll(doubts, { timeout: 240_000 }).toContain('unresponsive');
  expect(await silent.evaluate(asked)).toBe(9);
});
