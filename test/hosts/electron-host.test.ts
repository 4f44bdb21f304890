import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { openChannel, readCoreState } from '../../electron/contract/connect.ts';
import { keepAutostart } from '../../electron/host-electron/autostart.ts';
import { Problem } from '../../sync/errors/problem.ts';
import {
  app,
  connected,
  contents,
  coreIs,
  home,
  logged,
  output,
  start,
  useElectronHost,
  visit,
  window,
} from './support/electron-fixture.ts';
import { PINS, STATUS } from './support/test-core.ts';

/* From page to core, and the device secret. See support/electron-fixture.ts for what this proves. */

useElectronHost();

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

  it('notifies the page that the core ended, restarts it, and reconnects', async () => {
    await start();
    const { client, closed } = await connected();
    const first = app.fake.processes[0]!;
    const call = client.staffUnlock({ pin: PINS.dies }).catch((error) => error.code);
    await closed;
    expect(await call).toBe('rpc-closed');
    expect(await readCoreState()).toMatchObject({ state: 'restarting', code: 'core-restarting' });
    expect(await openChannel()).toBeNull();
    await vi.waitFor(() => expect(app.fake.processes).toHaveLength(2), { timeout: 60_000, interval: 10 });
    await coreIs('ready');
    expect(first.pid).toBeUndefined();
    expect(await (await connected()).client.hello({})).toMatchObject({ site: 'Test' });
  });

  it('shows code and next step of a core that refuses to start', async () => {
    writeFileSync(join(home.path, 'refuse'), '');
    await start();
    await coreIs('refused');
    expect(await readCoreState()).toMatchObject({
      code: 'store-wrong-key',
      nextStep: new Problem('store-wrong-key').nextStep,
    });
    expect(await openChannel()).toBeNull();
  });

  it('restarts when its server or a technician asks: a standalone installation restarts the program', async () => {
    app.fake.state.packaged = true;
    vi.stubEnv('APPIMAGE', '/opt/kiosk.AppImage');
    await start();
    const { client } = await connected();
    client.staffUnlock({ pin: PINS.restarts }).catch(() => undefined); // its response may be lost
    await vi.waitFor(() => expect(app.fake.state.quits).toBe(1), { timeout: 60_000 });
    expect(app.fake.state.relaunches).toEqual([{ execPath: '/opt/kiosk.AppImage' }]);
    expect(app.fake.processes[0]!.child.exitCode).toBe(0);
  });

  it('ends once its core has stopped, so that its launcher restarts it', async () => {
    vi.stubEnv('SMARTPRESENCE_SLOTS', join(home.path, 'slots'));
    await start();
    const { client } = await connected();
    client.staffUnlock({ pin: PINS.restarts }).catch(() => undefined); // its response may be lost
    await vi.waitFor(() => expect(app.fake.state.exits).toEqual([4]), { timeout: 60_000 });
    expect(app.fake.state.relaunches).toEqual([]);
    expect(app.fake.processes[0]!.child.exitCode).toBe(0);
  });

  it('restarts core and page if nothing would restart the program', async () => {
    await start();
    const { client, closed } = await connected();
    const reloaded = new Promise<void>((done) => {
      contents().reloadIgnoringCache = done;
    });
    client.staffUnlock({ pin: PINS.restarts }).catch(() => undefined); // its response may be lost
    await closed;
    await reloaded;
    await vi.waitFor(() => expect(app.fake.processes).toHaveLength(2), { timeout: 60_000 });
    await coreIs('ready');
    expect([app.fake.state.quits, app.fake.state.exits]).toEqual([0, []]);
  });

  it('stops the core before it quits, and leaves no process', async () => {
    await start();
    const { closed } = await connected();
    const child = app.fake.processes[0]!;
    app.fake.app.emit('window-all-closed');
    await closed;
    await vi.waitFor(() => expect(app.fake.state.quits).toBe(1), { timeout: 60_000 });
    expect(child.pid).toBeUndefined();
    expect(child.child.exitCode).toBe(0);
  });

  it('reloads the page if it crashed or hangs', async () => {
    await start();
    await connected();
    window().emit('unresponsive');
    await vi.waitFor(() => expect(contents().loads).toBe(2), { timeout: 60_000 });
    vi.stubGlobal('window', contents().page);
    expect(await (await connected()).client.hello({})).toMatchObject({ site: 'Test' });
  });
});

describe('a kiosk installed without a launcher', () => {
  it('starts at login, and keeps its display on', async () => {
    app.fake.state.packaged = true;
    vi.stubEnv('XDG_CONFIG_HOME', join(home.path, 'config'));
    const entry = join(home.path, 'config/autostart/smartpresence-kiosk.desktop');
    await start();
    await coreIs('ready');
    expect(readFileSync(entry, 'utf8')).toContain(`Exec="${process.execPath}" `);
    expect(app.fake.state.blockers).toEqual(['prevent-display-sleep']);
    await app.fake.reset();
    app.fake.state.userData = home.path;
    app.fake.state.packaged = true;
    await start(['--no-autostart']);
    await coreIs('ready');
    expect(existsSync(entry)).toBe(false);
  });

  it('is not set up for a demo, or when started by a launcher', async () => {
    vi.stubEnv('XDG_CONFIG_HOME', join(home.path, 'config'));
    for (const [argv, slots] of [
      [['--demo'], ''],
      [[], join(home.path, 'slots')],
    ] as const) {
      app.fake.state.packaged = true;
      app.fake.state.userData = home.path;
      vi.stubEnv('SMARTPRESENCE_SLOTS', slots);
      await start([...argv]);
      await coreIs('ready');
      expect(existsSync(join(home.path, 'config'))).toBe(false);
      expect(app.fake.state.blockers).toEqual(slots ? ['prevent-display-sleep'] : []);
      await app.fake.reset();
    }
  });

  it('has a login item on Windows', () => {
    const place = { app: app.fake.app, env: {}, program: 'C:\\Program Files\\kiosk.exe', args: ['--home=D:\\k'] };
    keepAutostart(true, { ...place, platform: 'win32' });
    keepAutostart(false, { ...place, platform: 'win32' });
    const { program: path, args } = place;
    expect(app.fake.state.loginItems).toEqual([
      { openAtLogin: true, path, args },
      { openAtLogin: false, path, args },
    ]);
  });
});

describe('the data folder', () => {
  it('is created at the first start, private to its user, with the settings of an unprovisioned kiosk', async () => {
    const folder = join(home.path, 'new/kiosk');
    await start([`--home=${folder}`]);
    await coreIs('ready');
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(JSON.parse(readFileSync(join(folder, 'site.json'), 'utf8'))).toMatchObject({
      demo: false,
      liveness: 'standard',
    });
    expect(existsSync(join(folder, 'logs/kiosk.jsonl'))).toBe(true);
  });

  it('that can’t be created is reported on the page with a next step', async () => {
    writeFileSync(join(home.path, 'file'), '');
    await start([`--home=${join(home.path, 'file/kiosk')}`]);
    await coreIs('refused');
    expect(await readCoreState()).toMatchObject({
      code: 'home-not-usable',
      nextStep: expect.stringContaining('access'),
    });
  });
});

describe('the device secret', () => {
  it('is created once, sealed by the keystore, private to its user, and the same at the next start', async () => {
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

  it('is resealed if the keystore has a newer key', async () => {
    await start();
    await coreIs('ready');
    const file = join(home.path, 'device-secret.sealed');
    const sealed = readFileSync(file, 'utf8');
    await app.fake.reset();
    app.fake.state.userData = home.path;
    app.fake.state.keystore.key = 2;
    await start();
    await coreIs('ready');
    expect(readFileSync(file, 'utf8')).toBe(sealed.replace('sealed:1:', 'sealed:2:'));
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('comes from systemd’s credential, with or without a keyring, and is never written', async () => {
    const credentials = join(home.path, 'credentials');
    mkdirSync(credentials);
    writeFileSync(join(credentials, 'smartpresence-device-secret'), Buffer.alloc(32, 5));
    vi.stubEnv('CREDENTIALS_DIRECTORY', credentials);
    await start();
    await coreIs('ready');
    expect(logged('"secret":32')).toBe(true);
    expect(existsSync(join(home.path, 'device-secret.sealed'))).toBe(false);
    await app.fake.reset();
    app.fake.state.userData = home.path;
    app.fake.state.keystore.available = false;
    output.length = 0;
    await start();
    await coreIs('ready');
    expect(logged('"secret":32')).toBe(true);
  });

  it('stays in the keystore that sealed it, even if a credential is given later', async () => {
    await start();
    await coreIs('ready');
    await app.fake.reset();
    app.fake.state.userData = home.path;
    app.fake.state.keystore.available = false;
    const credentials = join(home.path, 'credentials');
    mkdirSync(credentials);
    writeFileSync(join(credentials, 'smartpresence-device-secret'), Buffer.alloc(32, 5));
    vi.stubEnv('CREDENTIALS_DIRECTORY', credentials);
    await start();
    await coreIs('refused');
    expect(await readCoreState()).toMatchObject({ code: 'device-secret-missing' });
    expect((await readCoreState())?.message).toContain('sealed');
  });

  it.each(['basic_text', 'unknown'] as const)(
    'is not stored in the backend %s: the page says so, and no core starts',
    async (backend) => {
      app.fake.state.keystore.backend = backend;
      await start();
      await coreIs('refused');
      expect(await readCoreState()).toMatchObject({ code: 'device-secret-missing' });
      expect(app.fake.processes).toHaveLength(0);
      expect(existsSync(join(home.path, 'device-secret.sealed'))).toBe(false);
      expect(await openChannel()).toBeNull();
    },
  );

  it('may be stored in a file only by an explicit flag', async () => {
    app.fake.state.keystore.available = false;
    await start(['--secret-in-file']);
    await coreIs('ready');
    expect(logged('"secret":null')).toBe(true);
  });

  it('stays in its file if the store was created with it, with or without a keystore', async () => {
    writeFileSync(join(home.path, 'device-secret'), Buffer.alloc(32, 7), { mode: 0o600 });
    await start(['--secret-in-file']);
    await coreIs('ready');
    expect(logged('"secret":null')).toBe(true);
    expect(existsSync(join(home.path, 'device-secret.sealed'))).toBe(false);
  });

  it('is not recreated if another keystore encrypted it', async () => {
    writeFileSync(join(home.path, 'device-secret.sealed'), 'of another keyring');
    await start();
    await coreIs('refused');
    expect(await readCoreState()).toMatchObject({ code: 'device-secret-unreadable' });
    expect(readFileSync(join(home.path, 'device-secret.sealed'), 'utf8')).toBe('of another keyring');
  });
});
