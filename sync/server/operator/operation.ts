import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Services } from '../access/route.ts';
import type { Config } from '../config.ts';
import type { IdentityContext } from '../devices/context.ts';

/** What operations work with: the same in a running server and on its database alone. */
export interface OperatorContext extends IdentityContext {
  readonly config: Config;
  readonly log: Logger;
  /** Something that screens show, or that devices may do, has changed. */
  readonly onChange: () => void;
  /** Where somebody watches: how far a long work is. Not there over the socket. */
  readonly progress?: (done: number, total: number, what: string) => void;
}

/** Something that an operator may do, by its name. Arguments are parsed before `run`. */
export interface Operation<A extends z.ZodType, R> {
  readonly args: A;
  run(context: OperatorContext, args: z.output<A>): Promise<R>;
}

/** Names the types of an operation. */
export const operation = <A extends z.ZodType, R>(o: Operation<A, R>): Operation<A, R> => o;

/** What jobs and routes work with, of an operator's context. */
export function servicesOf({ db, keys, keyring, config, log, now, onChange }: OperatorContext): Services {
  return { db, keys, keyring, config, log, now, tell: () => onChange() };
}
