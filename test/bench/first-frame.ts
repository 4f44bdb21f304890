import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { demoClip } from '../../electron/cli/demo/people.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { startBrowserHost } from '../../electron/host-browser/browser-host.ts';
import { requireChromium } from '../../electron/host-browser/chromium.ts';

/**
 * Measures ms from the start of the browser host (core process, server, Chromium) on a provisioned kiosk to the first camera
 * frame on its check-in screen, for each of `rounds` starts. Chromium's camera plays a recorded clip.
 */
export async function measureFirstFrame(rounds: number): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sp-first-frame-'));
  const own = process.env.SMARTPRESENCE_CHROMIUM;
  try {
    const home = join(folder, 'kiosk');
    ensureKioskFolder(home, true);
    await (await openKiosk({ home, deviceSecret: null, allowSecretFile: true })).close();
    const clip = await demoClip(folder);
    // The kiosk's browser with one extra argument, so that we can see from outside what it shows.
    const steered = `#!/bin/sh\nexec ${requireChromium()} --remote-debugging-port=0 "$@"\n`;
    writeFileSync(join(folder, 'chromium'), steered, { mode: 0o700 });
    process.env.SMARTPRESENCE_CHROMIUM = join(folder, 'chromium');
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) times.push(await start(home, clip));
    return times;
  } finally {
    if (own === undefined) delete process.env.SMARTPRESENCE_CHROMIUM;
    else process.env.SMARTPRESENCE_CHROMIUM = own;
    rmSync(folder, { recursive: true, force: true });
  }
}

async function start(home: string, footage: string): Promise<number> {
  const steering = Promise.withResolvers<string>();
  const began = performance.now();
  const host = await startBrowserHost({
    home,
    demo: true,
    browser: { mode: 'headless', footage },
    log: (_level, message) => {
      const [, address] = /DevTools listening on (ws:\S+)/.exec(message) ?? [];
      if (address) steering.resolve(address);
      else if (message.startsWith('host: the browser exited')) steering.reject(new Error(message));
    },
  });
  try {
    const browser = await chromium.connectOverCDP(await steering.promise);
    const page = browser.contexts()[0]!.pages()[0]!;
    await page.waitForFunction(
      () => [...document.querySelectorAll('video')].some((video) => video.readyState >= 2 && video.currentTime > 0),
      undefined,
      { timeout: 60_000, polling: 20 },
    );
    return performance.now() - began;
  } finally {
    await host.close();
  }
}
