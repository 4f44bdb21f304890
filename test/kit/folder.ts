import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layEmptyDatabase } from '../../electron/cli/start/empty-database.ts';

export interface TemporaryFolder extends Disposable {
  readonly path: string;
  remove(): void;
}

/** Makes an empty folder that exists until `remove`. `using` removes it automatically. */
export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), 'sp-test-'));
  const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  return { path, remove, [Symbol.dispose]: remove };
}

/** Makes a server home with an empty embedded database, without the seconds that initdb takes. */
export async function serverHome(): Promise<TemporaryFolder> {
  const home = temporaryFolder();
  await layEmptyDatabase(home.path);
  return home;
}
