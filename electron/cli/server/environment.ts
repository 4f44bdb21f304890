import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ArgsOf, OperationName, ResultOf } from '../../../sync/server/operator/operations.ts';
import { serverHome } from '../../core/paths.ts';

/**
 * The server's environment, as its process has it: what is set here; for an evaluation server of this machine, whose keys
 * lie in its home, those.
 */
export async function serverEnvironment(env: NodeJS.ProcessEnv = process.env): Promise<NodeJS.ProcessEnv> {
  const home = env.SMARTPRESENCE_SERVER_HOME || serverHome(env);
  const given = env.ENCRYPTION_KEY || env.SECRET_KEY || env.ENCRYPTION_KEY_FILE || env.CREDENTIALS_DIRECTORY;
  const own = !given && existsSync(join(home, 'keys.env')) ? await init(home, {}) : {};
  return { ...env, SMARTPRESENCE_SERVER_HOME: home, ...own };
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
