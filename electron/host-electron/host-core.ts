import type { CoreState } from '../contract/host.ts';
import type { CoreOptions } from '../core/interface.ts';
import { codedError } from '../core/serving/core-process.ts';
import { type CoreSupervisor, RETRY_REFUSED_AFTER } from '../core/serving/core-supervisor.ts';

/** The core as the host has it: being prepared, supervised, or refused for a reason that the page shows. */
export interface HostCore {
  readonly state: CoreState;
  /** Null while there is none. */
  readonly supervisor: CoreSupervisor | null;
  close(): Promise<void>;
}

export interface HostCoreOptions {
  /** Makes the kiosk's folder and finds the device secret. A keyring may ask a person, so it may take long. @throws Problem */
  readonly prepare: () => Promise<string | null>;
  readonly supervise: (deviceSecret: string | null) => CoreSupervisor;
  readonly changed: (state: CoreState) => void;
  /** Something failed that no code names. */
  readonly failed: (error: unknown) => void;
  readonly log: CoreOptions['log'];
}

/**
 * Starts the core once its secret is there. What is refused with a code may pass (a keyring that comes with the session, a disk
 * that has room again): it is tried again from time to time, as a core that refuses is.
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
