import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openChannel, readCoreState } from '../../electron/contract/connect.ts';
import { ASK_PORT } from '../../electron/contract/port-messages.ts';
import { connectClient, type RpcClient } from '../../electron/contract/rpc.ts';
import { CONTENT_SECURITY_POLICY } from '../../electron/core/serving/headers.ts';
import { electronApp } from './support/electron-app.ts';
import { plainDist, temporaryFolder } from './support/kiosk-page.ts';
import { PINS, STATUS } from './support/test-core.ts';

/*
 * main, preload and core of the Electron host, as they are packaged, end to end without Electron: the fake module in
 * fake-electron/ stands in for it. What is proven is our code; of Electron itself, nothing.
 */

const OUT = resolve(import.meta.dirname, '../artefacts/electron-app');
const visit = '01890a5d-ac96-774b-bcce-b302099a8057';
let app: Awaited<ReturnType<typeof electronApp>>;
let dist: ReturnType<typeof plainDist>;
let home: ReturnType<typeof temporaryFolder>;
let output: string[];

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
  home.remove();
});

const window = () => app.fake.state.windows[0]!;
const contents = () => window().webContents;
const session = () => app.fake.state.sessions.get('kiosk')!;
const logged = (message: string): boolean => output.some((line) => line.includes(message));

/** Starts the host and makes the page's globals those of the test, so that the contract's own page code runs in it. */
async function start(argv: string[] = []): Promise<void> {
  await app.start(argv);
  await window().loading;
  vi.stubGlobal('window', contents().page);
  vi.stubGlobal('location', contents().page!.location);
  vi.stubGlobal('fetch', (path: string) => session().answer(new Request(new URL(path, 'app://kiosk/'))));
}
const coreIs = (state: string): Promise<void> =>
  vi.waitFor(async () => expect((await readCoreState())?.state).toBe(state), { timeout: 10_000, interval: 20 });

async function connected(): Promise<RpcClient> {
  await coreIs('ready');
  const channel = await openChannel();
  expect(channel).not.toBeNull();
  return connectClient(channel!);
}

describe('the Electron host, from page to core', () => {
  it('carries calls, pictures, pushes and errors over a port straight to the core', async () => {
    await start();
    const { client, onSignal } = await connected();
    expect(await client.hello({})).toMatchObject({ site: 'Test' });
    const picture = { width: 640, height: 640, data: new Uint8Array(640 * 640 * 3).fill(255) };
    for (let i = 0; i < 10; i++) {
      expect(await client.probe({ visit, frame: { picture, box: [1, 1, 9, 9], others: 0, takenAt: i } })).toEqual({
        kind: 'more',
        progress: 1,
      });
    }
    const push = new Promise((done) => onSignal('status', done));
    await client.visitBegin({});
    expect(await push).toEqual(STATUS);
    await expect(client.staffUnlock({ pin: PINS.refuses })).rejects.toMatchObject({
      code: 'pin-locked',
      params: { seconds: 30 },
    });
    await expect(client.staffUnlock({ pin: PINS.fails })).rejects.toMatchObject({ code: 'internal' });
  });

  it('tells the page that the core ended, starts it again within two seconds, and connects it again', async () => {
    await start();
    const { client, closed } = await connected();
    const first = app.fake.processes[0]!;
    const call = client.staffUnlock({ pin: PINS.dies }).catch((error) => error.code);
    const killedAt = performance.now();
    await closed;
    expect(await call).toBe('rpc-gone');
    expect(await readCoreState()).toMatchObject({ state: 'restarting', code: 'core-restarting' });
    expect(await openChannel()).toBeNull();
    await vi.waitFor(() => expect(app.fake.processes).toHaveLength(2), { timeout: 5_000, interval: 10 });
    expect(performance.now() - killedAt).toBeLessThan(2_000);
    await coreIs('ready');
    expect(first.pid).toBeUndefined();
    expect(await (await connected()).client.hello({})).toMatchObject({ site: 'Test' });
  });

  it('shows code and next step of a core that refuses to start', async () => {
    writeFileSync(join(home.path, 'refuse'), '');
    await start();
    await coreIs('refused');
    expect(await readCoreState()).toMatchObject({ code: 'store-wrong-key', nextStep: 'Recover the key.' });
    expect(await openChannel()).toBeNull();
  });

  it('stops the core before it quits, and leaves no process', async () => {
    await start();
    const { closed } = await connected();
    const child = app.fake.processes[0]!;
    app.fake.app.emit('window-all-closed');
    await closed;
    await vi.waitFor(() => expect(app.fake.state.quits).toBe(1), { timeout: 5_000 });
    expect(child.pid).toBeUndefined();
    expect(child.child.exitCode).toBe(0);
  });

  it('loads the page again when it crashed or hangs', async () => {
    await start();
    await connected();
    window().emit('unresponsive');
    await vi.waitFor(() => expect(contents().loads).toBe(2), { timeout: 3_000 });
    vi.stubGlobal('window', contents().page);
    expect(await (await connected()).client.hello({})).toMatchObject({ site: 'Test' });
  });
});

describe('the device secret', () => {
  it('is made once, sealed by the keystore, readable by its user alone, and the same at the next start', async () => {
    await start();
    await coreIs('ready');
    const file = join(home.path, 'device-secret.sealed');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const sealed = readFileSync(file, 'utf8');
    expect(logged('"secret":32')).toBe(true);
    await app.fake.reset();
    app.fake.state.userData = home.path;
    await start();
    await coreIs('ready');
    expect(readFileSync(file, 'utf8')).toBe(sealed);
  });

  it.each(['basic_text', 'unknown'])(
    'is not entrusted to the backend %s: the page says so, and no core starts',
    async (backend) => {
      app.fake.state.keystore.backend = backend;
      await start();
      expect(await readCoreState()).toMatchObject({ state: 'refused', code: 'device-secret-missing' });
      expect(app.fake.processes).toHaveLength(0);
      expect(existsSync(join(home.path, 'device-secret.sealed'))).toBe(false);
      expect(await openChannel()).toBeNull();
    },
  );

  it('may live in a file by explicit flag alone', async () => {
    app.fake.state.keystore.available = false;
    await start(['--secret-in-file']);
    await coreIs('ready');
    expect(logged('"secret":null')).toBe(true);
  });

  it('stays in its file where the store was made with that, keystore or not', async () => {
    writeFileSync(join(home.path, 'device-secret'), Buffer.alloc(32, 7), { mode: 0o600 });
    await start(['--secret-in-file']);
    await coreIs('ready');
    expect(logged('"secret":null')).toBe(true);
    expect(existsSync(join(home.path, 'device-secret.sealed'))).toBe(false);
  });

  it('is not made anew when another keystore sealed it', async () => {
    writeFileSync(join(home.path, 'device-secret.sealed'), 'of another keyring');
    await start();
    expect(await readCoreState()).toMatchObject({ state: 'refused', code: 'device-secret-unreadable' });
    expect(readFileSync(join(home.path, 'device-secret.sealed'), 'utf8')).toBe('of another keyring');
  });
});

describe('the lockdown', () => {
  it('opens one kiosk window: sandboxed, isolated, without Node, devtools, webview or spell checker', async () => {
    await start();
    expect(window().options).toMatchObject({ kiosk: true, fullscreen: true, frame: false });
    expect(window().options.webPreferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
      disableBlinkFeatures: 'Auxclick',
      devTools: false,
      spellcheck: false,
      partition: 'kiosk',
    });
    expect(window().options.webPreferences).not.toHaveProperty('enableBlinkFeatures');
    expect(app.fake.state.sandboxed).toBe(true);
    expect(app.fake.state.menu).toBeNull();
    expect(app.fake.state.switches).toContainEqual(['host-resolver-rules', 'MAP * ~NOTFOUND']);
    expect(app.fake.state.privileged).toEqual([
      { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } },
    ]);
  });

  it('serves page, assets, models and the core’s state with the browser host’s headers, and nothing else', async () => {
    await start();
    for (const [path, type] of [
      ['/', 'text/html; charset=utf-8'],
      ['/assets/app-1.js', 'text/javascript; charset=utf-8'],
      ['/models/face.tflite', 'application/octet-stream'],
      ['/core-state', 'application/json'],
    ] as const) {
      const response = await session().answer(new Request(`app://kiosk${path}`));
      expect([path, response.status, response.headers.get('content-type')]).toEqual([path, 200, type]);
      expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    }
    for (const path of [
      '/../secret.json',
      '/%2e%2e/secret.json',
      '/assets/..%2f..%2fsecret.json',
      '/index.html',
      '/package.json',
    ]) {
      expect((await session().answer(new Request(`app://kiosk${path}`))).status).toBe(404);
    }
    expect((await session().answer(new Request('app://other/'))).status).toBe(404);
    expect((await session().answer(new Request('app://kiosk/', { method: 'POST' }))).status).toBe(405);
  });

  it('puts the browser host’s content security policy on whatever is answered', async () => {
    await start();
    expect(await session().headers({ server: ['x'] })).toEqual({
      server: ['x'],
      'Content-Security-Policy': [CONTENT_SECURITY_POLICY],
    });
  });

  it('refuses navigation, redirects, frames, webviews, windows and downloads', async () => {
    await start();
    const refused = (
      name: string,
      url: string,
      on: { emit: (name: string, event: object) => void } = contents(),
    ): boolean => {
      let prevented = false;
      on.emit(name, { url, preventDefault: () => (prevented = true) });
      return prevented;
    };
    for (const name of ['will-navigate', 'will-redirect', 'will-frame-navigate']) {
      for (const url of [
        'https://evil.example/',
        'file:///etc/passwd',
        'app://other/',
        'app://kiosk/assets/app-1.js',
        'app://kiosk@evil.example/',
        'javascript:alert(1)',
        'data:text/html,x',
        'about:blank',
        '',
      ]) {
        expect([name, url, refused(name, url)]).toEqual([name, url, true]);
      }
      expect(refused(name, 'app://kiosk/')).toBe(false);
    }
    expect(refused('will-attach-webview', '')).toBe(true);
    expect(refused('will-download', '', session())).toBe(true);
    expect(contents().openHandler!({ url: 'app://kiosk/' })).toEqual({ action: 'deny' });
    expect(contents().webRtcPolicy).toBe('disable_non_proxied_udp');
    expect(logged('a navigation was refused')).toBe(true);
  });

  it('lets no request out of its own origin', async () => {
    await start();
    for (const url of [
      'https://evil.example/',
      'http://127.0.0.1:80/',
      'ws://127.0.0.1/',
      'wss://evil.example/',
      'file:///etc/passwd',
      'blob:https://evil.example/1',
      'data:text/html,x',
      'ftp://x/',
      'chrome://gpu',
      'devtools://devtools/x',
      'app://other/',
      '',
    ]) {
      expect([url, await session().allows(url)]).toEqual([url, false]);
    }
    for (const url of [
      'app://kiosk/',
      'app://kiosk/models/face.tflite',
      'blob:app://kiosk/1',
      'data:image/png;base64,x',
    ]) {
      expect([url, await session().allows(url)]).toEqual([url, true]);
    }
    expect(logged('an outside request was blocked')).toBe(true);
  });

  it('grants the camera to its page, and no other permission to anyone', async () => {
    await start();
    const camera = {
      isMainFrame: true,
      mediaTypes: ['video'],
      requestingUrl: 'app://kiosk/',
      securityOrigin: 'app://kiosk/',
    };
    expect(await session().request('media', camera)).toBe(true);
    for (const change of [
      { mediaTypes: ['audio'] },
      { mediaTypes: ['video', 'audio'] },
      { mediaTypes: [] },
      { mediaTypes: undefined },
      { isMainFrame: false },
      { requestingUrl: 'https://evil.example/' },
      { securityOrigin: 'https://evil.example' },
      { requestingUrl: undefined },
    ]) {
      expect([change, await session().request('media', { ...camera, ...change })]).toEqual([change, false]);
    }
    for (const permission of [
      'geolocation',
      'notifications',
      'midi',
      'fullscreen',
      'openExternal',
      'display-capture',
      'clipboard-read',
      'hid',
      'serial',
      'usb',
      'unknown',
      'idle-detection',
      'fileSystem',
    ]) {
      expect([permission, await session().request(permission, camera)]).toEqual([permission, false]);
      expect(
        session().permissionCheck!(null, permission, 'app://kiosk/', { isMainFrame: true, mediaType: 'video' }),
      ).toBe(false);
    }
    expect(session().permissionCheck!(null, 'media', 'app://kiosk/', { isMainFrame: true, mediaType: 'video' })).toBe(
      true,
    );
    expect(session().permissionCheck!(null, 'media', 'app://kiosk/', { isMainFrame: true, mediaType: 'audio' })).toBe(
      false,
    );
    expect(
      session().permissionCheck!(null, 'media', 'https://evil.example', { isMainFrame: true, mediaType: 'video' }),
    ).toBe(false);
    expect(session().devicePermission!({})).toBe(false);
    const shared = await new Promise((done) => session().displayMedia!({}, done));
    expect(shared).toBeNull();
  });

  it('gives a port to no frame but the page’s own main frame', async () => {
    await start();
    await coreIs('ready');
    const given: string[] = [];
    contents().postMessage = (channel) => void given.push(channel);
    const main = { url: 'app://kiosk/', parent: null };
    for (const frame of [
      null,
      { url: 'https://evil.example/', parent: null },
      { url: 'app://kiosk/', parent: main },
      { url: 'about:blank', parent: null },
    ]) {
      contents().sendFrom(frame, ASK_PORT);
    }
    expect(given).toEqual([]);
    expect(logged('a message of a foreign frame was refused')).toBe(true);
    contents().sendFrom(main, ASK_PORT);
    expect(given).toHaveLength(1);
  });

  it('passes nothing through the preload but the question for a port', async () => {
    await start();
    await coreIs('ready');
    const page = contents().page!;
    const asked = vi.spyOn(contents(), 'sendFrom');
    for (const data of ['', 'smartpresence:port', { type: ASK_PORT }, [ASK_PORT], null])
      page.dispatch(data, [], page, page.location.origin);
    page.dispatch(ASK_PORT, [], {}, page.location.origin);
    expect(asked).not.toHaveBeenCalled();
    page.dispatch(ASK_PORT, [], page, page.location.origin);
    expect(asked).toHaveBeenCalledOnce();
    expect(Object.keys(page)).toEqual(['location']);
    expect(session().preloadsOf('app://kiosk/')).toHaveLength(1);
    for (const other of ['app://other/', 'https://evil.example/', 'about:blank'])
      expect(session().preloadsOf(other)).toEqual([]);
  });

  it('lets a second start go, and shows the first one', async () => {
    app.fake.state.lock = false;
    await app.start([]);
    expect(app.fake.state.windows).toHaveLength(0);
    expect(app.fake.state.quits).toBe(1);
    await app.fake.reset();
    app.fake.state.userData = home.path;
    await start();
    const focused = vi.fn();
    window().on('focused', focused);
    app.fake.app.emit('second-instance');
    expect(focused).toHaveBeenCalledOnce();
  });

  it('ends with an error when it is asked for what it does not do', async () => {
    await app.start(['--footage=/tmp/x.mjpeg']);
    await app.start(['--home=relative']);
    expect(app.fake.state.exits).toEqual([1, 1]);
    expect(app.fake.state.windows).toHaveLength(0);
    mkdirSync(join(home.path, 'elsewhere'));
    await start(['--demo', '--footage=/tmp/x.mjpeg', `--home=${join(home.path, 'elsewhere')}`]);
    expect(app.fake.state.switches).toContainEqual(['use-file-for-fake-video-capture', '/tmp/x.mjpeg']);
    expect(app.fake.state.userData).toBe(join(home.path, 'elsewhere', 'electron'));
  });
});
