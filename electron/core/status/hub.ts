import type { Signal, SignalName, Status } from '../../contract/methods.ts';
import type { CoreOptions } from '../interface.ts';

type Listener = <S extends SignalName>(name: S, data: Signal<S>) => void;

export function createStatusHub(log: CoreOptions['log']) {
  const listeners = new Set<Listener>();
  let read: (() => Status) | null = null;
  let last = '';
  return {
    /** Sets the source of the status; before that there is none to show. */
    start(from: () => Status): void {
      read = from;
    },
    current(): Status {
      if (!read) throw new Error('the core is still starting');
      return read();
    },
    /** Reads the status again and notifies the screens if it changed. */
    refresh(): void {
      if (!read) return;
      let status: Status;
      try {
        status = read();
      } catch (error) {
        // Called after a check-in is durable: a status that can't be read must not turn it into a failure.
        log('error', 'status can’t be read', { error });
        return;
      }
      const text = JSON.stringify(status);
      if (text === last) return;
      last = text;
      for (const listener of listeners) listener('status', status);
    },
    /** Sends every screen a one-off signal. */
    push<S extends SignalName>(name: S, data: Signal<S>): void {
      for (const listener of listeners) listener(name, data);
    },
    onSignal(listener: Listener): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
