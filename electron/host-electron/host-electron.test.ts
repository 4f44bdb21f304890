import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { hostLog } from '../core/serving/log.ts';
import { readArguments } from './arguments.ts';
import { desktopEntry } from './autostart.ts';
import { hasKeystore } from './device-secret.ts';
import { findElectron } from './electron-binary.ts';
import { launchElectronHost } from './launch.ts';
import { isKioskFrame, isOurs, mayCheck, mayNavigate, mayRequest, mayUse, SWITCHES } from './policy.ts';

describe('decisions of the main process', () => {
  it('treat every address other than app://kiosk/ as foreign', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.webUrl(),
          fc.string(),
          fc.domain().map((d) => `app://${d}/`),
          fc.string().map((s) => `app:${s}`),
        ),
        (address) => {
          fc.pre(!/^\s*app:\/\/kiosk([/?#]|$)/i.test(address));
          expect(isOurs(address)).toBe(false);
          expect(mayNavigate(address)).toBe(false);
          if (!address.startsWith('data:image/')) expect(mayRequest(address)).toBe(false);
          expect(mayUse('media', { isMainFrame: true, mediaTypes: ['video'], requestingUrl: address })).toBe(false);
          expect(mayCheck('media', address, { isMainFrame: true, mediaType: 'video' })).toBe(false);
          expect(isKioskFrame({ url: address, parent: null })).toBe(false);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it.each([
    'app://kiosk.evil.example/',
    'app://kiosk:80/',
    'app://user@kiosk/',
    'app://evil@kiosk/',
    'app:///kiosk/',
    'APP2://kiosk/',
    'view-source:app://kiosk/',
    'filesystem:app://kiosk/x',
    '//kiosk/',
    undefined,
    '',
  ])('do not treat %s as ours', (address) => {
    expect(isOurs(address)).toBe(false);
  });
});

describe('Chromium in the application', () => {
  it('has WebGL even without a usable GPU, since face detection needs it', () => {
    expect(SWITCHES).toContainEqual(['enable-unsafe-swiftshader']);
  });
});

describe('the command line', () => {
  it('defaults to a kiosk in Electron’s data folder', () => {
    expect(readArguments([], {}, '/data')).toEqual({
      home: '/data',
      demo: false,
      secretInFile: false,
      footage: null,
      autostart: true,
    });
    expect(readArguments(['--demo', '--home=/h', '--footage=/f'], { SMARTPRESENCE_HOME: '/s' }, '/data')).toEqual({
      home: '/h',
      demo: true,
      secretInFile: true,
      footage: '/f',
      autostart: true,
    });
    expect(readArguments(['--no-autostart'], {}, '/data').autostart).toBe(false);
  });

  it('follows a unit’s variables, as the browser host does', () => {
    const env = { SMARTPRESENCE_HOME: '/var/lib/smartpresence', SMARTPRESENCE_DEVICE_SECRET: 'file' };
    expect(readArguments([], env, '/data')).toMatchObject({ home: '/var/lib/smartpresence/kiosk', secretInFile: true });
  });

  it('refuses footage outside a demo, and a relative folder', () => {
    expect(() => readArguments(['--footage=/f'], {}, '/data')).toThrow(
      expect.objectContaining({ code: 'bad-argument' }),
    );
    expect(() => readArguments(['--home=h'], {}, '/data')).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });
});

describe('the desktop entry that starts a kiosk', () => {
  it('quotes its command by the specification', () => {
    const lines = desktopEntry(['/opt/My Kiosk/kiosk', '--home=/a "b" $c `d` \\e 100%']).split('\n');
    expect(lines).toContain(
      String.raw`Exec="/opt/My Kiosk/kiosk" "--home=/a \\"b\\" \\$c \\` +
        '`d' +
        String.raw`\\` +
        '` ' +
        String.raw`\\\\e 100%%"`,
    );
    expect(lines.slice(0, 2)).toEqual(['[Desktop Entry]', 'Type=Application']);
  });
});

describe('the keystore', () => {
  const store = (available: boolean, backend: string) =>
    ({ isAsyncEncryptionAvailable: async () => available, getSelectedStorageBackend: () => backend }) as never;

  it('counts a hard-coded password, and one not chosen yet, as none', async () => {
    for (const backend of ['gnome_libsecret', 'kwallet5', 'kwallet6'])
      expect(await hasKeystore(store(true, backend), 'linux')).toBe(true);
    for (const backend of ['basic_text', 'unknown'])
      expect(await hasKeystore(store(true, backend), 'linux')).toBe(false);
    expect(await hasKeystore(store(false, 'gnome_libsecret'), 'linux')).toBe(false);
    expect(await hasKeystore(store(true, 'unknown'), 'darwin')).toBe(true);
    expect(await hasKeystore(store(false, 'unknown'), 'win32')).toBe(false);
  });
});

describe('Electron’s binary', () => {
  const modules = mkdtempSync(join(tmpdir(), 'modules-'));
  afterEach(() => rmSync(modules, { recursive: true, force: true }));

  it('is found if it exists, and not guessed otherwise', () => {
    expect(findElectron(modules, {})).toBeNull();
    mkdirSync(join(modules, 'electron/dist'), { recursive: true });
    writeFileSync(join(modules, 'electron/dist/electron'), '');
    expect(findElectron(modules, {})).toBe(join(modules, 'electron/dist/electron'));
    writeFileSync(join(modules, 'electron/path.txt'), 'elsewhere');
    expect(findElectron(modules, {})).toBeNull();
  });
});

describe('the launcher', () => {
  it('passes on the arguments and the log, and ends the program', async () => {
    const app = mkdtempSync(join(tmpdir(), 'launch-'));
    mkdirSync(join(app, 'electron/host-electron'), { recursive: true });
    // Node replaces Electron's program, since only the launcher is tested.
    writeFileSync(
      join(app, 'electron/host-electron/main.js'),
      "console.log(JSON.stringify({ time: 't', level: 'warn', message: 'args', list: process.argv.slice(2) })); console.log('noise'); setInterval(() => {}, 1000);",
    );
    const lines: unknown[][] = [];
    const host = launchElectronHost({
      program: process.execPath,
      app,
      home: '/h',
      demo: true,
      secretInFile: true,
      footage: '/f',
      log: (...line) => void lines.push(line),
    });
    await vi.waitFor(() => expect(lines).toHaveLength(2), { timeout: 60_000 });
    expect(lines).toEqual([
      ['warn', 'args', { list: ['--home=/h', '--demo', '--secret-in-file', '--footage=/f'] }],
      ['debug', 'electron: noise'],
    ]);
    await host.close();
    expect(await host.ended).toBeNull();
    rmSync(app, { recursive: true });
  });
});

describe('the log', () => {
  it('is one line of JSON per entry, in which fields never replace the message', () => {
    const lines: string[] = [];
    hostLog({ write: (line) => lines.push(line) }, () => new Date(0))('warn', 'x', {
      message: 'y',
      error: new Error('z'),
    });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({
      time: '1970-01-01T00:00:00.000Z',
      level: 'warn',
      message: 'x',
      error: { message: 'z' },
    });
  });
});
