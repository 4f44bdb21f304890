import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSource } from './source.ts';

const COMMITTED = 1_780_000_000;
const NOW = (COMMITTED + 3600) * 1000;
let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'sp-source-'));
  const env = { ...process.env, GIT_COMMITTER_DATE: `${COMMITTED} +0500`, GIT_AUTHOR_DATE: '1000000000 +0000' };
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example', ...args], { cwd: root, env });
  git('init', '-q');
  git('commit', '-q', '--allow-empty', '-m', 'one');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('a build uses its commit’s time whatever the builder’s clock and time zone, unless SOURCE_DATE_EPOCH is set', () => {
  for (const [env, now] of [
    [{}, NOW],
    [{ TZ: 'Asia/Tokyo', SOURCE_DATE_EPOCH: '' }, NOW + 1e9],
  ] as const)
    expect(readSource(root, env, now)).toMatchObject({
      at: COMMITTED,
      commit: expect.stringMatching(/^[0-9a-f]{40}$/),
    });
  expect(readSource(root, { SOURCE_DATE_EPOCH: '1779999999' }, NOW).at).toBe(1_779_999_999);
});

test('a time that is invalid or more than a day ahead is refused, because kiosks would run in the future', () => {
  expect(readSource(root, {}, (COMMITTED - 86_000) * 1000).at).toBe(COMMITTED);
  expect(() => readSource(root, {}, (COMMITTED - 87_000) * 1000)).toThrow(/ahead/);
  for (const wrong of ['now', '-1', '1.5', '1e9', '9999999999999'])
    expect(() => readSource(root, { SOURCE_DATE_EPOCH: wrong }, NOW), wrong).toThrow(/SOURCE_DATE_EPOCH/);
});

test('files that differ from the commit are reported', () => {
  writeFileSync(join(root, 'a b.txt'), 'x');
  expect(readSource(root, {}, NOW).changed).toEqual(['a b.txt']);
});
