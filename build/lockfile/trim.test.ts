import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { trimLockfile } from './trim.ts';

const lockfile = JSON.parse(readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8'));

test('the lockfile is one that npm 9, 10 and 11 can install from: `node build/lockfile/trim.ts` was run on it', () => {
  expect(JSON.parse(JSON.stringify(trimLockfile(lockfile)))).toEqual(lockfile);
});

test('no package comes under another name or from a code host, which npm 9 or a build machine can’t follow', () => {
  const entries = Object.entries<{ name?: string; resolved?: string; dependencies?: Record<string, string> }>(
    lockfile.packages,
  );
  const local = ['', 'build/node'];
  expect(entries.filter(([path, { name }]) => name && !local.includes(path)).map(([path]) => path)).toEqual([]);
  const elsewhere = ({ dependencies = {} }: (typeof entries)[number][1]) =>
    Object.values(dependencies).filter((range) => /^(git|https?|github|npm):|\.git/.test(range));
  expect(entries.flatMap(([, entry]) => elsewhere(entry))).toEqual([]);
});

test('the pinned Node is one version on every platform, the one that build/node is named after', () => {
  const { version, optionalDependencies } = lockfile.packages['build/node'];
  expect(new Set(Object.values(optionalDependencies))).toEqual(new Set([version]));
});
