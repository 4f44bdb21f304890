import { z } from 'zod';
import { IssuedPinCode, PinCodeAnswer } from '../../../../protocol/api/credentials.ts';
import { Uuid } from '../../../../protocol/wire/event.ts';
import { Problem } from '../../../../protocol/wire/problem.ts';
import { type RouteSpec, route } from '../../../platform/access/route.ts';
import type { Db } from '../../../platform/database/schema.ts';
import { requireShown } from '../../people/shown.ts';
import { pinOf, withdrawPin } from '../pins/pins.ts';
import { issuePinCode, pinCodeOf, withdrawPinCode } from './codes.ts';

const One = z.strictObject({ person: Uuid });
const OFFICE = ['admin', 'staff'] as const;
const DATA = ['credential'];

async function shown(tx: Db, person: string, now: Date): Promise<PinCodeAnswer> {
  const code = await pinCodeOf(tx, person, now);
  const pin = await pinOf(tx, person);
  return {
    code: code && { issuedAt: code.issuedAt.toISOString(), expiresAt: code.expiresAt.toISOString() },
    pin: pin && { chosenAt: pin.chosenAt.toISOString(), device: pin.device },
  };
}

const read = route({
  method: 'GET',
  path: '/api/people/:person/pin-code',
  summary: 'Whether a person has a PIN, and a code to choose one by, and until when; neither is ever shown',
  roles: OFFICE,
  data: DATA,
  action: 'read',
  params: One,
  answer: PinCodeAnswer,
  errors: ['person-unknown'],
  async handle({ tx, services: { keys }, params: { person }, now, about }) {
    about([person]);
    await requireShown(tx, keys, person);
    return shown(tx, person, now);
  },
});

const issue = route({
  method: 'POST',
  path: '/api/people/:person/pin-code',
  summary:
    'Give a person a code by which they choose a PIN at a kiosk, once; shown this once, in place of the one before',
  roles: OFFICE,
  data: ['credential', 'person.name', 'person.number'],
  action: 'write',
  params: One,
  answer: IssuedPinCode,
  errors: ['person-unknown', 'pin-without-number'],
  async handle({ tx, services: { keys }, actor, params: { person }, now, about, on, notify }) {
    about([person]);
    const { name, number } = await requireShown(tx, keys, person);
    if (number === null)
      throw new Problem(
        'pin-without-number',
        'This person has no number, which a PIN goes with.',
        'Give them a number first.',
      );
    const { id, code, issuedAt, expiresAt } = await issuePinCode(tx, keys, person, actor.id, now);
    on(id);
    notify('change');
    return { name, number, code, issuedAt: issuedAt.toISOString(), expiresAt: expiresAt.toISOString() };
  },
});

/** Takes something of a person's back. @param take returns whether there was anything */
const takeBack = (path: string, summary: string, take: typeof withdrawPin) =>
  route({
    method: 'DELETE',
    path,
    summary,
    roles: OFFICE,
    data: DATA,
    action: 'delete',
    params: One,
    answer: PinCodeAnswer,
    errors: ['person-unknown'],
    async handle({ tx, services: { keys }, params: { person }, now, about, notify }) {
      about([person]);
      await requireShown(tx, keys, person);
      if (await take(tx, person, now)) notify('change');
      return shown(tx, person, now);
    },
  });

const withdraw = takeBack(
  '/api/people/:person/pin-code',
  'Take a code back: nobody chooses a PIN by it any more at kiosks that hear of it. A PIN that was chosen stays',
  withdrawPinCode,
);

const withdrawPinRoute = takeBack(
  '/api/people/:person/pin',
  'Take a PIN back: it counts at no kiosk that hears of it, until the person chooses another',
  withdrawPin,
);

export const pinCodeRoutes: readonly RouteSpec[] = [read, issue, withdraw, withdrawPinRoute];
