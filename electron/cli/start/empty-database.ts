import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../../..');

/**
 * Gives a server home that has none an embedded database: a copy of one that has been through PGlite's initdb, which takes
 * seconds. Everything of ours, migrations included, is still to come.
 */
export async function layEmptyDatabase(home: string, signal?: AbortSignal): Promise<void> {
  const [from, to] = [await emptyDatabase(signal), join(home, 'pglite')];
  // Cut off, half a copy must not be taken for a database.
  rmSync(`${to}.new`, { recursive: true, force: true });
  cpSync(from, `${to}.new`, { recursive: true });
  renameSync(`${to}.new`, to);
}

/** Made once a checkout and version of PGlite. */
async function emptyDatabase(signal?: AbortSignal): Promise<string> {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const folder = join(ROOT, 'dist/databases', dependencies['@electric-sql/pglite']!);
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  const fresh = mkdtempSync(`${folder}-`);
  try {
    // In a process of its own: it is one long computation, in which a process hears no signal.
    await promisify(execFile)(process.execPath, [import.meta.filename, fresh], { signal });
    if (!existsSync(folder)) renameSync(join(fresh, 'pglite'), folder);
  } catch (cause) {
    if (!existsSync(folder)) throw cause; // else another was faster
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return folder;
}

if (process.argv[1] === import.meta.filename) {
  const { openBare } = await import('../../../sync/server/platform/database/open.ts');
  const { close } = await openBare(process.argv[2]!);
  await close();
}
