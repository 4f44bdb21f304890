import { expect, test, vi } from 'vitest';
import { createPinGuard } from '../pin/guard.ts';
import { NO_LOCKOUT } from '../pin/lockout.ts';
import { createStaffDesk } from './service.ts';

const MINUTE = 60_000;

function desk() {
  const clock = { wall: Date.UTC(2027, 0, 1), monotonic: 0 };
  const store = { setting: () => 'hash', lockout: () => NO_LOCKOUT, setLockouts: () => undefined };
  const staff = createStaffDesk({
    store,
    pins: { hash: async () => 'hash', verify: async (_stored, pin) => pin === '493817' },
    guard: createPinGuard({ store, now: () => clock.wall }),
    monotonic: () => clock.monotonic,
    wall: () => clock.wall,
  });
  return { clock, staff };
}
const over = expect.objectContaining({ code: 'staff-locked' });

test('a session lasts five idle minutes of time that passes, whatever the wall clock does', async () => {
  const { clock, staff } = desk();
  const { token, expiresAt } = await staff.methods.staffUnlock({ pin: '493817' });
  expect(Date.parse(expiresAt)).toBe(clock.wall + 5 * MINUTE);
  clock.wall += 365 * 24 * 60 * MINUTE;
  staff.require(token);
  clock.wall -= 2 * 365 * 24 * 60 * MINUTE;
  clock.monotonic += 5 * MINUTE;
  staff.require(token); // which renews it
  clock.monotonic += 5 * MINUTE + 1;
  expect(() => staff.require(token)).toThrow(over);
});

test('another unlock ends the session before it, and what was half done in it is dropped', async () => {
  const { staff } = desk();
  const dropped = vi.fn();
  const first = await staff.methods.staffUnlock({ pin: '493817' });
  staff.onLock(dropped);
  const second = await staff.methods.staffUnlock({ pin: '493817' });
  expect(dropped).toHaveBeenCalledOnce();
  expect(() => staff.require(first.token)).toThrow(over);
  staff.require(second.token);
});
