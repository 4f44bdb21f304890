import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { z } from 'zod';
import { Problem } from '../../errors/problem.ts';
import type { Endpoint, Params, Rest } from '../../protocol/api/endpoint.ts';
import { type IdentityContext, identityContext } from '../core/devices/join.ts';
import type { Services } from '../platform/access/route.ts';
import { openDatabase } from '../platform/database/open.ts';
import { openKeyring } from '../platform/keys/keyring.ts';
import { keysOf } from '../platform/keys/settings.ts';
import { createLogger } from '../platform/logs/logger.ts';
import { WatchedScreens } from '../platform/watched-screens.ts';
import { type Config, readConfig } from './config.ts';
import { MODULES } from './modules.ts';
import { operatorListener } from './operator.ts';
import { type AnswerOf, type Call, caller, throughSocket } from './operator-socket.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface CallOptions {
  /** Receives the progress of long work. Not called when a running server does the work. */
  readonly progress?: Services['progress'];
  /** Creates the database if there is none yet. */
  readonly makes?: boolean;
}

/**
 * Works with the server of this environment as its operator: on its database, or through the running server if that has the
 * embedded database open.
 *
 * @param env the server's environment
 * @throws Problem `bad-configuration`, `server-missing`, those of openDatabase and openKeyring, and what `work` throws
 */
export async function asOperator<T>(
  env: Env,
  work: (call: Call) => Promise<T>,
  { progress, makes = false }: CallOptions = {},
): Promise<T> {
  const config = readConfig(env);
  let database: Awaited<ReturnType<typeof openDatabase>>;
  try {
    database = await openDatabase(config.home, { postgres: config.database, command: makes ? 'any' : 'existing' });
  } catch (cause) {
    if (!(cause instanceof Problem && cause.code === 'database-in-use')) throw cause;
    return work(throughSocket(config.home));
  }
  try {
    const { db, signals } = database;
    const now = () => new Date();
    const keys = keysOf(config);
    const keyring = await openKeyring(db, keys, { hostnames: config.hostnames, now: () => now().getTime() });
    const log = createLogger('warn');
    const notify = (what: 'board' | 'change') => signals.notify(what);
    const screens = new WatchedScreens();
    const given = { db, keys, keyring, config, modules: MODULES, log, now, notify, screens };
    const services = { ...given, ...(progress && { progress }) };
    return await onDatabase(services, work);
  } finally {
    await database.close();
  }
}

/** Calls one endpoint of the server of this environment as its operator. @throws like `asOperator` */
export const call = <P extends Params, Q extends z.ZodType, B extends z.ZodType, A extends Endpoint['answer']>(
  env: Env,
  ...[endpoint, ...rest]: [endpoint: Endpoint<P, Q, B, A>, ...rest: Rest<P, Q, B>]
): Promise<AnswerOf<A, string>> =>
  asOperator(env, async (ask) => {
    const answer = await ask(endpoint, ...rest);
    return (endpoint.answer === 'file' ? await text(answer as Readable) : answer) as never;
  });

/** Calls the routes in this process, without a running server. Their errors are thrown unchanged. */
async function onDatabase<T>(services: Services, work: (call: Call) => Promise<T>): Promise<T> {
  let failure: { readonly cause: unknown } | null = null;
  const listener = operatorListener(services, (cause) => {
    failure = { cause };
  });
  try {
    return await work(
      caller(async (asked) => {
        failure = null;
        const response = await listener.inject({ ...asked, payloadAsStream: true });
        if (failure) throw (failure as { cause: unknown }).cause;
        return { ok: response.statusCode < 300, body: response.stream() };
      }),
    );
  } finally {
    await listener.close();
  }
}

/**
 * Opens database and keyring of a server that is not running, for setting up a server. Creates what is missing.
 *
 * @throws Problem from openDatabase and openKeyring
 */
export async function withServer<T>(config: Config, work: (context: IdentityContext) => Promise<T>): Promise<T> {
  const keys = keysOf(config);
  const now = () => new Date();
  const database = await openDatabase(config.home, { postgres: config.database });
  try {
    const keyring = await openKeyring(database.db, keys, {
      hostnames: config.hostnames,
      now: () => now().getTime(),
    });
    return await work(identityContext({ db: database.db, keys, keyring, now, config }));
  } finally {
    await database.close();
  }
}
