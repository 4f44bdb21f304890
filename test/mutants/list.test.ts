import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mutate, readMutants } from './list.ts';

/* The stored list of mutations matches the current sources. Whether the tests catch them is checked by `npm run test:mutants`. */

const root = join(import.meta.dirname, '../..');
const mutants = readMutants();

test('every mutation still applies to its source', () => {
  const problems = mutants.flatMap((mutant) => {
    try {
      mutate(readFileSync(join(root, mutant.file), 'utf8'), mutant);
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  });
  expect(problems).toEqual([]);
});

test('the tests that every mutant names exist', () => {
  expect(mutants.flatMap((m) => m.tests).filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

test('no mutation is listed twice, and there are enough of them', () => {
  const ids = mutants.map(({ file, from, to }) => JSON.stringify([file, from, to]));
  expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
  expect(mutants.length).toBeGreaterThanOrEqual(150);
});
