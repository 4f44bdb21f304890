import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { command } from '../../../sync/disk/program.ts';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import type { ResultOf } from '../../../sync/server/app/operations.ts';
import { EXIT_HELP } from '../exit-codes.ts';
import { givenKeys, homeOf, init, namesHome, operate, serverEnvironment } from './environment.ts';
import { becomeOwner, isInstalled, placesOf } from './installed.ts';
import { registerMosquitto } from './mosquitto.ts';

const ENVIRONMENT = `
Reads the server's environment: SMARTPRESENCE_SERVER_HOME, ENCRYPTION_KEY, SECRET_KEY and the rest. Without keys there it is
that of the server that is installed on this machine, as its unit has it (run as root), else of the one that \`setup\`,
\`server init\` or \`npm start\` made in a folder of this user.`;

const PURPOSES = ['signing', 'sealing', 'ca', 'qr', 'pin'] as const;
type Purpose = (typeof PURPOSES)[number];

/** `server start|init|keys|mosquitto`. */
export function registerServer(program: Command): void {
  const server = program.command('server').description('The central server.');
  server
    .command('start')
    .description('Run the server in the foreground until SIGTERM or SIGINT.')
    .addHelpText(
      'after',
      `${ENVIRONMENT}
Logs go to standard error. Standard output gets one line of JSON when the server is ready; it holds the admin link.
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
    .description('Make a server for evaluation on this machine: home, keys and embedded database. Any other: `setup`.')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `\nSafe to run again. Refused where keys or a database are given, or a server is installed.${EXIT_HELP}`,
    )
    .action(async (options: { json?: boolean }) => {
      const home = homeOf(process.env);
      requireNew(home, process.env);
      const env = await init(home, {});
      const [{ withServer }, { readConfig }] = await Promise.all([
        import('../../../sync/server/app/local.ts'),
        import('../../../sync/server/app/config.ts'),
      ]);
      await withServer(readConfig({ ...process.env, ...env }), async () => undefined);
      const text = `Server home: ${home}\nStart it with: ${command('server start')}\n`;
      process.stdout.write(options.json ? `${JSON.stringify({ home })}\n` : text);
    });
  registerKeys(server);
  registerMosquitto(server, ENVIRONMENT);
}

/** @throws Problem `keys-given`, `server-exists` */
function requireNew(home: string, env: NodeJS.ProcessEnv): void {
  const given = ['SMARTPRESENCE_DATABASE_URL', 'SMARTPRESENCE_DATABASE_URL_FILE'].filter((name) => env[name]);
  given.unshift(...givenKeys(env));
  if (given.length > 0)
    throw new Problem(
      'keys-given',
      `This environment says of a server: ${given.join(', ')}. A server for evaluation has keys and an embedded database of its own.`,
      `Leave them out, or set that server up: ${command('setup')}`,
    );
  const exists = (what: string) =>
    new Problem('server-exists', what, 'Another one for evaluation: SMARTPRESENCE_SERVER_HOME=/some/other/folder');
  const places = placesOf(env);
  if (!namesHome(env) && isInstalled(places))
    throw exists(`A server is installed on this machine (${places.variables}).`);
  if (existsSync(join(home, 'pglite')) && !existsSync(join(home, 'keys.env')))
    throw exists(`${home} holds a server whose keys are elsewhere.`);
}

function registerKeys(server: Command): void {
  const keys = server.command('keys').description('The server’s own keys and their successors.');
  keys
    .command('list', { isDefault: true })
    .description('Every key that is valid, newest first, and the server’s fingerprint.')
    .option('--json', 'one JSON object')
    .addHelpText('after', `${ENVIRONMENT}${EXIT_HELP}`)
    .action(async (options: { json?: boolean }) => {
      const listed = await operate('keys list', {});
      process.stdout.write(`${options.json ? JSON.stringify(listed) : describeKeys(listed)}\n`);
    });
  keys
    .command('succeed')
    .description('Make the successor of a key; the old one stays valid until it is retired.')
    .argument('<key>', PURPOSES.join(' | '), purpose)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
signing: acks and pages; kiosks that know only the old key go on with it and learn of the new one by it.
sealing: what kiosks seal their records to.
ca: what kiosks know the server by, and what their certificates are from. The old CA signs the new one and its own key is
destroyed. Give brokers of your own their new certificates afterwards: \`server mosquitto\`.
qr: what signs the codes of people's own pages. Kiosks get the successor; it takes over when the old one is retired.
pin: the pepper with which kiosks hash PINs. A PIN goes over to the successor when it is used next; retiring the old one takes back those
that did not, on every kiosk: after a kiosk was stolen, make a successor and retire the old one, so that everybody
chooses a new PIN.${EXIT_HELP}`,
    )
    .action(async (key: Purpose, options: { json?: boolean }) => {
      const done = await operate('keys succeed', { purpose: key });
      const text = `The ${key} key has a successor (set ${done.serial}). Kiosks learn of it at their next contact.`;
      process.stdout.write(`${options.json ? JSON.stringify(done) : text}\n`);
    });
  keys
    .command('retire')
    .description('Retire all keys of a kind but the newest, and destroy their private halves.')
    .argument('<key>', PURPOSES.join(' | '), purpose)
    .option('--force', 'also where approved devices do not have the newest yet: they have to be provisioned again')
    .option('--json', 'one JSON object')
    .addHelpText('after', EXIT_HELP)
    .action(async (key: Purpose, options: { json?: boolean; force?: boolean }) => {
      const done = await operate('keys retire', { purpose: key, force: options.force ?? false });
      const cut = done.cutOff.length > 0 ? ` Cut off: ${done.cutOff.join(', ')}.` : '';
      process.stdout.write(`${options.json ? JSON.stringify(done) : `The old ${key} keys are retired.${cut}`}\n`);
    });
}

function purpose(text: string): Purpose {
  const found = PURPOSES.find((p) => p === text);
  if (!found) throw new InvalidArgumentError(`one of ${PURPOSES.join(', ')}`);
  return found;
}

function describeKeys({ serverId, serial, fingerprint, keys }: ResultOf<'keys list'>): string {
  const lines = keys.map((k) => `${k.purpose.padEnd(8)} ${k.newest ? 'newest' : 'old   '} ${k.id}`);
  return [`Server ${serverId}, set ${serial}`, `Fingerprint ${fingerprint}`, ...lines].join('\n');
}
