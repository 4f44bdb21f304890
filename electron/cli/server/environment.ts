import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { command, PROGRAM } from '../../../sync/disk/program.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import type { Endpoint, Params, Rest } from '../../../sync/protocol/api/endpoint.ts';
import { MAX_PAGE } from '../../../sync/protocol/api/page.ts';
import { initServer } from '../../../sync/server/app/local.ts';
import type { CallOptions } from '../../../sync/server/app/open.ts';
import type { Call } from '../../../sync/server/app/operator-socket.ts';
import { serverHome } from '../../core/paths.ts';
import { readEnvironmentFile } from './env-file.ts';
import { asOwner, installedEnvironment, isInstalled, placesOf } from './installed.ts';

type Environment = NodeJS.ProcessEnv;

let own: Environment | null = null;

/**
 * Returns this process's initial environment. A command that uses the server's keys protects them as the server does: removes
 * them from its own environment, and keeps them out of its children and core dumps (keys/hygiene.ts).
 *
 * @throws Problem `core-dumps-asked-for`
 */
export async function ownEnvironment(): Promise<Environment> {
  if (own) return own;
  const { processLimits, takeEnvironment, withoutDumps } = await import(
    '../../../sync/server/platform/keys/hygiene.ts'
  );
  own = takeEnvironment(process.env);
  const dumps = withoutDumps(processLimits());
  if (dumps) process.stderr.write(`${PROGRAM.name}: ${dumps.code}: ${dumps.message}\n`);
  return own;
}

export const homeOf = (env: Environment): string => env.SMARTPRESENCE_SERVER_HOME || serverHome(env);

/** Returns the variables of the environment that contain a server's keys. */
export function givenKeys(env: Environment): string[] {
  const folder = env.CREDENTIALS_DIRECTORY;
  return ['ENCRYPTION_KEY', 'SECRET_KEY'].filter(
    (name) =>
      env[name] ||
      env[`${name}_FILE`] ||
      (folder && [name, `smartpresence_${name}`].some((file) => existsSync(join(folder, file)))),
  );
}

/**
 * Returns the environment of the server process: what is set here; else that of the server installed on this machine, as for
 * its unit; else, for an evaluation server, the keys in its home. What is set here takes precedence.
 *
 * @throws Problem `not-permitted`, `credential-not-opened`, `keys-missing`, `server-missing`
 */
export async function serverEnvironment(): Promise<Environment> {
  const env = await ownEnvironment();
  const home = homeOf(env);
  if (givenKeys(env).length > 0) return { ...env, SMARTPRESENCE_SERVER_HOME: home };
  if (isService(env)) return { ...installedEnvironment(placesOf(env)), ...env };
  if (existsSync(join(home, 'keys.env'))) {
    const variables = join(home, 'server.env');
    const set = existsSync(variables) ? readEnvironmentFile(readFileSync(variables, 'utf8')) : {};
    return { ...set, ...env, ...(await asOwner(home, async () => initServer(home))) };
  }
  if (existsSync(join(home, 'pglite')) || env.SMARTPRESENCE_DATABASE_URL || env.SMARTPRESENCE_DATABASE_URL_FILE)
    throw new Problem('keys-missing');
  throw new Problem('server-missing', { where: home });
}

/** Whether a command in this environment uses the server installed as a service of this machine. */
const isService = (env: Environment): boolean =>
  givenKeys(env).length === 0 && !namesHome(env) && isInstalled(placesOf(env));

/** The folders of systemd's units, for archive and package. */
const UNITS = ['/etc/systemd/system', '/usr/lib/systemd/system'];

/** Tells the person who restored a server how to start it. */
export function howToStart(env: Environment, units: readonly string[] = UNITS): string {
  if (isService(env)) return 'Start the server: systemctl start smartpresence-server';
  // The service of this machine is another server, or was not set up.
  if (units.some((folder) => existsSync(join(folder, 'smartpresence-server.service'))))
    return `Set it up on this machine, with its database and its keys: ${command('setup')}`;
  return `Start the server: ${command('server start')}`;
}

/** Whether the environment names a server explicitly. */
export const namesHome = (env: Environment): boolean =>
  Boolean(env.SMARTPRESENCE_SERVER_HOME || env.SMARTPRESENCE_HOME);

let said = false;

/** Works on this environment's server as the server's own user. First prints on standard error which server it is. */
export async function onServer<T>(work: (env: Environment) => Promise<T>): Promise<T> {
  const env = await serverEnvironment();
  if (!said) process.stderr.write(`${PROGRAM.name}: ${await whichServer(env)}\n`);
  said = true;
  return asOwner(homeOf(env), () => work(env));
}

/** Describes the server's home and database, without secrets. */
async function whichServer(env: Environment): Promise<string> {
  const [{ databaseText }, { withSecretFiles }] = await Promise.all([
    import('../../../sync/server/platform/database/url.ts'),
    import('../../../sync/server/platform/secrets/files.ts'),
  ]);
  return `server ${homeOf(env)}, ${databaseText(withSecretFiles(env).SMARTPRESENCE_DATABASE_URL)}`;
}

/** Calls an endpoint of this environment's server as its operator. */
export const call: Call<string> = async (...args) => {
  const server = await import('../../../sync/server/app/open.ts');
  return onServer((env) => server.call(env, ...args));
};

/** Makes several calls to this environment's server as its operator, or calls it with a streamed file. */
export async function asOperator<T>(work: (ask: Call) => Promise<T>, options: CallOptions = {}): Promise<T> {
  const server = await import('../../../sync/server/app/open.ts');
  return onServer((env) => server.asOperator(env, work, options));
}

/** Yields every item of a list, page by page. */
export async function* everyItem<P extends Params, Q extends z.ZodType, T>(
  ask: Call,
  endpoint: Endpoint<P, Q, z.ZodUndefined, z.ZodType<{ items: T[]; next: string | null }>>,
  ...[input]: Rest<P, Q, z.ZodUndefined>
): AsyncGenerator<T> {
  for (let cursor: string | null = null; ; ) {
    const query = { limit: MAX_PAGE, ...input?.query, cursor };
    const page: { items: T[]; next: string | null } = await ask(endpoint, { ...input, query } as never);
    yield* page.items;
    cursor = page.next;
    if (cursor === null) return;
  }
}

/** Yields every item of a list of this environment's server. */
export const callAll = <P extends Params, Q extends z.ZodType, T>(
  endpoint: Endpoint<P, Q, z.ZodUndefined, z.ZodType<{ items: T[]; next: string | null }>>,
  ...input: Rest<P, Q, z.ZodUndefined>
): Promise<T[]> => asOperator((ask) => all(everyItem(ask, endpoint, ...input)));

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
