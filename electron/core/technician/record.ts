import type { Open, TechnicianOutcome, TechnicianWhat } from '../../../sync/protocol/wire/event.ts';
import type { TechnicianTask } from '../../contract/technician.ts';
import type { CoreOptions } from '../interface.ts';
import type { Store } from '../store/interface.ts';

/** Who a record is of. */
export interface Who {
  readonly id: string;
  readonly name: string;
}

/** What was begun, and by whom, while its end is not recorded; as JSON, empty for nothing. */
const UNDER_WAY = 'technician-under-way';

interface UnderWay {
  readonly task: TechnicianTask;
  readonly who: Who;
  /** Of the machine when it was begun. */
  readonly bootId: string;
}

export interface TechnicianRecords {
  /** Durable when this returns. @throws Problem of the store: then what was to be recorded must not happen */
  write(what: TechnicianWhat, outcome: TechnicianOutcome, who: Who, more?: More): void;
  /** Of a refusal, or of what has happened already: it stands whether it can be recorded or not. */
  note(what: TechnicianWhat, outcome: TechnicianOutcome, who: Who | null, more?: More): void;
  /** @throws as `write` */
  begin(underWay: UnderWay): void;
  end(outcome: 'done' | 'failed', code?: string): void;
  underWay(): UnderWay | null;
}

interface More {
  readonly code?: string;
  /** Of a technician of the server: which code on paper was used up. */
  readonly paper?: number | null;
  readonly settings?: Readonly<Record<string, string>>;
}

export interface RecordDeps {
  readonly store: Pick<Store, 'append' | 'setting'>;
  /** The server should hear soon. */
  readonly changed: () => void;
  readonly log: CoreOptions['log'];
}

/** Everything that technicians do leaves an event, which reaches the server like any other. */
export function createTechnicianRecords({ store, changed, log }: RecordDeps): TechnicianRecords {
  function write(
    what: TechnicianWhat,
    outcome: TechnicianOutcome,
    who: Who | null,
    { code, paper, settings }: More = {},
  ): void {
    const open: Open<'technician'> = {
      what,
      outcome,
      ...(who && { technician: who.id }),
      ...(code && { code }),
      ...(paper && { paper }),
    };
    store.append({ type: 'technician', open, personal: who ? { name: who.name } : {} }, settings);
    log('info', 'technician', { what, outcome, ...(code && { code }) });
    changed();
  }

  function note(what: TechnicianWhat, outcome: TechnicianOutcome, who: Who | null, more?: More): void {
    try {
      write(what, outcome, who, more);
    } catch (error) {
      log('error', 'technician: what happened could not be recorded', { what, outcome, code: more?.code, error });
    }
  }

  const underWay = (): UnderWay | null => {
    const text = store.setting(UNDER_WAY);
    return text ? (JSON.parse(text) as UnderWay) : null;
  };

  function end(outcome: 'done' | 'failed', code?: string): void {
    const was = underWay();
    if (was) note(was.task, outcome, was.who, { ...(code && { code }), settings: { [UNDER_WAY]: '' } });
  }

  return {
    write,
    note,
    begin(next) {
      end('failed', 'interrupted'); // a reboot that never came
      write(next.task, 'begun', next.who, { settings: { [UNDER_WAY]: JSON.stringify(next) } });
    },
    end,
    underWay,
  };
}
