import { expect, test } from 'vitest';
import { SERVED } from '../../app/served.ts';
import { isClientError } from '../http/problem.ts';

test('every rejection that a route declares leaves the server as itself, and not as our own fault', () => {
  const declared = new Set(SERVED.flatMap((spec) => spec.errors));
  expect([...declared].filter((code) => !isClientError(code))).toEqual([]);
});
