import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Problem } from '../../../errors/problem.ts';
import type { Endpoint } from '../../../protocol/api/endpoint.ts';
import type { Config } from '../../app/config.ts';
import type { Actor } from '../audit/actor.ts';
import type { Db, Tx } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';
import type { Keyring } from '../keys/keyring.ts';
import type { ServerModule } from '../server-module.ts';
import type { WatchedScreens } from '../watched-screens.ts';
import type { SessionMemory } from './memory.ts';
import type { Session } from './session.ts';

/** What routes work with: everything that a handler needs from outside. */
export interface Services {
  readonly db: Db;
  readonly keys: Keys;
  readonly keyring: Keyring;
  readonly config: Config;
  readonly modules: readonly ServerModule[];
  readonly log: Logger;
  readonly now: () => Date;
  /** Screens (`board`) or kiosks (`change`) have something new to read. Notified after the commit. */
  readonly notify: (what: 'board' | 'change') => void;
  /** Port on which kiosks are listened to; absent, or null before that: the configured one. */
  readonly devicePort?: () => number | null;
  /** What is kept opened between the requests of a session; absent: nothing is. */
  readonly memory?: SessionMemory;
  readonly screens: WatchedScreens;
  /** Set if someone at the command line is watching: the progress of long work. */
  readonly progress?: (done: number, total: number, what: string) => void;
}

/** One request before its transaction. */
export interface Before<P, Q, B> {
  readonly services: Services;
  readonly actor: Actor;
  readonly session: Session | null;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** One instant for the whole request. */
  readonly now: Date;
}

/** One request, parsed, in its transaction. For the database use `tx`: the embedded one has a single connection, and `services.db` would wait for this transaction. */
export interface Call<P, Q, B, X = unknown> extends Before<P, Q, B> {
  readonly tx: Tx;
  /** What `before` gave. */
  readonly prepared: X;
  /** People the answer shows or the change is about: they are added to the audit row, with the person that the path names. */
  readonly about: (people: Iterable<string>) => void;
  /** The resource itself where it is not a person, nor what the path names beside one. */
  readonly on: (resource: string) => void;
  /** Notified after the commit, never before. */
  readonly notify: (...what: ('board' | 'change')[]) => void;
  /** Sets the session cookie of the answer; null removes it. */
  readonly cookie: (token: { readonly token: string; readonly expiresAt: Date } | null) => void;
  /** Done after the commit, without delaying the answer: mail, and anything whose duration must not show. */
  readonly after: (work: () => Promise<void>) => void;
  /** Names who signed in, for the audit row, where the request began without a session. */
  readonly as: (actor: Pick<Actor, 'role' | 'id' | 'email'>) => void;
}

/** A file as an answer: made of pieces, never held whole. Its content is read inside the transaction. */
export interface FileAnswer {
  readonly file: AsyncIterable<Uint8Array | string>;
  readonly name: string;
  readonly type: string;
}

/**
 * A rejection that keeps what the transaction wrote: a handler returns it where it throws otherwise. Its audit row says the
 * endpoint's own action, with the problem's code as outcome.
 */
export class Refused {
  readonly problem: Problem;
  constructor(problem: Problem) {
    this.problem = problem;
  }
}

/** A value as a handler may give it for a shape: its lists may be read-only, and a time that leaves as text is a date here. */
type Given<T> = T extends readonly (infer Item)[]
  ? readonly Given<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: Given<T[K]> }
    : string extends T
      ? T | Date
      : T;

/** What a handler gives back. */
type Result<A extends Endpoint['answer']> = A extends z.ZodType
  ? Promise<Given<z.input<A>> | Refused>
  : A extends 'file'
    ? Promise<FileAnswer>
    : Promise<void> | Promise<Refused | undefined>;

/**
 * An endpoint with what the server does for it. `register` (platform/access/register.ts) checks session, role, origin and
 * shapes, opens the transaction and writes the audit row in it, all by the declaration.
 */
export interface Route extends Endpoint {
  before?(o: Before<unknown, unknown, unknown>): Promise<unknown>;
  handle(call: Call<unknown, unknown, unknown>): Promise<unknown>;
}

interface Steps<P, Q, B, R, X> {
  /** Work that must hold no connection of the database, e.g. hashing a password: done before the transaction begins. */
  before(o: Before<P, Q, B>): Promise<X>;
  handle(call: Call<P, Q, B, X>): R;
}

type Handle<P, Q, B, R> = (call: Call<P, Q, B>) => R;

/** Implements a declaration: what `handle` gets and gives back is typed by it. */
export function implement<
  P extends Readonly<Record<string, z.ZodType>>,
  Q extends z.ZodType,
  B extends z.ZodType,
  A extends Endpoint['answer'],
  X,
>(
  declared: Endpoint<P, Q, B, A>,
  work:
    | Handle<z.output<z.ZodObject<P>>, z.output<Q>, z.output<B>, Result<A>>
    | Steps<z.output<z.ZodObject<P>>, z.output<Q>, z.output<B>, Result<A>, X>,
): Route {
  const steps = typeof work === 'function' ? { handle: work } : work;
  return { ...declared, ...steps } as Route;
}
