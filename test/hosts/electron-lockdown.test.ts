import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { ASK_PORT, ASK_PRINT } from '../../electron/contract/port-messages.ts';
import { CONTENT_SECURITY_POLICY } from '../../electron/core/serving/headers.ts';
import {
  app,
  contents,
  coreIs,
  home,
  logged,
  session,
  start,
  useElectronHost,
  window,
} from './support/electron-fixture.ts';

/* What the Electron host forbids. See support/electron-fixture.ts for what this proves. */

useElectronHost();

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

  it('sends the browser host’s content security policy with every answer', async () => {
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

  it('lets only its page keep the screen on', async () => {
    await start();
    const ours = { isMainFrame: true, requestingUrl: 'app://kiosk/' };
    const wake = 'screen-wake-lock';
    expect(await session().request(wake, ours)).toBe(true);
    expect(session().permissionCheck!(null, wake, 'app://kiosk/', { isMainFrame: true })).toBe(true);
    for (const change of [
      { isMainFrame: false },
      { requestingUrl: 'https://evil.example/' },
      { requestingUrl: undefined },
    ])
      expect([change, await session().request(wake, { ...ours, ...change })]).toEqual([change, false]);
    expect(session().permissionCheck!(null, wake, 'app://kiosk/', { isMainFrame: false })).toBe(false);
    expect(session().permissionCheck!(null, wake, 'https://evil.example', { isMainFrame: true })).toBe(false);
    expect(await session().request('system-wake-lock', ours)).toBe(false);
  });

  it('grants only the camera, and only to its page', async () => {
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

  it('gives a port only to the page’s main frame', async () => {
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
    expect(logged('refused a message from a foreign frame')).toBe(true);
    contents().sendFrom(main, ASK_PORT);
    expect(given).toHaveLength(1);
  });

  it('prints only its own page, on the default printer without a dialog', async () => {
    await start();
    await coreIs('ready');
    const page = contents().page!;
    contents().sendFrom({ url: 'https://evil.example/', parent: null }, ASK_PRINT);
    page.dispatch(ASK_PRINT, [], {}, page.location.origin);
    expect(contents().printed).toEqual([]);
    page.dispatch(ASK_PRINT, [], page, page.location.origin);
    expect(contents().printed).toEqual([{ silent: true }]);
  });

  it('passes only requests for a port and for printing through the preload', async () => {
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

  it('ends a second instance, and shows the first', async () => {
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

  it('exits with an error for unsupported options', async () => {
    await app.start(['--footage=/tmp/x.mjpeg']);
    await app.start(['--home=relative']);
    expect(app.fake.state.exits).toEqual([2, 2]);
    expect(app.fake.state.windows).toHaveLength(0);
    mkdirSync(join(home.path, 'elsewhere'));
    await start(['--demo', '--footage=/tmp/x.mjpeg', `--home=${join(home.path, 'elsewhere')}`]);
    expect(app.fake.state.switches).toContainEqual(['use-file-for-fake-video-capture', '/tmp/x.mjpeg']);
    expect(app.fake.state.userData).toBe(join(home.path, 'elsewhere', 'electron'));
  });
});
