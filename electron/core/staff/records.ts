import type { Open, Personal, StaffOutcome, StaffWhat } from '../../../sync/protocol/wire/event.ts';
import type { CoreOptions } from '../interface.ts';
import type { Store } from '../store/interface.ts';

export interface Entry {
  readonly what: StaffWhat;
  readonly outcome: StaffOutcome;
  /** Who did it, if not the member of the current session. */
  readonly by?: Open<'staff'>['by'];
  readonly member?: { readonly id: string; readonly name: string; readonly role?: Open<'staff'>['role'] };
  readonly code?: string;
  readonly paper?: number;
  readonly pin?: Personal<'staff'>['pin'];
  /** Settings to store in the same transaction. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface StaffRecords {
  /** Records an action; durable when this returns. @throws Problem of the store: then the action must not happen */
  write(entry: Entry): void;
  /** Records a rejection, or something that has already happened: it stands whether it can be recorded or not. */
  note(entry: Entry): void;
}

export interface RecordDeps {
  readonly store: Pick<Store, 'events'>;
  readonly changed: () => void;
  readonly log: CoreOptions['log'];
}

/** Records actions of staff as events, which reach the server like any other. */
export function createStaffRecords({ store, changed, log }: RecordDeps): StaffRecords {
  function write({ what, outcome, by, member, code, paper, pin, settings }: Entry): void {
    store.events.append(
      {
        type: 'staff',
        open: {
          what,
          outcome,
          ...(by && { by }),
          ...(member && { member: member.id }),
          ...(member?.role && { role: member.role }),
          ...(code && { code }),
          ...(paper && { paper }),
        },
        personal: { ...(member && { name: member.name }), ...(pin && { pin }) },
      },
      settings,
    );
    log('info', 'staff', { what, outcome, ...(code && { code }) });
    changed();
  }
  return {
    write,
    note(entry) {
      try {
        write(entry);
      } catch (error) {
        const { what, outcome, code } = entry;
        log('error', 'staff: what happened could not be recorded', { what, outcome, code, error });
      }
    },
  };
}
