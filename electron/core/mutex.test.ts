import { expect, test } from 'vitest';
import { createMutex } from './mutex.ts';

test('work runs one at a time in the order of the calls, and a failure holds up nothing', async () => {
  const exclusive = createMutex();
  const seen: string[] = [];
  const job = (name: string, yields: number) => async () => {
    seen.push(`${name} begins`);
    for (let i = 0; i < yields; i++) await Promise.resolve();
    seen.push(`${name} ends`);
    if (name === 'b') throw new Error('b failed');
    return name;
  };
  const answers = await Promise.allSettled([exclusive(job('a', 9)), exclusive(job('b', 3)), exclusive(job('c', 0))]);
  expect(answers.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});
