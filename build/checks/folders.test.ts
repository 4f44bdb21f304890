import { expect, test } from 'vitest';
import { circlesIn, valueImports } from './folders.ts';

const at = (from: string, to: string) => ({ from: `src/${from}`, to: `src/${to}` });

test('folders that import each other are reported with those imports, even if no two files do', () => {
  const imports = [at('a/one.ts', 'b/one.ts'), at('b/two.ts', 'a/two.ts'), at('c/one.ts', 'a/one.ts')];
  expect(circlesIn('src', imports)).toEqual([{ folder: 'src', members: ['a', 'b'], imports: imports.slice(0, 2) }]);
});

test('a circle may include a file beside the folders, and may be deeper in the tree', () => {
  const through = [at('a/one.ts', 'wiring.ts'), at('wiring.ts', 'a/two.ts')];
  expect(circlesIn('src', through).map((c) => c.members)).toEqual([['a', 'wiring.ts']]);
  const deeper = [at('x/a/one.ts', 'x/b/one.ts'), at('x/b/two.ts', 'x/a/two.ts')];
  expect(circlesIn('src', deeper).map((c) => [c.folder, c.members])).toEqual([['src/x', ['a', 'b']]]);
});

test('imports in one direction are no circle, and circles of files are ignored', () => {
  expect(circlesIn('src', [at('a/one.ts', 'b/one.ts'), at('a/two.ts', 'b/two.ts')])).toEqual([]);
  expect(circlesIn('src', [at('one.ts', 'two.ts'), at('two.ts', 'one.ts')])).toEqual([]);
});

test('value imports count, type imports do not', () => {
  const text = `import type { A } from '../a/a.ts';
import { type B } from '../b/b.ts';
import { c, type C } from '../c/c.ts';
import '../d/d.ts';
export { e } from '../e/e.ts';
export type { F } from '../f/f.ts';
import * as g from '../g/g.ts';
import fs from 'node:fs';
const h = await import('../h/h.ts');`;
  const to = valueImports('src/x/x.ts', text).map((i) => i.to);
  expect(to).toEqual(['c', 'd', 'e', 'g', 'h'].map((n) => `src/${n}/${n}.ts`));
});
