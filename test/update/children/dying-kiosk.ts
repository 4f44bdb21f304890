import { join } from 'node:path';
import { runKiosk } from '../../../electron/host-browser/main.ts';

/** A build whose core comes up, works for a moment and dies, each time it is started. */
process.exitCode = await runKiosk(process.argv.slice(2), process.env, {
  coreModule: join(import.meta.dirname, 'dying-core.ts'),
});
process.exit();
