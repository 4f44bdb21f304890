import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeOwnFolder } from './own-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'sp-own-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('a folder is created with its parents, only for this user, and found again', () => {
  const path = join(root, 'a', 'b');
  makeOwnFolder(path);
  makeOwnFolder(path);
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

test('a path that can’t be a folder is reported with what to do', () => {
  writeFileSync(join(root, 'file'), '');
  for (const path of [join(root, 'file'), join(root, 'file', 'below')])
    expect(() => makeOwnFolder(path)).toThrow(
      expect.objectContaining({ code: 'home-not-usable', nextStep: expect.stringContaining('SMARTPRESENCE_HOME') }),
    );
});

test.skipIf(!existsSync('/proc/self'))('a folder in /proc is refused, not retried for ever', () => {
  expect(() => makeOwnFolder('/proc/smartpresence/kiosk')).toThrow(
    expect.objectContaining({ code: 'home-not-usable' }),
  );
});

test.skipIf(!process.seteuid || process.getuid?.() !== 0)('a folder of another user is refused', () => {
  const theirs = join(root, 'theirs');
  mkdirSync(theirs, { mode: 0o755 });
  mkdirSync(join(root, 'blind'), { mode: 0o700 });
  // access(2) checks the real user, which only a child can change for good; mkdir checks the effective one.
  process.seteuid?.(65_534);
  try {
    for (const path of [join(theirs, 'new'), join(root, 'blind', 'new')])
      expect(() => makeOwnFolder(path)).toThrow(expect.objectContaining({ code: 'home-not-usable' }));
  } finally {
    process.seteuid?.(0);
  }
});
