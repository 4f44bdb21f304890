import type { StaffActor, StaffOutcome } from '../../../sync/protocol/wire/event.ts';
import type { StaffDeed } from '../../contract/staff.ts';
import type { Store } from '../store/interface.ts';
import { knownStaff } from './members.ts';

/** How many are shown. */
const SHOWN = 200;

/** Of the kiosk's reports about itself, those that staff made it write; others only came while staff was there. */
const REPORTS: ReadonlySet<unknown> = new Set([
  'door-tested',
  'staff-pin-set',
  'operator-command',
  'evacuation-opened',
]);

interface Open {
  readonly by?: StaffActor;
  readonly what?: string;
  readonly change?: string;
  readonly action?: string;
  readonly code?: string;
  readonly outcome?: StaffOutcome;
  readonly member?: string;
}

/** What staff did at this kiosk, newest first; a member who is no longer one has no name here any more, only on the server. */
export function staffDeeds(store: Pick<Store, 'settings' | 'events'>): StaffDeed[] {
  const names = new Map(knownStaff(store).map(({ id, name }) => [id, name]));
  const deeds = store.events.ofStaff(SHOWN).filter(({ type, open }) => type !== 'health' || REPORTS.has(open.code));
  return deeds.map(({ id, at, type, open }) => {
    const { by, what, change, action, code, outcome, member } = open as Open;
    // Of a `staff` event `code` says why or how; of a `health` event, what it is.
    const kind = type === 'health' ? code : (what ?? change ?? action);
    return {
      id,
      at: new Date(at).toISOString(),
      what: type === 'void' || kind === undefined ? type : `${type}-${kind}`,
      outcome: outcome ?? 'done',
      by: by === undefined ? null : { emergency: by === 'emergency', name: names.get(by) ?? null },
      member: member === undefined || member === by ? null : (names.get(member) ?? null),
    };
  });
}
