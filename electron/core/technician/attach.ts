import { join } from 'node:path';
import type { Inventory } from '../../../sync/protocol/wire/fleet.ts';
import type { CoreOptions } from '../interface.ts';
import type { PinGuard } from '../pin/guard.ts';
import type { Retention } from '../retention/scheduler.ts';
import type { StaffDesk } from '../staff/service.ts';
import { systemClock } from '../store/clock.ts';
import type { Store } from '../store/interface.ts';
import type { SyncReport } from '../sync/report.ts';
import type { UpdateKeeper } from '../update/keeper.ts';
import { createTechnicianDoor, type TechnicianDoor } from './door.ts';
import { createMachine } from './machine.ts';
import { createTechnicianRecords, type TechnicianRecords } from './record.ts';
import { createTechnician } from './service.ts';
import { createTechnicianTasks } from './tasks.ts';

export interface AttachTechnicianDeps extends Pick<CoreOptions, 'slots' | 'end' | 'again' | 'log'> {
  readonly store: Store;
  readonly staff: StaffDesk;
  readonly guard: PinGuard;
  readonly retention: Pick<Retention, 'now' | 'doubt'>;
  readonly monotonic: () => number;
  readonly inventory: () => Inventory;
  readonly sync: () => SyncReport | null;
  readonly updates: () => UpdateKeeper | null;
  readonly changed: () => void;
}

export interface TechnicianHand {
  readonly methods: ReturnType<typeof createTechnician>;
  readonly door: TechnicianDoor;
  readonly records: TechnicianRecords;
  stop(): void;
}

/** Wires the technician's menu to what this kiosk and its machine can do. */
export function attachTechnician(deps: AttachTechnicianDeps): TechnicianHand {
  const { store, staff, guard, retention, monotonic, end, again } = deps;
  const records = createTechnicianRecords(deps);
  const door = createTechnicianDoor({ store, staff, guard, records, now: retention.now, monotonic });
  const restart = end ? () => end('a technician asked for it') : again ? () => again({ browser: true }) : null;
  const tasks = createTechnicianTasks({
    records,
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
    methods: createTechnician({ ...deps, door, tasks }),
    door,
    records,
    stop() {
      tasks.stop();
      door.end('screen');
    },
  };
}
