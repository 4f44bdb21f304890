import { z } from 'zod';
import type { ErrorCode } from '../../errors/problem.ts';
import { Uuid } from '../wire/event.ts';
import type { DataKind } from './data-kinds.ts';

/** Roles of people who sign in (POLICY: people and access). A role may call the endpoints that list it; there is no ranking. */
export const ROLES = ['admin', 'dpo', 'staff', 'auditor', 'person'] as const;
export type Role = (typeof ROLES)[number];

/** What was done to personal data, or to what protects it (POLICY P31). */
export const AUDIT_ACTIONS = ['read', 'write', 'delete', 'export', 'decrypt', 'sign-in', 'refuse', 'operate'] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

export type Params = Readonly<Record<string, z.ZodType>>;
type AnswerKind = z.ZodType | 'file' | 'nothing';

/** The type with all its lists and objects read-only. */
export type Unchanging<T> = T extends readonly (infer Item)[]
  ? readonly Unchanging<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: Unchanging<T[K]> }
    : T;

/** The parameter names in a path: `person` in `/api/people/:person/minor`. */
type NamesIn<Path> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | NamesIn<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;

/**
 * The declaration of an endpoint. The server implements it (`platform/access/route.ts`), pages and command line call it, and the
 * OpenAPI document and the test of every role are generated from it.
 */
export interface Endpoint<
  P extends Params = Params,
  Q extends z.ZodType = z.ZodType,
  B extends z.ZodType = z.ZodType,
  A extends AnswerKind = AnswerKind,
> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `/api/people/:person`. */
  readonly path: `/api/${string}`;
  readonly summary: string;
  /** Who may call it. `anybody`: without a session; `operator`: the command line on the server's own machine. */
  readonly roles: readonly (Role | 'operator')[] | 'anybody';
  /** Kinds of personal data it touches, e.g. `person.name`. Empty: none, and no audit row unless `action` is a change. */
  readonly data: readonly DataKind[];
  readonly action: AuditAction;
  /** The path's parameters, by name. */
  readonly params: P;
  readonly query?: Q;
  readonly body?: B;
  /** The body is an unprocessed file of type `RAW_TYPE`; `body` is then `RawBody`. */
  readonly raw?: true;
  /** Largest body, bytes. Default 64 KiB. */
  readonly maxBody?: number;
  /** Schema of the answer, checked before it is sent; `file`: a file to save; `nothing`: 204. */
  readonly answer: A;
  /** Errors it may return besides the common ones, for the OpenAPI document. */
  readonly errors: readonly ErrorCode[];
  /** Rate limit per address and endpoint. */
  readonly limit?: { readonly max: number; readonly perMs: number };
  /** Also allowed for a session that has not set up its second factor yet. */
  readonly enrolling?: true;
  /** A read that doesn't count as use of the session. */
  readonly idle?: true;
}

/** Header of a request that a page makes automatically. It doesn't count as use of the session either. */
export const IDLE_HEADER = 'x-idle';

export const RawBody = z.instanceof(Uint8Array);
/** Content type of `RawBody`, which a form on another site can't send. */
export const RAW_TYPE = 'application/octet-stream';

type Method = Endpoint['method'];

const ACTION = { GET: 'read', POST: 'write', PUT: 'write', PATCH: 'write', DELETE: 'delete' } as const;

/** The error if the last name in a path doesn't exist. */
const UNKNOWN: Readonly<Record<string, ErrorCode>> = {
  account: 'account-unknown',
  candidate: 'candidate-unknown',
  case: 'enrolment-case-unknown',
  command: 'command-unknown',
  credential: 'credential-unknown',
  delivery: 'delivery-unknown',
  device: 'unknown-device',
  hold: 'hold-unknown',
  import: 'import-unknown',
  incident: 'incident-unknown',
  job: 'job-unknown',
  language: 'consent-text-unknown',
  member: 'staff-unknown',
  pair: 'lookalikes-unknown',
  person: 'person-unknown',
  photo: 'import-photo-unknown',
  position: 'audit-row-unknown',
  request: 'erasure-unknown',
  rollout: 'rollout-unknown',
  schedule: 'report-schedule-unknown',
  scope: 'scope-unknown',
  site: 'unknown-site',
  webhook: 'webhook-unknown',
};

/**
 * Declares an endpoint: `endpoint('GET /api/people/:person', {…})`. A name in the path is a UUID unless `params` gives another
 * type, and the audit action follows from the method unless `action` names another. Without `answer` it answers `nothing`.
 * `errors` need not list the not-found error or an unreadable cursor.
 */
export function endpoint<
  const Path extends `/api/${string}`,
  const A extends AnswerKind = 'nothing',
  P extends Partial<Readonly<Record<NamesIn<Path>, z.ZodType>>> = Record<never, never>,
  Q extends z.ZodType = z.ZodUndefined,
  B extends z.ZodType = z.ZodUndefined,
>(
  at: `${Method} ${Path}`,
  declared: Omit<Endpoint<Params, Q, B, A>, 'method' | 'path' | 'action' | 'params' | 'answer' | 'errors'> & {
    readonly action?: AuditAction;
    readonly answer?: A;
    readonly errors?: readonly ErrorCode[];
    readonly params?: P;
  },
): Endpoint<Omit<Readonly<Record<NamesIn<Path>, typeof Uuid>>, keyof P> & P, Q, B, A> {
  const [method, path] = at.split(' ') as [Method, Path];
  const ids = Object.fromEntries([...path.matchAll(/:(\w+)/g)].map(([, name]) => [name, Uuid]));
  const params = { ...ids, ...declared.params };
  const unknown = UNKNOWN[Object.keys(ids).at(-1) ?? ''];
  const paged = declared.query instanceof z.ZodObject && 'cursor' in declared.query.shape;
  const errors = [unknown ?? [], paged ? ('cursor-unreadable' as const) : [], declared.errors ?? []].flat();
  return { action: ACTION[method], answer: 'nothing', ...declared, method, path, params, errors } as never;
}

/**
 * An endpoint's input. Query values that are absent, null or empty are omitted; they may come from a page's URL, and the server
 * checks them.
 */
export type Input<P extends Params, Q extends z.ZodType, B extends z.ZodType> = ([keyof P] extends [never]
  ? { readonly params?: P }
  : { readonly params: { readonly [K in keyof P]: string | number } }) &
  (B extends z.ZodUndefined
    ? { readonly body?: undefined }
    : { readonly body: z.input<B> extends Uint8Array ? Blob : Unchanging<z.input<B>> }) & {
    readonly query?: { readonly [K in keyof z.input<Q>]?: string | number | boolean | null | undefined };
    readonly signal?: AbortSignal;
    /** Idempotency key: a write with this key is done at most once. Absent: a new one. */
    readonly key?: string;
  };

/** The argument is optional if the endpoint takes no input. */
export type Rest<P extends Params, Q extends z.ZodType, B extends z.ZodType> =
  Record<never, never> extends Input<P, Q, B> ? [input?: Input<P, Q, B>] : [input: Input<P, Q, B>];

/** Returns an endpoint's URL with its parameters and query. */
export function urlOf(
  path: string,
  { params = {}, query = {} }: { readonly params?: Given; readonly query?: Given } = {},
): string {
  const written = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === null || value === '' ? [] : [[name, String(value)]],
  );
  const at = path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params[name])));
  return written.length > 0 ? `${at}?${new URLSearchParams(written)}` : at;
}
type Given = Readonly<Record<string, unknown>>;
