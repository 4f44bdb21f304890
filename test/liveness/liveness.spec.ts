import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, type Page, test } from '@playwright/test';
import { prepareModels } from '../../build/models/prepare.ts';
import { enrolDemoPeople } from '../../electron/cli/demo/enrol.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { type BrowserHost, startBrowserHost } from '../../electron/host-browser/browser-host.ts';
import type { FacePipeline } from '../../models/node/interface.ts';
import { openPipeline } from '../../models/node/pipeline.ts';
import type { RgbImage } from '../../models/rules/image.ts';
import type { Move } from '../../models/rules/liveness/challenge.ts';
import en from '../../renderer/kiosk/locales/en.json' with { type: 'json' };
import { readPicture, takesOf } from '../footage/index.ts';
import { type Moves, movesOfB } from '../footage/moves.ts';
import { follow, installReactiveCamera, type PageLight, type ReactiveCamera } from '../footage/reactive-camera.ts';
import { printOf } from './attacks.ts';
import { seeded } from './heads.ts';
import { attack } from './watch.ts';

/*
 * Liveness from end to end: real Chromium, screens, detector, core and store. Only the camera is footage, chosen by the prompt
 * that the kiosk shows. Man B is enrolled from other pictures than those shown.
 */
let home: string;
let host: BrowserHost;
const log: string[] = [];

test.beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'sp-liveness-'));
  ensureKioskFolder(home, false);
  const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
  await enrolDemoPeople(kiosk);
  await kiosk.close();
});
test.afterAll(() => rmSync(home, { recursive: true, force: true }));

test.beforeEach(async () => {
  log.length = 0;
  host = await startBrowserHost({
    home,
    demo: false,
    browser: { mode: 'none' },
    secretInFile: true,
    log: (_, message, fields) => log.push(`${message} ${JSON.stringify(fields ?? {})}`),
  });
});
test.afterEach(() => host.close());

const FPS = 15;

async function withPipeline<T>(work: (pipeline: FacePipeline) => Promise<T>): Promise<T> {
  const pipeline = await openPipeline((await prepareModels()).weights);
  try {
    return await work(pipeline);
  } finally {
    await pipeline.close();
  }
}

async function enter(page: Page): Promise<ReactiveCamera> {
  const camera = await installReactiveCamera(page);
  await page.goto(pathToFileURL(host.enterFile!).href);
  await page.waitForSelector('.sentence-main');
  return camera;
}

test('a man who follows the challenge is checked in, and the record says that liveness was passed', async ({
  page,
}) => {
  const moves = await withPipeline((pipeline) => movesOfB(pipeline, FPS));
  const camera = await enter(page);
  const prompts = await follow(camera, moves, async () => (await page.getByText('John Doe').count()) > 0);
  await expect(page.getByText('John Doe').first()).toBeVisible();
  expect(prompts.length).toBeGreaterThanOrEqual(2); // more on a busy machine, which loses frames
  expect(prompts.some((p) => p.startsWith('turn-'))).toBe(true);
  await expect.poll(() => log.join('\n')).toContain('"liveness":"passed"');
});

test('his photograph, turned as the kiosk asks, is not checked in; after three failures the kiosk offers another way', async ({
  page,
}) => {
  const picture = await readPicture(takesOf('B', 'straight')[0]!);
  const print = await withPipeline(async (pipeline) => {
    const [face] = await pipeline.detect(picture);
    return printOf(picture, (await pipeline.shape(picture, face!.box)).landmarks);
  });
  const moved = async (step: Move | null) => {
    const images: RgbImage[] = [];
    const side = step === 'turn-right' ? -1 : 1;
    for await (const { image } of attack(print, 'flat, turned 0° → 45°', side, seeded(3))) images.push(image);
    return step ? images : images.slice(0, 4);
  };
  const camera = await enter(page);
  const other = page.getByText(en.otherMethod.liveness);
  const prompts = await follow(camera, moved, async () => (await other.count()) > 0);
  await expect(other.first()).toBeVisible();
  expect(prompts.length).toBeGreaterThanOrEqual(1); // the same prompt twice in a row counts as one
  expect(log.join('\n')).not.toContain('check-in ');
});

test.describe('with coloured light, from a camera that sees what the page shows (simulated)', () => {
  let moves: Moves;
  let oval: PageLight['oval'];
  test.beforeAll(async () => {
    const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
    const policy = { leaseDays: 30, liveness: 'light', lightChallenge: 'when-it-works' } as const;
    await kiosk.store.roster.apply({ whole: false, more: false, cursor: 'c', changes: [{ kind: 'policy', policy }] });
    await kiosk.close();
    await withPipeline(async (pipeline) => {
      moves = await movesOfB(pipeline, FPS);
      const [face] = await pipeline.detect(moves.straight[0]!);
      const [x, y, w, h] = face!.box;
      oval = [x + w / 2, y + h / 2, 0.75 * w, 0.8 * h];
    });
  });

  const checkedIn = (page: Page) => async () => (await page.getByText('John Doe').count()) > 0;
  const outcome = (): string | undefined => /light challenge \{"outcome":"(\w+)"/.exec(log.join('\n'))?.[1];

  test('a man whose face reflects the colours is checked in', async ({ page }) => {
    const camera = await enter(page);
    await camera.light({ share: 0.4, lag: 60, oval });
    await follow(camera, moves, checkedIn(page));
    await expect(page.getByText('John Doe').first()).toBeVisible();
    expect(outcome()).toBe('answered');
    await expect.poll(() => log.join('\n')).toContain('"liveness":"passed"');
  });

  test('one whose face doesn’t, where no face is known to, is checked in by movement alone', async ({ page }) => {
    await follow(await enter(page), moves, checkedIn(page));
    await expect(page.getByText('John Doe').first()).toBeVisible();
    expect(outcome()).toBe('silent');
  });

  test('one who turned colours off sees none, and is checked in by movement alone', async ({ page }) => {
    const camera = await enter(page);
    await page.exposeFunction('sawLight', () => log.push('light shown'));
    await page.evaluate(() =>
      new MutationObserver(() => {
        const without = document.querySelector<HTMLButtonElement>('.recent button');
        if (without && document.querySelector('.stage-arrow')) without.click();
        if (document.querySelector('.light')) (globalThis as unknown as { sawLight(): void }).sawLight();
      }).observe(document, { subtree: true, childList: true }),
    );
    await follow(camera, moves, checkedIn(page));
    await expect(page.getByText('John Doe').first()).toBeVisible();
    expect(log.join('\n')).not.toContain('light');
  });

  test('a late reflection is recognised as late', async ({ page }) => {
    const camera = await enter(page);
    await camera.light({ share: 0.4, lag: 600, oval });
    await follow(camera, moves, async () => outcome() !== undefined);
    expect(outcome()).toBe('late');
  });
});
