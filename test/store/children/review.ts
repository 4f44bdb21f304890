/** Stores pictures of an import and decides every third, until it is killed. Prints each after it returned. argv: home. */
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { openKeys } from '../../../electron/core/keys/index.ts';
import { openStore } from '../../../electron/core/store/index.ts';
import { aPending } from '../samples.ts';

const home = process.argv[2]!;
const store = await openStore({ home, keys: await openKeys({ home, deviceSecret: null }) });
const begin = Number(process.argv[3]);
writeSync(1, 'ready\n');
for (let i = begin; i < begin + 300; i++) {
  const label = `Person ${i}`;
  await store.imports.keep(aPending({ label, original: Buffer.from(label), picture: randomBytes(3000) }));
  writeSync(1, `kept ${label}\n`);
  if (i % 3 > 0) continue;
  await store.imports.settle(store.imports.list().find((one) => one.label === label)!.id, 'refused');
  writeSync(1, `refused ${label}\n`);
}
store.close();
