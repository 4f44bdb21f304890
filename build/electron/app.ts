import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';
import { emitSources } from '../package/emit.ts';
import { filesBelow, ROOT } from '../package/files.ts';

/** Sources of the packaged kiosk: the host, the core, and what they import. The server and the screens' sources are left out. */
const PARTS = [
  'electron/contract',
  'electron/core',
  'electron/host-electron',
  'models/rules',
  'models/node',
  'sync/disk',
  'sync/errors',
  'sync/protocol',
  'sync/edge',
];

/**
 * Transpiles the Electron app file by file into `out`, in the same tree as the sources, so that paths relative to a
 * module mean the same in both. Only the preload is bundled, because Electron's sandbox requires a single CommonJS file.
 *
 * @param out folder, emptied first
 */
export async function buildElectronApp(out: string): Promise<void> {
  rmSync(out, { recursive: true, force: true });
  for (const part of PARTS) {
    const sources = filesBelow(join(ROOT, part)).filter((file) => !/\.(test|spec|d)\.ts$/.test(file));
    emitSources(
      ROOT,
      sources.map((file) => join(ROOT, part, file)),
      out,
    );
  }
  mkdirSync(out, { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(out, 'package.json'));
  await buildPreload(out);
}

/** Bundles the preload into the tree of an Electron app, as the single CommonJS file that Electron's sandbox requires. */
export async function buildPreload(out: string): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'error',
    build: {
      lib: { entry: join(ROOT, 'electron/host-electron/preload.ts'), formats: ['cjs'], fileName: () => 'preload.cjs' },
      outDir: join(out, 'electron/host-electron'),
      emptyOutDir: false,
      minify: false,
      rolldownOptions: { external: ['electron'] },
    },
  });
}

if (import.meta.main) {
  await buildElectronApp(join(ROOT, 'dist/app'));
  console.log('Built dist/app.');
}
