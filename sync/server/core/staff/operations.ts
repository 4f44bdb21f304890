import { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import { NewKioskStaff, StaffReset } from '../../../protocol/api/staff.ts';
import { OPERATOR } from '../../platform/audit/actor.ts';
import { audited } from '../operator/audited.ts';
import { operation } from '../operator/operation.ts';
import { addForSite, HANDED_DATA, resetFor, STAFF_DATA } from './handover.ts';
import { shownStaff } from './shown.ts';
import { removeStaff } from './store.ts';

/** Kiosk staff of the server from the command line, as the API has them. */

const BY = OPERATOR.id ?? OPERATOR.role;
const member = z.string().trim().min(1).max(100);

export const staffOperations = {
  'fleet staff': operation({
    args: z.strictObject({}),
    run: (context) =>
      audited(context, { action: 'read', route: 'fleet staff', data: STAFF_DATA }, (tx) =>
        shownStaff(tx, context.keys),
      ),
  }),
  'fleet staff add': operation({
    args: NewKioskStaff,
    async run(context, wanted) {
      const added = await audited(
        context,
        { action: 'write', route: 'fleet staff add', data: HANDED_DATA },
        (tx, now) => addForSite(tx, context.keys, { ...wanted, by: BY }, now),
        (made) => ({ resource: made.member.id }),
      );
      context.onChange();
      return added;
    },
  }),
  'fleet staff reset': operation({
    args: z.strictObject({ member, reset: StaffReset }),
    async run(context, { member: which, reset }) {
      const { keys } = context;
      const handed = await audited(
        context,
        { action: 'write', route: 'fleet staff reset', data: HANDED_DATA },
        async (tx, now) => resetFor(tx, keys, only(await shownStaff(tx, keys), which).id, reset, now),
        (made) => ({ resource: made.member.id }),
      );
      context.onChange();
      return handed;
    },
  }),
  'fleet staff remove': operation({
    args: z.strictObject({ member }),
    async run(context, { member: which }) {
      const { keys } = context;
      const removed = await audited(
        context,
        { action: 'delete', route: 'fleet staff remove', data: STAFF_DATA },
        async (tx, now) => {
          const { id } = only(await shownStaff(tx, keys), which);
          await removeStaff(tx, id, BY, now);
          return (await shownStaff(tx, keys)).find((one) => one.id === id)!;
        },
        ({ id }) => ({ resource: id }),
      );
      context.onChange();
      return removed;
    },
  }),
} as const;

/** By id, or by a name that only one has. @throws Problem `staff-unknown`, `staff-ambiguous` */
function only<T extends { readonly id: string; readonly name: string; readonly removedAt: string | null }>(
  all: readonly T[],
  which: string,
): T {
  const wanted = which.toLocaleLowerCase();
  const found = all.filter((t) => t.removedAt === null && (t.id === wanted || t.name.toLocaleLowerCase() === wanted));
  if (found.length > 1) throw new Problem('staff-ambiguous');
  if (!found[0]) throw new Problem('staff-unknown');
  return found[0];
}
