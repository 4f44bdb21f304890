import { existsSync } from 'node:fs';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, test as base, chromium, expect, type Page } from '@playwright/test';
import { build } from 'vite';
import { type ClipSpec, cachedClip } from '../../electron/cli/demo/footage.ts';
import { CLIPS, type ClipName } from './clips.ts';
import { type ScriptedCore, startScriptedCore } from './scripted-core.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const ARTEFACTS = resolve(ROOT, 'test/artefacts');
interface OpenOptions {
  clip?: ClipName | ClipSpec;
  /** Use this many of the browser’s own fake cameras instead. None of them shows a face. */
  cameras?: number;
  width?: number;
  height?: number;
  theme?: 'light' | 'dark';
  /** Runs in the page before its own scripts. */
  before?: () => void;
  path?: string;
  reducedMotion?: boolean;
}

export interface KioskPage {
  readonly core: ScriptedCore;
  open(options?: OpenOptions): Promise<Page>;
  /** Ignores errors that match; the test provokes them. */
  forgive(complaint: RegExp): void;
}

/** Builds the screens once per worker, next to the models that `npm run prepare:models` made. */
async function builtScreens(worker: number): Promise<string> {
  const dist = resolve(ARTEFACTS, `kiosk-dist-${worker}`);
  const models = resolve(ROOT, 'dist/models');
  if (!existsSync(resolve(models, 'weights/face_detection_short_range.tflite')))
    throw new Error('dist/models is missing: run `npm run prepare:models`');
  await mkdir(dist, { recursive: true });
  await build({
    configFile: resolve(ROOT, 'vite.config.ts'),
    logLevel: 'error',
    build: { outDir: resolve(dist, 'renderer'), emptyOutDir: true },
  });
  await rm(resolve(dist, 'models'), { force: true });
  await symlink(models, resolve(dist, 'models'));
  return dist;
}

export const test = base.extend<{ kiosk: KioskPage }, { dist: string }>({
  dist: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the first parameter's pattern
    async ({}, use, info) => {
      await use(await builtScreens(info.workerIndex));
    },
    { scope: 'worker' },
  ],
  kiosk: async ({ dist }, use) => {
    const core = await startScriptedCore(dist);
    const browsers: Browser[] = [];
    let complaints: string[] = [];
    await use({
      core,
      forgive(kind) {
        complaints = complaints.filter((c) => !kind.test(c));
      },
      async open({
        clip = 'wall',
        cameras,
        width = 1080,
        height = 1920,
        theme,
        before,
        path = '',
        reducedMotion = false,
      } = {}) {
        const file =
          cameras ?? (await cachedClip(typeof clip === 'string' ? CLIPS[clip] : clip, resolve(ARTEFACTS, 'clips')));
        const browser = await chromium.launch({
          executablePath: '/usr/bin/chromium',
          args: [
            ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
            '--use-fake-ui-for-media-stream',
            ...(typeof file === 'number'
              ? [`--use-fake-device-for-media-stream=device-count=${file}`]
              : ['--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${file}`]),
            '--autoplay-policy=no-user-gesture-required',
          ],
        });
        browsers.push(browser);
        // AxeBuilder needs a context created by us.
        const context = await browser.newContext({
          viewport: { width, height },
          locale: 'en-GB',
          reducedMotion: reducedMotion ? 'reduce' : 'no-preference',
        });
        const page = await context.newPage();
        page.on('pageerror', (error) => complaints.push(`page error: ${error.message}`));
        page.on('console', (message) => {
          if (/content security policy|refused to/i.test(message.text())) complaints.push(message.text());
        });
        if (before) await page.addInitScript(before);
        await page.goto(`${core.url}${theme ? `?theme=${theme}` : ''}${path}`);
        return page;
      },
    });
    for (const browser of browsers) await browser.close();
    await core.close();
    expect(complaints, 'errors of the page and rejections of its content policy').toEqual([]);
  },
});

/** Fails with every fault that axe finds on the current page. */
export async function expectNoAxeFault(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  // The analysis ends in a separate tab, which may take the focus.
  await page.bringToFront();
  const faults = violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html} (${n.failureSummary})`));
  expect.soft(faults, where).toEqual([]);
}

/** Runs in the page: no camera, so nothing is detected. For tests that only concern forms. */
export function noCamera(): void {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('none', 'NotFoundError'));
}

/** Runs in the page: a camera with few frames, for tests of a screen that does not have to follow a face. */
export function slowCamera(): void {
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await ask(wanted);
    for (const track of stream.getVideoTracks()) await track.applyConstraints({ frameRate: { max: 4 } });
    return stream;
  };
}

export { expect };
