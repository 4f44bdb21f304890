import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readBuild } from './version.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sp-version-'));
  writeFileSync(join(root, 'package.json'), '{"version":"1.2.3"}');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example', ...args], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();

test('a packaged build identifies itself, whatever is beside it', () => {
  const commit = 'ab'.repeat(20);
  writeFileSync(join(root, 'build.json'), JSON.stringify({ version: '2.0.0-rc.1', commit, files: {} }));
  git('init', '-q');
  expect(readBuild(root)).toEqual({ version: '2.0.0-rc.1', commit, packaged: true, madeAt: null });
  writeFileSync(join(root, 'package.json'), '{"version":"2.0.0-rc.1","madeAt":"2027-03-02T07:58:01.000Z"}');
  expect(readBuild(root).madeAt).toBe(Date.UTC(2027, 2, 2, 7, 58, 1));
  writeFileSync(join(root, 'package.json'), '{"madeAt":"yesterday"}');
  expect(() => readBuild(root)).toThrow();
});

test('an invalid build.json is refused, never ignored', () => {
  writeFileSync(join(root, 'build.json'), '{"version":"2.0.0"}');
  expect(() => readBuild(root)).toThrow();
});

test('a checkout’s commit is git’s own answer: on a branch, packed, detached, and in a second working tree', () => {
  git('init', '-q', '-b', 'main');
  git('commit', '-q', '--allow-empty', '-m', 'one');
  const commit = git('rev-parse', 'HEAD');
  expect(readBuild(root)).toEqual({ version: '1.2.3', commit, packaged: false, madeAt: null });
  git('pack-refs', '--all');
  expect(readBuild(root).commit).toBe(commit);
  git('checkout', '-q', '--detach');
  expect(readBuild(root).commit).toBe(commit);
  const tree = join(root, 'tree');
  git('worktree', 'add', '-q', '-b', 'other', tree);
  writeFileSync(join(tree, 'package.json'), '{"version":"1.2.4"}');
  expect(readBuild(tree)).toEqual({ version: '1.2.4', commit, packaged: false, madeAt: null });
});

test('sources without git have no commit', () => {
  mkdirSync(join(root, '.git'));
  expect(readBuild(root).commit).toBeNull();
  rmSync(join(root, '.git'), { recursive: true });
  expect(readBuild(root).commit).toBeNull();
});
