import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BrowserContextOptions, chromium, type Page } from '@playwright/test';
import sharp from 'sharp';
import { prepareModels } from '../../build/models/prepare.ts';
import { startSecondKiosk } from '../../electron/cli/demo/second-kiosk.ts';
import { ensureScreens } from '../../electron/cli/start/build-screens.ts';
import { localPorts } from '../../electron/cli/start/ports.ts';
import { prepareKiosk } from '../../electron/cli/start/prepare-kiosk.ts';
import { startServerProcess } from '../../electron/cli/start/server-process.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { startBrowserHost } from '../../electron/host-browser/browser-host.ts';
import { initServer } from '../../sync/server/app/local.ts';
import { throughSocket } from '../../sync/server/app/operator-socket.ts';
import { makeServerHome } from '../../sync/server/platform/home.ts';
import { ask } from '../console/walk.ts';
import { readOptions } from '../options.ts';
import { IMAGES, inputsHash, MANIFEST, sha256 } from './inputs.ts';

/*
 * npm run pictures: the pictures of README and docs, taken of the demo in real Chromium. It is the demo of `npm start`, but
 * for the kiosk's browser, which is ours so that it can be photographed.
 */

const HEIGHT = 800;
/** Records from which on the history has arrived. */
const MONTH = 400;

readOptions('npm run pictures', {});

const home = mkdtempSync(join(tmpdir(), 'sp-pictures-'));
const undo = new AsyncDisposableStack();
undo.defer(() => rmSync(home, { recursive: true, force: true }));
try {
  await take();
} finally {
  await undo.disposeAsync();
}

async function take(): Promise<void> {
  const [kiosk, server] = [join(home, 'kiosk'), join(home, 'server')];
  await prepareModels();
  await ensureScreens(console.log);
  makeServerHome(server);
  ensureKioskFolder(kiosk, true);
  const ports = await localPorts(server);
  const serverEnv = {
    ...initServer(server),
    SMARTPRESENCE_PEOPLE_PORT: String(ports.people),
    SMARTPRESENCE_DEVICE_PORT: String(ports.devices),
    SMARTPRESENCE_REPEAT_SECONDS: '10',
  };
  const ready = startServerProcess(serverEnv, () => undefined, new AbortController().signal);
  undo.defer(async () => (await ready).stop());
  const preparing = { home: kiosk, call: throughSocket(server), ready, isNew: true, demo: true, deviceSecret: null };
  const prepared = await prepareKiosk({ ...preparing, staffPin: '582046' });
  const running = await ready;
  undo.use({ [Symbol.asyncDispose]: startSecondKiosk(prepared.second!).close });
  const host = await startBrowserHost({
    home: kiosk,
    demo: true,
    secretInFile: true,
    browser: { mode: 'none' },
    log: () => undefined,
  });
  undo.defer(() => host.close());
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      `--use-file-for-fake-video-capture=${prepared.footage}`,
    ],
  });
  undo.defer(() => browser.close());
  const open = async (options: BrowserContextOptions): Promise<Page> => {
    const context = await browser.newContext({
      ...{ locale: 'en-GB', colorScheme: 'light', reducedMotion: 'reduce', ignoreHTTPSErrors: true, ...options },
    });
    const page = await context.newPage();
    page.setDefaultTimeout(180_000);
    return page;
  };

  const entrance = await open({ viewport: { width: 1080, height: 1920 } });
  await entrance.goto(pathToFileURL(host.enterFile!).href);
  // Whose own language is the one of README and docs.
  await entrance.locator('.result', { hasText: 'John Doe' }).waitFor();
  await entrance.locator('.result').waitFor({ state: 'detached' });
  const welcome = await entrance.screenshot();
  await entrance.close();

  const desk = await open({ viewport: { width: 1280, height: HEIGHT } });
  await desk.goto(running.adminLink);
  await desk.getByRole('button', { name: 'Sign in', exact: true }).click();
  await desk.locator('.rail').waitFor();
  // What the picture shows is below it.
  await desk.getByRole('button', { name: 'Hide this guide' }).click();
  const records = async () => ((await ask(desk, 'GET', '/api/demo/contents')) as { records: number }).records;
  while ((await records()) < MONTH) await desk.waitForTimeout(500);
  await desk.reload();
  await desk.locator('.board-side').waitFor();
  const live = await desk.screenshot();
  const { items } = await ask(desk, 'GET', '/api/people?limit=100');
  const { id } = items.find(({ name }: { name: string }) => name === 'John Doe');
  await desk.goto(new URL(`#/people/${id}`, desk.url()).href);
  await desk.getByRole('heading', { level: 1, name: 'John Doe' }).waitFor();
  await desk.locator('.skeleton').first().waitFor({ state: 'detached' });
  await desk.waitForLoadState('networkidle');
  const person = await desk.screenshot();

  const { url } = await ask(desk, 'POST', `/api/people/${id}/sign-in-links`, {});
  const phone = await open({ viewport: { width: 390, height: HEIGHT } });
  await phone.goto(url);
  await phone.getByRole('button').first().click();
  await phone.locator('.portal-nav a').nth(1).click();
  await phone.getByRole('listitem').nth(8).waitFor();
  await phone.waitForLoadState('networkidle');
  const portal = await phone.screenshot();

  const pictures: Record<string, string> = {};
  for (const [name, left, right] of [
    ['welcome-and-live.png', welcome, live],
    ['person-and-portal.png', person, portal],
  ] as const) {
    const file = join(IMAGES, name);
    await beside(left, right, file);
    pictures[name] = sha256(readFileSync(file));
  }
  writeFileSync(MANIFEST, `${JSON.stringify({ inputs: inputsHash(), pictures }, null, 2)}\n`);
}

/** Two pictures of one height side by side. */
async function beside(left: Buffer, right: Buffer, file: string): Promise<void> {
  const parts = await Promise.all(
    [left, right].map((one) => sharp(one).resize({ height: HEIGHT }).png().toBuffer({ resolveWithObject: true })),
  );
  const gap = 24;
  const [a, b] = parts as [(typeof parts)[0], (typeof parts)[0]];
  const size = { width: a.info.width + gap + b.info.width, height: HEIGHT, channels: 3 as const };
  await sharp({ create: { ...size, background: '#ffffff' } })
    .composite([
      { input: a.data, left: 0, top: 0 },
      { input: b.data, left: a.info.width + gap, top: 0 },
    ])
    .png({ palette: true })
    .toFile(file);
}
