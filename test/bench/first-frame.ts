import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from '@playwright/test';
import { demoClip } from '../../electron/cli/demo/people.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { startBrowserHost } from '../../electron/host-browser/browser-host.ts';

/**
 * Milliseconds from the start of the browser host (core process, server, browser) on a provisioned kiosk to the first
 * frame of the camera on its check-in screen, in each of `rounds` starts. Chromium's camera is a recorded clip.
 */
export async function measureFirstFrame(rounds: number): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sp-first-frame-'));
  try {
    const home = join(folder, 'kiosk');
    ensureKioskFolder(home, true);
    await (await openKiosk({ home, deviceSecret: null, allowSecretFile: true })).close();
    const clip = await demoClip(folder);
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) times.push(await start(home, clip));
    return times;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function start(home: string, clip: string): Promise<number> {
  const began = performance.now();
  const [host, browser] = await Promise.all([
    startBrowserHost({ home, demo: true, browser: { mode: 'none' }, log: () => undefined }),
    chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: [
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
        '--use-fake-device-for-media-stream',
        '--use-fake-ui-for-media-stream',
        `--use-file-for-fake-video-capture=${clip}`,
      ],
    }),
  ]);
  try {
    if (!host.enterFile) throw new Error('the host has no way in');
    const page = await browser.newPage({ viewport: { width: 1080, height: 1920 } });
    await page.goto(pathToFileURL(host.enterFile).href);
    await page.waitForFunction(
      () => [...document.querySelectorAll('video')].some((video) => video.readyState >= 2 && video.currentTime > 0),
      undefined,
      { timeout: 60_000, polling: 20 },
    );
    return performance.now() - began;
  } finally {
    await browser.close();
    await host.close();
  }
}
