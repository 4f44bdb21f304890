import { expect, test } from 'vitest';
import { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';
import { codeOfFault, liesInTheEvent } from './fault.ts';

const coded = (code: string) => Object.assign(new Error('x'), { code });

test.each(['22021', '23505', 'XX000', 'ERR_INVALID_ARG_TYPE'])('%s is a fault of the event', (code) => {
  expect(liesInTheEvent(coded(code))).toBe(true);
  expect(codeOfFault(coded(code))).toBe(code);
});

test.each([
  '08006',
  '25P03',
  '28P01',
  '40001',
  '42501',
  '53300',
  '55P03',
  '57P01',
  '58030',
  'EPIPE',
  'ECONNRESET',
  'ERR_SOCKET_CLOSED',
])('%s is not, so everything is retried', (code) => {
  expect(liesInTheEvent(coded(code))).toBe(false);
});

test('an error of this program is a fault of the event; one without a code, as when a driver loses its database, is not', () => {
  const zod = z.string().safeParse(1).error;
  for (const cause of [
    zod,
    new TypeError('x'),
    new RangeError('x'),
    new Problem('envelope-broken', { place: 'person.name' }),
  ])
    expect(liesInTheEvent(cause)).toBe(true);
  for (const cause of [
    new Error('Connection terminated unexpectedly'),
    new Problem('database-unreachable', { reason: 'ENOENT' }),
    null,
  ])
    expect(liesInTheEvent(cause)).toBe(false);
});
