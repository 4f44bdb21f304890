import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { z } from 'zod';
import { Problem } from '../../errors/problem.ts';
import { type Endpoint, type Params, type Rest, urlOf } from '../../protocol/api/endpoint.ts';
import { ProblemBody } from '../../protocol/api/session.ts';

/** Answer of an endpoint. A file is text, or within `asOperator` a stream. */
export type AnswerOf<A extends Endpoint['answer'], File> = A extends z.ZodType
  ? z.output<A>
  : A extends 'file'
    ? File
    : null;

/** Calls an endpoint. @throws Problem of the endpoint, `operation-unknown`, `server-not-answering`, `server-hung-up` */
export type Call<File = Readable> = <
  P extends Params,
  Q extends z.ZodType,
  B extends z.ZodType,
  A extends Endpoint['answer'],
>(
  ...args: [endpoint: Endpoint<P, Q, B, A>, ...rest: Rest<P, Q, B>]
) => Promise<AnswerOf<A, File>>;

/**
 * Returns the path of the socket on which a running server answers the command line, since no second process can open its
 * embedded database. It has mode 0600 and is in the server home: anyone who can use it can also read the home.
 */
export const socketPath = (home: string): string => join(home, 'operator.sock');

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

/** @param send throws `server-hung-up`, `server-not-answering`, or what an endpoint in this process threw */
export const caller =
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

/** Calls endpoints through the running server that has the home's database open. */
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
