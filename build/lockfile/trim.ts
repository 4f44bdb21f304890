import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * Run `node build/lockfile/trim.ts` after every `npm install` that changed package-lock.json. It makes one lockfile that
 * npm 9 (Debian's), 10 and 11 can all install from. `npm ci` takes a package's dependencies and programs only from the
 * lockfile, so exactly what the lockfile says is installed.
 */

interface Lockfile {
  packages: Record<string, { bin?: unknown }>;
}

/**
 * One of these is installed, and build/node runs it. With their `bin` entries both would link `.bin/node`, and up to npm 10,
 * removing the one for the other platform removes the other's link too.
 */
const PLATFORMS = /^node_modules\/node-linux-/;

/** Returns the trimmed lockfile without changing the input. */
export function trimLockfile(lockfile: Lockfile): Lockfile {
  const packages = Object.entries(lockfile.packages).map(([path, entry]): [string, Lockfile['packages'][string]] => [
    path,
    PLATFORMS.test(path) ? { ...entry, bin: undefined } : entry,
  ]);
  return { ...lockfile, packages: Object.fromEntries(packages) };
}

if (import.meta.main) {
  const file = join(import.meta.dirname, '../../package-lock.json');
  const trimmed = trimLockfile(JSON.parse(readFileSync(file, 'utf8')) as Lockfile);
  writeFileSync(file, `${JSON.stringify(trimmed, null, 2)}\n`);
}
