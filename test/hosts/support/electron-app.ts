import { symlinkSync, writeFileSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildElectronApp } from '../../../build/electron/app.ts';
import type * as Fake from '../fake-electron/index.ts';
import type * as Native from './native-import.ts';

const FAKE = pathToFileURL(resolve(import.meta.dirname, '../fake-electron/index.ts')).href;
const TEST_CORE = pathToFileURL(resolve(import.meta.dirname, 'electron-test-core.ts')).href;

/** Imports with Node itself: the test runner would process the transpiled app with its own pipeline. */
const { nativeImport } = createRequire(import.meta.url)('./native-import.ts') as typeof Native;

/**
 * Builds the Electron app as it is packaged. Returns a function that starts it with the fake `electron` module.
 * @param out a folder inside the project, so that the app finds its packages
 * @param dist built screens and models
 * @param core the real core, or the test core instead
 */
export async function electronApp(
  out: string,
  dist: string,
  core: 'real' | 'test',
): Promise<{ fake: typeof Fake; start: (argv: string[]) => Promise<void> }> {
  await buildElectronApp(out);
  symlinkSync(dist, join(out, 'dist'));
  if (core === 'test') writeFileSync(join(out, 'electron/host-electron/core-child.js'), `import '${TEST_CORE}';\n`);
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'electron' ? { url: FAKE, shortCircuit: true } : next(specifier, context),
  });
  const fake = (await nativeImport(FAKE)) as typeof Fake;
  let runs = 0;
  return {
    fake,
    async start(argv) {
      const before = process.argv;
      process.argv = ['electron', 'app', ...argv];
      // A query makes it a separate module, so that main runs each time.
      await nativeImport(`${pathToFileURL(join(out, 'electron/host-electron/main.js')).href}?run=${++runs}`);
      process.argv = before;
      await new Promise((done) => setTimeout(done, 20));
    },
  };
}
