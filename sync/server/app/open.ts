import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { z } from 'zod';
import { Problem } from '../../errors/problem.ts';
import { type Endpoint, type Params, type Rest, urlOf } from '../../protocol/api/endpoint.ts';
import { ProblemBody } from '../../protocol/api/session.ts';
import type { Services } from '../platform/access/route.ts';
import { openDatabase } from '../platform/database/open.ts';
import { openKeyring } from '../platform/keys/keyring.ts';
import { keysOf } from '../platform/keys/settings.ts';
import { createLogger } from '../platform/logs/logger.ts';
import { WatchedScreens } from '../platform/watched-screens.ts';
import { readConfig } from './config.ts';
import { MODULES } from './modules.ts';
import { operatorListener, socketPath } from './operator.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** What an endpoint answers; a file as text, or as the stream that it is within `asOperator`. */
type AnswerOf<A extends Endpoint['answer'], File> = A extends z.ZodType ? z.output<A> : A extends 'file' ? File : null;

/** Calls an endpoint. @throws Problem the endpoint's own, `operation-unknown`, `server-not-answering`, `server-hung-up` */
export type Call<File = Readable> = <
  P extends Params,
  Q extends z.ZodType,
  B extends z.ZodType,
  A extends Endpoint['answer'],
>(
  ...args: [endpoint: Endpoint<P, Q, B, A>, ...rest: Rest<P, Q, B>]
) => Promise<AnswerOf<A, File>>;

export interface CallOptions {
  /** How far a long work is; not of a running server. */
  readonly progress?: Services['progress'];
  /** Also makes the database where there is none yet. */
  readonly makes?: boolean;
}

/**
 * Works with the server of this environment as its operator: on its database, or, where a running server has the embedded
 * database to itself, through that server.
 *
 * @param env the server's environment
 * @throws Problem `bad-configuration`, `server-missing`, of openDatabase and openKeyring, and what `work` throws
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

/** Calls one endpoint of the server of this environment as its operator. @throws as `asOperator` */
export const call = <P extends Params, Q extends z.ZodType, B extends z.ZodType, A extends Endpoint['answer']>(
  env: Env,
  ...[endpoint, ...rest]: [endpoint: Endpoint<P, Q, B, A>, ...rest: Rest<P, Q, B>]
): Promise<AnswerOf<A, string>> =>
  asOperator(env, async (ask) => {
    const answer = await ask(endpoint, ...rest);
    return (endpoint.answer === 'file' ? await text(answer as Readable) : answer) as never;
  });

interface Asked {
  readonly method: Endpoint['method'];
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload?: string;
}
interface Answered {
  readonly ok: boolean;
  readonly body: Readable;
}

const caller =
  (send: (asked: Asked) => Promise<Answered>): Call =>
  async ({ method, path, answer }, ...[input]) => {
    const { body } = input ?? {};
    const { ok, body: answered } = await send({
      method,
      url: urlOf(path, input),
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      ...(body !== undefined && { payload: JSON.stringify(body) }),
    });
    if (ok && answer === 'file') return answered as never;
    const content = await text(answered);
    if (ok) return (answer === 'nothing' ? null : JSON.parse(content)) as never;
    const { code, title, nextStep, params } = ProblemBody.parse(JSON.parse(content));
    throw Problem.from({ code, message: title, nextStep, ...(params && { params }) });
  };

/** Without a server: its routes are called in this process. Their errors are thrown unchanged. */
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

/** Through the running server that has the home's database open. */
export const throughSocket = (home: string): Call =>
  caller(async ({ payload, url, ...asked }) => {
    const asking = request({ ...asked, socketPath: socketPath(home), path: url, agent: false });
    asking.end(payload);
    try {
      const [response] = (await once(asking, 'response')) as [IncomingMessage];
      return { ok: response.statusCode! < 300, body: response };
    } catch (cause) {
      const connected = (cause as NodeJS.ErrnoException).syscall !== 'connect';
      throw new Problem(connected ? 'server-hung-up' : 'server-not-answering', { cause });
    }
  });
