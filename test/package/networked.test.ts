import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findElectron } from '../../electron/host-electron/electron-binary.ts';
import { WEIGHTS } from '../../models/rules/manifest.ts';

/*
 * The job of the networked builder, on a clone of this commit with nothing in it: everything up to Electron's program, which
 * can't be fetched here. Where it stops, and with which words, is what a builder without a network would see.
 */

const ROOT = join(import.meta.dirname, '../..');
const base = mkdtempSync(join(tmpdir(), 'sp-networked-'));
const clone = join(base, 'clone');

beforeAll(() => {
  // Not the working tree: what is not committed is not there on a builder either.
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', ROOT, clone], { stdio: 'pipe' });
}, 300_000);
afterAll(() => rmSync(base, { recursive: true, force: true }), 300_000);

const run = () =>
  spawnSync('bash', [join(clone, 'build/package/networked.sh')], {
    cwd: '/',
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    // As on a builder: nothing of this project's own, and none of what runs the tests.
    env: { PATH: process.env.PATH, HOME: process.env.HOME, LANG: 'C.UTF-8', npm_config_prefer_offline: 'true' },
  });

test('a clean clone builds as far as Electron’s program, and says what is missing', () => {
  expect(existsSync(join(clone, 'dist'))).toBe(false);
  const { status, stdout, stderr } = run();
  const said = `${stdout.slice(-4_000)}\n${stderr.slice(-4_000)}`;
  for (const made of ['dist/renderer/kiosk/index.html', ...WEIGHTS.map(({ file }) => `dist/models/weights/${file}`)])
    expect([made, existsSync(join(clone, made))], said).toEqual([made, true]);
  expect(findElectron(join(clone, 'node_modules'), {}), said).toBeNull();
  expect(status, said).toBe(3);
  expect(stderr.trimEnd().split('\n').at(-1)).toBe(
    "networked.sh: Electron's program can't be fetched here. Run this on a builder that reaches Electron's releases.",
  );
  // What it made is ignored by git: a second run would not refuse for it.
  expect(execFileSync('git', ['status', '--porcelain'], { cwd: clone, encoding: 'utf8' })).toBe('');
}, 1_800_000);
