import { runKiosk } from '../../../electron/host-browser/main.ts';

process.exitCode = await runKiosk(process.argv.slice(2));
process.exit();
