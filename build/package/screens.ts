import { join } from 'node:path';
import { build, type Plugin } from 'vite';
import config from '../../vite.config.ts';

export type Screen = 'kiosk' | 'console' | 'portal';

/**
 * Builds the pages of these screens only, with everything they load, into `out`.
 *
 * @returns sorted folders (below node_modules) of the packages bundled in them
 */
export async function buildScreens(root: string, out: string, screens: readonly Screen[]): Promise<string[]> {
  const packages = new Set<string>();
  const record: Plugin = {
    name: 'which packages are in it',
    generateBundle(_options, bundle) {
      for (const item of Object.values(bundle)) {
        const files =
          item.type === 'asset'
            ? item.originalFileNames
            : Object.entries(item.modules).flatMap(([id, { renderedLength }]) => (renderedLength > 0 ? [id] : []));
        for (const file of files) {
          const folder = packageOf(file);
          if (folder !== null) packages.add(folder);
        }
      }
    },
  };
  // This variable takes precedence in Vite: without it, a developer's shell could produce a development build.
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  try {
    await build({
      ...config,
      configFile: false,
      envDir: false,
      mode: 'production',
      logLevel: 'error',
      plugins: [...config.plugins!, record],
      worker: { plugins: () => [record] },
      build: {
        ...config.build,
        outDir: out,
        rolldownOptions: {
          input: Object.fromEntries(screens.map((screen) => [screen, join(root, 'renderer', screen, 'index.html')])),
        },
      },
    });
  } finally {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  }
  return [...packages].sort();
}

/** Returns `node_modules/@scope/name` for a file at any depth in that package; null for one of our own files. */
export function packageOf(file: string): string | null {
  const first = `/${file}`.indexOf('/node_modules/');
  return first < 0 ? null : (/^(.*\/)?node_modules\/(@[^/]+\/)?[^/]+(?=\/)/.exec(file.slice(first))?.[0] ?? null);
}
