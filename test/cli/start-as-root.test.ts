import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const root = mkdtempSync(join(tmpdir(), 'sp-root-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const START = join(import.meta.dirname, '../../electron/cli/start.ts');

test.skipIf(process.getuid?.() !== 0)(
  'root can’t start a real kiosk, and is refused before anything is installed, created or provisioned',
  () => {
    const home = join(root, 'home');
    const ended = spawnSync(process.execPath, [START, '--camera', 'real', '--host', 'browser'], {
      // A display, so that it gets as far as the browser. No program is searched for on the path.
      env: { HOME: root, PATH: '/nonexistent', DISPLAY: ':987', SMARTPRESENCE_HOME: home },
      encoding: 'utf8',
      timeout: 60_000,
    });
    const said = ended.stdout + ended.stderr;
    expect([ended.status, ended.signal]).toEqual([1, null]);
    expect(said).toContain('root-refused');
    expect(said).toContain('Run the kiosk as an unprivileged user of its own.');
    expect(said).not.toMatch(/Staff PIN|chromium-missing|apt-get/);
    expect(existsSync(home)).toBe(false);
    expect(readdirSync(root)).toEqual([]);
  },
  90_000,
);
