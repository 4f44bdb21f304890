import { z } from 'zod';
import { IssuedPinCode, PinCodeAnswer } from '../../protocol/api/credentials.ts';
import { Uuid } from '../../protocol/wire/event.ts';
import { Problem } from '../../protocol/wire/problem.ts';
import { type RouteSpec, route } from '../access/route.ts';
import { requireShown } from '../people/shown.ts';
import { issuePinCode, type PinCode, pinCodeOf, withdrawPinCode } from './codes.ts';

const One = z.strictObject({ person: Uuid });
const OFFICE = ['admin', 'staff'] as const;
const DATA = ['credential'];

const shown = (code: PinCode | null) => ({
  code: code && { issuedAt: code.issuedAt.toISOString(), expiresAt: code.expiresAt.toISOString() },
});

const read = route({
  method: 'GET',
  path: '/api/people/:person/pin-code',
  summary: 'Whether somebody has a code to choose a PIN by, and until when; the code itself is told by nobody',
  roles: OFFICE,
  data: DATA,
  action: 'read',
  params: One,
  answer: PinCodeAnswer,
  refusals: ['person-unknown'],
  async handle({ tx, services: { keys }, params: { person }, now, about }) {
    about([person]);
    await requireShown(tx, keys, person);
    return shown(await pinCodeOf(tx, person, now));
  },
});

const issue = route({
  method: 'POST',
  path: '/api/people/:person/pin-code',
  summary:
    'Give somebody a code by which they choose a PIN at a kiosk, once at each; told this once, in place of the one before',
  roles: OFFICE,
  data: ['credential', 'person.name', 'person.number'],
  action: 'write',
  params: One,
  answer: IssuedPinCode,
  refusals: ['person-unknown', 'pin-without-number'],
  async handle({ tx, services: { keys }, actor, params: { person }, now, about, on, tell }) {
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
    tell('change');
    return { name, number, code, issuedAt: issuedAt.toISOString(), expiresAt: expiresAt.toISOString() };
  },
});

const withdraw = route({
  method: 'DELETE',
  path: '/api/people/:person/pin-code',
  summary:
    'Take a code back: nobody chooses a PIN by it any more at kiosks that hear of it. A PIN that was chosen stays',
  roles: OFFICE,
  data: DATA,
  action: 'delete',
  params: One,
  answer: PinCodeAnswer,
  refusals: ['person-unknown'],
  async handle({ tx, services: { keys }, params: { person }, now, about, tell }) {
    about([person]);
    await requireShown(tx, keys, person);
    if (await withdrawPinCode(tx, person, now)) tell('change');
    return { code: null };
  },
});

export const pinCodeRoutes: readonly RouteSpec[] = [read, issue, withdraw];
