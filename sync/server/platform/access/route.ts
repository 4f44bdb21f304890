import type { Transaction } from 'kysely';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Config } from '../../app/config.ts';
import type { Actor, Role } from '../audit/actor.ts';
import type { AuditAction } from '../audit/entry.ts';
import type { Db, Tables } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import type { Keyring } from '../keys/keyring.ts';

/** What routes work with. Everything that a handler needs from outside comes in by this. */
export interface Services {
  readonly db: Db;
  readonly keys: Keys;
  readonly keyring: Keyring;
  readonly config: Config;
  readonly log: Logger;
  readonly now: () => Date;
  /** Screens (`board`) or kiosks (`change`) have something new to read. Notified after the commit. */
  readonly notify: (what: 'board' | 'change') => void;
  /** Port on which kiosks are listened to; absent, or null before that: the configured one. */
  readonly devicePort?: () => number | null;
}

/** One request, parsed, in its transaction. */
export interface Call<P, Q, B> {
  readonly tx: Transaction<Tables>;
  /** For the database use `tx`: the embedded one has a single connection, and `services.db` would wait for this transaction. */
  readonly services: Services;
  readonly actor: Actor;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** One instant for the whole request. */
  readonly now: Date;
  /** Who the answer shows or the change is about: they are in the audit row. */
  readonly about: (people: Iterable<string>) => void;
  /** The resource itself where it is not a person. */
  readonly on: (resource: string) => void;
  /** Notified after the commit, never before. */
  readonly notify: (what: 'board' | 'change') => void;
}

/** A file as an answer: made of pieces, never held whole. Its content is read inside the transaction. */
export interface FileAnswer {
  readonly file: AsyncIterable<Uint8Array | string>;
  readonly name: string;
  readonly type: string;
}

/**
 * A route of the people listener says what it is before it says what it does: `register` (platform/access/register.ts) checks
 * session, role, origin and shapes, opens the transaction, writes the audit row in it, and the OpenAPI document and the
 * test of every role are made from these same declarations.
 */
export interface RouteSpec<
  P extends z.ZodType = z.ZodType,
  Q extends z.ZodType = z.ZodType,
  B extends z.ZodType = z.ZodType,
> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `/api/people/:person`. */
  readonly path: string;
  readonly summary: string;
  /** Who may; `anybody`: without a session. */
  readonly roles: readonly Role[] | 'anybody';
  /** Kinds of personal data that it touches, e.g. `person.name`; empty: none, and no audit row unless `action` is a change. */
  readonly data: readonly string[];
  readonly action: AuditAction;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** The body is a file as it is, `application/octet-stream`: `body` is then `RawBody`. */
  readonly raw?: true;
  /** Largest body, bytes. Default 64 KiB. */
  readonly maxBody?: number;
  /** Shape of the answer, checked on its way out; `file`: a FileAnswer; `nothing`: 204. */
  readonly answer: z.ZodType | 'file' | 'nothing';
  /** Codes that it may refuse with, beside the common ones: for the document. */
  readonly errors?: readonly string[];
  /** Per address and route. */
  readonly limit?: { readonly max: number; readonly perMs: number };
  handle(call: Call<z.output<P>, z.output<Q>, z.output<B>>): Promise<unknown>;
}

/** Body of a route that takes a file. */
export const RawBody = z.instanceof(Uint8Array);

/** Names the types of a declaration. */
export const route = <P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(
  spec: RouteSpec<P, Q, B>,
): RouteSpec => spec as unknown as RouteSpec;
