import type { CoreMethods } from '../../contract/methods.ts';
import type { StaffRow } from '../../contract/staff.ts';
import { type PinHasher, refuseWeak } from '../pin/pin-hash.ts';
import type { Store } from '../store/interface.ts';
import { staffDeeds } from './deeds.ts';
import { newPin } from './emergency.ts';
import { addMember, type Managing, removeMember, resetMember, sealEmergencyPin } from './manage.ts';
import { knownStaff, type LocalMember, type Member } from './members.ts';

export interface StaffScreenDeps extends Managing {
  readonly store: Managing['store'] & Pick<Store, 'events'>;
  /** Of members, and of the emergency PIN. */
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

/** What a supervisor does about the kiosk's staff at its screen; who may call it, the table of rights says. */
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
