import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { installTools } from '../fetch/tools.ts';
import { transpile } from './emit.ts';

/** Files that programs need to run, as sorted paths from the project's root. */
export interface Closure {
  /** Our own source files. */
  readonly own: readonly string[];
  /** Files below node_modules. */
  readonly packages: readonly string[];
}

/**
 * Optional imports of packages: parts of native packages for other platforms, and modules that only make `ws` and `pg` faster.
 * Any other import that can't be resolved ends the packaging.
 */
const OPTIONAL = [
  /^@node-rs\/argon2-[a-z0-9-]+(\/package\.json)?$/,
  /^\.\/argon2\.[a-z0-9-]+\.(node|cjs)$/,
  /^@img\/sharp-/,
  /^(bufferutil|utf-8-validate|pg-native)$/,
  /^supports-color$/, // debug colours its output with it if it is installed
  /^cloudflare:sockets$/, // pg imports it on Cloudflare's runtime
  /better-sqlite3-multiple-ciphers\/build\//, // for a binary built locally; the package's own are in prebuilds/
];

/** Electron provides this module at run time. The npm package of that name only downloads Electron. */
const ELECTRON = 'node_modules/electron/';

/** Benches and the code that fetches weights, which exist only in a checkout. The programs check whether they exist. */
const SOURCES_ALONE = /^(test|build\/fetch)\//;

/** Native binaries. Some packages contain them for every platform; those for other platforms are left out. */
const NATIVE = /\.(node|so(\.\d+)*|dylib|dll)$/;
const OTHERS = /(^|[/.-])(darwin|win32|android|freebsd|linuxmusl|musl|ia32|arm|x64|arm64|universal)(?=[/.-]|$)/g;

/** Whether a file of a package is a native binary for another platform than `platform` (such as `linux-x64`). */
export function isForeignNative(path: string, platform: string): boolean {
  if (!NATIVE.test(path)) return false;
  const [, arch = ''] = platform.split('-');
  return [...path.matchAll(OTHERS)].some(([, , word]) => word !== arch);
}

/**
 * Follows every import, and every file opened by a literal path in the code, starting at `entries`.
 *
 * @param entries source files of the programs that are started, as paths from the project's root
 * @throws when a module imports something that is not installed and is not optional
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
      // Files that our own modules open by path (weights, screens, package.json) are placed by name, not by tracing.
      ignore: (path) =>
        inTree(path)
          ? !/\.ts$|^(electron|models|sync)\/.*\.json$/.test(path) || SOURCES_ALONE.test(path)
          : path.startsWith(ELECTRON) || isForeignNative(path, platform),
      async readFile(path) {
        if (NATIVE.test(path)) return ''; // don't parse a binary as code
        let content: Buffer;
        try {
          content = readFileSync(path);
        } catch (error) {
          const { code = '' } = error as NodeJS.ErrnoException;
          if (['ENOENT', 'EISDIR', 'ENOTDIR'].includes(code)) return null; // nft tries one candidate path after the other
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
  // If node_modules is a link, its content is outside the root, and nft silently leaves it out.
  const outside = [...reasons.keys()].find((path) => path.startsWith('..'));
  if (outside !== undefined) throw new Error(`what is packaged is outside the project: ${outside}`);
  const files = [...fileList].map((path) => relative(root, resolve(root, path))).sort();
  return { own: files.filter(inTree), packages: files.filter((path) => !inTree(path)) };
}

/** Renames imports from `.js` to `.ts`, because tracing follows the sources. */
const asTraced = (code: string): string => code.replace(/(['"])(\.{1,2}\/[^'"]+)\.js\1/g, '$1$2.ts$1');
