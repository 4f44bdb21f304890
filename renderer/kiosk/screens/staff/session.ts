import { type Signal, signal, useSignal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { CoreClient, Input, MethodName, Output, PersonRow } from '../../../../electron/contract/methods.ts';
import { RpcError } from '../../../../electron/contract/rpc-error.ts';
import type { Unlocked } from '../../../../electron/contract/staff.ts';
import { hasSentence, t } from '../../i18n.ts';
import { errorTextOf } from '../../parts/error-text.ts';

/** The core's methods that need a staff session. The token is added here. */
type StaffCore = {
  readonly [M in MethodName as Input<M> extends { token: string } ? M : never]: (
    input: Omit<Input<M>, 'token'>,
  ) => Promise<Output<M>>;
};

/** A staff session. Its token is held only here and discarded with the session. */
export interface StaffSession {
  /** Who it is and what they may do, as the core reported; null: locked. */
  readonly unlocked: Signal<Unlocked | null>;
  /** Whether it ended automatically; shown with the PIN. */
  readonly ended: Signal<boolean>;
  /** Counts the steps of work that needs no touch, such as a capture. Each keeps the session open like a touch. */
  readonly steps: Signal<number>;
  /** Calls after the session's end lock the screen and throw `SessionOver`. Other errors are left to the caller. */
  readonly core: StaffCore;
  open(unlocked: Unlocked): void;
  /** Locks the screen and the core's session. */
  lock(): void;
}

/** Properties of a step about one person. `back` returns to the list, which shows the message. */
export interface OfPerson {
  readonly person: PersonRow;
  readonly back: (message?: string) => void;
}

/** Thrown if the session ended during a call. The screen is locked already, so no message is needed. */
export class SessionOver extends Error {}

export function createStaffSession(core: CoreClient): StaffSession {
  const unlocked = signal<Unlocked | null>(null);
  const ended = signal(false);
  async function call(method: keyof StaffCore, input: object): Promise<unknown> {
    const token = unlocked.peek()?.token;
    if (!token) throw new SessionOver();
    try {
      return await (core[method] as (input: object) => Promise<unknown>)({ ...input, token });
    } catch (error) {
      if (!(error instanceof RpcError) || error.code !== 'staff-locked') throw error;
      unlocked.value = null;
      ended.value = true;
      throw new SessionOver();
    }
  }
  return {
    unlocked,
    ended,
    steps: signal(0),
    core: new Proxy({} as StaffCore, { get: (_, method: keyof StaffCore) => (input: object) => call(method, input) }),
    open(next) {
      unlocked.value = next;
      ended.value = false;
    },
    lock() {
      const old = unlocked.peek()?.token;
      unlocked.value = null;
      // If the core is unreachable, its session has ended anyway.
      if (old) core.staffLock({ token: old }).catch(() => undefined);
    },
  };
}

export const StaffContext = createContext<StaffSession | null>(null);

export function useStaff(): StaffSession {
  const session = useContext(StaffContext);
  if (!session) throw new Error('a screen of staff was drawn outside of their session');
  return session;
}

/** Runs staff's requests to the core one at a time, with `busy` and the error text. Forms also put their own errors there. */
export function useAction() {
  const busy = useSignal(false);
  const error = useSignal('');
  /** @param failed called after an error */
  async function run(work: () => Promise<unknown>, failed?: (cause: unknown) => unknown): Promise<void> {
    if (busy.peek()) return;
    busy.value = true;
    error.value = '';
    try {
      await work();
    } catch (cause) {
      error.value = staffErrorText(cause);
      await failed?.(cause);
    } finally {
      busy.value = false;
    }
  }
  return { busy, error, run };
}

/** The error text for staff: the form's own sentence if it has one for the code, else the common one. */
export function staffErrorText(error: unknown): string {
  if (error instanceof SessionOver) return '';
  const key = error instanceof RpcError ? `enrol.error.${error.code}` : '';
  return error instanceof RpcError && hasSentence(key) ? t(key, error.params) : errorTextOf(error);
}
