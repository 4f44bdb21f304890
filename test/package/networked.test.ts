import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findElectron } from '../../electron/host-electron/electron-binary.ts';
import { WEIGHTS } from '../../models/rules/manifest.ts';

/*
 * The job of the networked builder, on an empty clone of this commit: everything up to Electron's program, which can't be
 * downloaded here. A builder without a network would stop at the same place, with the same message.
 */

const ROOT = join(import.meta.dirname, '../..');
const base = mkdtempSync(join(tmpdir(), 'sp-networked-'));
const clone = join(base, 'clone');

beforeAll(() => {
  // Not the working tree: a builder does not have uncommitted changes either.
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', ROOT, clone], { stdio: 'pipe' });
}, 300_000);
afterAll(() => rmSync(base, { recursive: true, force: true }), 300_000);

const run = () =>
  spawnSync('bash', [join(clone, 'build/package/networked.sh')], {
    cwd: '/',
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    // As on a builder: none of this project's variables, and none of the test runner's.
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
  // Its output is ignored by git, so a second run would not be refused.
  expect(execFileSync('git', ['status', '--porcelain'], { cwd: clone, encoding: 'utf8' })).toBe('');
}, 1_800_000);
