import { expect, test } from 'vitest';
import type { CoreMethods, ProbeResult } from '../../contract/methods.ts';
import { createActivity } from './activity.ts';

test('a person’s actions count when they begin and when they end; what a screen calls on its own does not', async () => {
  let now = 1000;
  const activity = createActivity(() => now);
  now += 60_000;
  expect(activity.idleMs()).toBe(60_000);
  const methods = activity.around({
    status: async () => ({}),
    async checkinByPin() {
      now += 500;
      throw new Error('refused');
    },
  } as unknown as CoreMethods);
  await methods.status({});
  expect(activity.idleMs()).toBe(60_000);
  await expect(methods.checkinByPin({} as never)).rejects.toThrow('refused');
  expect([activity.idleMs(), activity.unusedMs()]).toEqual([0, 0]);
  now += 10;
  activity.note();
  expect([activity.idleMs(), activity.unusedMs()]).toEqual([0, 0]);
});

test('a face in view is a sign of someone, but uses the kiosk only once it is recognised; so does a touch', async () => {
  let now = 0;
  let result: ProbeResult = { kind: 'more', progress: 0.2 };
  const activity = createActivity(() => now);
  const methods = activity.around({
    visitBegin: async () => ({ visit: '1' }),
    visitEnd: async () => ({}),
    probe: async () => result,
    screenState: async () => ({}),
  } as unknown as CoreMethods);
  const after = async (call: () => Promise<unknown>) => {
    now += 1000;
    await call();
    return [activity.idleMs(), activity.unusedMs()];
  };
  const probe = () => methods.probe({} as never);
  expect(await after(() => methods.visitBegin({}))).toEqual([0, 1000]);
  for (const kind of ['more', 'guide', 'other-method', 'done'] as const) {
    result = { kind } as ProbeResult;
    expect((await after(probe))[0]).toBe(0);
  }
  expect(await after(() => methods.visitEnd({ visit: '1' }))).toEqual([0, 6000]);
  result = { kind: 'challenge' } as ProbeResult;
  expect(await after(probe)).toEqual([0, 0]);
  result = { kind: 'welcome' } as ProbeResult;
  expect(await after(probe)).toEqual([0, 0]);
  expect(await after(() => methods.screenState({ camera: 'ok', frames: 1 }))).toEqual([1000, 1000]);
  expect(await after(() => methods.screenState({ camera: 'ok', frames: 1, touched: true }))).toEqual([0, 0]);
});
