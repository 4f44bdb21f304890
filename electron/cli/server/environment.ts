import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAM } from '../../../sync/disk/program.ts';
import type { ArgsOf, OperationName, ResultOf } from '../../../sync/server/operator/operations.ts';
import { serverHome } from '../../core/paths.ts';

let own: NodeJS.ProcessEnv | null = null;

/**
 * This process's environment as it was started. A command that works with the server's keys keeps them as the server does:
 * out of its own environment, of its children and of core dumps (keys/hygiene.ts).
 *
 * @throws Problem `core-dumps-asked-for`
 */
async function ownEnvironment(): Promise<NodeJS.ProcessEnv> {
  if (own) return own;
  const { surroundings, takeEnvironment, withoutDumps } = await import('../../../sync/server/keys/hygiene.ts');
  own = takeEnvironment(process.env);
  const dumps = withoutDumps(surroundings());
  if (dumps) process.stderr.write(`${PROGRAM.name}: ${dumps.code}: ${dumps.message}\n`);
  return own;
}

/**
 * The server's environment, as its process has it: what is set here; for an evaluation server of this machine, whose keys
 * lie in its home, those.
 */
export async function serverEnvironment(): Promise<NodeJS.ProcessEnv> {
  const env = await ownEnvironment();
  const home = env.SMARTPRESENCE_SERVER_HOME || serverHome(env);
  const given = env.ENCRYPTION_KEY || env.SECRET_KEY || env.ENCRYPTION_KEY_FILE || env.CREDENTIALS_DIRECTORY;
  const evaluation = !given && existsSync(join(home, 'keys.env')) ? await init(home, {}) : {};
  return { ...env, SMARTPRESENCE_SERVER_HOME: home, ...evaluation };
}

/** Makes a server home with its keys; see initServer. Loaded when needed: the database's code takes its time. */
export async function init(home: string, env: NodeJS.ProcessEnv): Promise<Record<string, string>> {
  return (await import('../../../sync/server/local.ts')).initServer(home, env);
}

/** Does an operation on this environment's server; see sync/server/operator. */
export async function operate<N extends OperationName>(
  name: N,
  args: ArgsOf<N>,
  progress?: (done: number, total: number, what: string) => void,
): Promise<ResultOf<N>> {
  const operator = await import('../../../sync/server/operator/open.ts');
  return operator.operate(await serverEnvironment(), name, args, progress);
}
