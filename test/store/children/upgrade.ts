/** Opens the store of a folder as the next build, and says `opened` and how large its write-ahead log has become. argv: home, kind. */
import { statSync } from 'node:fs';
import { openKeys } from '../../../electron/core/keys/index.ts';
import { openStore } from '../../../electron/core/store/index.ts';
import { becomeNextBuild } from '../next-schema.ts';

const [home, kind] = process.argv.slice(2) as [string, 'adds' | 'rebuilds'];
becomeNextBuild(kind);
const keys = await openKeys({ home, deviceSecret: null });
console.log('begins');
try {
  const store = await openStore({ home, keys });
  console.log(`opened ${statSync(`${home}/store.db-wal`).size}`);
  store.close();
} catch (error) {
  console.log((error as { code?: string }).code ?? String(error));
}
