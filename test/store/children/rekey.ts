/** Re-keys a store repeatedly until it is killed, and prints each completed generation. argv: home. */
import { writeSync } from 'node:fs';
import { openKeys } from '../../../electron/core/keys/index.ts';
import { openStore } from '../../../electron/core/store/index.ts';

const home = process.argv[2]!;
const keys = await openKeys({ home, deviceSecret: null });
let store = await openStore({ home, keys });
writeSync(1, 'ready\n');
for (;;) {
  const { generation } = await store.rekey();
  writeSync(1, `${generation}\n`);
  store = await openStore({ home, keys });
}
