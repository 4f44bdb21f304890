import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  createReadStream,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { MEDIAPIPE_RUNTIME, WEIGHTS } from '../../models/rules/manifest.ts';
import { archiveName, BuildManifest, BuildPlatform, MANIFEST_FILE, PRODUCT } from '../../sync/protocol/wire/release.ts';
import { prepareModels } from '../models/prepare.ts';
import { traceClosure } from './closure.ts';
import { gatherComponents } from './components.ts';
import { emitSources } from './emit.ts';
import { NOTICES_FILE, thirdPartyNotices } from './notices.ts';
import { billOfMaterials, SBOM_FILE } from './sbom.ts';
import { buildKioskScreens } from './screens.ts';
import { packFolder } from './tar.ts';

const ROOT = join(import.meta.dirname, '../..');

/** What is started by itself in a packaged kiosk: its program, and the process that holds the core. */
const ENTRIES = ['electron/cli/kiosk.ts', 'electron/host-browser/core-child.ts'];
const ENTRY = 'bin/kiosk';
/** The pinned Node. */
const NODE = 'runtime/node';

/** What of the build is our own code; the screens also hold what they bundle of others. */
const OWN = [
  'bin/',
  'dist/renderer/',
  'electron/',
  'models/',
  'sync/',
  'LICENSE',
  'package.json',
  MANIFEST_FILE,
  NOTICES_FILE,
  SBOM_FILE,
];

/**
 * The program's first line of defence against what it is started from: only its own Node runs it, without options and
 * modules of anybody else. `exec` leaves no process in between that a signal could miss.
 */
const LAUNCHER = `#!/bin/sh
# SmartPresence kiosk: see "kiosk --help" and docs/packaging.md.
here=$(dirname "$(readlink -f "$0")")
unset NODE_OPTIONS NODE_PATH NODE_REPL_EXTERNAL_MODULE
exec "$here/../${NODE}" "$here/../electron/cli/kiosk.js" "$@"
`;

export interface KioskBuildOptions {
  /** Folder that gets the build's folder and its archive. */
  readonly out: string;
  readonly version: string;
  /** 40 hex digits. */
  readonly commit: string;
  /** Time of the commit, seconds since 1970. */
  readonly at: number;
}

export interface KioskBuild {
  readonly folder: string;
  readonly archive: string;
  readonly manifest: BuildManifest;
}

/**
 * Packages the browser-host kiosk for this machine's platform: a folder that runs by itself, and its archive. The same
 * commit, version and packages give the same bytes.
 */
export async function packageKiosk(options: KioskBuildOptions): Promise<KioskBuild> {
  const { version, commit } = options;
  const platform = BuildPlatform.parse(`${process.platform}-${process.arch}`);
  const archive = join(options.out, archiveName({ version, platform }));
  const folder = archive.replace(/\.tar\.gz$/, '');
  const work = `${folder}.${process.pid}.tmp`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  try {
    const closure = await traceClosure(ROOT, ENTRIES, platform);
    emitSources(
      ROOT,
      closure.own.map((file) => join(ROOT, file)),
      work,
    );
    for (const file of closure.packages) copy(join(ROOT, file), join(work, file));
    const screens = await buildKioskScreens(ROOT, join(work, 'dist/renderer'));
    await placeModels(work);
    copy(realpathSync(join(ROOT, `node_modules/node-${platform}/bin/node`)), join(work, NODE), 0o755);
    copy(join(ROOT, 'LICENSE'), join(work, 'LICENSE'));
    mkdirSync(join(work, dirname(ENTRY)));
    writeFileSync(join(work, ENTRY), LAUNCHER);
    chmodSync(join(work, ENTRY), 0o755);
    // Makes the .js files beside it modules. Nothing else of the project's own package.json concerns a kiosk.
    writeFileSync(join(work, 'package.json'), `${JSON.stringify({ name: PRODUCT, version, type: 'module' })}\n`);

    const components = gatherComponents(ROOT, { packages: closure.packages, screens, platform });
    writeFileSync(join(work, NOTICES_FILE), thirdPartyNotices(components));
    const subject = { version, commit, platform, at: options.at, paths: OWN };
    writeFileSync(join(work, SBOM_FILE), billOfMaterials(subject, components));

    const manifest = BuildManifest.parse({
      product: PRODUCT,
      version,
      commit,
      platform,
      host: 'browser',
      ...(await storeSchema(work)),
      node: process.versions.node,
      entry: ENTRY,
      files: await hashes(work),
      links: {},
    });
    writeFileSync(join(work, MANIFEST_FILE), `${JSON.stringify(manifest, null, 1)}\n`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(work, folder);
    await packFolder(folder, `${archive}.tmp`, options.at);
    renameSync(`${archive}.tmp`, archive);
    return { folder, archive, manifest };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const Migrations = z.object({
  MIGRATIONS: z.array(z.object({ schema: z.number(), minReader: z.number() })).min(1),
});

/** What the packaged modules themselves say of the store they keep. */
async function storeSchema(build: string): Promise<{ schema: number; minReader: number }> {
  const { MIGRATIONS } = Migrations.parse(
    await import(pathToFileURL(join(build, 'electron/core/store/migrations.js')).href),
  );
  return MIGRATIONS.at(-1)!;
}

/** Weights and MediaPipe's runtime by the manifest that pins them: whatever else lies in dist/models stays there. */
async function placeModels(build: string): Promise<void> {
  const { weights, mediapipe } = await prepareModels();
  for (const { file } of WEIGHTS) copy(join(weights, file), join(build, 'dist/models/weights', file));
  for (const { file } of MEDIAPIPE_RUNTIME) copy(join(mediapipe, file), join(build, 'dist/models/mediapipe', file));
}

function copy(from: string, to: string, mode = 0o644): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { dereference: true });
  chmodSync(to, mode);
}

/** SHA-256 of every file below `folder`, by path, in order. */
async function hashes(folder: string): Promise<Record<string, string>> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort();
  const found: Record<string, string> = {};
  for (const path of paths) {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(join(folder, path))) hash.update(chunk as Buffer);
    found[path] = hash.digest('hex');
  }
  return found;
}

/** Version of the project, for builds that are not told another one. */
export const projectVersion = (): string =>
  (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
