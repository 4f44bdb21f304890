import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LicenceAnswers, readAnswers } from '../../build/checks/answers.ts';
import { isAllowed } from '../../build/checks/licences.ts';
import { installTools } from '../../build/fetch/tools.ts';
import { projectVersion } from '../../build/package/files.ts';
import { packageKiosk } from '../../build/package/kiosk.ts';
import { PATH_PROPERTY, SBOM_FILE } from '../../build/package/sbom.ts';
import type { KioskBuild } from '../../build/package/seal.ts';
import { readSource } from '../../build/package/source.ts';
import { NOTICES_FILE } from '../../build/package/stage.ts';
import { enrolDemoPeople } from '../../electron/cli/demo/enrol.ts';
import { demoClip } from '../../electron/cli/demo/people.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { kioskHome } from '../../electron/core/paths.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { SCHEMA } from '../../electron/core/store/migrations.ts';
import { WEIGHTS } from '../../models/rules/manifest.ts';
import { BuildManifest, MANIFEST_FILE } from '../../sync/protocol/wire/release.ts';
import { sp } from '../cli/run-sp.ts';
import { processesOf } from '../e2e/started.ts';
import { reservePorts } from '../services/ports.ts';
import { type RunningKiosk, type Unpacked, unpack } from './unpacked.ts';

/* The browser-host kiosk as shipped: what its archive contains, and that it runs on a machine without anything else of ours. */

const ROOT = join(import.meta.dirname, '../..');
const source = readSource(ROOT);
const out = mkdtempSync(join(tmpdir(), 'sp-build-'));
let built: KioskBuild;
let there: Unpacked;
/** Files of the unpacked build, sorted. */
let files: string[];

beforeAll(async () => {
  built = await packageKiosk({ out, version: projectVersion(), commit: source.commit, at: source.at });
  there = unpack(built.archive);
  files = readdirSync(there.app, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(there.app.length + 1))
    .sort();
}, 300_000);
afterAll(() => {
  there?.remove();
  rmSync(out, { recursive: true, force: true });
});

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

describe('its contents', () => {
  test('has the time of its commit, before which no kiosk’s clock can be', () => {
    const { madeAt } = JSON.parse(readFileSync(join(there.app, 'package.json'), 'utf8')) as { madeAt: string };
    expect(Date.parse(madeAt)).toBe(source.at * 1000);
  });

  test('the same commit gives the same bytes in another folder, umask, time zone and language', () => {
    const again = mkdtempSync(join(tmpdir(), 'sp-build-again-'));
    try {
      execFileSync(
        'sh',
        [
          '-c',
          'umask 077; exec "$@"',
          'sh',
          process.execPath,
          join(ROOT, 'build/package/package.ts'),
          '--out',
          again,
          '--dirty',
        ],
        {
          cwd: '/',
          env: { PATH: process.env.PATH, HOME: again, TZ: 'Pacific/Chatham', LC_ALL: 'C' },
          stdio: ['ignore', 'pipe', 'ignore'],
        },
      );
      const [archive] = readdirSync(again).filter((name) => name.endsWith('.tar.gz'));
      expect(sha256(join(again, archive!))).toBe(sha256(built.archive));
    } finally {
      rmSync(again, { recursive: true, force: true });
    }
  }, 300_000);

  test('build.json describes it, and has every file with its hash', () => {
    const manifest = BuildManifest.parse(JSON.parse(readFileSync(join(there.app, MANIFEST_FILE), 'utf8')));
    expect(manifest).toMatchObject({
      version: projectVersion(),
      commit: source.commit,
      platform: `${process.platform}-${process.arch}`,
      host: 'browser',
      schema: SCHEMA,
      node: process.versions.node,
      entry: 'bin/kiosk',
      links: {},
    });
    const found = Object.fromEntries(
      files.filter((file) => file !== MANIFEST_FILE).map((file) => [file, sha256(join(there.app, file))]),
    );
    expect(manifest.files).toEqual(found);
  });

  test('no sources, tests, maps, server, other screens, other host, pictures of people, age or gender', () => {
    const forbidden = [
      /\.(ts|tsx|map|md|c|cc|cpp|h|gyp)$/,
      /(^|\/)(test|tests|__tests__|testdata|spec|docs|examples?|coverage)\//,
      /\.(test|spec)\./,
      /\.(jpe?g|png|mp4|mjpeg|y4m|webm|wav|node_modules\/\.)$/,
      /^(sync\/server|renderer|build|test|electron\/host-electron|electron\/cli\/(start|demo|server|accounts|audit|backup))\//,
      /(console|portal)-[\w-]+\.(js|css)$/,
      /(^|[/_.-])(age|gender|liveness)([_.-][^/]*)?\.(onnx|tflite|bin)$/,
      /(^|\/)\.(env|git|npmrc)/,
    ];
    const wrong = files.filter((file) => forbidden.some((pattern) => pattern.test(file)));
    expect(wrong).toEqual([]);
    // Shows that the patterns would match: the checkout has all of these.
    for (const planted of [
      'sync/server/main.ts',
      'electron/host-electron/main.js',
      'x/a.test.js',
      'm/fr_age.onnx',
      'f/franck.mp4',
    ])
      expect(
        forbidden.some((pattern) => pattern.test(planted)),
        planted,
      ).toBe(true);
  });

  test('only packages that the kiosk runs: none of the server, development or other platforms', () => {
    const packages = new Set(files.flatMap((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []));
    expect(packages).toContain('onnxruntime-node');
    const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    const server = [
      'fastify',
      'pg',
      'kysely',
      '@electric-sql/pglite',
      '@aws-sdk/client-s3',
      'aedes',
      'nodemailer',
      'pino',
      'prom-client',
    ];
    expect([...packages].filter((name) => server.includes(name) || name in devDependencies)).toEqual([]);
    const natives = files.filter((file) => /\.(node|dylib|dll)$|\.so(\.|$)/.test(file));
    expect(
      natives.filter((file) => !/linux|libonnxruntime\.so|libvips-cpp\.so/.test(file) || /musl/.test(file)),
    ).toEqual([]);
    expect(natives.filter((file) => process.arch === 'x64' && /arm64/.test(file))).toEqual([]);
  });

  test('every native module loads in the bundled Node, and every module of ours finds its imports', () => {
    const natives = files.filter((file) => file.endsWith('.node'));
    expect(natives.length).toBeGreaterThanOrEqual(5);
    const modules = files.filter((file) => /^(electron|sync|models)\/.*\.js$/.test(file));
    expect(modules.length).toBeGreaterThan(200);
    const starts = ['electron/cli/kiosk.js', 'electron/host-browser/core-child.js'];
    const code = `
      const { createRequire } = require('node:module');
      const need = createRequire(${JSON.stringify(`${there.app}/x.js`)});
      for (const file of ${JSON.stringify(natives)}) need('./' + file);
      (async () => {
        for (const file of ${JSON.stringify(modules.filter((file) => !starts.includes(file)))})
          await import(${JSON.stringify(`file://${there.app}/`)} + file);
        console.log('all loaded', process.versions.node, process.execPath);
        process.exit(0);
      })();`;
    const said = execFileSync(join(there.app, 'runtime/node'), ['-e', code], {
      cwd: '/',
      env: there.env,
      encoding: 'utf8',
    });
    expect(said.trim()).toBe(`all loaded ${process.versions.node} ${there.app}/runtime/node`);
  });
});

interface BomPart {
  type: string;
  'bom-ref': string;
  group?: string;
  name: string;
  version: string;
  description?: string;
  licenses: { expression?: string; license?: { id?: string; name?: string } }[];
  properties: { name: string; value: string }[];
}
interface Bom {
  metadata: { component: BomPart };
  components: BomPart[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

describe('its description of its contents', () => {
  const bomText = () => readFileSync(join(there.app, SBOM_FILE), 'utf8');
  const bom = () => JSON.parse(bomText()) as Bom;

  test('the bill of materials is valid CycloneDX 1.6, and the validator finds errors', async () => {
    installTools('test/package');
    const { Spec, Validation } = await import('@cyclonedx/cyclonedx-library');
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(bomText())).toBeNull();
    expect(await validator.validate(bomText().replace('"type": "library"', '"type": "thing"'))).not.toBeNull();
  });

  test('every file belongs to a component, every path exists, and every ref is valid', () => {
    const { metadata, components, dependencies } = bom();
    const own = metadata.component.properties.filter((p) => p.name === PATH_PROPERTY).map((p) => p.value);
    const theirs = components.flatMap((c) => c.properties.filter((p) => p.name === PATH_PROPERTY).map((p) => p.value));
    const holds = (path: string, file: string) => (path.endsWith('/') ? file.startsWith(path) : file === path);
    expect(files.filter((file) => ![...own, ...theirs].some((path) => holds(path, file)))).toEqual([]);
    // Files of other authors are not covered by our own name.
    expect(
      files.filter(
        (file) => /^(node_modules|runtime|dist\/models)\//.test(file) && !theirs.some((path) => holds(path, file)),
      ),
    ).toEqual([]);
    expect([...own, ...theirs].filter((path) => !files.some((file) => holds(path, file)))).toEqual([]);
    const refs = new Set([metadata.component['bom-ref'], ...components.map((c) => c['bom-ref'])]);
    expect(dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]).filter((ref) => !refs.has(ref))).toEqual(
      [],
    );
    expect(new Set(dependencies.map(({ ref }) => ref))).toEqual(refs);
  });

  test('versions match the packages inside, including Node, weights, screens and their font', () => {
    const named = new Map(bom().components.map((c) => [`${c.group ? `${c.group}/` : ''}${c.name}`, c]));
    for (const file of files.filter((f) => /^node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/.test(f))) {
      const { name, version } = JSON.parse(readFileSync(join(there.app, file), 'utf8')) as {
        name: string;
        version: string;
      };
      expect(
        bom().components.some((c) => c['bom-ref'] === `pkg:npm/${name.replace('@', '%40')}@${version}`),
        name,
      ).toBe(true);
    }
    for (const name of ['node', 'fr_feature.onnx', 'preact', '@mediapipe/tasks-vision', '@fontsource-variable/inter'])
      expect(named.has(name), name).toBe(true);
  });

  test('every licence is allowed or justified, and what is unknown about the weights is said', () => {
    const answers = readAnswers(LicenceAnswers, 'licences');
    const licence = (c: BomPart) =>
      c.licenses.map((l) => l.expression ?? l.license?.id ?? l.license?.name ?? '').join(' AND ');
    const libraries = bom().components.filter((c) => c.type !== 'machine-learning-model');
    const unanswered = libraries.filter(
      (c) => !isAllowed(licence(c)) && !answers.some((a) => a.licence === licence(c)),
    );
    expect(unanswered.map((c) => `${c['bom-ref']}: ${licence(c)}`)).toEqual([]);
    const weights = bom().components.filter((c) => c.type === 'machine-learning-model');
    expect(weights.map((c) => c.name).sort()).toEqual(WEIGHTS.map((w) => w.file).sort());
    for (const c of weights) expect(c.description).toContain('Provenance: ');
  });

  test('the notices name every component with its licence, and contain the texts of Node’s, the LGPL and the font’s', () => {
    const notices = readFileSync(join(there.app, NOTICES_FILE), 'utf8');
    const missing = bom().components.filter(
      ({ group, name, version }) => !notices.includes(`\n${group ? `${group}/` : ''}${name} ${version} (`),
    );
    expect(missing).toEqual([]);
    for (const text of [
      'Node.js is licensed for use as follows',
      'GNU LESSER GENERAL PUBLIC LICENSE',
      'SIL OPEN FONT LICENSE',
      'Copyright (c) Microsoft Corporation',
    ])
      expect(notices).toContain(text);
    expect(readFileSync(join(there.app, 'LICENSE'), 'utf8')).toBe(readFileSync(join(ROOT, 'LICENSE'), 'utf8'));
  });
});

describe('running it', () => {
  test('prints its version and commit', async () => {
    const { code, stdout } = await there.kiosk(['--version']);
    expect([code, stdout.trim()]).toEqual([0, `${projectVersion()} (${source.commit.slice(0, 12)})`]);
  });

  test('exits with a code and 3 without a keystore, and with 2 for mistyped arguments', async () => {
    const refused = await there.kiosk(['run', '--browser', 'none']);
    expect(refused.code).toBe(3);
    expect(refused.stdout).toContain('"code":"device-secret-missing"');
    for (const args of [['run', '--browser', 'lynx'], ['run', '--what'], ['run', '--footage', '/x'], ['nothing']])
      expect((await there.kiosk(args)).code, args.join(' ')).toBe(2);
  });

  describe.skipIf(!existsSync('/usr/bin/chromium'))('with Chromium', () => {
    let running: RunningKiosk | null = null;
    afterAll(async () => {
      if (running?.child.exitCode === null) await running.end('SIGKILL');
    });

    test('someone walks up and is checked in by face, and SIGTERM ends everything with exit code 0', async () => {
      const demo = unpack(built.archive);
      try {
        const home = kioskHome(demo.env);
        ensureKioskFolder(home, true);
        const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
        try {
          await enrolDemoPeople(kiosk);
        } finally {
          await kiosk.close();
        }
        const footage = await demoClip(demo.home);
        chmodSync(footage, 0o644);
        demo.handOver();
        running = demo.run(['--browser', 'headless', '--device-secret', 'file', '--demo', '--footage', footage]);
        expect(await running.line((line) => line.ready === true, 60_000)).toMatchObject({
          version: projectVersion(),
          commit: source.commit,
          url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
        });
        const checkin = await running.line((line) => line.message === 'check-in', 120_000);
        expect(checkin).toMatchObject({ method: 'face', direction: 'in' });
        expect(await running.end('SIGTERM')).toBe(0);
        expect(running.lines.at(-1)).toMatchObject({ message: 'host: ended' });
        expect(await processesOf(demo.home)).toEqual([]);
        const listed = await demo.kiosk(['checkins', 'list', '--json']);
        expect(JSON.parse(listed.stdout.split('\n')[0]!)).toMatchObject({ method: 'face' });
        const checked = await demo.kiosk(['store', 'check']);
        expect([checked.code, checked.stdout]).toEqual([0, expect.stringContaining('The store is whole')]);
      } finally {
        demo.remove();
      }
    }, 300_000);
  });

  test('joins a server by code, and reports its build and site', async () => {
    const base = mkdtempSync(join(tmpdir(), 'sp-packaged-server-'));
    const [people, devices] = await reservePorts(2);
    const env = {
      SMARTPRESENCE_SERVER_HOME: join(base, 'server'),
      SMARTPRESENCE_PEOPLE_PORT: String(people),
      SMARTPRESENCE_DEVICE_PORT: String(devices),
    };
    const onServer = async (...args: string[]) => {
      const { code, stderr, lines } = await sp(join(base, 'nobody'), [...args, '--json'], { env });
      expect(code, stderr).toBe(0);
      return lines()[0]!;
    };
    await onServer('server', 'init');
    const server = spawn(process.execPath, [join(ROOT, 'electron/cli/sp.ts'), 'server', 'start'], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = new Promise((resolve) => server.once('exit', resolve));
    try {
      await new Promise<void>((resolve, reject) => {
        createInterface({ input: server.stdout! }).once('line', () => resolve());
        void ended.then((code) => reject(new Error(`the server ended with ${code}`)));
      });
      const { code } = await onServer('device', 'provision', '--name', 'Packaged');
      const asked = await there.kiosk(['join', '--no-wait', '--json'], `${code}\n`);
      expect(asked.code, asked.stderr).toBe(0);
      const { device, fingerprint } = JSON.parse(asked.stdout) as Record<string, string>;
      await onServer('device', 'approve', device!, '--fingerprint', fingerprint!);
      const joined = await there.kiosk(['join', '--continue', '--json']);
      expect(joined.code, joined.stderr).toBe(0);
      const status = await there.kiosk(['status', '--json']);
      expect(JSON.parse(status.stdout)).toMatchObject({
        version: projectVersion(),
        commit: source.commit,
        server: `https://127.0.0.1:${devices}`,
      });
    } finally {
      server.kill('SIGTERM');
      await ended;
      rmSync(base, { recursive: true, force: true });
    }
  }, 180_000);
});
