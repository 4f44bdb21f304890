import { expect, type Page, test } from '@playwright/test';
import sharp from 'sharp';
import { readPicture } from '../../electron/cli/demo/footage.ts';
import { enrolPerson } from '../../electron/core/enrolment/service.ts';
import type { OpenKiosk } from '../../electron/core/open-kiosk.ts';
import { readSiteConfig, writeSiteConfig } from '../../electron/core/site/config.ts';
import { openPipeline } from '../../models/node/pipeline.ts';
import type { RgbImage } from '../../models/rules/image.ts';
import en from '../../renderer/kiosk/locales/en.json' with { type: 'json' };
import type { VisionMetrics } from '../../renderer/kiosk/vision/face-detector.ts';
import { groupPhotos, takesOf } from '../footage/catalogue.ts';
import { installReactiveCamera, type ReactiveCamera } from '../footage/reactive-camera.ts';
import { checkScreen, enterByPin, makeKiosk, openStaff, type TestKiosk } from './kiosk-page.ts';

/* Faults at a real entrance: several people, a covered lens, guessed PINs, a core that dies. */
const MAX = { name: 'Max Mustermann', number: '1001', pin: '5830' };

let kiosk: TestKiosk;
test.beforeAll(async () => {
  kiosk = await makeKiosk('faults');
  await kiosk.withStore(async (opened) => {
    await enrol(opened, MAX.name, MAX, await readPicture(takesOf('A', 'straight')[0]!));
    let n = 0;
    for (const photo of groupPhotos()) await enrol(opened, `Member ${++n}`, null, await readPicture({ source: photo }));
  });
});
test.afterEach(() => kiosk.leave());
test.afterAll(() => kiosk.remove());

/** Enrols every face of a picture as a member. */
async function enrol(
  { store, faces, pins }: OpenKiosk,
  name: string,
  secret: { number: string; pin: string } | null,
  picture: RgbImage,
): Promise<void> {
  const { pipeline, recogniser } = await faces();
  const found = await pipeline.detect(picture);
  expect(found.length, `faces of ${name}`).toBeGreaterThan(0);
  for (const [i, face] of found.entries()) {
    const embedding = await recogniser.embed(picture, await pipeline.shape(picture, face.box));
    await enrolPerson(
      { store, recogniser, changed: () => undefined },
      {
        name: secret ? name : `${name}, face ${i + 1}`,
        number: secret?.number ?? null,
        pinHash: secret ? await (await pins()).hash(secret.pin) : null,
        language: 'en',
        consent: { textVersion: 'test', language: 'en' },
        templates: [{ pose: 'photo', model: recogniser.model, embedding }],
        photo: null,
      },
    );
  }
}

/** Returns the nth largest face of a picture with a small margin, enlarged to the size of a camera frame. */
async function alone(photo: string, nth: number): Promise<RgbImage> {
  const picture = await readPicture({ source: photo }, { width: 1280, height: 960 });
  const pipeline = await openPipeline();
  const [x, y, w, h] = (await pipeline.detect(picture))[nth]!.box;
  await pipeline.close();
  const height = Math.round(h * 1.7);
  const width = Math.round((height * 4) / 3);
  const left = Math.max(0, Math.min(picture.width - width, Math.round(x + w / 2 - width / 2)));
  const top = Math.max(0, Math.min(picture.height - height, Math.round(y + h / 2 - height / 2)));
  const { data, info } = await sharp(picture.data, { raw: { ...picture, channels: 3 } })
    .extract({ left, top, width, height })
    .resize(640, 480)
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data: new Uint8Array(data), width: info.width, height: info.height };
}

const checkins = () => kiosk.withStore(({ store }) => store.checkins.list({ limit: 100 }));

async function enter(options: Parameters<TestKiosk['enter']>[0] = {}) {
  let camera: ReactiveCamera | null = null;
  const entered = await kiosk.enter({
    ...options,
    before: async (page) => {
      camera = await installReactiveCamera(page);
    },
  });
  await entered.page.locator('.stage[data-live=true]').waitFor();
  return { ...entered, camera: camera as unknown as ReactiveCamera };
}

const framesSeen = (page: Page): Promise<number> =>
  page.evaluate(() => (globalThis as unknown as { smartpresenceMetrics: VisionMetrics }).smartpresenceMetrics.frames);

test('group photos check nobody in, though everyone in them is enrolled; people are asked to come one at a time', async () => {
  const before = (await checkins()).length;
  const { page, camera, notified } = await enter();
  const askedToStop = new Set<string>();
  for (const photo of groupPhotos()) {
    await camera.show({ source: photo, seconds: 0.1 });
    const from = await framesSeen(page);
    await expect.poll(() => framesSeen(page)).toBeGreaterThan(from + 20);
    // They stand far off. The detector may find only one of several small faces, and that person is asked to come closer.
    const sentence = page.locator('.sentence-main');
    await expect(sentence, photo).toHaveText(new RegExp(`^(${en.guide['several-faces']}|${en.guide['too-far']})$`));
    if ((await sentence.textContent()) === en.guide['several-faces']) askedToStop.add(photo);
    await expect(page.locator('.checkin'), photo).toBeVisible();
  }
  expect(askedToStop.size).toBeGreaterThanOrEqual(4);
  await checkScreen(page, 'group');
  expect(notified()).not.toContain('Member');
  // They are refused because they are a group: one of them alone is recognised.
  await camera.show([await alone(groupPhotos()[2]!, 1)]); // the one in the third photo who faces the camera
  await expect(page.locator('.result')).toContainText('Member 3');
  await kiosk.leave();
  expect(await checkins()).toHaveLength(before + 1);
});

test('a covered camera is reported, and number and PIN keep working; wrong guesses lock a number, also across a restart of the core', async () => {
  const before = (await checkins()).length;
  const { page, camera, host } = await enter();
  await camera.show({ source: 'black', seconds: 0.2 });
  await expect(page.locator('[data-trouble=covered]')).toContainText(en.camera.covered);
  await checkScreen(page, 'covered');

  const method = page.getByRole('button', { name: en.checkinMethods.pin });
  await method.click();
  await enterByPin(page, MAX.number, '9999');
  await expect(page.getByRole('alert')).toContainText(en.pin.wrong);
  await checkScreen(page, 'pin-wrong');
  await enterByPin(page, MAX.number, MAX.pin);
  await expect(page.locator('.result')).toContainText(MAX.name);
  await expect(page.locator('.result')).toHaveCount(0);

  await method.click();
  const locked = page.getByRole('alert').filter({ hasText: 'Too many attempts' });
  for (let guess = 0; guess < 5; guess++) {
    await enterByPin(page, MAX.number, `200${guess}`);
    await expect(page.locator('input[name=pin]')).toHaveValue('');
  }
  await expect(locked).toBeVisible();
  await checkScreen(page, 'pin-locked');

  process.kill(host.corePid!, 'SIGKILL');
  await expect(page.locator('.checkin')).toBeVisible();
  await method.click();
  await enterByPin(page, MAX.number, MAX.pin);
  await expect(locked).toBeVisible();
  await kiosk.leave();
  const rows = await checkins();
  expect(rows).toHaveLength(before + 1);
  expect(rows[0]).toMatchObject({ name: MAX.name, method: 'number+pin', liveness: 'not-needed' });
});

test('above the calibrated gallery size the number is asked first, and only its own face is accepted', async () => {
  const before = (await checkins()).length;
  const { page, camera, notified } = await enter({ repeatWindowSeconds: 0, calibratedPeople: 1 });
  await expect(page.locator('.sentence-main')).toHaveText(en.stage.numberFirst);
  const typeNumber = async (): Promise<void> => {
    await page.getByRole('button', { name: en.checkinMethods.numberFace }).click();
    await page.locator('input[name=number]').fill(MAX.number);
    await page.getByRole('button', { name: en.next }).click();
  };
  await camera.show(takesOf('B', 'straight')[0]!, 'swing');
  await typeNumber();
  await expect(page.locator('.other-method')).toContainText(en.otherMethod.uncertain);
  await checkScreen(page, 'number-first-refused');
  expect(notified()).not.toContain(MAX.name);

  await camera.show(takesOf('A', 'talking')[0]!, 'swing');
  await typeNumber();
  await expect(page.locator('.result')).toContainText(MAX.name);
  await kiosk.leave();
  const rows = await checkins();
  expect(rows).toHaveLength(before + 1);
  expect(rows[0]).toMatchObject({ name: MAX.name, method: 'number+face', threshold: 0.45, second: null });
});

test('a reloaded page asks for the page again, and does not exchange the token again', async () => {
  const { page } = await enter();
  expect(new URL(page.url()).pathname).toBe('/');
  await page.reload();
  await page.locator('.stage[data-live=true]').waitFor();
  await kiosk.leave();
});

test('a killed core is reported as restarting, and then recognises as before', async () => {
  const { page, camera, host } = await enter({ repeatWindowSeconds: 0 });
  const first = host.corePid!;
  process.kill(first, 'SIGKILL');
  await expect(page.getByText(en.core.again)).toBeVisible();
  await checkScreen(page, 'restarting');
  await expect(page.locator('.checkin')).toBeVisible();
  expect(host.corePid).not.toBe(first);
  await camera.show(takesOf('A', 'talking')[0]!, 'swing');
  await expect(page.locator('.result')).toContainText(MAX.name);
  await kiosk.leave();
  expect((await checkins())[0]).toMatchObject({ name: MAX.name, method: 'face' });
  const report = await kiosk.withStore(({ store }) => store.check());
  expect(report.problems).toEqual([]);
});

test('a file in place of the camera is reported to staff with a next step, unless the site has declared it', async () => {
  const clip = { segments: [{ ...takesOf('B', 'straight')[0]!, filter: 'crop=60:45:4:4' }] };
  const notice = en.status.notice['camera-virtual'];
  const declare = (virtualCamera: boolean) =>
    writeSiteConfig(kiosk.home, { ...readSiteConfig(kiosk.home), virtualCamera });
  const first = await kiosk.enter({ clip });
  await first.page.locator('.stage[data-live=true]').waitFor();
  await openStaff(first.page);
  await expect(first.page.locator('[data-condition^=camera-]')).toHaveCount(0);
  await kiosk.leave();

  declare(false);
  try {
    const { page } = await kiosk.enter({ clip });
    await openStaff(page);
    const condition = page.locator('[data-condition=camera-virtual]');
    await expect(condition).toContainText(notice);
    await expect(condition).toContainText(en.coreError['camera-virtual'].next);
    await checkScreen(page, 'camera-virtual-staff');
    await kiosk.leave();
  } finally {
    declare(true);
  }
});
