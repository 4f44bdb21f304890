import type { Signal, SignalName, Status } from '../../contract/methods.ts';

type Listener = <S extends SignalName>(name: S, data: Signal<S>) => void;

/** Keeps the status that every screen shows, and pushes it when it has changed. */
export interface StatusHub {
  current(): Status;
  /** Reads the status again and tells the screens if it is another one. */
  refresh(): void;
  onSignal(listener: Listener): () => void;
}

export function createStatusHub(read: () => Status): StatusHub {
  const listeners = new Set<Listener>();
  let last = '';
  return {
    current: read,
    refresh() {
      const status = read();
      const text = JSON.stringify(status);
      if (text === last) return;
      last = text;
      for (const listener of listeners) listener('status', status);
    },
    onSignal(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
