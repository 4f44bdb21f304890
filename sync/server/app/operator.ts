import { chmodSync, rmSync } from 'node:fs';
import Fastify, { type FastifyInstance } from 'fastify';
import { Problem } from '../../errors/problem.ts';
import { register } from '../platform/access/register.ts';
import type { Services } from '../platform/access/route.ts';
import { OPERATOR } from '../platform/audit/actor.ts';
import type { Listener } from '../platform/http/listener.ts';
import { asProblem } from '../platform/http/problem.ts';
import { socketPath } from './operator-socket.ts';
import { OPERATED } from './served.ts';

/** Time limit for receiving a request, ms. */
const REQUEST_MS = 10_000;

/**
 * Returns a listener with the endpoints that the command line may call as the operator: for calls within this process
 * (`inject`), or to listen on the socket.
 *
 * @param failed receives what an endpoint threw
 */
export function operatorListener(services: Services, failed: (cause: unknown) => void = () => undefined): Listener {
  const app: FastifyInstance = Fastify({ logger: false, requestTimeout: REQUEST_MS, forceCloseConnections: true });
  app.addHook('onRequest', async ({ method, routeOptions }) =>
    services.log.info({ method, route: routeOptions.url }, 'operator'),
  );
  app.setErrorHandler((cause: Error, _request, reply) => {
    const problem = problemOf(cause);
    if (!(cause instanceof Problem)) services.log.error({ err: cause }, 'a call from the command line failed');
    failed(problem.code === 'operation-failed' ? cause : problem);
    const { code, message: title, nextStep, params } = problem;
    return reply.code(500).send({ type: 'about:blank', status: 500, code, title, nextStep, params });
  });
  app.setNotFoundHandler(() => {
    throw new Problem('operation-unknown');
  });
  register(app as unknown as Listener, services, OPERATED, {
    callerOf: async () => ({ session: null, actor: OPERATOR }),
  });
  return app as unknown as Listener;
}

/** Returns an error in terms of the command line: it has arguments, and help instead of an API document. */
function problemOf(cause: Error): Problem {
  const problem = asProblem(cause);
  if (problem.code === 'internal-error') return new Problem('operation-failed', { cause });
  if (problem.code !== 'bad-request') return problem;
  return new Problem('arguments-wrong', { reason: `These are missing or wrong: ${problem.params.reason}.`, cause });
}

/** Listens on the operator's socket. @returns a function that closes it @throws errors of `listen`, e.g. for a long path */
export async function listenForOperator(home: string, services: Services): Promise<() => Promise<void>> {
  const path = socketPath(home);
  rmSync(path, { force: true }); // we hold the lock of the home: what is still here is a dead server's
  const app = operatorListener(services);
  await app.ready();
  // The umask closes the gap between bind and chmod.
  const mask = process.umask(0o077);
  try {
    await app.listen({ path });
  } finally {
    process.umask(mask);
  }
  chmodSync(path, 0o600);
  return () => app.close();
}
