import { randomBytes } from 'node:crypto';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import type { CoreMethods } from '../../contract/methods.ts';
import type { PinGuard } from '../pin/guard.ts';
import type { PinHasher } from '../pin/pin-hash.ts';
import type { Store } from '../store/interface.ts';

/** Key of the setting that holds the staff PIN's hash. */
export const STAFF_PIN_SETTING = 'staff-pin';
const STAFF_LOCKOUT = 'staff';
const IDLE_MS = 5 * 60_000;

/** Each door has a lockout of its own: a passer-by at the keypad can't shut out the operator at the socket. */
export const STAFF_DOORS = ['keypad', 'socket'] as const;
export type StaffDoor = (typeof STAFF_DOORS)[number];
export const lockoutSubject = (door: StaffDoor): string =>
  door === 'keypad' ? STAFF_LOCKOUT : `${STAFF_LOCKOUT}-${door}`;

export interface StaffDesk {
  readonly methods: Pick<CoreMethods, 'staffUnlock' | 'staffLock'>;
  /** Renews the token's time. @throws Problem `staff-locked` */
  require(token: string): void;
  /** Checks the staff PIN with lockout. @throws Problem `staff-pin-unset`, `pin-locked`, `pin-wrong` */
  checkPin(pin: string, door?: StaffDoor): Promise<void>;
  /** Ends the session, if there is one. */
  endSession(): void;
  /** Called when a session ends, so that half-done work can be dropped. */
  onLock(listener: () => void): void;
}

export interface StaffDeps {
  readonly store: Pick<Store, 'setting'>;
  readonly pins: PinHasher;
  readonly guard: PinGuard;
  /** Ms, never going back: a session lasts as long as it lasts, whatever is done to the clock. */
  readonly monotonic: () => number;
  /** Wall clock, ms since 1970: for what the screen is told alone. */
  readonly wall: () => number;
}

/** Staff's way in at the kiosk: one PIN a kiosk, lockout that survives a restart, a session that ends when idle. */
export function createStaffDesk({ store, pins, guard, monotonic, wall }: StaffDeps): StaffDesk {
  let session: { token: string; until: number } | null = null;
  let idle: NodeJS.Timeout | undefined;
  const listeners: (() => void)[] = [];

  /** Half-done work is dropped when the time is over, not when somebody next asks. */
  function endWhenIdle(): void {
    clearTimeout(idle);
    idle = setTimeout(end, IDLE_MS);
    idle.unref();
  }

  function end(): void {
    clearTimeout(idle);
    session = null;
    for (const listener of listeners) listener();
  }

  async function checkPin(pin: string, door: StaffDoor = 'keypad'): Promise<void> {
    const stored = store.setting(STAFF_PIN_SETTING);
    if (stored === null)
      throw new Problem('staff-pin-unset', 'this kiosk has no staff PIN', 'Provision the kiosk again, which sets one.');
    await guard.attempt({
      subject: lockoutSubject(door),
      shared: null, // a passer-by at the number pad must not keep staff out
      check: async () => ((await pins.verify(stored, pin)) ? true : null),
      wrong: () => new Problem('pin-wrong', 'this is not the staff PIN', 'Try again.'),
    });
  }

  return {
    checkPin,
    endSession: end,
    onLock: (listener) => void listeners.push(listener),
    require(token) {
      if (!session || session.token !== token || session.until < monotonic()) {
        if (session && session.until < monotonic()) end();
        throw new Problem('staff-locked', 'the staff session is over', 'Enter the staff PIN again.');
      }
      session.until = monotonic() + IDLE_MS;
      endWhenIdle();
    },
    methods: {
      async staffUnlock({ pin }) {
        await checkPin(pin);
        end(); // one session at a time, and nothing of the one before
        session = { token: randomBytes(32).toString('base64url'), until: monotonic() + IDLE_MS };
        endWhenIdle();
        return { token: session.token, expiresAt: new Date(wall() + IDLE_MS).toISOString() };
      },
      async staffLock({ token }) {
        if (session?.token === token) end();
        return {};
      },
    },
  };
}
