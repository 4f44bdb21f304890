import { expect, test } from 'vitest';
import { packageOf } from './screens.ts';

test.each([
  ['/work/x/renderer/kiosk/main.tsx', null],
  ['/work/x/node_modules/preact/dist/preact.mjs', 'node_modules/preact'],
  ['node_modules/@preact/signals/dist/signals.mjs', 'node_modules/@preact/signals'],
  ['node_modules/mqtt/node_modules/lru-cache/dist/index.js', 'node_modules/mqtt/node_modules/lru-cache'],
  ['/a/node_modules/x/node_modules/@s/y/lib/z.js?worker', 'node_modules/x/node_modules/@s/y'],
  ['/my_node_modules/x.ts', null],
])('%s belongs to %s', (file, folder) => {
  expect(packageOf(file)).toBe(folder);
});
