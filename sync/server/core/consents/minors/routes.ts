import { z } from 'zod';
import { MinorAnswer, NewMinor } from '../../../../protocol/api/people.ts';
import { Uuid } from '../../../../protocol/wire/event.ts';
import { type RouteSpec, route } from '../../../platform/access/route.ts';
import { requireLiving } from '../../people/living.ts';
import { requireShown } from '../../people/shown.ts';
import { forgetMinor, readMinor, setMinor } from './minors.ts';

const One = z.strictObject({ person: Uuid });
const MINOR = ['person.minor', 'consent.guardian'];

const getMinor = route({
  method: 'GET',
  path: '/api/people/:person/minor',
  summary: 'Whether a person is below the age of consent, and who speaks for them',
  roles: ['admin', 'dpo', 'staff'],
  data: MINOR,
  action: 'read',
  params: One,
  answer: MinorAnswer,
  errors: ['person-unknown'],
  async handle({ tx, services: { keys }, params: { person }, now, about }) {
    about([person]);
    await requireShown(tx, keys, person);
    return { minor: await readMinor(tx, keys, person, now) };
  },
});

const putMinor = route({
  method: 'PUT',
  path: '/api/people/:person/minor',
  summary: 'A person is below the age of consent: a guardian agrees for them from now on',
  roles: ['admin', 'staff'],
  data: MINOR,
  action: 'write',
  params: One,
  body: NewMinor,
  answer: MinorAnswer,
  errors: ['person-unknown', 'not-a-minor', 'birth-in-future', 'name-unreadable'],
  async handle({ tx, services: { keys }, params: { person }, body, now, about, notify }) {
    about([person]);
    await requireLiving(tx, person, 'change');
    await setMinor(tx, keys, person, body, now);
    notify('board');
    return { minor: await readMinor(tx, keys, person, now) };
  },
});

const deleteMinor = route({
  method: 'DELETE',
  path: '/api/people/:person/minor',
  summary: 'That a person is below the age of consent was put down by mistake',
  roles: ['admin', 'staff', 'dpo'],
  data: MINOR,
  action: 'delete',
  params: One,
  answer: MinorAnswer,
  errors: ['person-unknown'],
  async handle({ tx, params: { person }, about, notify }) {
    about([person]);
    await requireLiving(tx, person, 'change');
    await forgetMinor(tx, person);
    notify('board');
    return { minor: null };
  },
});

export const minorRoutes: readonly RouteSpec[] = [getMinor, putMinor, deleteMinor];
