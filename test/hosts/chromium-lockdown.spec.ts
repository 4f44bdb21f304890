import { join } from 'node:path';
import { chromium, expect, type JSHandle, type Page, test } from '@playwright/test';
import { CHROMIUM, enter, home, kioskBrowser, outside, start, state, useChromium } from './support/chromium-fixture.ts';

/* What the kiosk's page may not do in real Chromium. */

useChromium();

test('only the camera is granted to the kiosk’s page, without a prompt; the microphone and other origins are refused', async () => {
  await start('none');
  // A fake camera, but the real permission check: no --use-fake-ui-for-media-stream.
  const { context, page } = await kioskBrowser(['--use-fake-device-for-media-stream']);
  const ask = (constraints: MediaStreamConstraints) =>
    page.evaluate(
      (c) =>
        navigator.mediaDevices.getUserMedia(c).then(
          (s) => s.getTracks().map((t) => t.kind),
          (e) => e.name,
        ),
      constraints,
    );
  expect(await ask({ video: true })).toEqual(['video']);
  expect(await ask({ audio: true })).toBe('NotAllowedError');
  expect(
    await page.evaluate(
      () =>
        navigator.geolocation &&
        new Promise((done) =>
          navigator.geolocation.getCurrentPosition(
            () => done('granted'),
            () => done('denied'),
          ),
        ),
    ),
  ).toBe('denied');
  await context.close();
});

/** Those that the content security policy reports as blocked. */
const STOPPED = [
  'connect-src',
  'img-src',
  'script-src-elem',
  'style-src-elem',
  'frame-src',
  'media-src',
  // The sandbox stops a form that targets another window before `form-action` is checked.
];

/** Tries every way out of a page that we know of, and waits until the last was blocked. */
async function tryEverything(page: Page): Promise<void> {
  await page.evaluate(
    async ({ port }) => {
      const url = `http://127.0.0.1:${port}/planted`;
      const add = <K extends keyof HTMLElementTagNameMap>(tag: K, set: Partial<HTMLElementTagNameMap[K]>): void => {
        document.body.append(Object.assign(document.createElement(tag), set));
      };
      await fetch(url).catch(() => undefined);
      await fetch(url, { mode: 'no-cors', method: 'POST', body: 'x' }).catch(() => undefined);
      navigator.sendBeacon(url, 'x');
      new Image().src = url;
      add('script', { src: url });
      add('iframe', { src: url });
      add('link', { rel: 'stylesheet', href: url });
      add('link', { rel: 'prefetch', href: url });
      add('link', { rel: 'dns-prefetch', href: url });
      add('video', { src: url });
      add('object', { data: url });
      add('style', { textContent: `@import "${url}"; body { background: url(${url}) }` });
      const form = Object.assign(document.createElement('form'), { action: url, method: 'post', target: '_blank' });
      document.body.append(form);
      form.submit();
      for (const open of [
        () => new WebSocket(`ws://127.0.0.1:${port}/`),
        () => new EventSource(url),
        () => new Worker(url),
        () => import(url),
      ]) {
        try {
          await (open() as Promise<unknown>);
        } catch {
          // refused at once: fine
        }
      }
      window.open(url);
    },
    { port: outside.port },
  );
  const stopped = async () => (await page.evaluate(() => window.violations)).map((v) => v.split(' ')[0]);
  await expect.poll(stopped).toEqual(expect.arrayContaining(STOPPED));
  await askedLater(page);
}

/** Sends a request to the kiosk itself after all others. Once it is answered, the browser has handled those before it. */
const askedLater = (page: Page) => page.evaluate(async () => void (await fetch(location.href)));

/** Tries what no content security policy blocks: preconnecting, and WebRTC's packets. */
function tryBeyondPolicy(page: Page): Promise<JSHandle<RTCPeerConnection>> {
  return page.evaluateHandle(
    async ({ port, udpPort }) => {
      document.head.append(
        Object.assign(document.createElement('link'), { rel: 'preconnect', href: `http://127.0.0.1:${port}/` }),
      );
      const peer = new RTCPeerConnection({
        iceServers: [
          { urls: `stun:127.0.0.1:${udpPort}` },
          { urls: `turn:127.0.0.1:${port}?transport=tcp`, username: 'x', credential: 'x' },
        ],
      });
      peer.createDataChannel('x');
      await peer.setLocalDescription(await peer.createOffer());
      return peer;
    },
    { port: outside.port, udpPort: outside.udpPort },
  );
}

test('planted outside requests can’t leave the page in any way', async () => {
  await start('none');
  // Shows that the counter works: a request that is not blocked is counted.
  await fetch(`http://127.0.0.1:${outside.port}/`);
  expect(outside.seen).toEqual(['GET / HTTP/1.1']);
  const { context, page } = await kioskBrowser();
  await expect(state(page)).toHaveText('connected');
  await tryEverything(page);
  const peer = await tryBeyondPolicy(page);
  await expect.poll(() => peer.evaluate((p) => p.iceGatheringState)).toBe('complete');
  await askedLater(page);
  // This later request is counted, so an earlier one would have been counted too.
  await fetch(`http://127.0.0.1:${outside.port}/`);
  expect(outside.seen).toEqual(['GET / HTTP/1.1', 'GET / HTTP/1.1']);
  await expect(state(page)).toHaveText('connected');
  await context.close();
});

test('in an ordinary browser the content security policy alone stops every request, except bare connections and WebRTC', async () => {
  await start('none');
  const browser = await chromium.launchPersistentContext(join(home.path, 'plain'), {
    executablePath: CHROMIUM,
    args: ['--no-sandbox'],
  });
  const page = await enter(browser);
  await expect(state(page)).toHaveText('connected');
  await page.evaluate(() => {
    // Opening a window is not a request by the page, and leads nowhere in the launcher's browser either.
    window.open = () => null;
  });
  await tryEverything(page);
  // Chromium preconnects for a form submission and closes the connection unused. No request follows.
  expect(outside.seen.filter((what) => what !== 'connection')).toEqual([]);
  // This is why the launcher adds its own rules, and it proves that these two attempts would be counted.
  await tryBeyondPolicy(page);
  await expect.poll(() => outside.seen).toEqual(expect.arrayContaining(['connection', 'packet']));
  await browser.close();
});
