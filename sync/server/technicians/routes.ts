import { z } from 'zod';
import { AddedTechnician, NewTechnician, TechnicianList } from '../../protocol/api/technicians.ts';
import { Uuid } from '../../protocol/wire/event.ts';
import { type RouteSpec, route } from '../access/route.ts';
import { shownTechnicians } from './shown.ts';
import { removeTechnician } from './store.ts';
import { ADDED_DATA, addForSite, TECHNICIAN_DATA } from './work.ts';

const list = route({
  method: 'GET',
  path: '/api/technicians',
  summary:
    'Who may enter the technician’s menu at the kiosks, and which kiosks have said that they know; never a secret',
  roles: ['admin', 'dpo', 'auditor'],
  data: TECHNICIAN_DATA,
  action: 'read',
  answer: TechnicianList,
  handle: async ({ tx, services: { keys } }) => ({ items: await shownTechnicians(tx, keys) }),
});

const add = route({
  method: 'POST',
  path: '/api/technicians',
  summary: 'Add a technician for a site, or for all; the answer holds their secret and codes on paper, once',
  roles: ['admin'],
  data: ADDED_DATA,
  action: 'write',
  body: NewTechnician,
  answer: AddedTechnician,
  refusals: ['unknown-site', 'technician-exists', 'technicians-too-many', 'name-unreadable'],
  async handle({ tx, services: { keys }, actor, body, now, on, tell }) {
    const added = await addForSite(tx, keys, { ...body, by: actor.id ?? actor.role }, now);
    on(added.technician.id);
    tell('change');
    return added;
  },
});

const remove = route({
  method: 'DELETE',
  path: '/api/technicians/:technician',
  summary: 'Remove a technician: each kiosk refuses them from its next contact on',
  roles: ['admin'],
  data: TECHNICIAN_DATA,
  action: 'delete',
  params: z.strictObject({ technician: Uuid }),
  answer: TechnicianList,
  refusals: ['technician-unknown'],
  async handle({ tx, services: { keys }, actor, params: { technician }, now, on, tell }) {
    on(technician);
    await removeTechnician(tx, technician, actor.id ?? actor.role, now);
    tell('change');
    return { items: await shownTechnicians(tx, keys) };
  },
});

export const technicianRoutes: readonly RouteSpec[] = [list, add, remove];
