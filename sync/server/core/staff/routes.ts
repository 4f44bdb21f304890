import * as peopleApi from '../../../protocol/api/people.ts';
import * as api from '../../../protocol/api/staff.ts';
import { implement, type Route } from '../../platform/access/route.ts';
import { requireShown } from '../people/shown.ts';
import { addForSite, resetFor } from './handover.ts';
import { shownStaff, staffOfPerson } from './shown.ts';
import { removeStaff } from './store.ts';

export const staffRoutes: readonly Route[] = [
  implement(api.listKioskStaff, async ({ tx, services: { keys } }) => ({ items: await shownStaff(tx, keys) })),
  implement(api.addKioskStaff, async ({ tx, services: { keys }, actor, body, now, on, notify }) => {
    const added = await addForSite(tx, keys, { ...body, by: actor.id ?? actor.role }, now);
    on(added.member.id);
    notify('change');
    return added;
  }),
  implement(api.resetKioskStaff, async ({ tx, services: { keys }, params: { member }, body, now, on, notify }) => {
    on(member);
    const handed = await resetFor(tx, keys, member, body, now);
    notify('change');
    return handed;
  }),
  implement(api.removeKioskStaff, async ({ tx, services: { keys }, actor, params: { member }, now, on, notify }) => {
    on(member);
    await removeStaff(tx, member, actor.id ?? actor.role, now);
    notify('change');
    return { items: await shownStaff(tx, keys) };
  }),
  implement(peopleApi.getPersonStaff, async ({ tx, services: { keys }, params: { person }, now, about }) => {
    about([person]);
    await requireShown(tx, keys, person);
    return { items: await staffOfPerson(tx, keys, person, now) };
  }),
];
