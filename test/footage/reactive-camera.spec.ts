import { expect, test } from '@playwright/test';
import { installReactiveCamera } from './reactive-camera.ts';

test('the page’s camera shows the test’s footage, keeps running, and can be unplugged', async ({ page }) => {
  const camera = await installReactiveCamera(page);
  await page.route('http://localhost/camera', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<video autoplay muted></video>' }),
  );
  await page.goto('http://localhost/camera');
  await page.evaluate(async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ video: true });
    const video = document.querySelector('video')!;
    video.srcObject = stream;
    stream.getVideoTracks()[0]!.addEventListener('ended', () => {
      document.title = 'ended';
    });
    await video.play();
  });
  const brightness = () =>
    page.evaluate(() => {
      const canvas = new OffscreenCanvas(16, 16);
      const context = canvas.getContext('2d')!;
      context.drawImage(document.querySelector('video')!, 0, 0, 16, 16);
      return (
        context.getImageData(0, 0, 16, 16).data.reduce((sum, v, i) => (i % 4 === 3 ? sum : sum + v), 0) / (16 * 16 * 3)
      );
    });
  await expect.poll(brightness).toBeGreaterThan(150);
  await camera.show({ source: 'black', seconds: 0.2 });
  await expect.poll(brightness).toBeLessThan(10);
  const before = await camera.drawn();
  await expect.poll(() => camera.drawn()).toBeGreaterThan(before + 5);
  await camera.unplug();
  await expect(page).toHaveTitle('ended');
  await expect(
    page.evaluate(() => navigator.mediaDevices.getUserMedia({ video: true }).catch((e: Error) => e.name)),
  ).resolves.toBe('NotFoundError');
});
