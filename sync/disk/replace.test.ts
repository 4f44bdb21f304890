import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readIfThere, replaceFile } from './replace.ts';

const root = mkdtempSync(join(tmpdir(), 'sp-disk-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

test('a file is replaced for its user alone, and nothing else stays beside it', () => {
  const path = join(root, 'secret');
  expect(readIfThere(path)).toBeNull();
  for (const content of ['old, and longer', Buffer.from('new')]) replaceFile(path, content);
  expect([readFileSync(path, 'utf8'), modeOf(path), readdirSync(root)]).toEqual(['new', '600', ['secret']]);
});

test.skipIf(process.platform === 'win32')('a mode is less the umask, unless the umask is passed over', () => {
  const path = join(root, 'shared');
  // A worker has no umask of its own to set: what the process has counts.
  const umask = process.umask();
  replaceFile(path, '', { mode: 0o666 });
  expect(modeOf(path)).toBe((0o666 & ~umask).toString(8));
  replaceFile(path, '', { mode: 0o666, pastUmask: true });
  expect(modeOf(path)).toBe('666');
});

test.each([false, true])('what fails leaves the file as it was, and no half of another (by many: %s)', (byMany) => {
  const folder = join(root, `stays ${byMany}`);
  // A folder with something in it takes no file’s place.
  mkdirSync(join(folder, 'taken'), { recursive: true });
  writeFileSync(join(folder, 'taken/old'), 'old');
  expect(() => replaceFile(join(folder, 'taken'), 'new', { byMany })).toThrow();
  expect([readdirSync(folder), readFileSync(join(folder, 'taken/old'), 'utf8')]).toEqual([['taken'], 'old']);
});
