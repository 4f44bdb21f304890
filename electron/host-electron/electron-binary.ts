import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * Returns the path of Electron's program, or null. The `electron` package is not imported, because without its binary it would
 * start a download.
 *
 * @param modules the folder that contains the `electron` package
 */
export function findElectron(
  modules = resolve(import.meta.dirname, '../../node_modules'),
  env: NodeJS.ProcessEnv = process.env,
): string | null {
  const folder = join(modules, 'electron');
  const pathFile = join(folder, 'path.txt');
  const name = existsSync(pathFile) ? readFileSync(pathFile, 'utf8').trim() : 'electron';
  const program = join(env.ELECTRON_OVERRIDE_DIST_PATH ?? join(folder, 'dist'), name);
  return existsSync(program) ? program : null;
}
