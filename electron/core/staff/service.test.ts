import { expect, test, vi } from 'vitest';
import { createPinGuard } from '../pin/guard.ts';
import { NO_LOCKOUT } from '../pin/lockout.ts';
import type { Store } from '../store/interface.ts';
import { createStaffService } from './service.ts';

const MINUTE = 60_000;

function desk() {
  const clock = { wall: Date.UTC(2027, 0, 1), monotonic: 0 };
  const settings: Record<string, string> = { 'staff-pin': 'hash' };
  const store = {
    settings: { get: (key: string) => settings[key] ?? null, set: () => undefined },
    lockouts: { get: () => NO_LOCKOUT, set: () => undefined },
  } as unknown as Store;
  const pins = { hash: async () => 'hash', verify: async (_stored: unknown, pin: string) => pin === '493817' };
  const staff = createStaffService({
    store,
    pins,
    memberPins: { ...pins, renewed: async () => null },
    guard: createPinGuard({ store, now: () => clock.wall }),
    records: { write: () => undefined, note: () => undefined },
    now: () => clock.wall,
    monotonic: () => clock.monotonic,
    wall: () => clock.wall,
  });
  const call = vi.fn(async () => ({ people: [] }));
  const { peopleFind } = staff.guarded({ peopleFind: call } as never);
  return { clock, staff, find: (token: string) => peopleFind({ token, query: 'x' }) };
}
const over = expect.objectContaining({ code: 'staff-locked' });

test('a session lasts five idle minutes of monotonic time, whatever the wall clock does', async () => {
  const { clock, staff, find } = desk();
  const { token, expiresAt } = await staff.methods.staffUnlock({ pin: '493817' });
  expect(Date.parse(expiresAt)).toBe(clock.wall + 5 * MINUTE);
  clock.wall += 365 * 24 * 60 * MINUTE;
  staff.require(token);
  clock.wall -= 2 * 365 * 24 * 60 * MINUTE;
  clock.monotonic += 5 * MINUTE;
  await find(token); // which renews the session
  clock.monotonic += 5 * MINUTE;
  staff.require(token); // which does not
  clock.monotonic += 1;
  expect(() => staff.require(token)).toThrow(over);
});

test('another unlock ends the previous session and drops what was half done in it', async () => {
  const { staff } = desk();
  const dropped = vi.fn();
  const first = await staff.methods.staffUnlock({ pin: '493817' });
  staff.onLock(dropped);
  const second = await staff.methods.staffUnlock({ pin: '493817' });
  expect(dropped).toHaveBeenCalledOnce();
  expect(() => staff.require(first.token)).toThrow(over);
  staff.require(second.token);
});
