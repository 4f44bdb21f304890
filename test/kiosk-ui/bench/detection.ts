import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { chromium, type Page } from '@playwright/test';
import { build } from 'vite';
import { cachedClip } from '../../../electron/cli/demo/footage.ts';
import { CLIPS } from '../clips.ts';
import { startScriptedCore } from '../scripted-core.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

/** Frames per second of each round: with the whole screen running, and of the detector alone. */
export interface DetectionRates {
  readonly screen: number[];
  readonly bare: number[];
}

/**
 * Measures detection in real Chromium. Both alternate in one browser, and in which goes first, so that a busy machine affects
 * both alike. Needs `dist/models`.
 * @param rounds how often each is measured
 * @param ms duration of each measurement
 */
export async function measureDetection(rounds: number, ms: number): Promise<DetectionRates> {
  const dist = await mkdtemp(join(tmpdir(), 'kiosk-bench-'));
  const root = resolve(import.meta.dirname);
  await build({
    configFile: false,
    root,
    base: './',
    logLevel: 'error',
    build: {
      outDir: join(dist, 'renderer'),
      emptyOutDir: true,
      target: 'es2023',
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      rolldownOptions: { input: { kiosk: resolve(root, 'kiosk/index.html') } },
    },
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  });
  await symlink(resolve(ROOT, 'dist/models'), join(dist, 'models'));
  const core = await startScriptedCore(dist);
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      `--use-file-for-fake-video-capture=${await cachedClip(CLIPS.man, resolve(ROOT, 'test/artefacts/clips'))}`,
    ],
  });
  try {
    const open = async (mode: string): Promise<Page> => {
      const page = await browser.newPage({ viewport: { width: 1080, height: 1920 } });
      await page.goto(`${core.url}?mode=${mode}`);
      await page.waitForFunction(() => 'measure' in window, undefined, { timeout: 60_000 });
      return page;
    };
    const rate = (page: Page): Promise<number> =>
      page.evaluate((time) => (window as unknown as { measure(ms: number): Promise<number> }).measure(time), ms);
    const rates: DetectionRates = { screen: [], bare: [] };
    for (let round = 0; round < rounds; round++) {
      // Each in a separate page that is closed before the other starts, so the two never share the machine.
      for (const mode of round % 2 === 0 ? (['bare', 'screen'] as const) : (['screen', 'bare'] as const)) {
        const page = await open(mode);
        rates[mode].push(await rate(page));
        await page.close();
      }
    }
    return rates;
  } finally {
    await browser.close();
    await core.close();
    await rm(dist, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const { screen, bare } = await measureDetection(Number(process.argv[2] ?? 5), 4_000);
  const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
  const round = (v: number): number => Math.round(v * 10) / 10;
  process.stdout.write(
    `${JSON.stringify({
      screen: screen.map(round),
      bare: bare.map(round),
      medianScreen: round(median(screen)),
      medianBare: round(median(bare)),
      ratio: Math.round((median(screen) / median(bare)) * 1000) / 1000,
    })}\n`,
  );
}
