import { openKiosk } from '../../../electron/core/open-kiosk.ts';
import type { Problem } from '../../../sync/errors/problem.ts';

/* Opens the kiosk of a folder on a signal, prints its device id or the error code, and waits for the signal to end. */

const home = process.argv[2]!;
process.send?.('ready');
process.once('message', async () => {
  try {
    const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
    process.once('message', () => void kiosk.close().then(() => process.exit(0)));
    process.send?.({ device: kiosk.store.device });
  } catch (cause) {
    process.send?.({ code: (cause as Problem).code ?? String(cause) }, () => process.exit(0));
  }
});
