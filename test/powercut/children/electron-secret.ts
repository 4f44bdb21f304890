/** The first start of the Electron host, up to its device secret. argv: home. Prints the secret. */
import { writeSync } from 'node:fs';
import { plainSecret } from '../secrets-scenarios.ts';

writeSync(1, `<${await plainSecret(process.argv[2]!)}>\n`);
