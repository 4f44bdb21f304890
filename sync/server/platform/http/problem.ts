import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { ZodError } from 'zod';
import { Problem, statusOf } from '../../../errors/problem.ts';
import { ErrorLog, speakerOf } from './error-log.ts';

/** Whether a code may be sent to clients. All others are replaced by `internal-error`. */
export const isClientError = (code: string): boolean => statusOf(code) !== undefined;

/** Makes a listener answer every error as RFC 9457 problem+json with a code. */
export function answerWithProblems(app: FastifyInstance, log: Logger): void {
  const errors = new ErrorLog(log);
  app.addHook('onClose', async () => errors.close());
  app.setErrorHandler((error: FastifyError | Error, request, reply) => {
    const problem = asProblem(error);
    const status = statusOf(problem.code) ?? 500;
    const fields = { code: problem.code, status, route: request.routeOptions.url, method: request.method };
    if (status >= 500) log.error({ ...fields, err: error }, 'request failed');
    else errors.note({ ...fields, device: speakerOf(request) }, problem.message);
    return send(reply, status, problem);
  });
  app.setNotFoundHandler((_request, reply) => send(reply, 404, new Problem('not-found')));
}

/** Converts any error to the Problem that a listener answers with. */
export function asProblem(error: FastifyError | Error): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof ZodError)
    return new Problem('bad-request', { reason: 'unexpected fields or values', cause: error });
  const { statusCode, code } = error as FastifyError;
  if (statusCode === 413) return new Problem('request-too-large', { cause: error });
  if (statusCode === 429) return new Problem('too-many-requests', { cause: error });
  if (statusCode !== undefined && statusCode < 500)
    return new Problem('bad-request', { reason: code ?? '', cause: error });
  return new Problem('internal-error', { cause: error });
}

/** Answers a URL that the router itself rejects. The router's answer would repeat the URL, and isn't problem+json. */
export function refuseAddress(reply: FastifyReply): void {
  send(reply, 404, new Problem('not-found'));
}

function send(reply: FastifyReply, status: number, problem: Problem): FastifyReply {
  // Internal failures are sent without details.
  const { code, message, nextStep, params } = isClientError(problem.code) ? problem : new Problem('internal-error');
  if (status === 429 && params.seconds !== undefined) reply.header('retry-after', params.seconds);
  return reply
    .code(status)
    .type('application/problem+json')
    .send({
      type: `urn:smartpresence:problem:${code}`,
      title: message,
      status,
      code,
      nextStep,
      ...(Object.keys(params).length > 0 && { params }),
    });
}
