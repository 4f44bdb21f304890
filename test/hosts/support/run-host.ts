import { resolve } from 'node:path';
import { startBrowserHost } from '../../../electron/host-browser/browser-host.ts';

/**
 * Runs the browser host in a separate process, for tests that start it as another user or kill it: `run-host.ts HOME DIST
 * production|demo`. Ends on SIGTERM.
 */
const [home, dist, kind] = process.argv.slice(2) as [string, string, string];
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const host = await startBrowserHost({
  home,
  dist,
  demo: kind === 'demo',
  secretInFile: true,
  browser: { mode: 'headless' },
  coreModule: resolve(import.meta.dirname, 'browser-test-core.ts'),
  log: (level, message, fields = {}) => say({ level, message, fields }),
});
say({ message: 'started', fields: { browser: host.browserPid, core: host.corePid, uid: process.getuid?.() } });
process.on('SIGTERM', () => {
  void host.close().then(() => process.exit(0));
});
