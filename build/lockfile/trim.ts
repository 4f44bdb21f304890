import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * `node build/lockfile/trim.ts`, after every `npm install` that changed package-lock.json: makes one lockfile that npm 9
 * (Debian's), 10 and 11 can all install from. `npm ci` takes a package's dependencies and programs from the lockfile
 * alone, so what stands there is what is installed.
 */

interface Lockfile {
  packages: Record<string, { bin?: unknown }>;
}

/**
 * One of these is installed, and build/node runs it. Both would be `.bin/node`; up to npm 10 the one that does not
 * fit the machine takes the other's link along when it is removed.
 */
const PLATFORMS = /^node_modules\/node-linux-/;

/** The lockfile as it should be; the input stays as it is. */
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
