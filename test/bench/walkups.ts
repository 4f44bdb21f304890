import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Page } from '@playwright/test';
import { prepareModels } from '../../build/models/prepare.ts';
import { enrolDemoPeople } from '../../electron/cli/demo/enrol.ts';
import type { Segment } from '../../electron/cli/demo/footage.ts';
import { demoClipSpec } from '../../electron/cli/demo/people.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { readSiteConfig, writeSiteConfig } from '../../electron/core/site/config.ts';
import { startBrowserHost } from '../../electron/host-browser/browser-host.ts';
import { openPipeline } from '../../models/node/pipeline.ts';
import en from '../../renderer/kiosk/locales/en.json' with { type: 'json' };
import { movesOfB } from '../footage/moves.ts';
import { installReactiveCamera, type ReactiveCamera, reactTo } from '../footage/reactive-camera.ts';
import { largeKiosk } from './large-kiosk.ts';

/** One walk-up by the page's clock, ms: first picture with the face, first sample sent, welcome received, welcome shown. */
export interface Walkup {
  readonly faced: number;
  readonly sampled: number;
  readonly answered: number;
  readonly shown: number;
}

/** Different moments of each man's footage, so that two consecutive walk-ups never use the same pictures. */
const MOMENTS = 5;
const CLIP_SECONDS = 2;
/** Nobody is present between two walk-ups for this long, ms: longer than a visit lasts after its face has left. */
const PAUSE_MS = 1_200;
/** Time limit for a walk-up, ms. */
const GIVE_UP_MS = 60_000;
/** Camera frames per second. Half as many if the page must also answer prompts, as in its tests. */
const FPS = { off: 30, standard: 15 } as const;

interface Marks {
  sampled: number;
  answered: number;
  shown: number;
}
type WithMarks = typeof globalThis & { walkup: Marks };

type Note = (message: string) => void;

/**
 * Lets the two demo men walk up alternately to a kiosk with this many other people enrolled. Liveness is off, each walk-up is a
 * separate record, and the result disappears after a moment instead of two seconds; the group's `leavesOut` says so in each line.
 */
export async function measureWalkups(people: number, count: number, note: Note): Promise<Walkup[]> {
  return atKiosk(people, 'off', note, async (page, camera) => {
    const clips = await loadClips(camera);
    const walkups: Walkup[] = [];
    // The first walk-ups load models and compile code, as on a kiosk that has just been switched on.
    for (let n = -clips.length; n < count; n++) {
      const walkup = await one(page, camera, clips[(n + clips.length) % clips.length]!);
      if (n >= 0) walkups.push(walkup);
      if (n > 0 && n % 25 === 0) note(`${n} of ${count} walk-ups`);
    }
    return walkups;
  });
}

/**
 * Lets a man walk up who makes each move that the liveness check requests in the next frame. The check has its default strength.
 */
export async function measureWillingWalkups(people: number, count: number, note: Note): Promise<Walkup[]> {
  const { weights } = await prepareModels();
  const pipeline = await openPipeline(weights);
  const moves = await movesOfB(pipeline, FPS.standard).finally(() => pipeline.close());
  return atKiosk(people, 'standard', note, async (page, camera) => {
    await resetMarks(page);
    await reactTo(camera, moves);
    // He appears immediately, for a first time that doesn't count.
    await welcomed(page, 'at first');
    await left(page, camera);
    const walkups: Walkup[] = [];
    while (walkups.length < count) walkups.push(await one(page, camera, ''));
    return walkups;
  });
}

async function atKiosk<T>(
  people: number,
  liveness: 'off' | 'standard',
  note: Note,
  work: (page: Page, camera: ReactiveCamera) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'sp-walkup-'));
  const home = join(folder, 'kiosk');
  try {
    cpSync(await largeKiosk(people, note), home, { recursive: true });
    // A demo has no liveness check.
    const demo = liveness === 'off';
    // The two men come in addition to the others, and the search covers all of them.
    const site = { ...readSiteConfig(home), demo, liveness };
    writeSiteConfig(home, { ...site, repeatWindowSeconds: 0, calibratedPeople: people + 10 });
    const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
    await enrolDemoPeople(kiosk);
    await kiosk.close();
    return await inBrowser(home, demo, FPS[liveness], work);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function inBrowser<T>(
  home: string,
  demo: boolean,
  fps: number,
  work: (page: Page, camera: ReactiveCamera) => Promise<T>,
): Promise<T> {
  const host = await startBrowserHost({
    home,
    demo,
    browser: { mode: 'none' },
    secretInFile: true,
    log: () => undefined,
  });
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1080, height: 1920 } });
    const camera = await installReactiveCamera(page, { fps });
    await page.addInitScript(markInPage);
    await page.goto(pathToFileURL(host.enterFile!).href);
    await page.locator('.stage[data-live=true]').waitFor({ timeout: 60_000 });
    return await work(page, camera);
  } finally {
    await browser.close();
    await host.close();
  }
}

/** Loads the footage of the demo's clip, at other moments. @returns names of the clips, alternating between the men */
async function loadClips(camera: ReactiveCamera): Promise<string[]> {
  const men = demoClipSpec().segments.filter(({ source }) => source !== 'blank');
  const names: string[] = [];
  for (let moment = 0; moment < MOMENTS; moment++) {
    for (const [man, segment] of men.entries()) {
      const clip: Segment = { ...segment, start: (segment.start ?? 0) + moment, seconds: CLIP_SECONDS };
      await camera.load(`${man} ${moment}`, clip);
      names.push(`${man} ${moment}`);
    }
  }
  return names;
}

async function one(page: Page, camera: ReactiveCamera, clip: string): Promise<Walkup> {
  await page.waitForTimeout(PAUSE_MS);
  await resetMarks(page);
  const faced = await camera.cue(clip);
  await welcomed(page, `of clip ${clip}`);
  const marks = await page.evaluate(() => (globalThis as WithMarks).walkup);
  await left(page, camera);
  return { faced, ...marks };
}

const resetMarks = (page: Page): Promise<void> =>
  page.evaluate(() => {
    (globalThis as WithMarks).walkup = { sampled: 0, answered: 0, shown: 0 };
  });

const welcomed = (page: Page, which: string): Promise<unknown> =>
  page
    .waitForFunction(() => (globalThis as WithMarks).walkup.shown > 0, undefined, { timeout: GIVE_UP_MS, polling: 20 })
    .catch((cause) => {
      throw new Error(`the man ${which} was not welcomed`, { cause });
    });

async function left(page: Page, camera: ReactiveCamera): Promise<void> {
  // When the result disappears, footage that follows prompts returns to the man facing straight ahead.
  await page.locator('.result').waitFor({ state: 'detached' });
  await camera.cue(null);
  // However slow the machine is: until this disappears he is the person already welcomed.
  await page.locator('.sentence-main', { hasText: en.stage.answered }).waitFor({ state: 'detached' });
}

/** Runs in the page before its own scripts. Records when things happen on the connection to the core and on the screen. */
function markInPage(): void {
  const marks = (): Marks | undefined => (globalThis as Partial<WithMarks>).walkup;
  const says = (data: unknown, word: string): boolean => {
    const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : data;
    return bytes instanceof Uint8Array && new TextDecoder('latin1').decode(bytes.subarray(0, 400)).includes(word);
  };
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (this: WebSocket, data) {
    const now = marks();
    if (now?.sampled === 0 && says(data, 'probe')) now.sampled = performance.now();
    send.call(this, data);
  };
  const Socket = WebSocket;
  globalThis.WebSocket = class extends Socket {
    constructor(...from: ConstructorParameters<typeof WebSocket>) {
      super(...from);
      this.addEventListener('message', ({ data }) => {
        const now = marks();
        if (now?.answered === 0 && says(data, 'welcome')) now.answered = performance.now();
      });
    }
  };
  new MutationObserver(() => {
    const now = marks();
    // It is drawn in the next frame.
    if (now?.shown === 0 && document.querySelector('.result'))
      requestAnimationFrame(() => {
        now.shown ||= performance.now();
      });
  }).observe(document, { subtree: true, childList: true });
  const later = globalThis.setTimeout.bind(globalThis);
  const sooner = (work: TimerHandler, ms?: number, ...rest: unknown[]) => later(work, ms === 2_000 ? 100 : ms, ...rest);
  globalThis.setTimeout = sooner as typeof globalThis.setTimeout;
}
