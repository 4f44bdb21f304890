import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packFolder } from './tar.ts';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sp-tar-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const LONG =
  'a-folder-with-a-rather-long-name/and-another-one-inside-of-it/so-that-the-whole-path-is-beyond/a-hundred-bytes.js';

function fill(folder: string, order: readonly string[]): void {
  for (const path of order) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), `content of ${path}`);
  }
  chmodSync(join(folder, 'run'), 0o700);
  symlinkSync('../run', join(folder, 'd/link'));
}

test('the system’s tar unpacks it: contents, links, and two modes for every file', async () => {
  const folder = join(base, 'in');
  const longest = 'n'.repeat(200);
  fill(folder, ['run', 'd/ä.txt', LONG, longest]);
  writeFileSync(join(folder, 'block'), Buffer.alloc(1024, 7));
  await packFolder(folder, join(base, 'x.tar.gz'), 1_700_000_000);
  const out = join(base, 'out');
  mkdirSync(out);
  execFileSync('tar', ['xzf', join(base, 'x.tar.gz'), '-C', out]);
  for (const path of ['run', 'd/ä.txt', LONG, longest, 'block'])
    expect(readFileSync(join(out, path))).toEqual(readFileSync(join(folder, path)));
  expect(readlinkSync(join(out, 'd/link'))).toBe('../run');
  expect(lstatSync(join(out, 'run')).mode & 0o777).toBe(0o755);
  expect(lstatSync(join(out, 'd/ä.txt')).mode & 0o777).toBe(0o644);
  expect(lstatSync(join(out, 'run')).mtimeMs).toBe(1_700_000_000_000);
});

test('creation order, times, and the modes of group and others do not change the archive', async () => {
  const [one, two] = [join(base, 'one'), join(base, 'two')];
  fill(one, ['run', 'd/b', 'd/a', 'z']);
  fill(two, ['z', 'd/a', 'run', 'd/b']);
  utimesSync(join(two, 'z'), 1, 1);
  chmodSync(join(two, 'd/a'), 0o600);
  for (const name of ['one', 'two']) await packFolder(join(base, name), join(base, `${name}.gz`), 5);
  expect(readFileSync(join(base, 'two.gz'))).toEqual(readFileSync(join(base, 'one.gz')));
  writeFileSync(join(two, 'z'), 'other');
  await packFolder(two, join(base, 'two.gz'), 5);
  expect(readFileSync(join(base, 'two.gz'))).not.toEqual(readFileSync(join(base, 'one.gz')));
});

test('anything other than a file, folder or link is refused', async () => {
  const folder = join(base, 'in');
  mkdirSync(folder);
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  await expect(packFolder(folder, join(base, 'x'), 0)).rejects.toThrow('neither file');
});
