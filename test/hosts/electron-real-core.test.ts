import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { openChannel, readCoreState } from '../../electron/contract/connect.ts';
import { connectClient } from '../../electron/contract/rpc.ts';
import { electronApp } from './support/electron-app.ts';
import { temporaryFolder } from './support/kiosk-page.ts';

/* The Electron host as packaged, with the real core in its utility process, including store, vault and models. */

const ROOT = resolve(import.meta.dirname, '../..');
const OUT = join(ROOT, 'test/artefacts/electron-real-app');
let app: Awaited<ReturnType<typeof electronApp>>;
let home: ReturnType<typeof temporaryFolder>;

beforeAll(async () => {
  home = temporaryFolder('electron-real-home-');
  app = await electronApp(OUT, join(ROOT, 'dist'), 'real');
});
afterEach(() => app.fake.reset());
afterAll(() => {
  vi.unstubAllGlobals();
  home.remove();
  rmSync(OUT, { recursive: true, force: true });
});

async function start(): Promise<void> {
  app.fake.state.userData = home.path;
  await app.start(['--demo', `--home=${home.path}`]);
  const { webContents, loading } = app.fake.state.windows[0]!;
  await loading;
  vi.stubGlobal('window', webContents.page);
  vi.stubGlobal('location', webContents.page!.location);
  vi.stubGlobal('fetch', (path: string) => webContents.session.answer(new Request(new URL(path, 'app://kiosk/'))));
}
const coreIs = (state: string): Promise<void> =>
  vi.waitFor(async () => expect(await readCoreState()).toMatchObject({ state }), { timeout: 120_000, interval: 50 });

it('runs the real core from the packaged tree, sealed by the keystore, and the page reaches it', async () => {
  await start();
  await coreIs('ready');
  const { client } = connectClient((await openChannel())!);
  expect(await client.hello({})).toMatchObject({ demo: true, site: 'Demo entrance' });
  expect(await client.status({})).toMatchObject({ people: 0, liveness: 'off', notices: [] });
  const { visit } = await client.visitBegin({});
  const picture = { width: 320, height: 320, data: new Uint8Array(320 * 320 * 3) };
  expect(
    (await client.probe({ visit, frame: { picture, box: [100, 100, 120, 120], others: 0, takenAt: 1 } })).kind,
  ).toBe('guide');
  expect(existsSync(join(home.path, 'device-secret.sealed'))).toBe(true);
});

it('shows the core’s own error if the keystore returns another secret', async () => {
  rmSync(join(home.path, 'device-secret.sealed'));
  await start();
  await coreIs('refused');
  const state = await readCoreState();
  expect(state?.code).toMatch(/^[a-z-]+$/);
  expect(state?.nextStep).not.toBe('');
  expect(await openChannel()).toBeNull();
});
