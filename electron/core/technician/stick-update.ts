import { Problem } from '../../../sync/errors/problem.ts';
import type { StickUpdate } from '../../contract/technician.ts';
import type { UpdateKeeper } from '../update/keeper.ts';
import type { Machine } from './machine.ts';

/** The machine waits for a stick for two minutes (build/kiosk/files/opt/smartpresence/stick). */
const STICK_MS = 125_000;
/** Between two looks of the updater at what is plugged in. */
const POLL_MS = 4_000;

export interface StickUpdater {
  state(): StickUpdate;
  /** Resolves with the version that is ready. @throws Problem of the machine or of the updater */
  run(): Promise<{ version: string }>;
  stop(): void;
}

export interface StickDeps {
  readonly machine: Machine;
  readonly updates: () => Pick<UpdateKeeper, 'now' | 'notice'> | null;
  readonly monotonic: () => number;
  readonly sleep?: (ms: number) => Promise<void>;
}

/** Lets a stick in, where the machine keeps them out, and has the updater take the newest build from it. */
export function createStickUpdater({ machine, updates, monotonic, sleep = wait }: StickDeps): StickUpdater {
  let state: StickUpdate | { at: 'looking'; until: number } = { at: 'none' };
  let stopped = false;

  async function take(): Promise<{ version: string }> {
    const keeper = updates();
    if (!keeper) throw new Problem('technician-not-here', { reason: 'nothing here installs builds' });
    if (machine.there) await machine.ask('stick');
    const until = monotonic() + (machine.there ? STICK_MS : 0);
    state = { at: 'looking', until };
    for (;;) {
      try {
        return await keeper.now('usb');
      } catch (error) {
        // It may be in someone's hand still.
        const comes = error instanceof Problem && error.code === 'update-no-stick' && !stopped && monotonic() < until;
        if (!comes) throw error;
        await sleep(POLL_MS);
      }
    }
  }

  return {
    state() {
      if (state.at !== 'looking') return state;
      const notice = updates()?.notice();
      // The updater reports bytes once it has found a build; before that it may be looking at a stick that is not
      // there.
      if (notice?.kind === 'preparing' && notice.progress !== null)
        return { at: 'preparing', version: notice.version, progress: notice.progress };
      return { at: 'stick', seconds: Math.max(0, Math.ceil((state.until - monotonic()) / 1000)) };
    },
    async run() {
      try {
        const { version } = await take();
        state = { at: 'ready', version };
        return { version };
      } catch (error) {
        const { code, message, nextStep } = error instanceof Problem ? error : new Problem('internal');
        state = { at: 'refused', code, message, nextStep };
        throw error;
      }
    },
    stop() {
      stopped = true;
    },
  };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
