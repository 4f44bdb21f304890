/**
 * Opens the store of a folder as the next build, statement by statement, and says `opened` and how many those were. argv: home,
 * kind, and after how many statements of the migration it kills itself.
 */
import { createRequire } from 'node:module';
import { openKeys } from '../../../electron/core/keys/index.ts';
import { openStore } from '../../../electron/core/store/index.ts';
import { MIGRATIONS } from '../../../electron/core/store/migrations.ts';
import { becomeNextBuild, STATEMENT_END } from '../next-schema.ts';

const Database = createRequire(import.meta.url)(
  'better-sqlite3-multiple-ciphers',
) as typeof import('better-sqlite3-multiple-ciphers').default;

const [home, kind, killAfter] = process.argv.slice(2) as [string, 'adds' | 'rebuilds', string?];
becomeNextBuild(kind);
const { sql } = MIGRATIONS.at(-1)!;
const statements = sql.split(STATEMENT_END);
const { exec } = Database.prototype;
Database.prototype.exec = function (source: string) {
  if (source !== sql) return exec.call(this, source);
  statements.forEach((statement, i) => {
    exec.call(this, statement);
    if (i + 1 === Number(killAfter)) process.kill(process.pid, 'SIGKILL');
  });
  return this;
};
const keys = await openKeys({ home, deviceSecret: null });
try {
  const store = await openStore({ home, keys });
  console.log(`opened ${statements.length}`);
  store.close();
} catch (error) {
  console.log((error as { code?: string }).code ?? String(error));
}
