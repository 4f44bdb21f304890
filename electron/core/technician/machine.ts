import { accessSync, closeSync, constants, existsSync, openSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Problem } from '../../../sync/errors/problem.ts';

/** Requests that a machine with the kiosk image handles (build/kiosk, /opt/smartpresence/technician): file names in its spool. */
const MACHINE_REQUESTS = { reboot: 'restart', login: 'login', stick: 'stick' } as const;
export type MachineRequest = keyof typeof MACHINE_REQUESTS;

/** systemd usually removes a request's file immediately; a busy machine may take this long, ms. */
const TAKEN_MS = 10_000;
const POLL_MS = 100;

export type Machine = ReturnType<typeof createMachine>;

export interface MachineDeps {
  /** `/var/lib/smartpresence/machine` of an installed kiosk; null if there is none. */
  readonly folder: string | null;
  readonly monotonic: () => number;
  readonly sleep?: (ms: number) => Promise<void>;
}

export function createMachine({ folder, monotonic, sleep = wait }: MachineDeps) {
  const file = (request: MachineRequest): string => join(folder ?? '', MACHINE_REQUESTS[request]);
  const there = (): boolean => {
    if (folder === null) return false;
    try {
      accessSync(folder, constants.W_OK | constants.X_OK);
      return statSync(folder).isDirectory();
    } catch {
      return false;
    }
  };
  return {
    /** Whether there is a machine that handles requests. */
    get there(): boolean {
      return there();
    },
    /**
     * Sends a request and waits until the machine has accepted it.
     * @throws Problem `machine-silent` (the request is withdrawn), `machine-unreachable`
     */
    async ask(request: MachineRequest): Promise<void> {
      if (!there()) throw unreachable(new Error('the folder does not exist'));
      const path = file(request);
      try {
        closeSync(openSync(path, 'w', 0o600));
      } catch (cause) {
        throw unreachable(cause);
      }
      const until = monotonic() + TAKEN_MS;
      while (existsSync(path)) {
        if (monotonic() > until) {
          rmSync(path, { force: true }); // a request that was reported as failed must not be carried out later
          throw new Problem('machine-silent');
        }
        await sleep(POLL_MS);
      }
    },
    withdraw(request: MachineRequest): boolean {
      if (folder === null || !existsSync(file(request))) return false;
      rmSync(file(request), { force: true });
      return true;
    },
  };
}

const unreachable = (cause: unknown): Problem => new Problem('machine-unreachable', { cause });
