import type { StaffActor, StaffOutcome } from '../../../sync/protocol/wire/event.ts';
import type { CoreMethods } from '../../contract/methods.ts';
import type { StaffDeed, StaffRow } from '../../contract/staff.ts';
import { type PinHasher, refuseWeak } from '../pin/pin-hash.ts';
import type { Store } from '../store/interface.ts';
import { newPin } from './emergency.ts';
import { addMember, type Managing, removeMember, resetMember, sealEmergencyPin } from './manage.ts';
import { knownStaff, type LocalMember, type Member } from './members.ts';

export interface StaffScreenDeps extends Managing {
  readonly store: Managing['store'] & Pick<Store, 'events'>;
  /** Hashes PINs of members; `pins` hashes the emergency PIN. */
  readonly memberPins: Pick<PinHasher, 'hash'>;
  readonly pins: Pick<PinHasher, 'hash'>;
}

export const staffRow = ({ id, name, role, pin, badge }: LocalMember, from: Member['from']): StaffRow => ({
  id,
  name,
  role,
  from,
  pin: pin === null ? 'none' : pin.start ? 'start' : 'own',
  badge: badge !== null,
});

/** What a supervisor does about the kiosk's staff at its screen. The table of rights says who may call it. */
export function createStaffScreen(
  deps: StaffScreenDeps,
): Pick<CoreMethods, 'staffList' | 'staffLog' | 'staffAdd' | 'staffReset' | 'staffRemove' | 'staffSealPin'> {
  const { store } = deps;
  const list = () =>
    knownStaff(store)
      .map((one) => staffRow(one, one.from))
      .sort((a, b) => a.name.localeCompare(b.name));
  const chosen = async (pin: string) => {
    refuseWeak(pin);
    return { stored: await deps.memberPins.hash(pin), start: false };
  };
  return {
    async staffList() {
      return { staff: list() };
    },
    async staffLog() {
      return { deeds: staffDeeds(store) };
    },
    async staffAdd({ name, role, pin, badge }) {
      const { member } = addMember(deps, { name, role, pin: pin === null ? null : await chosen(pin), badge });
      return { member: staffRow(member, 'kiosk') };
    },
    async staffReset({ member, pin, badge }) {
      if (pin !== undefined) resetMember(deps, member, { pin: await chosen(pin) });
      if (badge !== undefined) resetMember(deps, member, { badge });
      return { staff: list() };
    },
    async staffRemove({ member }) {
      removeMember(deps, member);
      return { staff: list() };
    },
    async staffSealPin() {
      const pin = newPin();
      sealEmergencyPin(store, await deps.pins.hash(pin));
      return { pin };
    },
  };
}

/** How many entries are shown. */
const SHOWN = 200;

/** The health events that an action of staff caused. Others merely happened while staff was there. */
const REPORTS: ReadonlySet<unknown> = new Set([
  'door-tested',
  'camera-chosen',
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

/** Returns what staff did at this kiosk, newest first. Former members have no name here any more, only on the server. */
function staffDeeds(store: Pick<Store, 'settings' | 'events'>): StaffDeed[] {
  const names = new Map(knownStaff(store).map(({ id, name }) => [id, name]));
  const deeds = store.events.ofStaff(SHOWN).filter(({ type, open }) => type !== 'health' || REPORTS.has(open.code));
  return deeds.map(({ id, at, type, open }) => {
    const { by, what, change, action, code, outcome, member } = open as Open;
    // In a `staff` event `code` says why or how; in a `health` event, what happened.
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
