/** The first start of the Electron host, as far as its device secret goes. argv: home. Prints the secret. */
import { writeSync } from 'node:fs';
import { readDeviceSecret } from '../../../electron/host-electron/device-secret.ts';
import { plainKeystore } from '../secrets-scenarios.ts';

writeSync(1, `<${readDeviceSecret(plainKeystore, 'linux', process.argv[2]!, false)}>\n`);
