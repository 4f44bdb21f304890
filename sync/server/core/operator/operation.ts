import type { Logger } from 'pino';
import type { z } from 'zod';
import type { AuditAction } from '../../../protocol/api/endpoint.ts';
import type { Config } from '../../app/config.ts';
import type { Services } from '../../platform/access/route.ts';
import type { ServerModule } from '../../platform/server-module.ts';
import type { IdentityContext } from '../devices/context.ts';

/** What operations work with: the same in a running server and on its database alone. */
export interface OperatorContext extends IdentityContext {
  readonly config: Config;
  readonly modules: readonly ServerModule[];
  readonly log: Logger;
  /** Something that screens show, or that devices may do, has changed. */
  readonly onChange: () => void;
  /** Where someone watches: how far a long work is. Not there over the socket. */
  readonly progress?: (done: number, total: number, what: string) => void;
}

/** Something that an operator may do, by its name. Arguments are parsed before `run`. */
export interface Operation<A extends z.ZodType, R> {
  readonly args: A;
  /**
   * Set: it runs in one transaction, with this row of the audit log as its end. Absent: it touches no personal data and
   * nothing that protects it, or writes its rows itself.
   */
  readonly audit?: {
    readonly action: AuditAction;
    readonly data: readonly string[];
    /** Who it was about. */
    readonly people?: (args: z.output<A>, result: unknown) => readonly string[];
    readonly resource?: (args: z.output<A>) => string | null;
  };
  run(context: OperatorContext, args: z.output<A>): Promise<R>;
}

/** Names the types of an operation. */
export const operation = <A extends z.ZodType, R>(o: Operation<A, R>): Operation<A, R> => o;

/** What jobs and routes work with, of an operator's context. */
export function servicesOf({ db, keys, keyring, config, modules, log, now, onChange }: OperatorContext): Services {
  return { db, keys, keyring, config, modules, log, now, notify: () => onChange() };
}
