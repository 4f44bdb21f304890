import type { CoreState } from '../contract/host.ts';
import type { CoreOptions } from '../core/interface.ts';
import { codedError } from '../core/serving/core-process.ts';
import { type CoreSupervisor, RETRY_REFUSED_AFTER } from '../core/serving/core-supervisor.ts';

/** The host's view of the core: being prepared, supervised, or refused for a reason that the page shows. */
export interface HostCore {
  readonly state: CoreState;
  /** Null if there is none. */
  readonly supervisor: CoreSupervisor | null;
  close(): Promise<void>;
}

export interface HostCoreOptions {
  /** Creates the kiosk's folder and finds the device secret. May take long, since a keyring may ask a person. @throws Problem */
  readonly prepare: () => Promise<string | null>;
  readonly supervise: (deviceSecret: string | null) => CoreSupervisor;
  readonly changed: (state: CoreState) => void;
  /** Called after an error without a code. */
  readonly failed: (error: unknown) => void;
  readonly log: CoreOptions['log'];
}

/**
 * Starts the core once its secret is available. Errors with a code may be temporary (a keyring that comes with the session, a
 * full disk), so it is retried from time to time, like a core that refuses to start.
 */
export function startHostCore({ prepare, supervise, changed, failed, log }: HostCoreOptions): HostCore {
  let supervisor: CoreSupervisor | null = null;
  let state: CoreState = { state: 'starting', code: null, message: '', nextStep: '' };
  let timer: NodeJS.Timeout | undefined;
  let closing = false;

  async function attempt(): Promise<void> {
    try {
      const deviceSecret = await prepare();
      if (closing) return;
      supervisor = supervise(deviceSecret);
      supervisor.onEvent((event) => changed(event.state));
    } catch (error) {
      const coded = codedError(error);
      if (!coded) return failed(error);
      log('error', 'host: the core can’t be started', { error });
      state = { state: 'refused', ...coded };
      changed(state);
      if (!closing) timer = setTimeout(attempt, RETRY_REFUSED_AFTER);
    }
  }
  void attempt();
  return {
    get state() {
      return supervisor?.state ?? state;
    },
    get supervisor() {
      return supervisor;
    },
    async close() {
      closing = true;
      clearTimeout(timer);
      await supervisor?.close();
    },
  };
}
