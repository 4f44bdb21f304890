import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { placeLauncher } from './launcher.ts';

const folder = mkdtempSync(join(tmpdir(), 'sp-launcher-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('the launcher finds its own build through links, and lets no option of the shell reach Node', () => {
  const build = join(folder, 'a b/0.1.0');
  mkdirSync(join(build, 'bin'), { recursive: true });
  writeFileSync(join(build, 'bin/node'), '#!/bin/sh\nprintf "%s\\n" "$0" "$@" "$NODE_OPTIONS,$NODE_PATH"\n', {
    mode: 0o755,
  });
  placeLauncher(build, 'bin/smartpresence', 'bin/node', 'app/electron/cli/sp.js');
  symlinkSync('0.1.0', join(folder, 'a b/current'));
  symlinkSync(join(folder, 'a b/current/bin/smartpresence'), join(folder, 'smartpresence'));
  const said = execFileSync(join(folder, 'smartpresence'), ['accounts', 'add', 'a b'], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', NODE_OPTIONS: '--inspect', NODE_PATH: '/tmp' },
    encoding: 'utf8',
  });
  expect(said.trim().split('\n')).toEqual([
    `${build}/bin/node`,
    `${build}/bin/../app/electron/cli/sp.js`,
    'accounts',
    'add',
    'a b',
    ',',
  ]);
});
