import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layEmptyDatabase } from '../../electron/cli/start/empty-database.ts';

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

/** A server home with an embedded database that holds nothing yet, without the seconds of its initdb. */
export async function serverHome(): Promise<TemporaryFolder> {
  const home = temporaryFolder();
  await layEmptyDatabase(home.path);
  return home;
}
