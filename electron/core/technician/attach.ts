import { join } from 'node:path';
import type { Inventory } from '../../../sync/protocol/wire/fleet.ts';
import type { CoreMethods } from '../../contract/methods.ts';
import type { CoreOptions } from '../interface.ts';
import type { Retention } from '../retention/scheduler.ts';
import type { StaffRecords } from '../staff/records.ts';
import type { StaffService } from '../staff/service.ts';
import { systemClock } from '../store/clock.ts';
import type { Store } from '../store/interface.ts';
import type { SyncReport } from '../sync/report.ts';
import type { UpdateKeeper } from '../update/keeper.ts';
import { createMachine } from './machine.ts';
import type { TechnicianTasks } from './tasks.ts';
import { createTechnicianTasks } from './tasks.ts';

export interface AttachTechnicianDeps extends Pick<CoreOptions, 'slots' | 'end' | 'restart' | 'log'> {
  readonly store: Store;
  readonly staff: StaffService;
  readonly records: StaffRecords;
  readonly retention: Pick<Retention, 'now' | 'doubt'>;
  readonly monotonic: () => number;
  readonly inventory: () => Inventory;
  readonly sync: () => SyncReport | null;
  readonly updates: () => UpdateKeeper | null;
}

/** Wires the technician's menu to what this kiosk and its machine can do. */
export function attachTechnician(deps: AttachTechnicianDeps) {
  const { monotonic, end, restart: restartCore } = deps;
  const restart = end ? () => end('technician-asked') : restartCore ? () => restartCore({ browser: true }) : null;
  const tasks = createTechnicianTasks({
    store: deps.store,
    records: deps.records,
    machine: createMachine({
      folder: deps.slots ? join(deps.slots.root, 'machine') : null,
      monotonic,
    }),
    bootId: systemClock().bootId,
    updates: deps.updates,
    restart,
    monotonic,
    log: deps.log,
  });
  return {
    methods: createTechnician({ ...deps, tasks }),
    stop: () => tasks.stop(),
  };
}

type Methods = Pick<CoreMethods, 'technicianState' | 'technicianDo'>;

interface TechnicianDeps {
  readonly staff: Pick<StaffService, 'require'>;
  readonly tasks: TechnicianTasks;
  readonly inventory: () => Inventory;
  /** null where the line to the server is missing. */
  readonly sync: () => SyncReport | null;
  readonly retention: Pick<Retention, 'now' | 'doubt'>;
}

/** The technician's menu: the machine and the program, and nobody's name. */
function createTechnician(deps: TechnicianDeps): Methods {
  const { staff, tasks } = deps;
  const instant = (ms: number): string => new Date(ms).toISOString();
  return {
    async technicianState({ token }) {
      staff.require(token, 'technicianState');
      const now = deps.inventory();
      const sync = deps.sync();
      return {
        now: instant(deps.retention.now()),
        build: { version: now.version, commit: now.commit || null, host: now.host },
        slots: now.slots ?? null,
        uptimeSeconds: now.uptimeSeconds,
        server: {
          address: sync?.server ?? null,
          online: sync?.online ?? false,
          lastHeardAt: sync?.lastHeardAt ?? null,
          problem: sync?.problem?.code ?? null,
        },
        queued: now.queued,
        photosWaiting: now.photosWaiting,
        camera: now.camera,
        clock: { offsetMs: now.clockOffsetMs, doubt: deps.retention.doubt() },
        disk: { free: now.diskFree, total: now.diskTotal },
        temperature: now.temperature,
        offers: tasks.offers(),
        busy: tasks.busy(),
        update: tasks.update(),
      };
    },
    async technicianDo({ token, what }) {
      const { member } = staff.require(token, 'technicianDo');
      await tasks.begin(what, member!.id);
      return {};
    },
  };
}
