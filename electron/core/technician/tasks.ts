import { Problem } from '../../../sync/errors/problem.ts';
import type { StickUpdate, TechnicianState, TechnicianTask } from '../../contract/technician.ts';
import type { CoreOptions } from '../interface.ts';
import type { StaffRecords } from '../staff/records.ts';
import type { Store } from '../store/interface.ts';
import type { UpdateKeeper } from '../update/keeper.ts';
import { createTaskRecords } from './in-progress.ts';
import type { Machine } from './machine.ts';
import { createStickUpdater } from './stick-update.ts';

/** The answer gets to the screen before the core goes, ms. */
const ANSWER_MS = 500;

export interface TechnicianTasks {
  offers(): TechnicianState['offers'];
  busy(): TechnicianTask | null;
  update(): StickUpdate;
  /**
   * @param by id of the technician
   * @throws Problem `technician-not-here`, `technician-busy`, `machine-silent`, `machine-unreachable`, and of the store
   */
  begin(task: TechnicianTask, by: string): Promise<void>;
  stop(): void;
}

export interface TaskDeps {
  readonly store: Pick<Store, 'settings'>;
  readonly records: StaffRecords;
  readonly machine: Machine;
  /** Changes with each boot of the machine. */
  readonly bootId: string;
  readonly updates: () => UpdateKeeper | null;
  /** Null: nobody can start this kiosk again. */
  readonly restart: (() => void) | null;
  readonly monotonic: () => number;
  readonly log: CoreOptions['log'];
}

/**
 * What a technician can have this kiosk do: each is reported before it begins and when it has ended, whichever core
 * sees that.
 */
export function createTechnicianTasks(deps: TaskDeps): TechnicianTasks {
  const { machine, log } = deps;
  const records = createTaskRecords(deps.store, deps.records);
  const stick = createStickUpdater(deps);
  let busy: TechnicianTask | null = null;
  let stopped = false;
  settle();

  /** Of what was begun before this start. */
  function settle(): void {
    const was = records.underWay();
    if (!was) return;
    const silent = (): void => records.end('failed', 'machine-silent');
    if (was.task === 'restart') records.end('done');
    else if (was.task === 'update') records.end('failed', 'interrupted');
    else if (machine.withdraw(was.task)) silent();
    // The kiosk may have been restarted alone, and the machine never went down.
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
        // What can't be recorded does not happen.
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
