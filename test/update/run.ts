import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/*
 * npm run test:update -- [--kills N]
 *
 * Everything about updates; with --kills a kiosk is also killed N times at random moments of updates.
 * Exit: 0 all held, 1 not, 2 wrong usage.
 */

const root = join(import.meta.dirname, '../..');

function kills(): number | null {
  try {
    const { values } = parseArgs({ options: { kills: { type: 'string', default: '0' } } });
    return /^\d{1,5}$/.test(values.kills) ? Number(values.kills) : null;
  } catch {
    return null;
  }
}

const count = kills();
if (count === null) {
  process.stderr.write('usage: npm run test:update -- [--kills N]\n');
  process.exit(2);
}
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
