import { join } from 'node:path';
import type { Inventory } from '../../../sync/protocol/wire/fleet.ts';
import type { CoreOptions } from '../interface.ts';
import type { Retention } from '../retention/scheduler.ts';
import type { StaffRecords } from '../staff/records.ts';
import type { StaffService } from '../staff/service.ts';
import { systemClock } from '../store/clock.ts';
import type { Store } from '../store/interface.ts';
import type { SyncReport } from '../sync/report.ts';
import type { UpdateKeeper } from '../update/keeper.ts';
import { createMachine } from './machine.ts';
import { createTechnician } from './service.ts';
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

export interface TechnicianController {
  readonly methods: ReturnType<typeof createTechnician>;
  stop(): void;
}

/** Wires the technician's menu to what this kiosk and its machine can do. */
export function attachTechnician(deps: AttachTechnicianDeps): TechnicianController {
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
