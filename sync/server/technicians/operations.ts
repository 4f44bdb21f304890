import { z } from 'zod';
import { NewTechnician } from '../../protocol/api/technicians.ts';
import { Problem } from '../../protocol/wire/problem.ts';
import { OPERATOR } from '../access/actor.ts';
import { audited } from '../operator/audited.ts';
import { operation } from '../operator/operation.ts';
import { shownTechnicians } from './shown.ts';
import { removeTechnician } from './store.ts';
import { ADDED_DATA, addForSite, TECHNICIAN_DATA } from './work.ts';

/** Technicians of the server from the command line, as the API has them. */

const BY = OPERATOR.id ?? OPERATOR.role;

export const technicianOperations = {
  'fleet technicians': operation({
    args: z.strictObject({}),
    run: (context) =>
      audited(context, { action: 'read', route: 'fleet technicians', data: TECHNICIAN_DATA }, (tx) =>
        shownTechnicians(tx, context.keys),
      ),
  }),
  'fleet technician add': operation({
    args: NewTechnician,
    async run(context, wanted) {
      const added = await audited(
        context,
        { action: 'write', route: 'fleet technician add', data: ADDED_DATA },
        (tx, now) => addForSite(tx, context.keys, { ...wanted, by: BY }, now),
        ({ technician }) => ({ resource: technician.id }),
      );
      context.onChange();
      return added;
    },
  }),
  'fleet technician remove': operation({
    args: z.strictObject({ technician: z.string().trim().min(1).max(100) }),
    async run(context, { technician: which }) {
      const { keys } = context;
      const removed = await audited(
        context,
        { action: 'delete', route: 'fleet technician remove', data: TECHNICIAN_DATA },
        async (tx, now) => {
          const { id } = only(await shownTechnicians(tx, keys), which);
          await removeTechnician(tx, id, BY, now);
          return (await shownTechnicians(tx, keys)).find((one) => one.id === id)!;
        },
        ({ id }) => ({ resource: id }),
      );
      context.onChange();
      return removed;
    },
  }),
} as const;

/** By id, or by a name that only one has. @throws Problem `technician-unknown`, `technician-ambiguous` */
function only<T extends { readonly id: string; readonly name: string; readonly removedAt: string | null }>(
  all: readonly T[],
  which: string,
): T {
  const wanted = which.toLocaleLowerCase();
  const found = all.filter((t) => t.removedAt === null && (t.id === wanted || t.name.toLocaleLowerCase() === wanted));
  if (found.length > 1)
    throw new Problem('technician-ambiguous', 'Several technicians have this name.', 'Name the one by id.');
  if (!found[0]) throw new Problem('technician-unknown', 'There is no such technician.', 'See `fleet technicians`.');
  return found[0];
}
