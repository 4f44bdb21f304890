import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { isWhole, readOptions } from '../options.ts';

/*
 * npm run test:update -- [--kills N]
 *
 * Runs all tests of updates; with --kills, also kills a kiosk N times at random moments of updates.
 * Exit: 0 all passed, 1 a test failed, 2 wrong usage.
 */

const root = join(import.meta.dirname, '../..');

const { kills } = readOptions(
  'npm run test:update -- [--kills N]',
  { kills: { type: 'string', default: '0' } },
  (values) => (isWhole(values.kills, 0) ? null : '--kills takes a whole number'),
);
const count = Number(kills);
const files =
  count > 0
    ? ['test/update/install-kill.test.ts']
    : ['test/update', 'electron/host-browser/update', 'electron/core/update'];
const { status } = spawnSync(join(root, 'node_modules/.bin/vitest'), ['run', ...files], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, SMARTPRESENCE_KILLS: String(count) },
});
process.exit(status ?? 1);
