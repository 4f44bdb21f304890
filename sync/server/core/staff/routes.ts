import { z } from 'zod';
import { PersonStaff } from '../../../protocol/api/people.ts';
import { HandedOver, KioskStaffList, NewKioskStaff, StaffReset } from '../../../protocol/api/staff.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { type RouteSpec, route } from '../../platform/access/route.ts';
import { requireShown } from '../people/shown.ts';
import { addForSite, HANDED_DATA, resetFor, STAFF_DATA } from './handover.ts';
import { staffOfPerson } from './of-person.ts';
import { shownStaff } from './shown.ts';
import { removeStaff } from './store.ts';

const list = route({
  method: 'GET',
  path: '/api/kiosk-staff',
  summary: 'Who may unlock the kiosks and in which role, and which kiosks have confirmed it; never a PIN or secret',
  roles: ['admin', 'dpo', 'auditor'],
  data: STAFF_DATA,
  action: 'read',
  answer: KioskStaffList,
  handle: async ({ tx, services: { keys } }) => ({ items: await shownStaff(tx, keys) }),
});

const add = route({
  method: 'POST',
  path: '/api/kiosk-staff',
  summary: 'Add a member of kiosk staff for a site, or for all; the answer holds what is handed over to them, once',
  roles: ['admin'],
  data: HANDED_DATA,
  action: 'write',
  body: NewKioskStaff,
  answer: HandedOver,
  errors: ['unknown-site', 'staff-exists', 'staff-too-many', 'staff-badge-taken', 'name-unreadable'],
  async handle({ tx, services: { keys }, actor, body, now, on, notify }) {
    const added = await addForSite(tx, keys, { ...body, by: actor.id ?? actor.role }, now);
    on(added.member.id);
    notify('change');
    return added;
  },
});

const reset = route({
  method: 'POST',
  path: '/api/kiosk-staff/:member/reset',
  summary:
    'A new PIN for the first use, another badge, or a technician’s second factor again; what they had opens nothing any more',
  roles: ['admin'],
  data: HANDED_DATA,
  action: 'write',
  params: z.strictObject({ member: Uuid }),
  body: StaffReset,
  answer: HandedOver,
  errors: ['staff-unknown', 'staff-of-kiosk', 'staff-badge-taken', 'staff-no-factor'],
  async handle({ tx, services: { keys }, params: { member }, body, now, on, notify }) {
    on(member);
    const handed = await resetFor(tx, keys, member, body, now);
    notify('change');
    return handed;
  },
});

const remove = route({
  method: 'DELETE',
  path: '/api/kiosk-staff/:member',
  summary: 'Remove a member of kiosk staff: each kiosk refuses them from its next contact on',
  roles: ['admin'],
  data: STAFF_DATA,
  action: 'delete',
  params: z.strictObject({ member: Uuid }),
  answer: KioskStaffList,
  errors: ['staff-unknown', 'staff-of-kiosk'],
  async handle({ tx, services: { keys }, actor, params: { member }, now, on, notify }) {
    on(member);
    await removeStaff(tx, member, actor.id ?? actor.role, now);
    notify('change');
    return { items: await shownStaff(tx, keys) };
  },
});

const ofPerson = route({
  method: 'GET',
  path: '/api/people/:person/staff',
  summary: 'Who of a kiosk’s staff enrolled a person, took their consent or deleted them, newest first',
  roles: ['admin', 'dpo', 'staff'],
  data: ['person', 'staff.name'],
  action: 'read',
  params: z.strictObject({ person: Uuid }),
  answer: PersonStaff,
  errors: ['person-unknown'],
  async handle({ tx, services: { keys }, params: { person }, now, about }) {
    about([person]);
    await requireShown(tx, keys, person);
    return { items: await staffOfPerson(tx, keys, person, now) };
  },
});

export const staffRoutes: readonly RouteSpec[] = [list, add, reset, remove, ofPerson];
