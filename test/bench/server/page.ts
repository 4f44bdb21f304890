import { type Browser, chromium } from '@playwright/test';
import { benchLine, median } from '../harness.ts';
import type { BenchLine } from '../types.ts';

/**
 * Limits: bytes that a page loads, compressed, and ms until it can be used (Lighthouse's bound for a fast time to interactive).
 */
const WEIGHT = 300_000;
const INTERACTIVE_MS = 3_800;
const ROUNDS = 5;

/**
 * Measures the size of the console's first page, and its time to respond with an empty browser cache.
 * @param cookie of a session, `name=value`
 */
export async function* pageLines(origin: string, cookie: string): AsyncGenerator<BenchLine> {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  try {
    const loads: Load[] = [];
    for (let round = 0; round < ROUNDS; round++) loads.push(await load(browser, origin, cookie));
    const line = { group: 'console', reference: 'limit', better: 'lower', bar: 1 } as const;
    yield benchLine({
      ...line,
      ...{ name: 'weight of the first page, nothing of it cached', unit: 'bytes', referenceValue: WEIGHT },
      ours: median(loads.map(({ bytes }) => bytes)),
      leavesOut: 'nothing: page, scripts, style and answers of the server, as they cross the network',
    });
    yield benchLine({
      ...line,
      ...{ name: 'until Home is there and ⌘K opens the search', unit: 'ms', referenceValue: INTERACTIVE_MS },
      ours: median(loads.map(({ ms }) => ms)),
      leavesOut: 'the network, and a slower processor: the bound is for a phone',
    });
  } finally {
    await browser.close();
  }
}

interface Load {
  readonly bytes: number;
  readonly ms: number;
}

async function load(browser: Browser, origin: string, cookie: string): Promise<Load> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB' });
  try {
    const [name, value] = cookie.split('=') as [string, string];
    const { hostname } = new URL(origin);
    await context.addCookies([{ name, value, domain: hostname, path: '/', secure: true, httpOnly: true }]);
    const page = await context.newPage();
    const network = await context.newCDPSession(page);
    await network.send('Network.enable');
    let bytes = 0;
    network.on('Network.loadingFinished', ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    const began = performance.now();
    await page.goto(origin);
    await page.locator('main h1').waitFor();
    await page.locator('.skeleton').waitFor({ state: 'detached' });
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').waitFor();
    return { bytes, ms: performance.now() - began };
  } finally {
    await context.close();
  }
}
