import type { Page } from '@playwright/test';
import sharp from 'sharp';
import { readFrames, type Segment } from '../../electron/cli/demo/footage.ts';
import type { RgbImage } from '../../models/rules/image.ts';
import type { Move } from '../../models/rules/liveness/challenge.ts';
import { CHALLENGE_STEPS, type ChallengeStep } from '../../models/rules/reasons.ts';
import en from '../../renderer/kiosk/locales/en.json' with { type: 'json' };
import type { Moves } from './moves.ts';

/**
 * A camera for tests in real Chromium whose footage is chosen while the page runs: the page's `getUserMedia` returns the stream
 * of a canvas, into which the test puts frames as the prompts change. Everything behind the camera (worker, detector, core) is
 * real.
 */
export interface ReactiveCamera {
  /**
   * Shows a segment of footage, or given pictures (a simulated print). Resolves when the frames have been transferred and the
   * first one is shown.
   */
  show(what: Segment | readonly RgbImage[], how?: Playing): Promise<void>;
  /**
   * Lets the page itself choose from now on. Whenever the kiosk's main sentence changes, the clip for that sentence is played
   * from its start, or `otherwise`. Before another clip begins, one that `stays` is played in reverse. While the kiosk shows
   * `hold`, the clip continues. Every clip is in the page before the first one is played, so a reaction comes with the next
   * frame, however busy the machine is.
   */
  react(clips: readonly ReactiveClip[], otherwise: ReactiveClip, hold: string): Promise<void>;
  /** Loads a clip into the page, to be shown by `cue`. */
  load(name: string, what: Segment | readonly RgbImage[], how?: Playing): Promise<void>;
  /** Shows a loaded clip, or for null the empty wall. @returns when its first frame was drawn, by the page's clock, ms */
  cue(name: string | null): Promise<number>;
  /** Lights what is in the oval by the colours that the page shows, `lag` ms late, from now on. Null: no light. */
  light(how: PageLight | null): Promise<void>;
  /** The sentences that `react` has answered, in order. */
  answered(): Promise<readonly string[]>;
  /** How many frames the canvas has drawn, to check that it runs. */
  drawn(): Promise<number>;
  /** Unplugs the camera: the track ends, and no camera is left. */
  unplug(): Promise<void>;
  /** Plugs it in again. */
  plug(): Promise<void>;
}

/** `once` holds the last frame, `swing` plays back and forth without a cut, `stays` does so with only the last frames. */
export type Playing = 'once' | 'swing' | 'stays';

/** *Simulated*: a white screen adds `share` of the existing light. Oval: centre and half-axes, pixels of the camera. */
export interface PageLight {
  readonly share: number;
  readonly lag: number;
  readonly oval: readonly [x: number, y: number, rx: number, ry: number];
}

/** The clip shown while the kiosk shows `sentence`. */
export interface ReactiveClip {
  readonly sentence: string;
  readonly what: Segment | readonly RgbImage[];
  readonly how: Playing;
}

export interface ReactiveCameraOptions {
  /** Frame rate of the canvas. Default 15. */
  readonly fps?: number;
  readonly width?: number;
  readonly height?: number;
}

interface InPage {
  play(jpegs: readonly string[], how: Playing): Promise<void>;
  load(name: string, jpegs: readonly string[], how: Playing): Promise<void>;
  cue(name: string | null): number;
  react(hold: string): void;
  light(how: PageLight | null): void;
  readonly answered: string[];
  drawn: number;
  unplug(): void;
  plug(): void;
}
type WithCamera = typeof globalThis & { reactiveCamera: InPage };

/** Installs the camera; call it before `page.goto`. It shows an empty wall until the first `show`. */
export async function installReactiveCamera(page: Page, options: ReactiveCameraOptions = {}): Promise<ReactiveCamera> {
  const { fps = 15, width = 640, height = 480 } = options;
  await page.addInitScript(cameraInPage, { fps, width, height });
  const jpegsOf = async (what: Segment | readonly RgbImage[]): Promise<string[]> =>
    Promise.all(('source' in what ? await framesOf(what, { fps, width, height }) : what).map(toJpeg));
  const load: ReactiveCamera['load'] = async (name, what, how = 'swing') => {
    await page.evaluate(([n, list, mode]) => (globalThis as WithCamera).reactiveCamera.load(n, list, mode), [
      name,
      await jpegsOf(what),
      how,
    ] as const);
  };
  return {
    async react(clips, otherwise, hold) {
      for (const { sentence, what, how } of [...clips, { ...otherwise, sentence: '' }]) await load(sentence, what, how);
      await page.evaluate((said) => (globalThis as WithCamera).reactiveCamera.react(said), hold);
    },
    load,
    cue: (name) => page.evaluate((n) => (globalThis as WithCamera).reactiveCamera.cue(n), name),
    light: (how) => page.evaluate((light) => (globalThis as WithCamera).reactiveCamera.light(light), how),
    answered: () => page.evaluate(() => (globalThis as WithCamera).reactiveCamera.answered),
    async show(what, how = 'once') {
      const jpegs = await jpegsOf(what);
      await page.evaluate(([list, mode]) => (globalThis as WithCamera).reactiveCamera.play(list, mode), [
        jpegs,
        how,
      ] as const);
    },
    drawn: () => page.evaluate(() => (globalThis as WithCamera).reactiveCamera.drawn),
    unplug: () => page.evaluate(() => (globalThis as WithCamera).reactiveCamera.unplug()),
    plug: () => page.evaluate(() => (globalThis as WithCamera).reactiveCamera.plug()),
  };
}

async function framesOf(segment: Segment, size: { fps: number; width: number; height: number }): Promise<RgbImage[]> {
  const { source, start, seconds, filter } = segment;
  const images: RgbImage[] = [];
  for await (const { image } of readFrames(source, {
    ...size,
    seconds,
    ...(start === undefined ? {} : { start }),
    ...(filter ? { filter } : {}),
  })) {
    images.push(image);
  }
  return images;
}

const toJpeg = async ({ data, width, height }: RgbImage): Promise<string> =>
  (
    await sharp(data, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 92 })
      .toBuffer()
  ).toString('base64');

/** Runs in the page before its own scripts. Must not refer to anything outside itself. */
function cameraInPage({ fps, width, height }: { fps: number; width: number; height: number }): void {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d')!;
  let frames: ImageBitmap[] = [];
  let how: Playing = 'once';
  let at = 0;
  /** What is shown after the clip has been played in reverse. */
  let next: { frames: ImageBitmap[]; how: Playing } | null = null;
  let gone = false;
  let lit: PageLight | null = null;
  /** Colours of the page, newest last. */
  const colours: { at: number; colour: string }[] = [];
  const streams = new Set<MediaStream>();
  const bitmaps = (jpegs: readonly string[]): Promise<ImageBitmap[]> =>
    Promise.all(
      jpegs.map((text) =>
        createImageBitmap(new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], { type: 'image/jpeg' })),
      ),
    );
  let observer: MutationObserver | null = null;
  const clips = new Map<string, { frames: ImageBitmap[]; how: Playing }>();
  const start = (clip: { frames: ImageBitmap[]; how: Playing }): void => {
    ({ frames, how } = clip);
    at = 0;
    next = null;
    draw();
  };
  const camera = {
    drawn: 0,
    answered: [] as string[],
    async play(jpegs: readonly string[], how: Playing) {
      start({ frames: await bitmaps(jpegs), how });
    },
    async load(name: string, jpegs: readonly string[], how: Playing) {
      clips.set(name, { frames: await bitmaps(jpegs), how });
    },
    cue(name: string | null) {
      start(name === null ? { frames: [], how: 'once' } : clips.get(name)!);
      return performance.now();
    },
    react(hold: string) {
      let shown: string | null = null;
      const check = (): void => {
        const said = document.querySelector('.sentence-main')?.textContent ?? '';
        const sentence = clips.has(said) ? said : '';
        if (sentence === shown || said === hold) return;
        shown = sentence;
        if (sentence) camera.answered.push(sentence);
        const clip = clips.get(sentence)!;
        if (how !== 'stays') start(clip);
        else {
          at = Math.min(at, frames.length - 1);
          next = clip;
        }
      };
      observer?.disconnect();
      observer = new MutationObserver(check);
      observer.observe(document, { subtree: true, childList: true, characterData: true });
      check();
    },
    light(how: PageLight | null) {
      lit = how;
    },
    unplug() {
      gone = true;
      for (const stream of streams) {
        for (const track of stream.getTracks()) {
          track.stop();
          track.dispatchEvent(new Event('ended')); // a stop from inside the page fires no event by itself
        }
      }
      streams.clear();
      navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
    },
    plug() {
      gone = false;
      navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
    },
  };
  /** Sets the factors by which the page's colour brightens each channel; white is the reference. */
  function shine({ share, lag, oval: [x, y, rx, ry] }: PageLight): void {
    const now = performance.now();
    const screen = document.querySelector('.light');
    colours.push({ at: now, colour: screen ? getComputedStyle(screen).backgroundColor : '' });
    const { colour } = colours.findLast((one) => one.at <= now - lag) ?? { colour: '' };
    const channels = colour.match(/\d+/g)?.slice(0, 3).map(Number);
    if (!channels) return;
    const factors = channels.map((byte) => ((1 + share * (byte / 255) ** 2.2) / (1 + share)) ** (1 / 2.2));
    context.save();
    context.globalCompositeOperation = 'multiply';
    context.fillStyle = `rgb(${factors.map((factor) => Math.round(255 * factor)).join(', ')})`;
    context.beginPath();
    context.ellipse(x, y, rx, ry, 0, 0, 2 * Math.PI);
    context.fill();
    context.restore();
  }
  function draw(): void {
    if (next && at <= 0) {
      start(next);
      return;
    }
    const last = frames.length - 1;
    const swung = (among: number, tick: number): number => last - Math.abs(among - (tick % Math.max(1, 2 * among)));
    let index = Math.min(at, last);
    if (how === 'swing') index = swung(last, at);
    else if (how === 'stays' && !next && at > last) index = swung(Math.min(4, last), at - last + Math.min(4, last));
    const frame = frames[index];
    if (frame) context.drawImage(frame, 0, 0, width, height);
    else {
      // An empty wall with some unevenness: a uniform one looks like a covered lens.
      for (let i = 0; i < 40; i++) {
        context.fillStyle = `rgb(${170 + i}, ${165 + i}, ${150 + i})`;
        context.fillRect((i * width) / 40, 0, width / 40 + 1, height);
      }
    }
    if (lit) shine(lit);
    // An unchanged canvas gives no new frame, so a pixel in the corner changes each time.
    context.fillStyle = at % 2 ? '#000' : '#010101';
    context.fillRect(0, 0, 1, 1);
    at += next ? -1 : 1;
    camera.drawn++;
  }
  setInterval(draw, 1000 / fps);
  draw();
  (globalThis as WithCamera).reactiveCamera = camera;
  const devices = navigator.mediaDevices;
  devices.getUserMedia = async (constraints) => {
    if (gone || !constraints?.video) throw new DOMException('Requested device not found', 'NotFoundError');
    const stream = canvas.captureStream(fps);
    streams.add(stream);
    return stream;
  };
}

/** The moves that the kiosk can request, with their English sentences. */
const PROMPTS = CHALLENGE_STEPS.map((step) => [step, en.challenge[step]] as const);

/** Makes the footage follow the prompts from now on, as in `follow`. */
export async function reactTo(
  camera: ReactiveCamera,
  clips: Moves | ((step: Move | null) => Promise<readonly RgbImage[]>),
): Promise<void> {
  const attack = typeof clips === 'function';
  const clipOf = (step: Move | null) => (attack ? clips(step) : clips[step ?? 'straight']);
  const shown: ReactiveClip[] = [];
  for (const [step, sentence] of PROMPTS) {
    if (step !== 'middle') shown.push({ sentence, what: await clipOf(step), how: attack ? 'once' : 'stays' });
  }
  await camera.react(shown, { sentence: '', what: await clipOf(null), how: 'swing' }, en.challenge.hold);
}

/**
 * Shows footage that follows the prompts until `until` holds: a person straight ahead until a move is requested, then footage
 * that makes the move and stays there, and returns when the kiosk asks to look straight ahead.
 * @param clips a function: what an attacker shows for each prompt, and for none (null)
 * @returns the prompts that were answered, in order
 */
export async function follow(
  camera: ReactiveCamera,
  clips: Moves | ((step: Move | null) => Promise<readonly RgbImage[]>),
  until: () => Promise<boolean>,
  timeoutMs = 90_000,
): Promise<ChallengeStep[]> {
  await reactTo(camera, clips);
  const end = Date.now() + timeoutMs;
  while (Date.now() < end && !(await until())) await new Promise((resolve) => setTimeout(resolve, 50));
  const answered = await camera.answered();
  return answered.map((sentence) => PROMPTS.find(([, said]) => said === sentence)![0]);
}
