import { setTimeout as wait } from 'node:timers/promises';
import { Problem } from '../../../sync/errors/problem.ts';
import type { StickUpdate, TechnicianState, TechnicianTask } from '../../contract/technician.ts';
import type { CoreOptions } from '../interface.ts';
import type { StaffRecords } from '../staff/records.ts';
import type { Store } from '../store/interface.ts';
import type { UpdateKeeper } from '../update/keeper.ts';
import type { Machine } from './machine.ts';

/** Time for the answer to reach the screen before the core exits, ms. */
const ANSWER_MS = 500;

export interface TechnicianTasks {
  offers(): TechnicianState['offers'];
  busy(): TechnicianTask | null;
  update(): StickUpdate;
  /**
   * Starts a task. @param by id of the technician
   * @throws Problem `technician-not-here`, `technician-busy`, `machine-silent`, `machine-unreachable`, and of the store
   */
  begin(task: TechnicianTask, by: string): Promise<void>;
  stop(): void;
}

export interface TaskDeps {
  readonly store: Pick<Store, 'settings'>;
  readonly records: StaffRecords;
  readonly machine: Machine;
  readonly bootId: string;
  readonly updates: () => UpdateKeeper | null;
  /** Null if nothing can restart this kiosk. */
  readonly restart: (() => void) | null;
  readonly monotonic: () => number;
  readonly log: CoreOptions['log'];
}

/**
 * Tasks that a technician can have this kiosk do. Each is recorded before it starts and when it has ended, even if another core
 * notices the end.
 */
export function createTechnicianTasks(deps: TaskDeps): TechnicianTasks {
  const { machine, log } = deps;
  const records = createTaskRecords(deps.store, deps.records);
  const stick = createStickUpdater(deps);
  let busy: TechnicianTask | null = null;
  let stopped = false;
  settle();

  /** Records the outcome of a task that was started before this core. */
  function settle(): void {
    const was = records.underWay();
    if (!was) return;
    const silent = (): void => records.end('failed', 'machine-silent');
    if (was.task === 'restart') records.end('done');
    else if (was.task === 'update') records.end('failed', 'interrupted');
    else if (machine.withdraw(was.task)) silent();
    // The kiosk may have been restarted without the machine going down.
    else if (was.task === 'reboot' && was.bootId === deps.bootId) silent();
    else records.end('done');
  }

  function offers(): TechnicianState['offers'] {
    const image = machine.there ? null : 'not-a-kiosk-image';
    return {
      restart: deps.restart ? null : 'nobody-restarts',
      reboot: image,
      login: image,
      update: deps.updates() ? null : 'not-installed',
    };
  }

  async function ofMachine(task: 'reboot' | 'login'): Promise<void> {
    try {
      await machine.ask(task);
      if (task === 'login') records.end('done');
    } catch (error) {
      records.end('failed', error instanceof Problem ? error.code : 'internal');
      throw error;
    } finally {
      busy = null;
    }
  }

  function restart(): void {
    setTimeout(() => {
      if (stopped) return;
      busy = null;
      deps.restart!();
    }, ANSWER_MS).unref();
  }

  function updateFromStick(): void {
    stick
      .run()
      .then(
        ({ version }) => records.end('done', version.slice(0, 60)),
        (error: unknown) => {
          if (!(error instanceof Problem)) log('error', 'technician: the update from a stick failed', { error });
          records.end('failed', error instanceof Problem ? error.code : 'internal');
        },
      )
      .finally(() => {
        busy = null;
      });
  }

  return {
    offers,
    busy: () => busy,
    update: () => stick.state(),
    async begin(task, by) {
      const why = offers()[task];
      if (why !== null) {
        deps.records.note({ what: task, outcome: 'refused', by, code: why });
        throw new Problem('technician-not-here', { reason: why });
      }
      if (busy !== null) throw new Problem('technician-busy');
      busy = task;
      try {
        // A task that can't be recorded must not happen.
        records.begin({ task, by, bootId: deps.bootId });
      } catch (error) {
        busy = null;
        throw error;
      }
      if (task === 'restart') restart();
      else if (task === 'update') updateFromStick();
      else await ofMachine(task);
    },
    stop() {
      stopped = true;
      stick.stop();
    },
  };
}

/** Setting: the current task and who started it, until its end is recorded; as JSON, empty for none. */
const UNDER_WAY = 'technician-under-way';

interface UnderWay {
  readonly task: TechnicianTask;
  /** Id of the technician. */
  readonly by: string;
  /** Boot of the machine when the task was started. */
  readonly bootId: string;
}

/** The current task and its record, across restarts. */
function createTaskRecords(store: Pick<Store, 'settings'>, records: StaffRecords) {
  const underWay = (): UnderWay | null => {
    const text = store.settings.get(UNDER_WAY);
    return text ? (JSON.parse(text) as UnderWay) : null;
  };
  function end(outcome: 'done' | 'failed', code?: string): void {
    const was = underWay();
    if (was)
      records.note({ what: was.task, outcome, by: was.by, ...(code && { code }), settings: { [UNDER_WAY]: '' } });
  }
  return {
    /** Durable when this returns. @throws Problem of the store: then the task must not start */
    begin(next: UnderWay): void {
      end('failed', 'interrupted'); // the end of a reboot that never happened
      const settings = { [UNDER_WAY]: JSON.stringify(next) };
      records.write({ what: next.task, outcome: 'started', by: next.by, settings });
    },
    end,
    underWay,
  };
}

/** The machine waits two minutes for a USB stick (build/kiosk/files/opt/smartpresence/stick). */
const STICK_MS = 125_000;
/** How often the updater checks what is plugged in. */
const POLL_MS = 4_000;

interface StickDeps {
  readonly machine: Machine;
  readonly updates: () => Pick<UpdateKeeper, 'now' | 'notice'> | null;
  readonly monotonic: () => number;
  readonly sleep?: (ms: number) => Promise<void>;
}

/** Allows a USB stick, if the machine blocks them, and has the updater install the newest build from it. */
function createStickUpdater({ machine, updates, monotonic, sleep = wait }: StickDeps) {
  let state: StickUpdate | { at: 'looking'; until: number } = { at: 'none' };
  let stopped = false;

  async function take(): Promise<{ version: string }> {
    const keeper = updates();
    if (!keeper) throw new Problem('technician-not-here', { reason: 'there is no updater on this machine' });
    if (machine.there) await machine.ask('stick');
    const until = monotonic() + (machine.there ? STICK_MS : 0);
    state = { at: 'looking', until };
    for (;;) {
      try {
        return await keeper.now('usb');
      } catch (error) {
        // It may not be plugged in yet.
        const comes = error instanceof Problem && error.code === 'update-no-stick' && !stopped && monotonic() < until;
        if (!comes) throw error;
        await sleep(POLL_MS);
      }
    }
  }

  return {
    state(): StickUpdate {
      if (state.at !== 'looking') return state;
      const notice = updates()?.notice();
      // The updater reports bytes once it has found a build. Before that it may be waiting for a stick.
      if (notice?.kind === 'preparing' && notice.progress !== null)
        return { at: 'preparing', version: notice.version, progress: notice.progress };
      return { at: 'stick', seconds: Math.max(0, Math.ceil((state.until - monotonic()) / 1000)) };
    },
    /** Resolves with the version that is ready. @throws Problem of the machine or of the updater */
    async run(): Promise<{ version: string }> {
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
