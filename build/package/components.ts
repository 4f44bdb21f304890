import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { z } from 'zod';
import type { RuntimeFile, WeightFile } from '../../models/rules/manifest.ts';
import { type FilesPackageName, filesOfPackage } from '../fetch/files.ts';
import { packageOf } from './screens.ts';

export interface Component {
  readonly ref: string;
  readonly type: 'library' | 'platform' | 'machine-learning-model';
  readonly name: string;
  readonly version: string;
  /** Package URL. */
  readonly purl: string | null;
  /** SPDX expression, or a description if there is none. */
  readonly licence: string;
  readonly texts: readonly string[];
  /** Its places in the build: files, or folders that end in a slash. */
  readonly paths: readonly string[];
  /** SHA-512 of the component's package, or SHA-256 of its file, in hex. */
  readonly hash: { readonly alg: 'SHA-512' | 'SHA-256'; readonly content: string } | null;
  /** Components compiled into it. */
  readonly holds: readonly { readonly name: string; readonly version: string }[];
  /** Refs of the components that it depends on. */
  readonly needs: readonly string[];
  /** Notes about its provenance and limits. */
  readonly remarks: readonly string[];
}

const PackageJson = z.object({
  name: z.string(),
  version: z.string(),
  license: z.string().optional(),
  dependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
});
const Lockfile = z.object({ packages: z.record(z.string(), z.object({ integrity: z.string().optional() })) });

export interface Inside {
  readonly packages: readonly string[];
  readonly screens: readonly string[];
  /** The runtime of the build: see nodeRuntime, electronRuntime. */
  readonly runtime: Component;
  readonly models: ModelFiles;
}

/** Weights, and the MediaPipe files that run some of them, below dist/models/. */
export interface ModelFiles {
  readonly weights: readonly WeightFile[];
  readonly runtime: readonly RuntimeFile[];
}

/** Returns every third-party component of a build, sorted by ref: packages, packages bundled in screens, Node, and weights. */
export function gatherComponents(root: string, inside: Inside): Component[] {
  const lock = readLock(root);
  const places = new Map<string, string[]>();
  const place = (folder: string, path: string) => places.set(folder, [...(places.get(folder) ?? []), path]);
  for (const folder of new Set(inside.packages.map((file) => packageOf(file)!))) place(folder, `${folder}/`);
  for (const folder of inside.screens) place(folder, 'dist/renderer/');
  for (const { file, source } of inside.models.runtime)
    place(`node_modules/${source.package}`, `dist/models/mediapipe/${file}`);

  // A package installed in several places is one component.
  const found = new Map<string, Component>();
  const refOf = (folder: string): string => npmRef(readPackage(root, folder));
  for (const [folder, paths] of places) {
    const own = readPackage(root, folder);
    const ref = npmRef(own);
    const before = found.get(ref);
    if (before) {
      found.set(ref, { ...before, paths: [...before.paths, ...paths].sort() });
      continue;
    }
    found.set(ref, {
      ref,
      type: 'library',
      name: own.name,
      version: own.version,
      purl: ref,
      licence: own.license ?? 'not stated',
      texts: licenceTexts(root, own.name, join(root, folder)),
      paths,
      hash: sha512(lock.packages[folder]?.integrity),
      holds: holdsOf(root, own.name, folder),
      needs: Object.keys({ ...own.dependencies, ...own.optionalDependencies })
        .map((name) => folderOf(folder, name, places))
        .flatMap((needed) => (needed === null ? [] : [refOf(needed)]))
        .sort(),
      remarks: [],
    });
  }
  return [...found.values(), inside.runtime, ...models(root, inside.models.weights)].sort((a, b) =>
    a.ref < b.ref ? -1 : 1,
  );
}

const readLock = (root: string) => Lockfile.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));

const readPackage = (root: string, folder: string) =>
  PackageJson.parse(JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')));

const npmRef = ({ name, version }: { name: string; version: string }): string =>
  `pkg:npm/${name.replace('@', '%40')}@${version}`;

const sha512 = (integrity: string | undefined): Component['hash'] =>
  integrity?.startsWith('sha512-')
    ? { alg: 'SHA-512', content: Buffer.from(integrity.slice(7), 'base64').toString('hex') }
    : null;

/** Returns the folder that a package's `require(name)` finds, or null if it is not in the build. */
function folderOf(from: string, name: string, inside: ReadonlyMap<string, unknown>): string | null {
  for (let at = from; ; at = at.slice(0, at.lastIndexOf('/node_modules/'))) {
    if (inside.has(`${at}/node_modules/${name}`)) return `${at}/node_modules/${name}`;
    if (!at.includes('/node_modules/')) break;
  }
  return inside.has(`node_modules/${name}`) ? `node_modules/${name}` : null;
}

/** Returns what is compiled into a native package, according to the package itself. */
function holdsOf(root: string, name: string, folder: string): Component['holds'] {
  if (name.startsWith('@img/sharp-libvips-')) {
    const versions = z
      .record(z.string(), z.string())
      .parse(JSON.parse(readFileSync(join(root, folder, 'versions.json'), 'utf8')));
    return Object.entries(versions).map(([part, version]) => ({ name: part, version }));
  }
  if (name !== 'better-sqlite3-multiple-ciphers') return [];
  const Database = createRequire(import.meta.url)(name) as new (
    file: string,
  ) => { prepare(sql: string): { get(): unknown }; close(): void };
  const database = new Database(':memory:');
  try {
    const { sqlite, ciphers } = z
      .object({ sqlite: z.string(), ciphers: z.string() })
      .parse(database.prepare('SELECT sqlite_version() AS sqlite, sqlite3mc_version() AS ciphers').get());
    return [
      { name: 'sqlite', version: sqlite },
      { name: 'sqlite3mc', version: ciphers.replace(/^.* /, '') },
    ];
  } finally {
    database.close();
  }
}

/** Entries of `process.versions` that are no component's version: Node's own and those of its interfaces. */
const NO_PARTS = ['node', 'modules', 'napi'];

/** Describes the packaged Node. It is the Node that runs the packaging (build/node), so it can report about itself. */
export function nodeRuntime(root: string, path: string): Component {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = `node_modules/${name}`;
  const { version } = readPackage(root, folder);
  if (version !== process.versions.node)
    throw new Error(`this is Node ${process.versions.node}, but ${version} is pinned: run npm run package`);
  return {
    ref: `pkg:generic/node@${version}`,
    type: 'platform',
    name: 'node',
    version,
    purl: `pkg:generic/node@${version}`,
    licence: 'MIT',
    texts: licenceTexts(root, name, join(root, folder)),
    paths: [path],
    hash: sha512(readLock(root).packages[folder]?.integrity),
    holds: Object.entries(process.versions)
      .filter(([name, value]) => !NO_PARTS.includes(name) && value)
      .map(([name, value]) => ({ name, version: value! })),
    needs: [],
    remarks: [`The program out of the npm package ${name}; the hash is that package's.`],
  };
}

/** Describes Electron by its npm package. What Chromium and its Node contain is listed beside the program, not in the archive. */
export function electronRuntime(root: string): Component {
  const folder = 'node_modules/electron';
  const { version } = readPackage(root, folder);
  return {
    ref: `pkg:generic/electron@${version}`,
    type: 'platform',
    name: 'electron',
    version,
    purl: `pkg:generic/electron@${version}`,
    licence: 'MIT',
    texts: licenceTexts(root, 'electron', join(root, folder)),
    paths: [],
    hash: null,
    holds: [],
    needs: [],
    remarks: ['Licences of Chromium and all that is in it: LICENSES.chromium.html beside the program.'],
  };
}

function models(root: string, weights: readonly WeightFile[]): Component[] {
  return weights.map((weight) => ({
    ref: `model:${weight.file}@${weight.sha256.slice(0, 12)}`,
    type: 'machine-learning-model',
    name: weight.file,
    version: weight.sha256.slice(0, 12),
    purl: null,
    licence: weight.licence,
    texts: licenceTexts(root, weight.source.package, filesOfPackage(weight.source.package as FilesPackageName)),
    paths: [`dist/models/weights/${weight.file}`],
    hash: { alg: 'SHA-256', content: weight.sha256 },
    holds: [],
    needs: [],
    remarks: [`Provenance: ${weight.provenance}.`, ...weight.limits],
  }));
}

/* Licence texts of the components. */

const TEXTS = join(import.meta.dirname, 'licences');
const LICENCE_FILE = /^(licen[cs]e|copying|notice|third.?party)/i;

/** Licence files, below licences/, of packages whose own folder has none. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  '@mediapipe/face_detection': ['Apache-2.0.txt'],
  '@mediapipe/tasks-vision': ['Apache-2.0.txt'],
  'abstract-logging': ['abstract-logging.txt'],
  'onnxruntime-common': ['onnxruntime.txt'],
  'onnxruntime-node': ['onnxruntime.txt'],
};
const BY_PATTERN: readonly (readonly [RegExp, (root: string, folder: string) => string[]])[] = [
  [/^@aws-sdk\//, () => [join(TEXTS, 'Apache-2.0.txt')]],
  // Their READMEs end with the licence.
  [/^(pg-types|pgpass)$/, (_root, folder) => [join(folder, 'README.md')]],
  [/^@node-rs\/argon2-/, (root) => [join(root, 'node_modules/@node-rs/argon2/LICENSE')]],
  [
    /^@img\/sharp-libvips-/,
    // The table in its README says which licence applies to which library.
    (_root, folder) => [
      join(folder, 'README.md'),
      ...['LGPL-3.0.txt', 'GPL-3.0.txt', 'MPL-1.1.txt', 'libvips-libraries.txt'].map((file) => join(TEXTS, file)),
    ],
  ],
];

/**
 * Returns the licence texts of an installed package.
 *
 * @param folder of the package
 * @throws when there is none, because no component may be distributed without its licence
 */
function licenceTexts(root: string, name: string, folder: string): string[] {
  const own = readdirSync(folder).filter((file) => LICENCE_FILE.test(file));
  const files =
    own.length > 0
      ? own.sort().map((file) => join(folder, file))
      : (ELSEWHERE[name]?.map((file) => join(TEXTS, file)) ??
        BY_PATTERN.find(([pattern]) => pattern.test(name))?.[1](root, folder) ??
        []);
  const texts = files.filter(existsSync).map((file) => readFileSync(file, 'utf8').replaceAll('\r\n', '\n').trim());
  if (texts.length === 0)
    throw new Error(`${name} has no licence text: put one into build/package/licences and name it in licences.ts`);
  return texts;
}
