import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readIfThere, replaceFile } from './replace.ts';

const root = mkdtempSync(join(tmpdir(), 'sp-disk-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

test('a file is replaced with mode 0600, and no other file is left beside it', () => {
  const path = join(root, 'secret');
  expect(readIfThere(path)).toBeNull();
  for (const content of ['old, and longer', Buffer.from('new')]) replaceFile(path, content);
  expect([readFileSync(path, 'utf8'), modeOf(path), readdirSync(root)]).toEqual(['new', '600', ['secret']]);
});

test.skipIf(process.platform === 'win32')('the umask is applied to the mode, unless it is ignored', () => {
  const path = join(root, 'shared');
  // A worker can't set the umask, so the process's own applies.
  const umask = process.umask();
  replaceFile(path, '', { mode: 0o666 });
  expect(modeOf(path)).toBe((0o666 & ~umask).toString(8));
  replaceFile(path, '', { mode: 0o666, pastUmask: true });
  expect(modeOf(path)).toBe('666');
});

test.each([false, true])('a failure leaves the file unchanged and no temporary file behind (by many: %s)', (byMany) => {
  const folder = join(root, `stays ${byMany}`);
  // A file can't replace a folder that isn't empty.
  mkdirSync(join(folder, 'taken'), { recursive: true });
  writeFileSync(join(folder, 'taken/old'), 'old');
  expect(() => replaceFile(join(folder, 'taken'), 'new', { byMany })).toThrow();
  expect([readdirSync(folder), readFileSync(join(folder, 'taken/old'), 'utf8')]).toEqual([['taken'], 'old']);
});
