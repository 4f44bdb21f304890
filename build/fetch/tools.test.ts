import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { installTools } from './tools.ts';

/* npm is replaced by a script that logs each call and installs one file. */

let root: string;
const at = (...path: string[]) => join(root, 'build/checks', ...path);
const calls = () =>
  existsSync(join(root, 'calls')) ? readFileSync(join(root, 'calls'), 'utf8').trim().split('\n') : [];
const install = () => installTools('build/checks', root);
function npmIs(last: string): void {
  const script = `#!/bin/sh\necho "$*" >> ${root}/calls\nmkdir node_modules && cp package-lock.json node_modules/made-of\n${last}\n`;
  writeFileSync(join(root, 'bin/npm'), script, { mode: 0o755 });
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sp-tools-'));
  for (const folder of ['bin', 'build/checks']) mkdirSync(join(root, folder), { recursive: true });
  cpSync(join(import.meta.dirname, '../checks/package.json'), at('package.json'));
  writeFileSync(at('package-lock.json'), 'one');
  vi.stubEnv('PATH', `${join(root, 'bin')}:${process.env.PATH}`);
  npmIs('exit 0');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

test('the packages of a lockfile are installed once, without their scripts, and again when the lockfile changes', () => {
  install();
  install();
  expect(calls()).toEqual([expect.stringMatching(/^ci .*--ignore-scripts/)]);
  writeFileSync(at('package-lock.json'), 'two');
  install();
  expect(calls()).toHaveLength(2);
  expect(readFileSync(at('node_modules/made-of'), 'utf8')).toBe('two');
  expect(readdirSync(join(root, 'dist'))).toEqual([]);
});

test('a failed installation keeps the previous one, is an error with npm’s message, and is retried', () => {
  install();
  writeFileSync(at('package-lock.json'), 'two');
  npmIs('echo "npm error no such host" >&2; exit 1');
  expect(install).toThrow(
    expect.objectContaining({ code: 'npm-failed', message: expect.stringContaining('no such host') }),
  );
  expect(readFileSync(at('node_modules/made-of'), 'utf8')).toBe('one');
  npmIs('exit 0');
  install();
  expect(readFileSync(at('node_modules/made-of'), 'utf8')).toBe('two');
});
