import { z } from 'zod';

/**
 * A build is one packaged kiosk, described by the `build.json` at its root, at a known path in a TUF repository. Packager,
 * signer, server, kiosk and installer all use these types.
 */

/** The product name of our builds. A build with another name is other software, even if it is validly signed. */
export const PRODUCT = 'smartpresence-kiosk';

/** Name of the manifest at the root of a build. */
export const MANIFEST_FILE = 'build.json';

/** Largest archive, number of files per build, and largest `build.json`, in bytes. Checked before anything is read or parsed. */
export const MAX_BUILD_BYTES = 1024 * 1024 * 1024;
export const MAX_BUILD_FILES = 50_000;
export const MAX_MANIFEST_BYTES = 12 * 1024 * 1024;

const NUMBER = '(?:0|[1-9]\\d{0,8})';
const PRE = `(?:${NUMBER}|\\d*[A-Za-z-][0-9A-Za-z-]*)`;
const VERSION = `${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-${PRE}(?:\\.${PRE})*)?`;

/** A semantic version without build metadata, because versions that differ only in that have no order. */
export const BuildVersion = z
  .string()
  .max(64)
  .regex(new RegExp(`^${VERSION}$`));

export const BuildPlatform = z.enum(['linux-x64', 'linux-arm64', 'win32-x64']);
export type BuildPlatform = z.infer<typeof BuildPlatform>;

export const BuildHost = z.enum(['browser', 'electron']);
export type BuildHost = z.infer<typeof BuildHost>;

/** Returns why a build may not contain a path; null if it may. The rule is the same on every file system. */
export function badBuildPath(path: string): string | null {
  if (path.length === 0 || new TextEncoder().encode(path).length > 400) return 'empty, or longer than 400 bytes';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what we test for
  if (/[\u0000-\u001f\u007f\\:]/.test(path)) return 'a control character, a backslash or a colon in it';
  if (path.normalize('NFC') !== path) return 'not in Unicode normal form C';
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return 'not a plain relative path';
  if (parts.some((part) => new TextEncoder().encode(part).length > 255)) return 'a name longer than 255 bytes';
  return null;
}

/**
 * Returns where a link in a build points, relative to the build's root. Null if it points outside the build, or if `..` follows a
 * folder name: that folder could be a link, and the real target would then differ from the text.
 */
export function linkTarget(link: string, to: string): string | null {
  if (to.length === 0 || to.startsWith('/')) return null;
  const at = link.split('/').slice(0, -1);
  let down = false;
  for (const part of to.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') {
      at.push(part);
      down = true;
    } else if (down || at.pop() === undefined) return null;
  }
  const path = at.join('/');
  return badBuildPath(path) === null ? path : null;
}

/** Returns whether a path in a build is a link or passes through one. Its text then doesn't show where it really leads. */
function goesThroughLink(path: string, links: Readonly<Record<string, string>>): boolean {
  return path.split('/').some((_, i, parts) => Object.hasOwn(links, parts.slice(0, i + 1).join('/')));
}

const BuildPath = z.string().refine((path) => badBuildPath(path) === null, 'not a path within a build');
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const facts = {
  product: z.literal(PRODUCT),
  version: BuildVersion,
  commit: z.string().regex(/^[0-9a-f]{40}$/),
  platform: BuildPlatform,
  host: BuildHost,
  /** Schema version to which this build migrates a kiosk's store. */
  schema: z.number().int().positive(),
  /** Lowest schema version whose builds can still open a store written by this build. */
  minReader: z.number().int().positive(),
  /** Exact version of the Node.js that runs it, e.g. `24.15.0`. */
  node: z.string().regex(/^\d{1,3}\.\d{1,3}\.\d{1,3}$/),
  /** The program to start, relative to the build's root. */
  entry: BuildPath,
};

/** What the signed targets metadata contain for a build: its manifest without the lists of files and links. */
export const BuildFacts = z
  .strictObject(facts)
  .refine((build) => build.minReader <= build.schema, 'minReader is above schema');
export type BuildFacts = z.infer<typeof BuildFacts>;

/** `build.json`: SHA-256 of every regular file of the build except itself, and the target of every symbolic link. */
export const BuildManifest = z
  .strictObject({
    ...facts,
    files: z
      .record(BuildPath, Sha256)
      .refine((files) => Object.keys(files).length <= MAX_BUILD_FILES, 'too many files'),
    links: z.record(BuildPath, z.string().max(400)).default({}),
  })
  .refine((build) => build.minReader <= build.schema, 'minReader is above schema')
  .refine((build) => !(MANIFEST_FILE in build.files), 'a manifest can’t contain its own hash')
  .refine((build) => build.entry in build.files, 'the entry is not among the files')
  .refine(
    (build) =>
      Object.entries(build.links).every(([link, to]) => {
        const target = linkTarget(link, to);
        return !(link in build.files) && target !== null && !goesThroughLink(target, build.links);
      }),
    'a link leads out of the build, or through another link',
  );
export type BuildManifest = z.infer<typeof BuildManifest>;

/** Returns the part of a manifest that is signed. */
export function buildFacts({ files: _files, links: _links, ...build }: BuildManifest): BuildFacts {
  return build;
}

/** Compares two versions by the rules of semver.org: negative, zero or positive. Both must be a `BuildVersion`. */
export function compareVersions(a: string, b: string): number {
  const [coreA, preA] = split(a);
  const [coreB, preB] = split(b);
  for (let i = 0; i < 3; i++) {
    const by = Number(coreA[i]) - Number(coreB[i]);
    if (by !== 0) return by;
  }
  if (preA.length === 0 || preB.length === 0) return preB.length - preA.length;
  for (let i = 0; i < Math.max(preA.length, preB.length); i++) {
    const [x, y] = [preA[i], preB[i]];
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    const [numericX, numericY] = [/^\d+$/.test(x), /^\d+$/.test(y)];
    if (numericX !== numericY) return numericX ? -1 : 1;
    if (numericX && Number(x) !== Number(y)) return Number(x) - Number(y);
    if (x !== y && !numericX) return x < y ? -1 : 1;
  }
  return 0;
}

function split(version: string): [core: string[], pre: string[]] {
  const dash = version.indexOf('-');
  const core = dash < 0 ? version : version.slice(0, dash);
  return [core.split('.'), dash < 0 ? [] : version.slice(dash + 1).split('.')];
}

/** Returns whether `from` can still open the store after `to` was tried and abandoned, so that an update can be undone. */
export const canGoBack = (from: Pick<BuildFacts, 'schema'>, to: Pick<BuildFacts, 'minReader'>): boolean =>
  to.minReader <= from.schema;

/** How a build is packaged: an archive that a kiosk's launcher unpacks and starts, or one of Electron's installers. */
export const BuildFormat = z.enum(['electron.tar.gz', 'tar.gz', 'AppImage', 'deb', 'exe']);
export type BuildFormat = z.infer<typeof BuildFormat>;
const HOST_OF: Record<BuildFormat, BuildHost> = {
  'electron.tar.gz': 'electron',
  'tar.gz': 'browser',
  AppImage: 'electron',
  deb: 'electron',
  exe: 'electron',
};

/** The format used to update kiosks, by host. */
export const UPDATE_FORMAT = { browser: 'tar.gz', electron: 'electron.tar.gz' } as const satisfies Record<
  BuildHost,
  BuildFormat
>;

/** File name of an archive outside a repository. */
export const archiveName = (build: Pick<BuildFacts, 'version' | 'platform'>, format: BuildFormat = 'tar.gz') =>
  `${PRODUCT}-${build.version}-${build.platform}.${format}`;

/** Path of a build in the targets metadata: `kiosk/linux-x64/0.2.0/smartpresence-kiosk.tar.gz`. */
export const targetPath = (build: Pick<BuildFacts, 'version' | 'platform'>, format: BuildFormat = 'tar.gz') =>
  `kiosk/${build.platform}/${build.version}/${PRODUCT}.${format}`;

export interface TargetName {
  readonly platform: BuildPlatform;
  readonly version: string;
  readonly format: BuildFormat;
  readonly host: BuildHost;
}

const TARGET = /^kiosk\/([^/]{1,20})\/([^/]{1,64})\/([^/]{1,40})$/;

/** Parses a target path; null if it isn't one of ours. */
export function parseTargetPath(path: string): TargetName | null {
  const [, platform, version, file] = TARGET.exec(path) ?? [];
  if (platform === undefined || version === undefined || !file?.startsWith(`${PRODUCT}.`)) return null;
  const parsed = z
    .object({ platform: BuildPlatform, version: BuildVersion, format: BuildFormat })
    .safeParse({ platform, version, format: file.slice(PRODUCT.length + 1) });
  return parsed.success ? { ...parsed.data, host: HOST_OF[parsed.data.format] } : null;
}

/** Folder of the repository on a USB stick, and its path on the server's listener for devices. */
export const USB_FOLDER = 'smartpresence-updates';
export const UPDATES_PATH = '/updates';

const METADATA_FILE = /^metadata\/(?:timestamp\.json|[1-9]\d{0,8}\.(?:root|targets|snapshot)\.json)$/;
const TARGET_FILE = /^targets\/(kiosk\/[^/]+\/[^/]+\/)([0-9a-f]{64})\.([^/]+)$/;

/**
 * Returns what kind of file a repository may have at this path, relative to its root; null: none. Everything that serves a
 * repository (server, mirror, stick) checks this first, so no other file can be reached.
 */
export function repositoryFile(path: string): 'metadata' | 'target' | null {
  if (METADATA_FILE.test(path)) return 'metadata';
  const [, folder, , file] = TARGET_FILE.exec(path) ?? [];
  return folder !== undefined && file !== undefined && parseTargetPath(folder + file) !== null ? 'target' : null;
}

/** Returns where a target's bytes are in a repository with consistent snapshots: the name is prefixed with the hash. */
export function targetFile(path: string, sha256: string): string {
  const slash = path.lastIndexOf('/') + 1;
  return `targets/${path.slice(0, slash)}${sha256}.${path.slice(slash)}`;
}
