import { resolve } from 'node:path';
import { startBrowserHost } from '../../../electron/host-browser/browser-host.ts';

/** Runs the browser host outside a demo, for a test that starts it as another user: `run-host.ts HOME DIST`. Ends on SIGTERM. */
const [home, dist] = process.argv.slice(2) as [string, string];
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const host = await startBrowserHost({
  home,
  dist,
  demo: false,
  secretInFile: true,
  browser: { mode: 'headless' },
  coreModule: resolve(import.meta.dirname, 'browser-test-core.ts'),
  log: (level, message, fields = {}) => say({ level, message, fields }),
});
say({ message: 'started', fields: { browser: host.browserPid, uid: process.getuid?.() } });
process.on('SIGTERM', () => {
  void host.close().then(() => process.exit(0));
});
