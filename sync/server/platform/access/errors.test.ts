import { expect, test } from 'vitest';
import { SERVED } from '../../app/served.ts';
import { isClientError } from '../http/problem.ts';

test('every error that a route declares is sent under its own code, not as an internal error', () => {
  const declared = new Set(SERVED.flatMap((spec) => spec.errors));
  expect([...declared].filter((code) => !isClientError(code))).toEqual([]);
});
