import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { openChannel, readCoreState } from '../../electron/contract/connect.ts';
import { connectClient, type RpcClient } from '../../electron/contract/rpc.ts';
import type { Setup } from '../../electron/contract/setup.ts';
import { approveDevice, createProvisioningCode } from '../../sync/protocol/api/devices.ts';
import { newServer, type TestServer } from '../kit/server.ts';
import { electronApp } from './support/electron-app.ts';
import { temporaryFolder } from './support/kiosk-page.ts';

/*
 * The first start of a packaged Electron kiosk, with an empty machine: its folder, the first-run screen, and a real server that
 * it joins using only that screen. The core is real; Electron itself is the fake.
 */

const ROOT = resolve(import.meta.dirname, '../..');
const OUT = join(ROOT, 'test/artefacts/electron-setup-app');
let app: Awaited<ReturnType<typeof electronApp>>;
let server: TestServer;
let home: ReturnType<typeof temporaryFolder>;

beforeAll(async () => {
  home = temporaryFolder('electron-setup-home-');
  [app, server] = await Promise.all([electronApp(OUT, join(ROOT, 'dist'), 'real'), newServer()]);
});
afterEach(() => app.fake.reset());
afterAll(async () => {
  vi.unstubAllGlobals();
  await server?.close();
  home.remove();
  rmSync(OUT, { recursive: true, force: true });
});

/** The page that is loaded now, with its connection to the core. */
async function page(): Promise<RpcClient['client']> {
  const { webContents, loading } = app.fake.state.windows[0]!;
  await loading;
  vi.stubGlobal('window', webContents.page);
  vi.stubGlobal('location', webContents.page!.location);
  vi.stubGlobal('fetch', (path: string) => webContents.session.answer(new Request(new URL(path, 'app://kiosk/'))));
  await vi.waitFor(async () => expect(await readCoreState()).toMatchObject({ state: 'ready' }), {
    timeout: 120_000,
    interval: 50,
  });
  return connectClient((await openChannel())!).client;
}

it('joins a server using only the screen, with nothing prepared, and restarts as that server’s kiosk', async () => {
  const folder = join(home.path, 'smartpresence');
  app.fake.state.userData = folder;
  await app.start([]);
  const first = await page();
  const setup = async (at: Setup['at']): Promise<Setup> => {
    await vi.waitFor(async () => expect((await first.status({})).setup?.at).toBe(at), {
      timeout: 120_000,
      interval: 50,
    });
    return (await first.status({})).setup!;
  };
  expect(await first.hello({})).toMatchObject({ demo: false, site: 'Main entrance' });
  expect(await setup('code')).toEqual({ at: 'code', trouble: null });

  const { code } = await server.call(createProvisioningCode, { body: { name: 'Back door' } });
  await first.setupJoin({ code, language: 'de' });
  const asked = await setup('approval');
  if (asked.at !== 'approval') throw new Error(asked.at);
  expect(asked.staffPin).toBe(false);
  await first.setupStaffPin({ pin: '739154' });
  const { device } = await first.hello({});
  await server.call(approveDevice, { params: { device }, body: { fingerprint: asked.fingerprint } });

  // The rest is automatic: it has joined, and its core restarts.
  await vi.waitFor(() => expect(app.fake.processes).toHaveLength(2), { timeout: 120_000, interval: 50 });
  const second = await page();
  expect(await second.status({})).toMatchObject({ setup: null });
  expect(await second.hello({})).toMatchObject({ device, demo: false, defaultLanguage: 'de' });
}, 600_000);
