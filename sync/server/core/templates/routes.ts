import { z } from 'zod';
import { TemplateCounts } from '../../../protocol/api/people.ts';
import { Uuid } from '../../../protocol/wire/event.ts';
import { type RouteSpec, route } from '../../platform/access/route.ts';
import { requireLiving } from '../people/living.ts';
import { requireShown } from '../people/shown.ts';
import { templateCounts } from './count.ts';
import { forgetTemplates } from './forget.ts';

const One = z.strictObject({ person: Uuid });

const countTemplates = route({
  method: 'GET',
  path: '/api/people/:person/templates',
  summary: 'How many face templates of a person there are, by model; the templates themselves never leave here',
  roles: ['admin', 'dpo', 'staff'],
  data: ['template.count'],
  action: 'read',
  params: One,
  answer: TemplateCounts,
  errors: ['person-unknown'],
  async handle({ tx, services: { keys }, params: { person }, about }) {
    about([person]);
    await requireShown(tx, keys, person);
    return { person, models: await templateCounts(tx, person) };
  },
});

const deleteTemplates = route({
  method: 'DELETE',
  path: '/api/people/:person/templates',
  summary:
    'Delete a person’s face templates, here and on every kiosk; their consent stands, so they may be enrolled again',
  roles: ['admin', 'dpo', 'staff'],
  data: ['template'],
  action: 'delete',
  params: One,
  answer: TemplateCounts,
  errors: ['person-unknown'],
  async handle({ tx, services: { keys }, params: { person }, now, about, notify }) {
    about([person]);
    await requireLiving(tx, person, 'change');
    await forgetTemplates(tx, keys, [person], now);
    notify('change');
    return { person, models: await templateCounts(tx, person) };
  },
});

export const templateRoutes: readonly RouteSpec[] = [countTemplates, deleteTemplates];
