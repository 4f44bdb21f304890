/** Applies pages of the server's log until it is killed; page n contains person n of two. argv: home. Prints each cursor. */
import { writeSync } from 'node:fs';
import { openKeys } from '../../../electron/core/keys/index.ts';
import { openStore } from '../../../electron/core/store/index.ts';

const home = process.argv[2]!;
const store = await openStore({ home, keys: await openKeys({ home, deviceSecret: null }) });
const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
writeSync(1, 'ready\n');
for (let n = Number(store.roster.cursor || 0) + 1; n <= 200; n++) {
  const changes = [2 * n, 2 * n + 1].map((k) => ({
    kind: 'person' as const,
    person: id(k),
    name: `Person ${k}`,
    number: String(k),
    language: 'en',
    gpsOptOut: false,
  }));
  const erase = { kind: 'erase' as const, request: id(100_000 + n), person: id(200_000 + n) };
  await store.roster.apply({ whole: false, more: true, cursor: String(n), changes: [...changes, erase] });
  writeSync(1, `${n}\n`);
}
store.close();
