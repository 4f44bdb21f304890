import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TOOL_FOLDERS } from '../fetch/tools.ts';
import { trimLockfile } from './trim.ts';

const read = (folder: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../..', folder, 'package-lock.json'), 'utf8'));
const lockfile = read('.');

test('npm 9, 10 and 11 can install from the lockfile: `node build/lockfile/trim.ts` was run on it', () => {
  expect(JSON.parse(JSON.stringify(trimLockfile(lockfile)))).toEqual(lockfile);
});

test.each(['.', ...TOOL_FOLDERS])('%s: no package comes under another name or from a code host', (folder) => {
  const entries = Object.entries<{ name?: string; resolved?: string; dependencies?: Record<string, string> }>(
    read(folder).packages,
  );
  const local = ['', 'build/node'];
  expect(entries.filter(([path, { name }]) => name && !local.includes(path)).map(([path]) => path)).toEqual([]);
  const elsewhere = ({ dependencies = {} }: (typeof entries)[number][1]) =>
    Object.values(dependencies).filter((range) => /^(git|https?|github|npm):|\.git/.test(range));
  expect(entries.flatMap(([, entry]) => elsewhere(entry))).toEqual([]);
});

test('the pinned Node has the same version on every platform, and build/node has that version', () => {
  const { version, optionalDependencies } = lockfile.packages['build/node'];
  expect(new Set(Object.values(optionalDependencies))).toEqual(new Set([version]));
});
