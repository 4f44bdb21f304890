import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { demoClip } from '../../electron/cli/demo/people.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { startBrowserHost } from '../../electron/host-browser/browser-host.ts';
import { requireChromium } from '../../electron/host-browser/chromium.ts';
import { plainPage } from '../hosts/support/plain-page.ts';

const POLL_MS = 20;

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
  const port = Promise.withResolvers<number>();
  const began = performance.now();
  const host = await startBrowserHost({
    home,
    demo: true,
    browser: { mode: 'headless', footage },
    log: (_level, message) => {
      const [, listening] = /DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(message) ?? [];
      if (listening) port.resolve(Number(listening));
      else if (message.startsWith('host: the browser exited')) port.reject(new Error(message));
    },
  });
  try {
    // Not Playwright's control: it would keep this process, which serves the page, busy for a tenth of a second.
    const page = await plainPage(await port.promise, host.url);
    while (!(await page.run(showsFrame, null))) await setTimeout(POLL_MS);
    page.close();
    return performance.now() - began;
  } finally {
    await host.close();
  }
}

/** Whether the page shows a picture of the camera. Runs in the page. */
const showsFrame = (): boolean =>
  [...document.querySelectorAll('video')].some((video) => video.readyState >= 2 && video.currentTime > 0);
