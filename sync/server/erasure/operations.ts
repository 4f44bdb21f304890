import { z } from 'zod';
import { Uuid } from '../../protocol/wire/event.ts';
import type { AuditAction } from '../audit/entry.ts';
import { writeAudit } from '../audit/write.ts';
import { inTransaction } from '../database/retry.ts';
import type { Db } from '../database/schema.ts';
import { type OperatorContext, operation } from '../operator/operation.ts';
import { certificateOfRequest } from './answer.ts';
import { certificateText } from './certificate.ts';
import { erasureState, listErasures } from './read.ts';
import { erasureUnknown, requestErasure, undoErasure } from './request.ts';

const OPERATOR = { role: 'operator', id: null, email: null, ip: null, userAgent: null } as const;

/** A change, or a look, with its row in the audit log. @param people whom it was about */
function audited<T>(
  { db, keys, now }: OperatorContext,
  entry: { readonly action: AuditAction; readonly route: string; readonly resource?: string },
  work: (tx: Parameters<typeof writeAudit>[0]) => Promise<T>,
  people: (result: T) => readonly string[],
): Promise<T> {
  return inTransaction(db, async (tx) => {
    const result = await work(tx);
    const whole = { actor: OPERATOR, ...entry, data: ['person.erasure'], subjects: people(result), outcome: 'ok' };
    await writeAudit(tx, keys, whole, now());
    return result;
  });
}

async function stateOf(db: Db, request: string, now: Date) {
  const state = await erasureState(db, request, now);
  if (!state) throw erasureUnknown();
  return state;
}

export const erasureOperations = {
  'erasure list': operation({
    args: z.strictObject({
      open: z.boolean().optional(),
      limit: z.number().int().min(1).max(1000).optional(),
      before: Uuid.optional(),
    }),
    run: async ({ db }, o) => plain(await listErasures(db, o)),
  }),
  'erasure show': operation({
    args: z.strictObject({ request: Uuid }),
    run: async (context, { request }) =>
      plain(
        await audited(
          context,
          { action: 'read', route: 'erasure show', resource: request },
          (tx) => stateOf(tx, request, context.now()),
          ({ person }) => (person ? [person] : []),
        ),
      ),
  }),
  'erasure request': operation({
    args: z.strictObject({ person: Uuid, undoDays: z.number().int().min(0).max(30).optional() }),
    async run(context, { person, undoDays = context.config.retention.erasureUndoDays }) {
      const made = await audited(
        context,
        { action: 'delete', route: 'erasure request' },
        (tx) =>
          requestErasure(tx, context.keys, { person, origin: 'operator', undoDays, mustExist: true }, context.now()),
        () => [person],
      );
      context.onChange();
      return plain(made);
    },
  }),
  'erasure undo': operation({
    args: z.strictObject({ request: Uuid }),
    run: (context, { request }) =>
      audited(
        context,
        { action: 'write', route: 'erasure undo', resource: request },
        (tx) => undoErasure(tx, request, context.now()),
        ({ person }) => [person],
      ),
  }),
  'erasure certificate': operation({
    args: z.strictObject({ request: Uuid }),
    async run({ db }, { request }) {
      const { signed, certificate } = await certificateOfRequest(db, request);
      return { signed, certificate, text: certificateText(certificate) };
    },
  }),
} as const;

/** As it comes out of a socket: times as text. */
type Plain<T> = T extends Date
  ? string
  : T extends readonly (infer U)[]
    ? Plain<U>[]
    : T extends object
      ? { [K in keyof T]: Plain<T[K]> }
      : T;

function plain<T>(value: T): Plain<T> {
  return JSON.parse(JSON.stringify(value)) as Plain<T>;
}
