import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { MEDIAPIPE_RUNTIME, WEIGHTS } from '../../models/rules/manifest.ts';
import { MANIFEST_FILE, PRODUCT } from '../../sync/protocol/wire/release.ts';
import { prepareModels } from '../models/prepare.ts';
import { traceClosure } from './closure.ts';
import { type Component, gatherComponents } from './components.ts';
import { emitSources } from './emit.ts';
import { NOTICES_FILE, thirdPartyNotices } from './notices.ts';
import { billOfMaterials, SBOM_FILE } from './sbom.ts';
import { buildKioskScreens } from './screens.ts';

/* What both packaged kiosks have in common: the modules that run, their packages, screens, weights, and what is told of them. */

export const ROOT = join(import.meta.dirname, '../..');

/** Which build it is. */
export interface BuildIdentity {
  readonly version: string;
  /** 40 hex digits. */
  readonly commit: string;
  /** Time of the commit, seconds since 1970. */
  readonly at: number;
}

export interface StageOptions extends BuildIdentity {
  /** An empty folder. */
  readonly folder: string;
  readonly platform: string;
  /** What is started by itself, as sources from the project's root. */
  readonly entries: readonly string[];
  /** Of Node, or of Electron, that runs it. */
  readonly runtime: Component;
  /** Further entries of `package.json`. */
  readonly packageJson?: object;
  /** Places of our own code beside those that every kiosk has. */
  readonly own?: readonly string[];
}

/** Puts into the folder whatever a kiosk needs to run but its runtime, with bill of materials and notices. */
export async function stageKiosk(options: StageOptions): Promise<void> {
  const { folder, version, platform } = options;
  const closure = await traceClosure(ROOT, options.entries, platform);
  emitSources(
    ROOT,
    closure.own.map((file) => join(ROOT, file)),
    folder,
  );
  for (const file of closure.packages) copy(join(ROOT, file), join(folder, file));
  const screens = await buildKioskScreens(ROOT, join(folder, 'dist/renderer'));
  await placeModels(folder);
  copy(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
  // Makes the .js files beside it modules, and says when its commit was made (electron/core/version.ts). Nothing else of the project's own package.json concerns a kiosk.
  const madeAt = new Date(options.at * 1000).toISOString();
  const packageJson = { name: PRODUCT, version, madeAt, ...options.packageJson, type: 'module' };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(packageJson)}\n`);
  const components = gatherComponents(ROOT, { packages: closure.packages, screens, runtime: options.runtime });
  writeFileSync(join(folder, NOTICES_FILE), thirdPartyNotices(components));
  const paths = [...OWN, ...(options.own ?? [])].sort();
  writeFileSync(join(folder, SBOM_FILE), billOfMaterials({ ...options, paths }, components));
}

/** What of a build is our own; the screens also hold what they bundle of others. */
const OWN = [
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

const Migrations = z.object({
  MIGRATIONS: z.array(z.object({ schema: z.number(), minReader: z.number() })).min(1),
});

/** What the packaged modules themselves say of the store they keep. */
export async function storeSchema(build: string): Promise<{ schema: number; minReader: number }> {
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

/** One file, with a mode that does not depend on who packages. */
export function copy(from: string, to: string, mode = 0o644): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { dereference: true });
  chmodSync(to, mode);
}

/** Version of the project, for builds that are not told another one. */
export const projectVersion = (): string =>
  (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
