import { Problem } from '../../protocol/wire/problem.ts';
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

/**
 * Does an operation on the server of this environment: on its database, or, where a running server has the embedded
 * database to itself, through that server.
 *
 * @param env the server's environment
 * @throws Problem `bad-configuration`, `server-missing`, of openDatabase and openKeyring, `server-unreachable`, and the operation's own
 */
export async function operate<N extends OperationName>(
  env: Readonly<Record<string, string | undefined>>,
  name: N,
  args: ArgsOf<N>,
  progress?: OperatorContext['progress'],
): Promise<ResultOf<N>> {
  const config = readConfig(env);
  let database: Awaited<ReturnType<typeof openDatabase>>;
  try {
    database = await openDatabase(config.home, { postgres: config.database, existing: !BEGINS.has(name) });
  } catch (cause) {
    if (!(cause instanceof Problem && cause.code === 'database-in-use')) throw cause;
    return (await askServer(config.home, name, operationArguments(name, args))) as ResultOf<N>;
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
    return (await runOperation(
      { ...context, config, modules: MODULES, log, onChange, ...(progress && { progress }) },
      name,
      args,
    )) as ResultOf<N>;
  } finally {
    await database.close();
  }
}
