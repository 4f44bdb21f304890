import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '@commander-js/extra-typings';
import type { z } from 'zod';
import { command } from '../../../sync/disk/program.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { ServerKeyPurpose } from '../../../sync/protocol/api/incidents.ts';
import * as api from '../../../sync/protocol/api/keys.ts';
import { initServer } from '../../../sync/server/app/local.ts';
import { oneOf } from '../options.ts';
import { print } from '../output.ts';
import { call, givenKeys, homeOf, namesHome, serverEnvironment } from './environment.ts';
import { becomeOwner, isInstalled, placesOf } from './installed.ts';
import { registerMosquitto } from './mosquitto.ts';

const ENVIRONMENT = `
Reads the server's environment: SMARTPRESENCE_SERVER_HOME, ENCRYPTION_KEY, SECRET_KEY and so on. If it contains no keys, the
environment of the server installed on this machine is used, as its unit sets it (run as root); otherwise that of the
server that \`setup\`, \`server init\` or \`npm start\` created in this user's folder.`;

const PURPOSES = ServerKeyPurpose.options;

export function registerServer(program: Command): void {
  const server = program.command('server').description('Run and configure the central server.');
  server
    .command('start')
    .description('Run the server in the foreground until SIGTERM or SIGINT.')
    .addHelpText(
      'after',
      `${ENVIRONMENT}
Logs go to standard error. When the server is ready, it prints one line of JSON with the admin link to standard output.
Exit codes: 0 stopped; 2 bad configuration; 3 could not start; 70 internal.`,
    )
    .action(async () => {
      const env = await serverEnvironment();
      becomeOwner(homeOf(env));
      Object.assign(process.env, env);
      await import('../../../sync/server/main.ts');
    });
  server
    .command('init')
    .description(
      'Create an evaluation server on this machine: home, keys and embedded database. For any other server use `setup`.',
    )
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nSafe to run again. Fails if keys or a database are configured, or a server is installed.`)
    .action(async (options) => {
      const home = homeOf(process.env);
      requireNew(home, process.env);
      const env = initServer(home);
      const [{ withServer }, { readConfig }] = await Promise.all([
        import('../../../sync/server/app/open.ts'),
        import('../../../sync/server/app/config.ts'),
      ]);
      await withServer(readConfig({ ...process.env, ...env }), async () => undefined);
      print(options.json, { home }, `Server home: ${home}\nStart it with: ${command('server start')}`);
    });
  registerKeys(server);
  registerMosquitto(server, ENVIRONMENT);
}

/** @throws Problem `keys-given`, `server-exists` */
function requireNew(home: string, env: NodeJS.ProcessEnv): void {
  const given = ['SMARTPRESENCE_DATABASE_URL', 'SMARTPRESENCE_DATABASE_URL_FILE'].filter((name) => env[name]);
  given.unshift(...givenKeys(env));
  if (given.length > 0) throw new Problem('keys-given', { given: given.join(', ') });
  const places = placesOf(env);
  if (!namesHome(env) && isInstalled(places))
    throw new Problem('server-exists', { where: `this machine (${places.variables})` });
  if (existsSync(join(home, 'pglite')) && !existsSync(join(home, 'keys.env')))
    throw new Problem('server-exists', { where: home });
}

function registerKeys(server: Command): void {
  const keys = server.command('keys').description('List, replace and retire the server’s own keys.');
  keys
    .command('list', { isDefault: true })
    .description('List every valid key, newest first, and the server’s fingerprint.')
    .option('--json', 'one JSON object')
    .addHelpText('after', ENVIRONMENT)
    .action(async (options) => {
      print(options.json, await call(api.listServerKeys), describeKeys);
    });
  keys
    .command('succeed')
    .description('Create the successor of a key. The old key stays valid until it is retired.')
    .argument('<key>', PURPOSES.join(' | '), oneOf(PURPOSES))
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
signing: signs acknowledgements and pages. Kiosks that only know the old key keep using it and learn the new one from it.
sealing: kiosks encrypt their records to it.
ca: identifies the server to kiosks and issues their certificates. The old CA signs the new one, and its own key is
destroyed. Afterwards, give your brokers new certificates with \`server mosquitto\`.
qr: signs the QR codes on people's pages. Kiosks receive the successor, which takes over when the old key is retired.
pin: the pepper with which kiosks hash PINs. A PIN moves to the successor the next time it is used; retiring the old key
removes all PINs that have not moved, on every kiosk. After a kiosk is stolen, create a successor and retire the old key,
so that everyone chooses a new PIN.`,
    )
    .action(async (key, options) => {
      const done = await call(api.succeedServerKey, { params: { purpose: key } });
      const text = `The ${key} key has a successor (set ${done.serial}). Kiosks learn of it the next time they connect.`;
      print(options.json, done, text);
    });
  keys
    .command('retire')
    .description('Retire all keys of a kind except the newest, and destroy their private halves.')
    .argument('<key>', PURPOSES.join(' | '), oneOf(PURPOSES))
    .option('--force', 'even if approved devices don’t have the newest key yet; they must then be provisioned again')
    .option('--json', 'one JSON object')
    .action(async (key, options) => {
      const done = await call(api.retireServerKeys, { params: { purpose: key }, body: { force: options.force } });
      const cut = done.cutOff.length > 0 ? ` Cut off: ${done.cutOff.join(', ')}.` : '';
      print(options.json, done, `The old ${key} keys are retired.${cut}`);
    });
}

function describeKeys({ serverId, serial, fingerprint, keys }: z.output<typeof api.ServerKeys>): string {
  const lines = keys.map((k) => `${k.purpose.padEnd(8)} ${k.newest ? 'newest' : 'old   '} ${k.id}`);
  return [`Server ${serverId}, set ${serial}`, `Fingerprint ${fingerprint}`, ...lines].join('\n');
}
