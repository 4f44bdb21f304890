import { z } from 'zod';
import type { ErrorCode } from '../../../errors/problem.ts';
import { endpoint, RAW_TYPE } from '../../../protocol/api/endpoint.ts';
import { ProblemBody } from '../../../protocol/api/session.ts';
import { COOKIE } from './guard.ts';
import { implement, type Route } from './route.ts';

/** The OpenAPI 3.1 document, generated from the declarations that `register` uses. */

/** Errors that any route may return, so they are not declared per route. */
const COMMON = ['bad-request', 'too-many-requests', 'wrong-host'] as const satisfies ErrorCode[];
const OF_SESSIONS = ['no-session', 'not-allowed', 'second-factor-missing'] as const;
const OF_CHANGES = ['idempotency-key-malformed', 'idempotency-key-reused'] as const;

type Json = Record<string, unknown>;
type Declared = Pick<Route, 'method' | 'path' | 'summary' | 'roles' | 'data'> & Partial<Route>;

export interface OpenApiDocument extends Json {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Json>>;
}

/** Generates the document. @param sockets WebSockets, declared like routes */
export function openApiDocument(
  specs: readonly Route[],
  sockets: readonly Declared[],
  { version }: { version: string },
): OpenApiDocument {
  const paths: Record<string, Record<string, Json>> = {};
  const add = (spec: Declared, operation: Json) => {
    const path = openApiPath(spec.path);
    paths[path] ??= {};
    paths[path][spec.method.toLowerCase()] = operation;
  };
  for (const spec of specs) add(spec, operationOf(spec));
  for (const socket of sockets) add(socket, socketOf(socket));
  return {
    openapi: '3.1.0',
    info: { title: 'SmartPresence', version, description: DESCRIPTION },
    servers: [{ url: '/' }],
    paths,
    components: {
      securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: COOKIE } },
      schemas: { Problem: schemaOf(ProblemBody, 'output') },
    },
  };
}

const DESCRIPTION = `API of the people listener, over TLS 1.3 alone. A session is a cookie that a sign-in sets. What changes
something must come from a page of this server (Origin). Each operation names the roles that may call it (x-roles), the
kinds of personal data that it touches (x-personal-data) and what the audit log calls it (x-audit). Rejections are
application/problem+json (RFC 9457) with a code.`;

/** Converts `/api/people/:person` to `/api/people/{person}`. */
export const openApiPath = (path: string): string => path.replaceAll(/:(\w+)/g, '{$1}');

function operationOf(spec: Route): Json {
  const posted = spec.method !== 'GET';
  const changes = posted && spec.action !== 'read';
  const signedIn = spec.roles !== 'anybody';
  const codes = [
    ...COMMON,
    ...(signedIn ? OF_SESSIONS : []),
    ...(posted ? ['wrong-origin'] : []),
    ...(changes ? OF_CHANGES : []),
    ...(spec.body ? ['request-too-large'] : []),
    ...spec.errors,
  ].sort();
  return {
    ...head(spec),
    parameters: [
      ...parametersOf(z.strictObject(spec.params), 'path'),
      ...parametersOf(spec.query, 'query'),
      ...(changes && signedIn ? [IDEMPOTENCY_KEY] : []),
    ],
    ...(spec.body && {
      requestBody: {
        required: true,
        content: spec.raw
          ? { [RAW_TYPE]: { schema: { type: 'string', format: 'binary' } } }
          : { 'application/json': { schema: schemaOf(spec.body, 'input') } },
      },
    }),
    responses: {
      ...answerOf(spec.answer),
      default: {
        description: `Refused: ${codes.join(', ')}.`,
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
    'x-codes': codes,
  };
}

function socketOf(spec: Declared): Json {
  return {
    ...head(spec),
    parameters: parametersOf(spec.query, 'query'),
    responses: {
      101: { description: 'A WebSocket.' },
      default: {
        description: 'Refused.',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

const head = ({ method, path, summary, roles, data, action }: Declared): Json => ({
  operationId: `${method.toLowerCase()}${path.replaceAll(/[^a-z]+(\w)/gi, (_, letter: string) => letter.toUpperCase())}`,
  summary,
  security: roles === 'anybody' ? [] : [{ session: [] }],
  // The operator's command line doesn't use this listener.
  'x-roles': roles === 'anybody' ? roles : roles.filter((role) => role !== 'operator'),
  'x-personal-data': data,
  ...(action && { 'x-audit': action }),
});

const IDEMPOTENCY_KEY: Json = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'A new random UUID with each new write, the same one with its repetition within a day: it is done once.',
  schema: { type: 'string', pattern: '^[A-Za-z0-9_-]{22,128}$' },
};

function answerOf(answer: Route['answer']): Json {
  if (answer === 'nothing') return { 204: { description: 'Done.' } };
  if (answer === 'file') return { 200: { description: 'A file.', content: { '*/*': { schema: {} } } } };
  return { 200: { description: 'Done.', content: { 'application/json': { schema: schemaOf(answer, 'output') } } } };
}

function parametersOf(shape: z.ZodType | undefined, where: 'path' | 'query'): Json[] {
  if (!shape) return [];
  const { properties, required } = schemaOf(shape, 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties ?? {}).map(([name, schema]) => ({
    name,
    in: where,
    required: where === 'path' || (required?.includes(name) ?? false),
    schema,
  }));
}

function schemaOf(shape: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...schema } = z.toJSONSchema(shape, { target: 'draft-2020-12', io, unrepresentable: 'any' });
  return schema;
}

/** A route that serves the document of these routes, itself included. */
export function openApiRoute(specs: readonly Route[], sockets: readonly Declared[], version: string): Route {
  let made: OpenApiDocument | null = null;
  const declared = endpoint('GET /api/openapi.json', {
    summary: 'This document.',
    roles: 'anybody',
    data: [],
    answer: z.looseObject({ openapi: z.string() }),
  });
  const self = implement(declared, async () => {
    made ??= openApiDocument([...specs, self], sockets, { version });
    return made;
  });
  return self;
}
