import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import { openChannel, readCoreState } from '../../../electron/contract/connect.ts';
import { connectClient, type RpcClient } from '../../../electron/contract/rpc.ts';
import { electronApp } from './electron-app.ts';
import { plainDist, temporaryFolder } from './kiosk-page.ts';

/*
 * main, preload and core of the Electron host, as packaged, end to end without Electron: the fake module in fake-electron/
 * replaces it. This proves our code, and nothing about Electron itself.
 */

/** One per test file, since several may run at once. */
const OUT = resolve(import.meta.dirname, `../../artefacts/electron-app-${randomUUID()}`);
export const visit = '01890a5d-ac96-774b-bcce-b302099a8057';
export let app: Awaited<ReturnType<typeof electronApp>>;
export let dist: ReturnType<typeof plainDist>;
export let home: ReturnType<typeof temporaryFolder>;
export let output: string[];

/** Builds the app once per file, and gives each test a fresh Electron and data folder. */
export function useElectronHost(): void {
  beforeAll(async () => {
    dist = plainDist();
    app = await electronApp(OUT, dist.path, 'test');
  });
  afterAll(() => {
    dist.remove();
    rmSync(OUT, { recursive: true, force: true });
  });
  beforeEach(() => {
    home = temporaryFolder('electron-home-');
    app.fake.state.userData = home.path;
    output = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
      output.push(String(line));
      return true;
    });
  });
  afterEach(async () => {
    await app.fake.reset();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
    vi.unstubAllEnvs();
    home.remove();
  });
}

export const window = () => app.fake.state.windows[0]!;
export const contents = () => window().webContents;
export const session = () => app.fake.state.sessions.get('kiosk')!;
export const logged = (message: string): boolean => output.some((line) => line.includes(message));

/** Starts the host and gives the test the page's globals, so that the contract's own page code runs in it. */
export async function start(argv: string[] = []): Promise<void> {
  await app.start(argv);
  await window().loading;
  vi.stubGlobal('window', contents().page);
  vi.stubGlobal('location', contents().page!.location);
  vi.stubGlobal('fetch', (path: string) => session().answer(new Request(new URL(path, 'app://kiosk/'))));
}
export const coreIs = (state: string): Promise<void> =>
  vi.waitFor(async () => expect((await readCoreState())?.state).toBe(state), { timeout: 60_000, interval: 20 });

export async function connected(): Promise<RpcClient> {
  await coreIs('ready');
  const channel = await openChannel();
  expect(channel).not.toBeNull();
  return connectClient(channel!);
}
