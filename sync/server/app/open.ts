import type { z } from 'zod';
import { Problem } from '../../errors/problem.ts';
import type { Endpoint, Params, Rest } from '../../protocol/api/endpoint.ts';
import { identityContext } from '../core/devices/context.ts';
import type { OperatorContext } from '../core/operator/operation.ts';
import { askServer } from '../core/operator/socket.ts';
import { openDatabase } from '../platform/database/open.ts';
import { openKeyring } from '../platform/keys/keyring.ts';
import { keysOf } from '../platform/keys/settings.ts';
import { createLogger } from '../platform/logs/logger.ts';
import { readConfig } from './config.ts';
import { MODULES } from './modules.ts';
import { type ArgsOf, type OperationName, operationArguments, type ResultOf, runOperation } from './operations.ts';

/** What makes a server where there is none: a broker has its certificate before the server's first start (build/compose). */
const BEGINS: ReadonlySet<OperationName> = new Set(['broker certificate']);

type Env = Readonly<Record<string, string | undefined>>;
type Progress = OperatorContext['progress'];

/** Does an operation on the server of this environment. @throws as `ask` does, and the operation's own */
export async function operate<N extends OperationName>(
  env: Env,
  name: N,
  args: ArgsOf<N>,
  progress?: Progress,
): Promise<ResultOf<N>> {
  return (await ask(env, name, operationArguments(name, args), progress)) as ResultOf<N>;
}

/** Calls an endpoint of the server of this environment as its operator. @throws as `ask` does, and the endpoint's own */
export async function call<P extends Params, Q extends z.ZodType, B extends z.ZodType, A extends Endpoint['answer']>(
  env: Env,
  { method, path }: Endpoint<P, Q, B, A>,
  ...[input]: Rest<P, Q, B>
): Promise<A extends z.ZodType ? z.output<A> : null> {
  return (await ask(env, `${method} ${path}`, input ?? {})) as never;
}

/**
 * Has it done by the server of this environment: on its database, or, where a running server has the embedded
 * database to itself, through that server.
 *
 * @param env the server's environment
 * @throws Problem `bad-configuration`, `server-missing`, of openDatabase and openKeyring, `server-unreachable`
 */
async function ask(env: Env, name: string, args: unknown, progress?: Progress): Promise<unknown> {
  const config = readConfig(env);
  let database: Awaited<ReturnType<typeof openDatabase>>;
  try {
    database = await openDatabase(config.home, {
      postgres: config.database,
      existing: !BEGINS.has(name as OperationName),
    });
  } catch (cause) {
    if (!(cause instanceof Problem && cause.code === 'database-in-use')) throw cause;
    return askServer(config.home, name, args);
  }
  try {
    const now = () => new Date();
    const keys = keysOf(config);
    const { db, signals } = database;
    const keyring = await openKeyring(db, keys, {
      hostnames: config.hostnames,
      now: () => now().getTime(),
    });
    const context = identityContext({ db, keys, keyring, now, config });
    const log = createLogger('warn');
    const onChange = () => {
      signals.notify('board');
      signals.notify('change');
    };
    return await runOperation(
      { ...context, config, modules: MODULES, log, onChange, ...(progress && { progress }) },
      name,
      args,
    );
  } finally {
    await database.close();
  }
}
