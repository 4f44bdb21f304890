import { expect, test } from 'vitest';
import { isRefusal } from '../http/problem.ts';
import { SERVED } from './served.ts';

test('every refusal that a route declares leaves the server as itself, and not as our own fault', () => {
  const declared = new Set(SERVED.flatMap((spec) => spec.refusals ?? []));
  expect([...declared].filter((code) => !isRefusal(code))).toEqual([]);
});
