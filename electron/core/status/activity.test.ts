import { expect, test } from 'vitest';
import type { CoreMethods } from '../../contract/methods.ts';
import { createActivity } from './activity.ts';

test('whatever a person does counts, when it begins and when it ends; what a screen asks by itself does not', async () => {
  let now = 1000;
  const activity = createActivity(() => now);
  now += 60_000;
  expect(activity.idleMs()).toBe(60_000);
  const methods = activity.around({
    status: async () => ({}),
    async probe() {
      now += 500;
      throw new Error('refused');
    },
  } as unknown as CoreMethods);
  await methods.status({});
  expect(activity.idleMs()).toBe(60_000);
  await expect(methods.probe({} as never)).rejects.toThrow('refused');
  expect(activity.idleMs()).toBe(0);
  now += 10;
  activity.note();
  expect(activity.idleMs()).toBe(0);
});
