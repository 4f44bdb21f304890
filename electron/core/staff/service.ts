import { randomBytes } from 'node:crypto';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import type { CoreMethods } from '../../contract/methods.ts';
import { afterFailure, lockedFor, NO_LOCKOUT, pinLocked } from '../pin/lockout.ts';
import type { PinHasher } from '../pin/pin-hash.ts';
import type { Store } from '../store/interface.ts';

/** Key of the setting that holds the staff PIN's hash. */
export const STAFF_PIN_SETTING = 'staff-pin';
export const STAFF_LOCKOUT = 'staff';
const IDLE_MS = 5 * 60_000;

export interface StaffDesk {
  readonly methods: Pick<CoreMethods, 'staffUnlock' | 'staffLock'>;
  /** Renews the token's time. @throws Problem `staff-locked` */
  require(token: string): void;
  /** Checks the staff PIN with lockout. @throws Problem `staff-pin-unset`, `pin-locked`, `pin-wrong` */
  checkPin(pin: string): Promise<void>;
  /** Called when a session ends, so that half-done work can be dropped. */
  onLock(listener: () => void): void;
}

/** Staff's way in at the kiosk: one PIN a kiosk, lockout that survives a restart, a session that ends when idle. */
export function createStaffDesk(deps: { store: Store; pins: PinHasher; now: () => number }): StaffDesk {
  const { store, pins, now } = deps;
  let session: { token: string; until: number } | null = null;
  const listeners: (() => void)[] = [];

  function end(): void {
    session = null;
    for (const listener of listeners) listener();
  }

  async function checkPin(pin: string): Promise<void> {
    const stored = store.setting(STAFF_PIN_SETTING);
    if (stored === null)
      throw new Problem('staff-pin-unset', 'this kiosk has no staff PIN', 'Provision the kiosk again, which sets one.');
    const lockout = store.lockout(STAFF_LOCKOUT);
    const locked = lockedFor(lockout, now());
    if (locked > 0) throw pinLocked(locked);
    const failed = afterFailure(lockout, now());
    store.setLockout(STAFF_LOCKOUT, failed);
    if (!(await pins.verify(stored, pin))) {
      const wait = lockedFor(failed, now());
      if (wait > 0) throw pinLocked(wait);
      throw new Problem('pin-wrong', 'this is not the staff PIN', 'Try again.');
    }
    store.setLockout(STAFF_LOCKOUT, NO_LOCKOUT);
  }

  return {
    checkPin,
    onLock: (listener) => void listeners.push(listener),
    require(token) {
      if (!session || session.token !== token || session.until < now()) {
        if (session && session.until < now()) end();
        throw new Problem('staff-locked', 'the staff session is over', 'Enter the staff PIN again.');
      }
      session.until = now() + IDLE_MS;
    },
    methods: {
      async staffUnlock({ pin }) {
        await checkPin(pin);
        session = { token: randomBytes(32).toString('base64url'), until: now() + IDLE_MS };
        return { token: session.token, expiresAt: new Date(session.until).toISOString() };
      },
      async staffLock({ token }) {
        if (session?.token === token) end();
        return {};
      },
    },
  };
}
