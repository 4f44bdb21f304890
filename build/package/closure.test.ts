import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isForeignNative, traceClosure } from './closure.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sp-closure-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function tree(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

test('includes exactly the imported files, also by dynamic imports and through packages', async () => {
  tree({
    'app/main.ts':
      "import { a } from './a.ts'; import type { T } from './types.ts'; import 'dep'; const t: T = a; console.log(t); await import('./late.ts');",
    'app/a.ts': "import '../sync/any/data.json'; export const a = 1; export const text = './left.js';",
    'sync/any/data.json': '{}',
    'sync/any/other.json': '{}',
    'app/late.ts': "export const late: string = 'x';",
    'app/types.ts': 'export type T = number;',
    'app/unused.ts': '',
    'app/main.test.ts': '',
    'node_modules/dep/package.json': '{"name":"dep","version":"1.0.0","main":"index.js"}',
    'node_modules/dep/index.js': "require('./lib'); require('deep');",
    'node_modules/dep/lib.js': '',
    'node_modules/dep/other.js': '',
    'node_modules/deep/package.json': '{"name":"deep","version":"1.0.0","main":"i.js"}',
    'node_modules/deep/i.js': '',
    'node_modules/unused/package.json': '{}',
  });
  expect(await traceClosure(root, ['app/main.ts'], 'linux-x64')).toEqual({
    own: ['app/a.ts', 'app/late.ts', 'app/main.ts', 'sync/any/data.json'],
    packages: [
      'node_modules/deep/i.js',
      'node_modules/deep/package.json',
      'node_modules/dep/index.js',
      'node_modules/dep/lib.js',
      'node_modules/dep/package.json',
    ],
  });
});

test('fails if node_modules is a link, because its packages would be left out', async () => {
  tree({
    'app/main.ts': "import 'dep';",
    'node_modules/dep/package.json': '{"name":"dep","version":"1.0.0","main":"index.js"}',
    'node_modules/dep/index.js': '',
  });
  const elsewhere = mkdtempSync(join(tmpdir(), 'sp-closure-'));
  renameSync(join(root, 'node_modules'), join(elsewhere, 'node_modules'));
  symlinkSync(join(elsewhere, 'node_modules'), join(root, 'node_modules'));
  await expect(traceClosure(root, ['app/main.ts'], 'linux-x64')).rejects.toThrow('outside the project');
  rmSync(elsewhere, { recursive: true });
});

test('fails if an imported package is not installed', async () => {
  tree({ 'app/main.ts': "import 'not-there';" });
  await expect(traceClosure(root, ['app/main.ts'], 'linux-x64')).rejects.toThrow('not-there');
});

test.each([
  ['bin/napi-v6/linux/x64/onnxruntime_binding.node', false],
  ['bin/napi-v6/linux/arm64/onnxruntime_binding.node', true],
  ['bin/napi-v6/win32/x64/onnxruntime.dll', true],
  ['prebuilds/linuxmusl-x64.node', true],
  ['prebuilds/linux-x64.node', false],
  ['prebuilds/darwin-x64.node', true],
  ['prebuilds/linux-x64/bindings.glibc.node', false],
  ['prebuilds/linux-x64/bindings.musl.node', true],
  ['lib/libvips-cpp.so.8.18.7', false],
  ['darwin/readme.js', false],
])('of another platform than linux-x64: %s %s', (path, foreign) => {
  expect(isForeignNative(`node_modules/x/${path}`, 'linux-x64')).toBe(foreign);
});
