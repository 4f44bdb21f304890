import { join } from 'node:path';
import type { Inventory } from '../../../sync/protocol/wire/fleet.ts';
import type { CoreMethods } from '../../contract/methods.ts';
import type { CoreOptions } from '../interface.ts';
import type { Retention } from '../retention/retention.ts';
import type { StaffRecords } from '../staff/records.ts';
import type { StaffService } from '../staff/service.ts';
import { systemClock } from '../store/clock.ts';
import type { Store } from '../store/interface.ts';
import type { SyncReport } from '../sync/report.ts';
import type { UpdateKeeper } from '../update/keeper.ts';
import { createMachine } from './machine.ts';
import { createTechnicianTasks } from './tasks.ts';

export interface AttachTechnicianDeps extends Pick<CoreOptions, 'slots' | 'end' | 'restart' | 'log'> {
  readonly store: Store;
  readonly staff: StaffService;
  readonly records: StaffRecords;
  readonly retention: Pick<Retention, 'now' | 'doubt'>;
  readonly monotonic: () => number;
  readonly inventory: () => Inventory;
  /** Null if the sync could not be started. */
  readonly sync: () => SyncReport | null;
  readonly updates: () => UpdateKeeper | null;
}

type Methods = Pick<CoreMethods, 'technicianState' | 'technicianDo'>;

/** Connects the technician's menu to what this kiosk and its machine can do. It contains no names. */
export function attachTechnician(deps: AttachTechnicianDeps): { methods: Methods; stop(): void } {
  const { staff, monotonic, end, restart: restartCore } = deps;
  const tasks = createTechnicianTasks({
    ...deps,
    machine: createMachine({ folder: deps.slots ? join(deps.slots.root, 'machine') : null, monotonic }),
    bootId: systemClock().bootId,
    restart: end ? () => end('technician-asked') : restartCore ? () => restartCore({ browser: true }) : null,
  });
  const instant = (ms: number): string => new Date(ms).toISOString();
  const methods: Methods = {
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
  return { methods, stop: () => tasks.stop() };
}
