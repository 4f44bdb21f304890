import { join } from 'node:path';
import { runKiosk } from '../../../electron/host-browser/main.ts';

/** A build whose core works for a moment and then dies, at every start. */
process.exitCode = await runKiosk(process.argv.slice(2), process.env, {
  coreModule: join(import.meta.dirname, 'dying-core.ts'),
});
process.exit();
