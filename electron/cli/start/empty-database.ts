import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../../..');

/**
 * Gives a server home without database an embedded one: a copy of an initialised one, since PGlite's initdb takes seconds.
 * None of our schema, including migrations, is in it yet.
 */
export async function layEmptyDatabase(home: string, signal?: AbortSignal): Promise<void> {
  const [from, to] = [await emptyDatabase(signal), join(home, 'pglite')];
  // An interrupted copy must not be mistaken for a database.
  rmSync(`${to}.new`, { recursive: true, force: true });
  cpSync(from, `${to}.new`, { recursive: true });
  renameSync(`${to}.new`, to);
}

/** The initialised database, made once per checkout and version of PGlite. */
async function emptyDatabase(signal?: AbortSignal): Promise<string> {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const folder = join(ROOT, 'dist/databases', dependencies['@electric-sql/pglite']!);
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  const fresh = mkdtempSync(`${folder}-`);
  try {
    // In a separate process, since it is one long computation that can't respond to a signal.
    await promisify(execFile)(process.execPath, [import.meta.filename, fresh], { signal });
    if (!existsSync(folder)) renameSync(join(fresh, 'pglite'), folder);
  } catch (cause) {
    if (!existsSync(folder)) throw cause; // another process was faster
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
