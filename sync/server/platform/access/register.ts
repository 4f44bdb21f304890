import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import { type Endpoint, IDLE_HEADER, RAW_TYPE } from '../../../protocol/api/endpoint.ts';
import { isUnreadableName } from '../../../protocol/wire/name.ts';
import type { Actor } from '../audit/actor.ts';
import type { Listener } from '../http/listener.ts';
import { asProblem } from '../http/problem.ts';
import { networkOf } from '../http/throttle.ts';
import { ErrorRows } from './error-rows.ts';
import { COOKIE, checkOrigin, cookieFlags } from './guard.ts';
import { type KeptAnswer, readIdempotencyKey } from './idempotency.ts';
import { perform, type Request } from './perform.ts';
import type { Route, Services } from './route.ts';
import { findSession, type Session } from './session.ts';
import { unstorable } from './storable.ts';

/** Default limit of a request's body, bytes. */
const MAX_BODY = 64 * 1024;
/** How long a stop waits for work that runs after responses, ms. */
const LATER_MS = 5000;
const UNREF = { ref: false };
/** Default limit of requests per address and route. */
const LIMIT = { max: 600, perMs: 60_000 };

/**
 * Registers routes on a listener according to their declarations. Each request is checked in this order: host (guard.ts),
 * limit per address, session, origin (unless it is a GET), role, whether people ask about themselves, size and shape. Then
 * the handler runs in one transaction with its audit row (perform.ts). Rejecting a signed-in caller leaves an audit row too.
 */
export function register(
  app: Listener,
  services: Services,
  specs: readonly Route[],
  { errors = new ErrorRows(services), callerOf = sessionOf }: Partial<Entry> = {},
): void {
  app.addHook('onClose', () => errors.close());
  const later = new Set<Promise<void>>();
  // A stop waits for work that responses promised, but not forever: a mail server may not answer.
  app.addHook(
    'onClose',
    async () => void (await Promise.race([Promise.allSettled(later), sleep(LATER_MS, null, UNREF)])),
  );
  if (!app.hasContentTypeParser(RAW_TYPE))
    app.addContentTypeParser(RAW_TYPE, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  for (const spec of specs) registerOne(app, services, spec, later, { errors, callerOf });
}

function registerOne(
  app: Listener,
  services: Services,
  spec: Route,
  later: Set<Promise<void>>,
  { errors, callerOf }: Entry,
): void {
  const { max, perMs } = spec.limit ?? LIMIT;
  const shapes: Shapes = { params: z.strictObject(spec.params), query: spec.query ?? Nothing, body: spec.body };
  const callers = new WeakMap<FastifyRequest, Caller>();
  app.route({
    method: spec.method,
    url: spec.path,
    exposeHeadRoute: false,
    bodyLimit: spec.maxBody ?? MAX_BODY,
    config: { rateLimit: { max, timeWindow: perMs, keyGenerator: ({ ip }) => networkOf(ip) } },
    onRequest: async (_request, reply) => void reply.header('cache-control', 'no-store'),
    // After the limit per address, so that a flood doesn't reach the database, and before the body is read.
    preParsing: async (request) => {
      const caller = await callerOf(services, request, {
        use: spec.idle !== true && request.headers[IDLE_HEADER] === undefined,
      });
      callers.set(request, caller);
      admit(spec, request, caller);
    },
    // Also called for unreadable bodies. Errors thrown here reach the listener's own error handler.
    errorHandler: async (error, request) => {
      const caller = callers.get(request);
      if (caller && !recorded.has(error)) await recordError(errors, spec, caller, asProblem(error));
      throw error;
    },
    handler: async (request, reply) => {
      const { session, actor } = callers.get(request)!;
      const parsed = parse(shapes, request);
      const idempotencyKey =
        session && spec.method !== 'GET' && spec.action !== 'read'
          ? readIdempotencyKey(request.headers['idempotency-key'])
          : null;
      const now = services.now();
      const prepared = await spec.before?.({ services, actor, session, now, ...parsed });
      const asked: Request = {
        ...parsed,
        actor,
        session,
        now,
        prepared,
        idempotencyKey,
        url: request.url.split('?')[0]!,
      };
      const done = await perform(services, spec, asked);
      for (const what of done.notified) services.notify(what);
      for (const work of done.after) {
        const running = work()
          .catch((err: unknown) =>
            services.log.error(
              { code: 'later-work-failed', route: routeOf(spec), err },
              'work after a response failed',
            ),
          )
          .finally(() => later.delete(running));
        later.add(running);
        // The command line exits with the answer, and the next command may rely on this work.
        if (actor.role === 'operator') await running;
      }
      // The user has signed out.
      if (done.cookie === null && session) services.memory?.end(session);
      if (done.cookie !== undefined) setCookie(reply, done.cookie, now);
      if (done.refused) {
        recorded.add(done.refused);
        throw done.refused;
      }
      if (done.file) return sendFile(reply, done.file);
      return send(reply, done.answer);
    },
  });
}

/** How callers are identified, and where rejections of signed-in callers are recorded. */
interface Entry {
  readonly errors: ErrorRows;
  /** Identifies the caller. Default: by the session cookie. */
  readonly callerOf: typeof sessionOf;
}

export interface Caller {
  readonly session: Session | null;
  readonly actor: Actor;
}

/** Rejections whose audit row was already written, together with the changes they keep (`Refused`). */
const recorded = new WeakSet<Error>();

const routeOf = (spec: Pick<Route, 'method' | 'path'>): string => `${spec.method} ${spec.path}`;

export async function sessionOf(
  services: Services,
  request: FastifyRequest,
  { use }: { use: boolean },
): Promise<Caller> {
  const { db, keys } = services;
  const session = await findSession(db, keys, request.cookies[COOKIE], services.now(), { use });
  const from = { ip: request.ip, userAgent: request.headers['user-agent'] ?? null };
  if (!session) return { session, actor: { role: 'nobody', id: null, email: null, ...from } };
  return {
    session,
    actor: { role: session.role, id: session.account ?? session.person, email: session.email, ...from },
  };
}

/** The part of a declaration that admission is decided by. */
type Admission = Pick<Endpoint, 'method' | 'path' | 'roles' | 'data' | 'enrolling'> & {
  /** Require our own page as origin even for a GET. For sockets, because browsers don't restrict these to one origin. */
  readonly ownPage?: true;
};

/** Checks who may use an endpoint. @throws Problem `no-session`, `wrong-origin`, `second-factor-missing`, `not-allowed` */
export function admit(spec: Admission, request: FastifyRequest, { session, actor }: Caller): void {
  if (actor.role === 'operator' && spec.roles.includes('operator')) return;
  if (spec.method !== 'GET' || spec.ownPage) checkOrigin(request);
  if (spec.roles === 'anybody') return;
  if (!session) throw new Problem('no-session');
  if (!spec.roles.includes(session.role)) throw new Problem('not-allowed');
  if (session.stage === 'enrol' && !spec.enrolling) throw new Problem('second-factor-missing');
  // People may only see their own data, even if a route forgets to check.
  const { person } = request.params as { person?: string };
  if (actor.role === 'person' && person !== undefined && person !== actor.id) throw new Problem('not-allowed');
}

const Nothing = z.strictObject({});

/** Schemas of a request's parts. Built once, because building a schema costs more than applying it. */
interface Shapes {
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  readonly body: z.ZodType | undefined;
}

/** Parses a request. @throws Problem `bad-request`, or `name-unreadable` if nothing else is wrong. Names fields, never values */
function parse(shapes: Shapes, request: FastifyRequest): { params: unknown; query: unknown; body: unknown } {
  const wrong: string[] = [];
  const names = new Set<string>();
  const read = (where: string, declared: z.ZodType, value: unknown): unknown => {
    if (!(value instanceof Uint8Array)) wrong.push(...unstorable(value, where));
    const parsed = declared.safeParse(value);
    if (parsed.success) return parsed.data;
    const at = (issue: z.core.$ZodIssue) => [where, ...issue.path].join('.');
    wrong.push(...parsed.error.issues.map(at));
    for (const issue of parsed.error.issues) if (isUnreadableName(issue)) names.add(at(issue));
    return undefined;
  };
  const params = read('path', shapes.params, request.params);
  const query = read('query', shapes.query, request.query);
  const body = shapes.body && read('body', shapes.body, request.body ?? {});
  if (wrong.length === 0) return { params, query, body };
  const named = [...new Set(wrong)].slice(0, 10);
  if (wrong.every((field) => names.has(field))) throw new Problem('name-unreadable', { fields: named.join(', ') });
  throw new Problem('bad-request', { reason: named.join(', ') });
}

/** Runs a check and records its error if the caller is signed in. @throws what `check` throws */
export async function refusing(errors: ErrorRows, spec: Admission, caller: Caller, check: () => void): Promise<void> {
  try {
    check();
  } catch (cause) {
    await recordError(errors, spec, caller, asProblem(cause as Error));
    throw cause;
  }
}

async function recordError(
  errors: ErrorRows,
  spec: Admission,
  { session, actor }: Caller,
  { code }: Problem,
): Promise<void> {
  if (!session) return;
  const { data } = spec;
  await errors.add(session, { actor, action: 'refuse', route: routeOf(spec), data, subjects: [], outcome: code });
}

function setCookie(reply: FastifyReply, token: { token: string; expiresAt: Date } | null, now: Date): void {
  if (!token) {
    reply.clearCookie(COOKIE, cookieFlags);
    return;
  }
  const maxAge = Math.floor((token.expiresAt.getTime() - now.getTime()) / 1000);
  reply.setCookie(COOKIE, token.token, { ...cookieFlags, maxAge });
}

function send(reply: FastifyReply, { status, body }: KeptAnswer): FastifyReply {
  return status === 204
    ? reply.code(204).send()
    : reply.code(status).type('application/json').send(JSON.stringify(body));
}

function sendFile(
  reply: FastifyReply,
  { name, type, spooled }: NonNullable<Awaited<ReturnType<typeof perform>>['file']>,
): FastifyReply {
  const stream = Readable.from(spooled.read());
  stream.once('close', () => void spooled.discard());
  return reply
    .header('content-disposition', `attachment; filename="${name.replaceAll(/[^\w.-]/g, '_')}"`)
    .header('content-length', spooled.size)
    .type(type)
    .send(stream);
}
