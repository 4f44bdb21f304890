import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineConfig } from 'vite';

/** The screens whose page is there. */
const SCREENS = Object.fromEntries(
  ['kiosk', 'console', 'portal']
    .map((screen) => [screen, resolve(import.meta.dirname, 'renderer', screen, 'index.html')] as const)
    .filter(([, page]) => existsSync(page)),
);

/** Builds every screen into dist/renderer: one page a screen, hashed assets, no inline script (the CSP forbids it). */
export default defineConfig({
  root: resolve(import.meta.dirname, 'renderer'),
  base: './',
  publicDir: false,
  build: {
    outDir: resolve(import.meta.dirname, 'dist/renderer'),
    emptyOutDir: true,
    target: 'es2023',
    modulePreload: false,
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: SCREENS,
    },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
});
