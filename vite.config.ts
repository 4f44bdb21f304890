import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const SCREENS = Object.fromEntries(
  ['kiosk', 'console', 'portal']
    .map((screen) => [screen, resolve(import.meta.dirname, 'renderer', screen, 'index.html')] as const)
    .filter(([, page]) => existsSync(page)),
);

/** Half of an endpoint's declaration is for the server alone; the screens are built without it. */
const SERVER_ONLY = /^ {2}(summary|roles|data|action|errors|limit|maxBody):\n? *(\[\n[^\]]*\]|.*),\n/gm;
const endpoints: Plugin = {
  name: 'endpoints',
  enforce: 'pre',
  transform: {
    filter: { id: /sync\/protocol\/api\/[\w-]+\.ts$/ },
    handler(code, id) {
      const short = code.replaceAll(/= endpoint\('[^'\n]+', \{\n[\s\S]*?\n\}\);/g, (declared) =>
        declared.replaceAll(SERVER_ONLY, ''),
      );
      if (/^ +summary:\s*'/m.test(short))
        this.error(`${id}: an endpoint is written in a way that this plugin does not recognise`);
      return short;
    },
  },
};

/** Adds a compressed copy beside each script and style, which the server sends to browsers that accept it. */
const compressed: Plugin = {
  name: 'compressed',
  // Of the files as they are written: until then other plugins put things in.
  writeBundle({ dir }, bundle) {
    for (const file of Object.keys(bundle)) {
      if (!/\.(js|css)$/.test(file)) continue;
      const path = resolve(dir!, file);
      // About a second of building for files that are 6 % smaller than at quality 9.
      const params = { [constants.BROTLI_PARAM_QUALITY]: 10 };
      writeFileSync(`${path}.br`, brotliCompressSync(readFileSync(path), { params }));
    }
  },
};

/** Builds every screen into dist/renderer: one page a screen, hashed assets, no inline script (the CSP forbids it). */
export default defineConfig({
  root: resolve(import.meta.dirname, 'renderer'),
  base: './',
  publicDir: false,
  plugins: [endpoints, compressed],
  build: {
    outDir: resolve(import.meta.dirname, 'dist/renderer'),
    emptyOutDir: true,
    target: 'es2023',
    modulePreload: {
      polyfill: false,
      resolveDependencies: (_, dependencies, { hostType }) => (hostType === 'html' ? dependencies : []),
    },
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: SCREENS,
    },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
});
