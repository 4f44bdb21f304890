import { type CoreMethods, METHODS, type MethodName, type Signal, type SignalName } from '../../contract/methods.ts';
import type { Core } from '../interface.ts';

type Listener = <S extends SignalName>(name: S, data: Signal<S>) => void;

export interface SwitchingCore extends Core {
  /** From now on another core answers, on the connections that there are. */
  become(next: Core): void;
}

/** A core that another one can take the place of while screens are connected: a kiosk that destroys its store goes on saying so. */
export function switchingCore(first: Core): SwitchingCore {
  let current = first;
  const listeners = new Map<Listener, () => void>();
  const methods = Object.fromEntries(
    (Object.keys(METHODS) as MethodName[]).map((name) => [
      name,
      (input: never) => (current.methods[name] as (input: never) => Promise<unknown>)(input),
    ]),
  ) as unknown as CoreMethods;
  return {
    methods,
    onSignal(listener) {
      listeners.set(listener, current.onSignal(listener));
      return () => {
        listeners.get(listener)?.();
        listeners.delete(listener);
      };
    },
    leave: () => current.leave(),
    close: () => current.close(),
    become(next) {
      current = next;
      for (const [listener, stop] of listeners) {
        stop();
        listeners.set(listener, next.onSignal(listener));
      }
      // What screens show is of the core before.
      void next.methods.status({}).then((status) => {
        for (const listener of listeners.keys()) listener('status', status as Signal<'status'>);
      });
    },
  };
}
