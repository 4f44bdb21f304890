import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { MEDIAPIPE_RUNTIME, WEIGHTS } from '../../models/rules/manifest.ts';
import { MANIFEST_FILE } from '../../sync/protocol/wire/release.ts';
import { prepareModels } from '../models/prepare.ts';
import { traceClosure } from './closure.ts';
import { type Component, gatherComponents, type ModelFiles } from './components.ts';
import { emitSources } from './emit.ts';
import { copy, ROOT } from './files.ts';
import { billOfMaterials, SBOM_FILE } from './sbom.ts';
import { buildScreens, type Screen } from './screens.ts';

/* Common to all packaged programs: modules, their packages, screens, weights, notices and bill of materials. */

export interface BuildIdentity {
  readonly version: string;
  /** 40 hex digits. */
  readonly commit: string;
  /** Time of the commit, in seconds since 1970. */
  readonly at: number;
}

export interface StageOptions extends BuildIdentity {
  /** Folder of the build, empty. */
  readonly folder: string;
  /** Subfolder for the program, ending in a slash; notices and bill of materials stay in `folder`. Empty: `folder` itself. */
  readonly within?: string;
  readonly product: string;
  readonly platform: string;
  /** Source files of the entry points, as paths from the project's root. */
  readonly entries: readonly string[];
  /** The Node or Electron that runs the build. */
  readonly runtime: Component;
  readonly screens: readonly Screen[];
  /** Where models run. A kiosk's page runs some with MediaPipe; a program with only a command line has none. */
  readonly models: 'none' | 'node' | 'node and browser';
  /** Further entries of `package.json`. */
  readonly packageJson?: object;
  /** Further paths of our own code, in addition to those that every program has. */
  readonly own?: readonly string[];
}

/** Writes everything a program needs except its runtime to the folder, with bill of materials and notices. */
export async function stageProgram(options: StageOptions): Promise<void> {
  const { version, platform, within = '' } = options;
  const folder = join(options.folder, within);
  mkdirSync(folder, { recursive: true });
  const closure = await traceClosure(ROOT, options.entries, platform);
  emitSources(
    ROOT,
    closure.own.map((file) => join(ROOT, file)),
    folder,
  );
  for (const file of closure.packages) copy(join(ROOT, file), join(folder, file));
  const screens =
    options.screens.length === 0 ? [] : await buildScreens(ROOT, join(folder, 'dist/renderer'), options.screens);
  const models = await placeModels(folder, options.models);
  copy(join(ROOT, 'LICENSE'), join(options.folder, 'LICENSE'));
  // `type` makes the .js files modules, and `madeAt` is the commit's time, for electron/core/version.ts.
  const madeAt = new Date(options.at * 1000).toISOString();
  const packageJson = { name: options.product, version, madeAt, ...options.packageJson, type: 'module' };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(packageJson)}\n`);
  const components = gatherComponents(ROOT, { packages: closure.packages, screens, runtime: options.runtime, models });
  writeFileSync(join(options.folder, NOTICES_FILE), thirdPartyNotices(components));
  const paths = [...OWN.map((path) => within + path), ...OWN_ABOVE, ...(options.own ?? [])].sort();
  const placed = components.map((one) =>
    one === options.runtime ? one : { ...one, paths: one.paths.map((path) => within + path) },
  );
  writeFileSync(join(options.folder, SBOM_FILE), await billOfMaterials({ ...options, paths }, placed));
}

/** Paths of our own code in a build. The screens also contain the third-party code that they bundle. */
const OWN = ['dist/renderer/', 'electron/', 'models/', 'sync/', 'package.json', MANIFEST_FILE];
export const NOTICES_FILE = 'THIRD-PARTY-NOTICES';
const OWN_ABOVE = ['LICENSE', NOTICES_FILE, SBOM_FILE];

const Migrations = z.object({
  MIGRATIONS: z.array(z.object({ schema: z.number(), minReader: z.number() })).min(1),
});

/** Returns the store's schema version, read from the packaged modules themselves. */
export async function storeSchema(build: string): Promise<{ schema: number; minReader: number }> {
  const { MIGRATIONS } = Migrations.parse(
    await import(pathToFileURL(join(build, 'electron/core/store/migrations.js')).href),
  );
  return MIGRATIONS.at(-1)!;
}

/** Copies the weights and MediaPipe files that the manifest pins. Anything else in dist/models is left out. */
async function placeModels(build: string, where: StageOptions['models']): Promise<ModelFiles> {
  if (where === 'none') return { weights: [], runtime: [] };
  const { weights, mediapipe } = await prepareModels();
  const placed: ModelFiles =
    where === 'node'
      ? { weights: WEIGHTS.filter(({ runs }) => runs === 'node'), runtime: [] }
      : { weights: WEIGHTS, runtime: MEDIAPIPE_RUNTIME };
  for (const { file } of placed.weights) copy(join(weights, file), join(build, 'dist/models/weights', file));
  for (const { file } of placed.runtime) copy(join(mediapipe, file), join(build, 'dist/models/mediapipe', file));
  return placed;
}

const RULE = '='.repeat(100);

/** Returns the third-party notices. Components that share a licence text are listed together above it. */
function thirdPartyNotices(components: readonly Component[]): string {
  const byText = new Map<string, Component[]>();
  for (const component of components) {
    const text = component.texts.join('\n\n');
    byText.set(text, [...(byText.get(text) ?? []), component]);
  }
  const parts = [...byText].map(([text, holders]) => `${RULE}\n\n${holders.map(heading).join('\n')}\n\n${text}\n`);
  return `This build contains third-party software, fonts and weights, listed here with their licences; sbom.cdx.json says where each
is. SmartPresence itself: see LICENSE.

${parts.join('\n')}`;
}

function heading({ name, version, licence, holds, remarks }: Component): string {
  const inside = holds.length > 0 ? `\n  with ${holds.map((part) => `${part.name} ${part.version}`).join(', ')}` : '';
  const more = remarks.map((remark) => `\n  ${remark}`).join('');
  return `${name} ${version} (${licence})${inside}${more}`;
}
