import { computed, type ReadonlySignal, signal } from '@preact/signals';
import type { CoreClient, PersonRow } from '../../../../electron/contract/methods.ts';
import { RpcError } from '../../../../electron/contract/rpc-error.ts';
import type { Unlocked } from '../../../../electron/contract/staff.ts';
import { hasSentence, t } from '../../i18n.ts';
import { errorTextOf } from '../../parts/error-text.ts';

/** A staff session: its token is held here alone, and is gone with it. */
export interface StaffSession {
  readonly token: ReadonlySignal<string | null>;
  /** Who it is and what they may do, as the core says; null: locked. */
  readonly unlocked: ReadonlySignal<Unlocked | null>;
  /** Why it ended by itself; shown with the PIN. */
  readonly ended: ReadonlySignal<boolean>;
  open(unlocked: Unlocked): void;
  /** Locks here and in the core. */
  lock(): void;
  /** Runs a call with the token; a session that is over locks the screen. The other errors are the caller's. */
  run<T>(call: (token: string) => Promise<T>): Promise<T>;
}

/** What a step about one person is given.; `back` leads to the list, which says the message */
export interface OfPerson {
  readonly session: StaffSession;
  readonly person: PersonRow;
  readonly back: (message?: string) => void;
}

/** Thrown when the session ended under a call: the screen has locked already, and there is nothing more to say. */
export class SessionOver extends Error {}

export function createStaffSession(core: Pick<CoreClient, 'staffLock'>): StaffSession {
  const unlocked = signal<Unlocked | null>(null);
  const token = computed(() => unlocked.value?.token ?? null);
  const ended = signal(false);
  return {
    token,
    unlocked,
    ended,
    open(next) {
      unlocked.value = next;
      ended.value = false;
    },
    lock() {
      const old = token.peek();
      unlocked.value = null;
      // When the core is gone, so is the session.
      if (old) core.staffLock({ token: old }).catch(() => undefined);
    },
    async run(call) {
      const mine = token.peek();
      if (!mine) throw new SessionOver();
      try {
        return await call(mine);
      } catch (error) {
        if (!(error instanceof RpcError) || error.code !== 'staff-locked') throw error;
        unlocked.value = null;
        ended.value = true;
        throw new SessionOver();
      }
    },
  };
}

/** What staff read when something is rejected: the form's own sentence for its codes, the common one for the rest. */
export function staffErrorText(error: unknown): string {
  if (error instanceof SessionOver) return '';
  const key = error instanceof RpcError ? `enrol.error.${error.code}` : '';
  return error instanceof RpcError && hasSentence(key) ? t(key, error.params) : errorTextOf(error);
}
