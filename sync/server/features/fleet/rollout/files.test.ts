import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { MAX_METADATA_BYTES, openRepositoryFile, readRange } from './repository.ts';

const home = mkdtempSync(join(tmpdir(), 'sp-repository-'));
afterAll(() => rmSync(home, { recursive: true }));
const folder = join(home, 'repository');
const hash = 'a'.repeat(64);
const target = `targets/kiosk/linux-x64/1.2.3/${hash}.smartpresence-kiosk.tar.gz`;
mkdirSync(join(folder, 'metadata'), { recursive: true });
mkdirSync(join(folder, target, '..'), { recursive: true });
writeFileSync(join(folder, target), 'archive');
writeFileSync(join(folder, 'metadata/timestamp.json'), '{}');
writeFileSync(join(folder, 'metadata/keys.json'), 'secret');
writeFileSync(join(home, 'outside.json'), 'secret');

const sizeOf = async (path: string) => {
  const file = await openRepositoryFile(folder, path);
  await file?.handle.close();
  return file?.size ?? null;
};

test('opens only files that belong in a repository', async () => {
  expect(await sizeOf(target)).toBe(7);
  expect(await sizeOf('metadata/timestamp.json')).toBe(2);
  for (const path of [
    '',
    'metadata',
    'metadata/keys.json',
    'metadata/1.root.json',
    'metadata/../metadata/timestamp.json',
    '../outside.json',
    '/etc/passwd',
    'metadata/timestamp.json/',
    'metadata//timestamp.json',
    `${target}\0`,
    target.replace('1.2.3', '..'),
    target.replace('1.2.3', '1.2.4'),
  ])
    expect([path, await sizeOf(path)]).toEqual([path, null]);
});

test('does not follow links out of the folder, and opens no folders and no oversized files', async () => {
  symlinkSync(join(home, 'outside.json'), join(folder, 'metadata/2.root.json'));
  symlinkSync(join(folder, 'metadata/timestamp.json'), join(folder, 'metadata/3.root.json'));
  mkdirSync(join(folder, 'metadata/4.root.json'));
  writeFileSync(join(folder, 'metadata/5.root.json'), '');
  truncateSync(join(folder, 'metadata/5.root.json'), MAX_METADATA_BYTES + 1);
  expect(await sizeOf('metadata/2.root.json')).toBeNull();
  expect(await sizeOf('metadata/3.root.json')).toBe(2);
  expect(await sizeOf('metadata/4.root.json')).toBeNull();
  expect(await sizeOf('metadata/5.root.json')).toBeNull();
  rmSync(join(folder, 'metadata'), { recursive: true });
  mkdirSync(join(home, 'elsewhere'));
  writeFileSync(join(home, 'elsewhere/timestamp.json'), 'secret');
  symlinkSync(join(home, 'elsewhere'), join(folder, 'metadata'));
  expect(await sizeOf('metadata/timestamp.json')).toBeNull();
});

test.each([
  [undefined, null],
  ['bytes=0-', { from: 0, to: 9 }],
  ['bytes=4-6', { from: 4, to: 6 }],
  ['bytes=4-400', { from: 4, to: 9 }],
  ['bytes=-3', { from: 7, to: 9 }],
  ['bytes=-30', { from: 0, to: 9 }],
  ['bytes=9-9', { from: 9, to: 9 }],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=6-4', null],
  ['bytes=-', null],
  ['bytes=0-1,3-4', null],
  ['items=0-1', null],
  ['bytes=1e3-', null],
])('the range %s of ten bytes', (header, expected) => {
  expect(readRange(header, 10)).toEqual(expected);
});
