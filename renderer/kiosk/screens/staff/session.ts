import { type Signal, signal, useSignal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { CoreClient, Input, MethodName, Output, PersonRow } from '../../../../electron/contract/methods.ts';
import { RpcError } from '../../../../electron/contract/rpc-error.ts';
import type { Unlocked } from '../../../../electron/contract/staff.ts';
import { hasSentence, t } from '../../i18n.ts';
import { errorTextOf } from '../../parts/error-text.ts';

/** The core's methods that need a staff session; its token is put in here. */
type StaffCore = {
  readonly [M in MethodName as Input<M> extends { token: string } ? M : never]: (
    input: Omit<Input<M>, 'token'>,
  ) => Promise<Output<M>>;
};

/** A staff session: its token is held here alone, and is gone with it. */
export interface StaffSession {
  /** Who it is and what they may do, as the core says; null: locked. */
  readonly unlocked: Signal<Unlocked | null>;
  /** Whether it ended automatically; shown with the PIN. */
  readonly ended: Signal<boolean>;
  /** Counts the steps of work that goes on without hands, such as a capture: each counts as a touch. */
  readonly steps: Signal<number>;
  /** A call into a session that is over locks the screen and throws `SessionOver`. The other errors are the caller's. */
  readonly core: StaffCore;
  open(unlocked: Unlocked): void;
  /** Locks here and in the core. */
  lock(): void;
}

/** What a step about one person is given; `back` leads to the list, which says the message. */
export interface OfPerson {
  readonly person: PersonRow;
  readonly back: (message?: string) => void;
}

/** Thrown when the session ended under a call: the screen has locked already, and there is nothing more to say. */
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
      // When the core is gone, so is the session.
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

/**
 * Something that staff has the core do, one at a time: whether it is under way, and why it was refused. A form says
 * there as well what is wrong with it.
 */
export function useAction() {
  const busy = useSignal(false);
  const error = useSignal('');
  /** @param failed what follows when it was refused */
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

/** What staff see when something is rejected: the form's own sentence for its codes, the common one for the rest. */
export function staffErrorText(error: unknown): string {
  if (error instanceof SessionOver) return '';
  const key = error instanceof RpcError ? `enrol.error.${error.code}` : '';
  return error instanceof RpcError && hasSentence(key) ? t(key, error.params) : errorTextOf(error);
}
