import type { z } from 'zod';
import type { Problem } from '../../../protocol/wire/problem.ts';
import type { Actor } from '../audit/actor.ts';
import type { Call, RouteSpec, Services } from './route.ts';
import type { Session } from './session.ts';

/** What routes need that let people in and out, beside what every route gets. */

/** One request before its transaction. */
export interface Before<P, Q, B> {
  readonly services: Services;
  readonly actor: Actor;
  readonly session: Session | null;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly now: Date;
}

export interface AuthRouteCall<P, Q, B, X> extends Call<P, Q, B> {
  readonly session: Session | null;
  /** What `before` gave. */
  readonly prepared: X;
  /** Sets the session cookie of the answer; null removes it. */
  readonly cookie: (token: { readonly token: string; readonly expiresAt: Date } | null) => void;
  /** Done after the commit, and not waited for by the answer: mail, and whatever must not show in the time it takes. */
  readonly after: (work: () => Promise<void>) => void;
  /** Names who signed in, for the audit row, where the request began without a session. */
  readonly as: (actor: Pick<Actor, 'role' | 'id' | 'email'>) => void;
}

export interface AuthRouteSpec<
  P extends z.ZodType = z.ZodType,
  Q extends z.ZodType = z.ZodType,
  B extends z.ZodType = z.ZodType,
  X = unknown,
> extends Omit<RouteSpec<P, Q, B>, 'handle'> {
  /** Also for a session that has yet to enrol its second factor. */
  readonly enrolling?: true;
  /** Reading that counts as no use of the session. */
  readonly idle?: true;
  /** Work that must hold no connection of the database, e.g. hashing a password: done before the transaction begins. */
  before?(o: Before<z.output<P>, z.output<Q>, z.output<B>>): Promise<X>;
  handle(call: AuthRouteCall<z.output<P>, z.output<Q>, z.output<B>, X>): Promise<unknown>;
}

/**
 * A refusal that keeps what the transaction wrote: a handler returns it where it throws otherwise. Its audit row says the
 * route's own action, with the problem's code as outcome.
 */
export class Refused {
  readonly problem: Problem;
  constructor(problem: Problem) {
    this.problem = problem;
  }
}

/** Names the types of a declaration. */
export const authRoute = <P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, X>(
  spec: AuthRouteSpec<P, Q, B, X>,
): RouteSpec => spec as unknown as RouteSpec;
