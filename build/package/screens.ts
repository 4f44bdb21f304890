import { join } from 'node:path';
import { build, type Plugin } from 'vite';
import config from '../../vite.config.ts';

export type Screen = 'kiosk' | 'console' | 'portal';

/**
 * Builds the pages of these screens and what they load, and no other screen, into `out`.
 *
 * @returns folders of the packages (below node_modules) that are bundled in it, sorted
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
  // Vite goes by this variable before it goes by anything else: a developer's shell would make a developer's page.
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

/** `node_modules/@scope/name` of a file in it, however deep; null for a file of ours. */
export function packageOf(file: string): string | null {
  const first = `/${file}`.indexOf('/node_modules/');
  return first < 0 ? null : (/^(.*\/)?node_modules\/(@[^/]+\/)?[^/]+(?=\/)/.exec(file.slice(first))?.[0] ?? null);
}
