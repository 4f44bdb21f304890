import type { TechnicianTask } from '../../contract/technician.ts';
import type { StaffRecords } from '../staff/records.ts';
import type { Store } from '../store/interface.ts';

/** What was begun and who began it, while its end is not recorded; as JSON, empty for nothing. */
const UNDER_WAY = 'technician-under-way';

interface UnderWay {
  readonly task: TechnicianTask;
  /** Id of the technician. */
  readonly by: string;
  /** Of the machine when it was begun. */
  readonly bootId: string;
}

/** The task under way and its record, over restarts. */
export interface TaskRecords {
  /** Durable when this returns. @throws Problem of the store: then the task must not begin */
  begin(underWay: UnderWay): void;
  end(outcome: 'done' | 'failed', code?: string): void;
  underWay(): UnderWay | null;
}

export function createTaskRecords(store: Pick<Store, 'settings'>, records: StaffRecords): TaskRecords {
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
    begin(next) {
      end('failed', 'interrupted'); // a reboot that never came
      const settings = { [UNDER_WAY]: JSON.stringify(next) };
      records.write({ what: next.task, outcome: 'started', by: next.by, settings });
    },
    end,
    underWay,
  };
}
