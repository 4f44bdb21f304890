import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from '@playwright/test';
import type { VisionMetrics } from '../../renderer/kiosk/vision/face-detector.ts';
import { expect, expectNoAxeFault, noCamera, test } from './fixtures.ts';
import { receiptOf } from './scripted-core.ts';

/* What the screens do, in real Chromium with a fake camera and a scripted core. */

const metrics = (page: Page): Promise<VisionMetrics> =>
  page.evaluate(() => (window as unknown as { smartpresenceMetrics: VisionMetrics }).smartpresenceMetrics);
const seen = (page: Page, frames = 10): Promise<void> =>
  expect.poll(async () => (await metrics(page)).frames).toBeGreaterThan(frames);

test.describe('face', () => {
  test('a person is probed with a crop the core accepts, is greeted, and can say "not me"', async ({ kiosk }) => {
    const { core } = kiosk;
    core.methods.probe = async () =>
      core.callsOf('probe').length < 3
        ? { kind: 'more', progress: 0.5 }
        : { kind: 'welcome', receipt: receiptOf('Max Mustermann', { language: 'de', undo: 'the-token' }) };
    const page = await kiosk.open({ clip: 'man' });
    await expect(page.locator('.result')).toContainText('Willkommen, Max Mustermann');
    await expect(page.locator('.result')).toHaveAttribute('lang', 'de');
    const { frame } = core.callsOf('probe')[0]!;
    expect(frame.others).toBe(0);
    expect(frame.picture.width).toBe(frame.picture.height);
    const [x, y, w, h] = frame.box;
    expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
    expect(Math.max(x + w, y + h)).toBeLessThanOrEqual(frame.picture.width);
    expect(w / frame.picture.width).toBeGreaterThan(0.45);
    // The crop is inside the camera's picture and gives its position, by which liveness judges moves.
    expect(frame.place!.scale).toBeGreaterThanOrEqual(1);
    expect(Math.min(frame.place!.x, frame.place!.y)).toBeGreaterThanOrEqual(0);
    // The face is in the box: a man before a blue wall is redder inside it than in the corner of the crop.
    expect(redness(frame.picture, x + w / 2, y + h / 2)).toBeGreaterThan(redness(frame.picture, 8, 8) + 40);

    // The result disappears. "Not me" is offered for as long as the core accepts it.
    await expect(page.locator('.result')).toHaveCount(0);
    await page.getByRole('button', { name: 'Das bin ich nicht' }).click();
    await expect(page.locator('.voided')).toBeVisible();
    expect(core.callsOf('voidCheckin')).toMatchObject([{ undo: 'the-token', reason: 'not-me' }]);
    expect(core.callsOf('probe').length).toBe(3);
  });

  test('a person already checked in is shown so, and "not me" then voids nothing', async ({ kiosk }) => {
    const { core } = kiosk;
    core.methods.probe = async () => ({
      kind: 'welcome',
      receipt: receiptOf('Max Mustermann', { repeated: true, undo: '' }),
    });
    const page = await kiosk.open({ clip: 'man' });
    await expect(page.locator('.result')).toContainText('been checked in');
    await page.getByRole('button', { name: 'Not me' }).click();
    await expect(page.locator('.other-method')).toBeVisible();
    await expect(page.locator('body')).not.toContainText('Mustermann');
    expect(core.callsOf('voidCheckin')).toEqual([]);
  });

  test('a group is asked to come one at a time, and no picture of it is sent', async ({ kiosk }) => {
    const page = await kiosk.open({ clip: 'group' });
    await expect(page.locator('.sentence')).toContainText('One person at a time');
    await seen(page, 40);
    expect(kiosk.core.callsOf('probe')).toEqual([]);
  });

  test('a covered camera is reported, and the other check-in methods stay', async ({ kiosk }) => {
    const page = await kiosk.open({ clip: 'black' });
    await expect(page.locator('[data-trouble=covered]')).toContainText('covered');
    await expect(page.getByRole('button', { name: /Number and PIN/ })).toBeVisible();
    expect(kiosk.core.callsOf('visitBegin')).toEqual([]);
  });

  test('someone not recognised is offered the other methods, and can try again', async ({ kiosk }) => {
    const { core } = kiosk;
    core.methods.probe = async () => ({ kind: 'other-method', reason: 'uncertain' });
    const page = await kiosk.open({ clip: 'man' });
    await expect(page.locator('.other-method')).toContainText('not your fault');
    core.methods.probe = async () => ({ kind: 'welcome', receipt: receiptOf('Max Mustermann') });
    await page.getByRole('button', { name: 'Try the camera again' }).click();
    await expect(page.locator('.result')).toContainText('Welcome, Max Mustermann');
  });

  test('detection stays on this machine: no outside request is made or possible', async ({ kiosk }) => {
    const arrived: string[] = [];
    const outside = createServer((request, response) => {
      arrived.push(request.url ?? '');
      response.end();
    });
    await new Promise<void>((ready) => outside.listen(0, '127.0.0.1', ready));
    const address = `http://127.0.0.1:${(outside.address() as AddressInfo).port}/`;
    try {
      const page = await kiosk.open({ clip: 'man' });
      const hosts = new Set<string>();
      page.on('request', (request) => hosts.add(new URL(request.url()).host));
      await page.reload();
      await seen(page);
      expect([...hosts].filter((host) => host !== '' && host !== new URL(kiosk.core.url).host)).toEqual([]);
      // Simulates each kind of request that could send a picture away.
      const blocked = await page.evaluate(async (url) => {
        const tried = [
          await fetch(url, { method: 'POST', body: 'x' }).then(
            () => 'sent',
            () => 'blocked',
          ),
          navigator.sendBeacon(url, 'x') ? 'queued' : 'blocked',
        ];
        const pixel = new Image();
        const ended = new Promise((resolve) => {
          pixel.onload = pixel.onerror = resolve;
        });
        pixel.src = `${url}pixel`;
        await ended;
        return tried[0];
      }, address);
      expect(blocked).toBe('blocked');
      // This request arrives, and none from the page arrived before it.
      await fetch(`${address}marker`);
      expect(arrived).toEqual(['/marker']);
    } finally {
      outside.close();
    }
    kiosk.forgive(/content security policy|refused to/i);
  });
});

test.describe('trouble', () => {
  for (const [name, kind, text] of [
    ['NotFoundError', 'absent', 'No camera found'],
    ['NotReadableError', 'busy', 'in use'],
    ['NotAllowedError', 'denied', 'blocked'],
  ] as const)
    test(`a camera that is ${kind} shows what to do, and recovers automatically`, async ({ kiosk }) => {
      const page = await kiosk.open({ clip: 'man', before: brokenCamera, path: `#${name}` });
      await expect(page.locator(`[data-trouble=${kind}]`)).toContainText(text);
      await expectNoAxeFault(page, kind);
      await expect(page.getByRole('button', { name: /Number and PIN/ })).toBeVisible();
      await page.evaluate(() => history.replaceState(null, '', '#'));
      await expect(page.locator('.stage[data-live=true]')).toBeVisible();
      await seen(page);
    });

  test('an unplugged camera is reported, and detection continues when it is back', async ({ kiosk }) => {
    const page = await kiosk.open({ clip: 'man', before: brokenCamera });
    await seen(page);
    await page.evaluate(() => {
      history.replaceState(null, '', '#NotFoundError');
      (window as unknown as { tracks: MediaStreamTrack[] }).tracks.at(-1)!.dispatchEvent(new Event('ended'));
    });
    await expect(page.locator('[data-trouble=unplugged]')).toContainText('unplugged');
    await page.evaluate(() => {
      history.replaceState(null, '', '#');
      navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
    });
    await expect(page.locator('.stage[data-live=true]')).toBeVisible();
    const { frames } = await metrics(page);
    await seen(page, frames + 5);
  });

  test('a frozen camera is reported, reopened, and continues when frames arrive', async ({ kiosk }) => {
    const page = await kiosk.open({ before: freezingCamera });
    await expect(page.locator('.stage[data-live=true]')).toBeVisible();
    await seen(page);
    await page.evaluate(() => history.replaceState(null, '', '#frozen'));
    await expect(page.locator('[data-trouble=frozen]')).toContainText('has no picture');
    await expectNoAxeFault(page, 'frozen');
    await expect(page.getByRole('button', { name: /Number and PIN/ })).toBeVisible();
    const asked = () => page.evaluate(() => (window as unknown as { tracks: MediaStreamTrack[] }).tracks.length);
    // The camera is reopened repeatedly and the screen does not change: a frozen camera counts as live only after a new picture.
    await page.evaluate(() => {
      const shown: string[] = [];
      Object.assign(window, { shown });
      new MutationObserver(() => {
        if (document.querySelector('.stage[data-live=true]')) shown.push('live');
      }).observe(document, { subtree: true, childList: true, attributes: true });
    });
    await expect.poll(asked).toBeGreaterThanOrEqual(3);
    expect(await page.evaluate(() => (window as unknown as { shown: string[] }).shown)).toEqual([]);
    expect(kiosk.core.callsOf('screenState').at(-1)).toMatchObject({ camera: 'frozen' });
    const { frames } = await metrics(page);
    await page.evaluate(() => history.replaceState(null, '', '#'));
    await expect(page.locator('.stage[data-live=true]')).toBeVisible();
    await seen(page, frames + 5);
    const live = await page.evaluate(
      () => (window as unknown as { tracks: MediaStreamTrack[] }).tracks.filter((t) => t.readyState === 'live').length,
    );
    expect(live).toBe(1);
  });

  test('a broken frame stream does not turn faces off: a new worker continues with the same camera', async ({
    kiosk,
  }) => {
    const page = await kiosk.open({ clip: 'man', before: keepWorkers });
    await seen(page);
    await page.evaluate(() => {
      const worker = (window as unknown as { workers: Worker[] }).workers.at(-1)!;
      worker.dispatchEvent(
        new MessageEvent('message', { data: { type: 'stumbled', message: 'the camera hiccuped', ended: true } }),
      );
    });
    const { frames } = await metrics(page);
    await seen(page, frames + 10);
    expect(await page.evaluate(() => (window as unknown as { workers: Worker[] }).workers.length)).toBe(2);
  });

  test('a core that ended is reported as restarting, and the screen recovers with the next one', async ({ kiosk }) => {
    const page = await kiosk.open({ before: noCamera });
    await page.getByRole('button', { name: /Number and PIN/ }).click();
    await page.locator('input[name=number]').fill('1001');
    kiosk.core.kill();
    await expect(page.getByText('Restarting…')).toBeVisible();
    kiosk.core.revive();
    await expect(page.locator('.checkin')).toBeVisible();
  });

  test('a core that refuses to start shows code, reason and next step', async ({ kiosk }) => {
    const page = await kiosk.open({ before: noCamera });
    kiosk.core.kill({
      state: 'refused',
      code: 'models-altered',
      message: 'A model file was altered.',
      nextStep: 'Run prepare.',
    });
    await expect(page.locator('.trouble-refused')).toContainText('A model file was altered.');
    await expect(page.locator('.trouble-refused')).toContainText('Run prepare.');
    await expect(page.locator('code')).toHaveText('models-altered');
    kiosk.core.revive();
    await expect(page.locator('.checkin')).toBeVisible();
  });

  test('problems are shown to staff as they change, to guests only if they can act on them; disabled liveness is always shown', async ({
    kiosk,
  }) => {
    kiosk.core.hello = { ...kiosk.core.hello, demo: true };
    kiosk.core.setStatus({ liveness: 'off' });
    const page = await kiosk.open({ before: noCamera });
    await expect(page.locator('.badge')).toHaveText('Liveness check: off (demo)');
    kiosk.core.setStatus({ online: false, queued: 12, storage: 'low', notices: ['device-revoked', 'liveness-trial'] });
    await expect(page.locator('.note')).toHaveText([/^The liveness check is being tested/]);
    await page.getByRole('button', { name: /Number and PIN/ }).click();
    await expect(page.locator('.badge')).toHaveText('Liveness check: off (demo)');
    await page.locator('.foot-actions button').last().click();
    await page.locator('input[name=staff-pin]').fill('2468');
    await page.keyboard.press('Enter');
    const offline = page.locator('[data-condition=offline]');
    await expect(offline).toHaveText('Offline — 12 records stored safely here until back online');
    await expect(page.locator('[data-condition=device-revoked]')).toBeVisible();
    kiosk.core.setStatus({ queued: 0 });
    await expect(offline).toHaveText('Offline — all records sent');
    // A kiosk that never had a server has sent nothing, and must not claim that it has.
    kiosk.core.setStatus({ lastSyncAt: null });
    await expect(offline).toHaveText('Not connected to a server yet');
    kiosk.core.setStatus({ queued: 1234 });
    await expect(offline).toHaveText('Not connected to a server yet — 1,234 records stored safely here');
  });
});

test('a policy change on the server shows at once: liveness, photo retention, contacts', async ({ kiosk }) => {
  const page = await kiosk.open({ before: noCamera });
  await page.getByRole('button', { name: 'Privacy' }).click();
  const kept = page.locator('.privacy-grid');
  await expect(kept).toContainText('deleted after 90 days');
  await expect(page.locator('.badge')).toHaveCount(0);
  const privacy = {
    controller: 'Werk Süd GmbH',
    contact: 'hier@werk.example',
    dpo: 'Frau Amt',
    photoDays: 7,
    gpsDays: 0,
  };
  kiosk.core.setStatus({ liveness: 'off', privacy });
  await expect(page.locator('.badge')).toHaveText('Liveness check: off');
  await expect(kept).toContainText('deleted after 7 days');
  for (const text of ['Werk Süd GmbH', 'hier@werk.example', 'Frau Amt']) await expect(kept).toContainText(text);
  kiosk.core.setStatus({ liveness: 'standard', privacy: { ...privacy, photoDays: 0 } });
  await expect(page.locator('.badge')).toHaveCount(0);
  await expect(kept).toContainText('Check-in photos are not kept.');
  await expect(kept).not.toContainText('location');
  await page.getByRole('button', { name: 'Back' }).click();
  await page.getByRole('button', { name: 'Staff' }).click();
  await page.locator('input[name=staff-pin]').fill('2468');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: /Kiosk status/ }).click();
  const fact = page.locator('.state-facts div', { hasText: 'Liveness check' });
  await expect(fact).toContainText('Standard');
  kiosk.core.setStatus({ liveness: 'off' });
  await expect(fact).toContainText('Off');
});

test('version and commit are on the privacy page, and for staff in the kiosk status', async ({ kiosk }) => {
  const page = await kiosk.open({ before: noCamera });
  kiosk.core.hello.version = '9.8.7-rc.1';
  kiosk.core.hello.commit = 'fedcba9876543210fedcba9876543210fedcba98';
  await page.reload();
  await page.getByRole('button', { name: 'Privacy' }).click();
  await expect(page.locator('.privacy-build')).toHaveText('SmartPresence 9.8.7-rc.1 (fedcba987654)');
  await page.getByRole('button', { name: 'Back' }).click();
  await page.getByRole('button', { name: 'Staff' }).click();
  await page.locator('input[name=staff-pin]').fill('2468');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: /Kiosk status/ }).click();
  await expect(page.locator('.state-facts div', { hasText: 'Version' })).toContainText('9.8.7-rc.1 (fedcba987654)');
});

test('the language switches at once and resets after the guest', async ({ kiosk }) => {
  const page = await kiosk.open({ before: noCamera });
  await page.clock.install();
  // Twice: the second guest's choices are forgotten too.
  for (let guest = 0; guest < 2; guest++) {
    await page.getByRole('button', { name: 'Deutsch' }).click();
    await expect(page.locator('html')).toHaveAttribute('lang', 'de');
    await expect(page.getByRole('button', { name: /Nummer und PIN/ })).toBeVisible();
    await page.clock.runFor(31_000);
    await expect(page.getByRole('button', { name: /Number and PIN/ })).toBeVisible();
  }
});

test('nothing moves if the system asks for reduced motion', async ({ kiosk }) => {
  kiosk.core.methods.probe = async () => ({ kind: 'welcome', receipt: receiptOf('Max Mustermann') });
  const page = await kiosk.open({ clip: 'man', reducedMotion: true });
  await expect(page.locator('.result')).toBeVisible();
  expect(
    await page.evaluate(
      () => document.getAnimations().filter((a) => Number(a.effect?.getComputedTiming().duration) > 1).length,
    ),
  ).toBe(0);
});

/** Returns red minus blue of the pixel at (x, y). */
function redness(picture: { width: number; data: Uint8Array }, x: number, y: number): number {
  const at = (Math.round(y) * picture.width + Math.round(x)) * 3;
  return picture.data[at]! - picture.data[at + 2]!;
}

/** Runs in the page: the camera fails with the error named behind the page's `#`, for as long as one is named. */
function brokenCamera(): void {
  const devices = navigator.mediaDevices;
  const real = devices.getUserMedia.bind(devices);
  const tracks: MediaStreamTrack[] = [];
  Object.assign(window, { tracks });
  devices.getUserMedia = async (wanted) => {
    const name = location.hash.slice(1);
    if (name) throw new DOMException(name, name);
    const stream = await real(wanted);
    tracks.push(...stream.getVideoTracks());
    return stream;
  };
}

/** Runs in the page: a camera whose track stays live without pictures while `#frozen` is in the address. */
function freezingCamera(): void {
  const tracks: MediaStreamTrack[] = [];
  Object.assign(window, { tracks });
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [640, 480];
  const context = canvas.getContext('2d')!;
  let n = 0;
  setInterval(() => {
    if (location.hash === '#frozen') return;
    for (let i = 0; i < 40; i++) {
      context.fillStyle = `rgb(${150 + i}, ${140 + i}, ${(n + i) % 256})`;
      context.fillRect(i * 16, 0, 16, 480);
    }
    n++;
  }, 60);
  navigator.mediaDevices.getUserMedia = async () => {
    const stream = canvas.captureStream(15);
    tracks.push(...stream.getVideoTracks());
    return stream;
  };
}

/** Runs in the page: records the workers that are started. */
function keepWorkers(): void {
  const workers: Worker[] = [];
  const Real = window.Worker;
  window.Worker = class extends Real {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      workers.push(this);
    }
  };
  Object.assign(window, { workers });
}
