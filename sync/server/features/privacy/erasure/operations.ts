import { z } from 'zod';
import { Uuid } from '../../../../protocol/wire/event.ts';
import { audited } from '../../../core/operator/audited.ts';
import { operation } from '../../../core/operator/operation.ts';
import type { Db } from '../../../platform/database/schema.ts';
import { certificateOfRequest } from './answer.ts';
import { certificateText } from './certificate.ts';
import { erasureState, listErasures } from './read.ts';
import { erasureUnknown, requestErasure, undoErasure } from './request.ts';

/** Kinds of data in its audit rows. */
const data = ['person.erasure'];

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
          { action: 'read', route: 'erasure show', resource: request, data },
          (tx, now) => stateOf(tx, request, now),
          ({ person }) => ({ subjects: person ? [person] : [] }),
        ),
      ),
  }),
  'erasure request': operation({
    args: z.strictObject({ person: Uuid, undoDays: z.number().int().min(0).max(30).optional() }),
    async run(context, { person, undoDays = context.config.retention.erasureUndoDays }) {
      const made = await audited(
        context,
        { action: 'delete', route: 'erasure request', data },
        (tx, now) => requestErasure(tx, context.keys, { person, origin: 'operator', undoDays, mustExist: true }, now),
        () => ({ subjects: [person] }),
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
        { action: 'write', route: 'erasure undo', resource: request, data },
        (tx, now) => undoErasure(tx, request, now),
        ({ person }) => ({ subjects: [person] }),
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
