import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { pgcrypto } from '@electric-sql/pglite/contrib/pgcrypto';

export interface TemporaryFolder extends Disposable {
  readonly path: string;
  remove(): void;
}

/** An empty folder, until `remove`. `using` removes it by itself. */
export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), 'sp-test-'));
  const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  return { path, remove, [Symbol.dispose]: remove };
}

/**
 * A server home whose embedded database has been through initdb, which takes seconds: a copy of one made once a machine
 * and version of PGlite. Everything of ours, migrations included, is still to come.
 */
export async function serverHome(): Promise<TemporaryFolder> {
  const home = temporaryFolder();
  cpSync(await emptyDatabase(), join(home.path, 'pglite'), { recursive: true });
  return home;
}

async function emptyDatabase(): Promise<string> {
  const { dependencies } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const version = dependencies['@electric-sql/pglite'];
  const folder = join(tmpdir(), `smartpresence-pglite-${version}-${userInfo().uid}`);
  if (existsSync(folder)) return folder;
  const fresh = mkdtempSync(`${folder}-`);
  await (await PGlite.create({ dataDir: fresh, extensions: { pgcrypto } })).close();
  try {
    renameSync(fresh, folder);
  } catch {
    // Another worker was faster.
    rmSync(fresh, { recursive: true, force: true });
  }
  return folder;
}
