import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'vite';

/** A folder that is deleted with the test. */
export function temporaryFolder(prefix: string): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), prefix));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A built product with a minimal page, which is enough for the host without a browser. */
export function plainDist(): { path: string; remove: () => void } {
  const folder = temporaryFolder('dist-');
  for (const part of ['renderer/kiosk', 'renderer/assets', 'models'])
    mkdirSync(join(folder.path, part), { recursive: true });
  writeFileSync(join(folder.path, 'renderer/kiosk/index.html'), '<!doctype html><title>kiosk</title>');
  writeFileSync(join(folder.path, 'renderer/assets/app-1.js'), 'export {};');
  writeFileSync(join(folder.path, 'models/face.tflite'), Buffer.alloc(1_000, 1));
  writeFileSync(join(folder.path, 'secret.json'), '{"secret":true}');
  return folder;
}

/**
 * A built product whose page (test/hosts/support/page/) uses the real contract in the browser: it connects, shows the core's
 * state, and reconnects. Bundled by Vite, as the kiosk's own page is.
 */
export async function builtTestPage(): Promise<{ path: string; remove: () => void }> {
  const folder = temporaryFolder('page-');
  const root = resolve(import.meta.dirname, 'page');
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    base: './',
    build: {
      outDir: join(folder.path, 'renderer'),
      modulePreload: { polyfill: false },
      rolldownOptions: { input: { kiosk: join(root, 'kiosk/index.html') } },
    },
  });
  return folder;
}
