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

/** Everything that handlers need from outside. */
export interface Services {
  readonly db: Db;
  readonly keys: Keys;
  readonly keyring: Keyring;
  readonly config: Config;
  readonly modules: readonly ServerModule[];
  readonly log: Logger;
  readonly now: () => Date;
  /** Notifies screens (`board`) or kiosks (`change`) that there is something new to read. Called after the commit. */
  readonly notify: (what: 'board' | 'change') => void;
  /** Actual port of the devices listener. If absent, or null before it listens, it is the configured one. */
  readonly devicePort?: () => number | null;
  /** Decrypted data kept between the requests of a session. If absent, none is kept. */
  readonly memory?: SessionMemory;
  readonly screens: WatchedScreens;
  /** Reports progress of long work. Set if someone at the command line is watching. */
  readonly progress?: (done: number, total: number, what: string) => void;
}

/** A request before its transaction. */
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

/** A parsed request in its transaction. Use `tx`: the embedded database has one connection, so `services.db` would deadlock. */
export interface Call<P, Q, B, X = unknown> extends Before<P, Q, B> {
  /** For a GET that answers no file, there is no transaction: it changes nothing. */
  readonly tx: Tx;
  /** What `before` returned. */
  readonly prepared: X;
  /** Adds people to the audit row: those the answer shows or the change is about. A person in the path is added automatically. */
  readonly about: (people: Iterable<string>) => void;
  /** Sets the audit row's resource if it is neither a person nor named by the path. */
  readonly on: (resource: string) => void;
  /** Notifies screens or kiosks after the commit, never before. */
  readonly notify: (...what: ('board' | 'change')[]) => void;
  /** Sets the session cookie with the answer. Null removes it. */
  readonly cookie: (token: { readonly token: string; readonly expiresAt: Date } | null) => void;
  /** Runs work after the commit without delaying the answer: mail, and anything whose duration must stay hidden. */
  readonly after: (work: () => Promise<void>) => void;
  /** Sets who signed in, for the audit row of a request that started without a session. */
  readonly as: (actor: Pick<Actor, 'role' | 'id' | 'email'>) => void;
}

/** A file as an answer, in pieces and never held in memory whole. Its content is read inside the transaction. */
export interface FileAnswer {
  readonly file: AsyncIterable<Uint8Array | string>;
  readonly name: string;
  readonly type: string;
}

/**
 * A rejection that keeps what the transaction wrote: the handler returns it instead of throwing. Its audit row has the
 * endpoint's action, with the problem's code as outcome.
 */
export class Refused {
  readonly problem: Problem;
  constructor(problem: Problem) {
    this.problem = problem;
  }
}

/** A value that a handler may return for a shape. Lists may be read-only, and a time may be a `Date` instead of a string. */
type Given<T> = T extends readonly (infer Item)[]
  ? readonly Given<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: Given<T[K]> }
    : string extends T
      ? T | Date
      : T;

/** What a handler returns. */
type Result<A extends Endpoint['answer']> = A extends z.ZodType
  ? Promise<Given<z.input<A>> | Refused>
  : A extends 'file'
    ? Promise<FileAnswer>
    : Promise<void> | Promise<Refused | undefined>;

/**
 * An endpoint with its implementation. As declared, `register` (platform/access/register.ts) checks session, role, origin and
 * shapes, opens the transaction and writes the audit row in it.
 */
export interface Route extends Endpoint {
  before?(o: Before<unknown, unknown, unknown>): Promise<unknown>;
  handle(call: Call<unknown, unknown, unknown>): Promise<unknown>;
}

interface Steps<P, Q, B, R, X> {
  /** Runs before the transaction, for work that must not hold a database connection, e.g. hashing a password. */
  before(o: Before<P, Q, B>): Promise<X>;
  handle(call: Call<P, Q, B, X>): R;
}

type Handle<P, Q, B, R> = (call: Call<P, Q, B>) => R;

/** Implements a declaration, which determines what `handle` receives and returns. */
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
