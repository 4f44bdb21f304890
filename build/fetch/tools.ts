import { hash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npm } from './npm.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Folders with their own lockfile, for packages that only checks, packaging, benches or individual tests need. */
export const TOOL_FOLDERS = [
  'build/checks',
  'build/types',
  'build/package',
  'test/bench',
  'test/hosts/electronegativity',
  'test/package',
] as const;

/** Those whose packages are imported by name, which the type check therefore needs. */
export const TYPED_FOLDERS = ['build/package', 'test/bench', 'test/package'] as const;

/**
 * Installs the packages of a folder by its lockfile, unless they are already installed from that lockfile. Call it before
 * the first import of one of them, which has to be a dynamic import.
 *
 * @param root project root; other than the default only in tests
 * @throws Problem `npm-failed`
 */
export function installTools(folder: (typeof TOOL_FOLDERS)[number], root = ROOT): void {
  const at = join(root, folder);
  const lockfile = hash('sha256', readFileSync(join(at, 'package-lock.json')), 'hex');
  const stamp = join(at, 'node_modules/.lockfile-sha256');
  const current = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === lockfile;
  if (current()) return;
  console.error(`Fetching what ${folder} needs …`);
  mkdirSync(join(root, 'dist'), { recursive: true });
  // Install into a temporary folder, then rename it: the packages are always complete, even if two processes install at once.
  const temporary = mkdtempSync(join(root, 'dist/tools-'));
  try {
    for (const file of ['package.json', 'package-lock.json']) cpSync(join(at, file), join(temporary, file));
    npm(['ci', '--prefer-offline'], temporary, `the packages of ${folder}`);
    writeFileSync(join(temporary, 'node_modules/.lockfile-sha256'), lockfile);
    if (current()) return;
    if (existsSync(join(at, 'node_modules'))) renameSync(join(at, 'node_modules'), join(temporary, 'old'));
    renameSync(join(temporary, 'node_modules'), join(at, 'node_modules'));
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

export function toolProgram(folder: (typeof TOOL_FOLDERS)[number], name: string): string {
  installTools(folder);
  return join(ROOT, folder, 'node_modules/.bin', name);
}
