import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { installTools } from '../fetch/tools.ts';
import { transpile } from './emit.ts';

/** What programs need to run, as paths from the project's root, sorted. */
export interface Closure {
  /** Sources of ours. */
  readonly own: readonly string[];
  /** Files below node_modules. */
  readonly packages: readonly string[];
}

/**
 * What a package may ask for and does without: other platforms' halves of native packages, what makes `ws` and `pg` faster.
 * Whatever else can't be resolved ends the packaging.
 */
const OPTIONAL = [
  /^@node-rs\/argon2-[a-z0-9-]+(\/package\.json)?$/,
  /^\.\/argon2\.[a-z0-9-]+\.(node|cjs)$/,
  /^@img\/sharp-/,
  /^(bufferutil|utf-8-validate|pg-native)$/,
  /^supports-color$/, // debug paints its lines with it where it is there
  /^cloudflare:sockets$/, // pg asks for it on Cloudflare's own runtime
  /better-sqlite3-multiple-ciphers\/build\//, // where a build of its own would be; prebuilds/ holds the package's
];

/** Electron gives this module itself; the package of that name only fetches it. */
const ELECTRON = 'node_modules/electron/';

/** What is only in a checkout: benches, and what fetches the weights. The programs look whether it is there. */
const SOURCES_ALONE = /^(test|build\/fetch)\//;

/** Natives that a package brings for every platform, and that stay out where the platform is another one. */
const NATIVE = /\.(node|so(\.\d+)*|dylib|dll)$/;
const OTHERS = /(^|[/.-])(darwin|win32|android|freebsd|linuxmusl|musl|ia32|arm|x64|arm64|universal)(?=[/.-]|$)/g;

/** Whether a file of a package is a native of another platform than `platform` (`linux-x64`). */
export function isForeignNative(path: string, platform: string): boolean {
  if (!NATIVE.test(path)) return false;
  const [, arch = ''] = platform.split('-');
  return [...path.matchAll(OTHERS)].some(([, , word]) => word !== arch);
}

/**
 * Follows every import and every file that is opened by a path written in the code, from `entries` on.
 *
 * @param entries sources that are started by themselves, from the project's root
 * @throws when a module asks for something that is not installed, and does not go on without it
 */
export async function traceClosure(root: string, entries: readonly string[], platform: string): Promise<Closure> {
  installTools('build/package');
  const { nodeFileTrace } = await import('@vercel/nft');
  const inTree = (path: string): boolean => !path.startsWith('node_modules/');
  const { fileList, reasons, warnings } = await nodeFileTrace(
    entries.map((entry) => join(root, entry)),
    {
      base: root,
      processCwd: root,
      conditions: ['node'],
      // What modules of ours open by path (weights, screens, package.json) is put in place by name, not by tracing.
      ignore: (path) =>
        inTree(path)
          ? !/\.ts$|^(electron|models|sync)\/.*\.json$/.test(path) || SOURCES_ALONE.test(path)
          : path.startsWith(ELECTRON) || isForeignNative(path, platform),
      async readFile(path) {
        if (NATIVE.test(path)) return ''; // nothing in it is read as code
        let content: Buffer;
        try {
          content = readFileSync(path);
        } catch (error) {
          const { code = '' } = error as NodeJS.ErrnoException;
          if (['ENOENT', 'EISDIR', 'ENOTDIR'].includes(code)) return null; // it tries one place after the other
          throw error;
        }
        return path.endsWith('.ts') && inTree(relative(root, path))
          ? asTraced(transpile(path, content.toString('utf8')))
          : content;
      },
    },
  );
  const missing = [...warnings]
    .map(({ message }) => /^Failed to resolve dependency "([^"]+)"/.exec(message)?.[1] ?? message)
    .filter((name) => !OPTIONAL.some((pattern) => pattern.test(name)));
  if (missing.length > 0)
    throw new Error(`what is packaged needs packages that are missing:\n${[...new Set(missing)].join('\n')}`);
  // Where node_modules is a link, what it holds is elsewhere, and nft leaves it out in silence.
  const outside = [...reasons.keys()].find((path) => path.startsWith('..'));
  if (outside !== undefined) throw new Error(`what is packaged is outside the project: ${outside}`);
  const files = [...fileList].map((path) => relative(root, resolve(root, path))).sort();
  return { own: files.filter(inTree), packages: files.filter((path) => !inTree(path)) };
}

/** Tracing follows the sources, where what a module imports ends in `.ts`. */
const asTraced = (code: string): string => code.replace(/(['"])(\.{1,2}\/[^'"]+)\.js\1/g, '$1$2.ts$1');
