import { expect, test } from 'vitest';
import { isClientError } from '../http/problem.ts';
import { SERVED } from './served.ts';

test('every refusal that a route declares leaves the server as itself, and not as our own fault', () => {
  const declared = new Set(SERVED.flatMap((spec) => spec.errors ?? []));
  expect([...declared].filter((code) => !isClientError(code))).toEqual([]);
});
