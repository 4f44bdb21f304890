import type { Inventory } from '../../../sync/protocol/wire/fleet.ts';
import type { CoreMethods } from '../../contract/methods.ts';
import type { Retention } from '../retention/scheduler.ts';
import type { StaffDesk } from '../staff/service.ts';
import type { Store } from '../store/interface.ts';
import type { SyncReport } from '../sync/report.ts';
import type { TechnicianDoor } from './door.ts';
import type { TechnicianRecords } from './record.ts';
import type { TechnicianTasks } from './tasks.ts';
import { knownTechnicians } from './told.ts';

type Methods = Pick<
  CoreMethods,
  'technicianGate' | 'technicianEnter' | 'technicianLeave' | 'technicianState' | 'technicianDo'
>;

export interface TechnicianDeps {
  readonly store: Pick<Store, 'setting'>;
  readonly staff: Pick<StaffDesk, 'require'>;
  readonly door: TechnicianDoor;
  readonly tasks: TechnicianTasks;
  readonly inventory: () => Inventory;
  /** null where the line to the server is missing. */
  readonly sync: () => SyncReport | null;
  readonly retention: Pick<Retention, 'now' | 'doubt'>;
}

/** The technician's menu: the machine and the program, and nobody's name. */
export function createTechnician(deps: TechnicianDeps): Methods {
  const { door, tasks } = deps;
  const instant = (ms: number): string => new Date(ms).toISOString();
  return {
    async technicianGate({ token }) {
      deps.staff.require(token);
      return { now: instant(deps.retention.now()), enrolled: knownTechnicians(deps.store).length > 0 };
    },
    technicianEnter: ({ token, code }) => door.enter(token, code),
    async technicianLeave({ token }) {
      door.leave(token);
      return {};
    },
    async technicianState({ token, active }) {
      door.require(token, active);
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
      await tasks.begin(what, door.require(token, true));
      return {};
    },
  };
}

/** Diagnostics for both rooms: staff's, and the technician's, whose test of the door is told as theirs. */
export function diagnosticsForBoth(
  staff: Pick<StaffDesk, 'require'>,
  door: TechnicianDoor,
  records: TechnicianRecords,
  make: (either: Pick<StaffDesk, 'require'>) => Pick<CoreMethods, 'diagnostics' | 'doorTest'>,
): Pick<CoreMethods, 'diagnostics' | 'doorTest'> {
  const { diagnostics, doorTest } = make({
    require(token) {
      if (door.owns(token)) door.require(token, false);
      else staff.require(token);
    },
  });
  return {
    diagnostics,
    async doorTest({ token }) {
      if (!door.owns(token)) return doorTest({ token });
      const who = door.require(token, true);
      records.write('door-test', 'begun', who);
      try {
        const answer = await doorTest({ token });
        records.note('door-test', 'done', who);
        return answer;
      } catch (error) {
        const code = (error as { code?: unknown }).code;
        records.note('door-test', 'failed', who, { code: typeof code === 'string' ? code : 'internal' });
        throw error;
      }
    },
  };
}
