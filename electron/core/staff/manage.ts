import { randomBytes, randomUUID } from 'node:crypto';
import { Problem } from '../../../sync/errors/problem.ts';
import { type NewFactor, newFactor } from '../../../sync/protocol/seal/technician-code.ts';
import type { StaffRole } from '../../../sync/protocol/wire/event.ts';
import { NO_LOCKOUT } from '../pin/lockout.ts';
import type { Store } from '../store/interface.ts';
import { EMERGENCY_PIN, EMERGENCY_USED } from './emergency.ts';
import {
  keptLocal,
  knownStaff,
  type LocalMember,
  localMembers,
  MAX_LOCAL,
  type Member,
  sameBadge,
  sameName,
} from './members.ts';
import type { StaffRecords } from './records.ts';
import { lockoutSubject, memberSubject, PIN_INPUTS } from './unlock.ts';

type ManageStore = Pick<Store, 'settings' | 'lockouts' | 'events'>;

export interface Managing {
  readonly store: ManageStore;
  readonly records: Pick<StaffRecords, 'write'>;
}

/** @param stored null for no PIN */
const pinOf = (stored: string | null, start: boolean): LocalMember['pin'] =>
  stored === null ? null : { id: randomUUID(), stored, start };

export interface NewMember {
  readonly name: string;
  readonly role: StaffRole;
  /** Hashed, as PINs are stored; `start`: to be replaced at first use. */
  readonly pin: { readonly stored: string; readonly start: boolean } | null;
  readonly badge: string | null;
}

/** @throws Problem `staff-exists`, `staff-badge-taken`, `staff-too-many`, `staff-without-key` */
export function addMember(
  { store, records }: Managing,
  { name, role, pin, badge }: NewMember,
): { readonly member: LocalMember; readonly handed: NewFactor | null } {
  const known = knownStaff(store);
  const all = localMembers(store);
  if (known.some((one) => sameName(one.name, name))) throw new Problem('staff-exists');
  if (all.length >= MAX_LOCAL) throw new Problem('staff-too-many', { max: MAX_LOCAL });
  if (pin === null && badge === null) throw new Problem('staff-without-key');
  requireFree(known, badge, null);
  const handed = role === 'technician' ? newFactor(randomBytes) : null;
  const member: LocalMember = {
    id: randomUUID(),
    name,
    role,
    pin: pin && pinOf(pin.stored, pin.start),
    badge,
    factor: handed?.kept ?? null,
  };
  const { id } = member;
  records.write({ what: 'added', outcome: 'done', member: { id, name, role }, settings: keptLocal([...all, member]) });
  return { member, handed };
}

/** Sets a new PIN (`start`: to be replaced at first use) or badge of a local member. @throws as `addMember`, `staff-of-server` */
export function resetMember(
  { store, records }: Managing,
  id: string,
  to: { readonly pin: { readonly stored: string; readonly start: boolean } } | { readonly badge: string | null },
): LocalMember {
  const before = localMember(store, id);
  if ('badge' in to) requireFree(knownStaff(store), to.badge, id);
  const after = 'pin' in to ? { ...before, pin: pinOf(to.pin.stored, to.pin.start) } : { ...before, badge: to.badge };
  if (after.pin === null && after.badge === null) throw new Problem('staff-without-key');
  const all = localMembers(store).map((one) => (one.id === id ? after : one));
  const { name } = before;
  records.write({
    what: 'pin' in to ? 'pin' : 'badge',
    outcome: 'done',
    member: { id, name },
    settings: keptLocal(all),
  });
  // Wrong attempts at their previous PIN or badge no longer count.
  store.lockouts.set(Object.fromEntries(PIN_INPUTS.map((input) => [memberSubject(id, input), NO_LOCKOUT])));
  return after;
}

/** Removes a member: their PIN, badge and codes no longer open anything. @throws Problem `staff-unknown`, `staff-of-server` */
export function removeMember({ store, records }: Managing, id: string): LocalMember {
  const member = localMember(store, id);
  const left = localMembers(store).filter((one) => one.id !== id);
  records.write({ what: 'removed', outcome: 'done', member: { id, name: member.name }, settings: keptLocal(left) });
  return member;
}

/** Stores a new emergency PIN, to be sealed. The previous one no longer opens anything, and its use is settled. */
export function sealEmergencyPin(store: ManageStore, hash: string): void {
  store.events.append(
    { type: 'health', open: { code: 'staff-pin-set', detail: {} }, personal: {} },
    { [EMERGENCY_PIN]: hash, [EMERGENCY_USED]: '' },
  );
  store.lockouts.set(Object.fromEntries(PIN_INPUTS.map((input) => [lockoutSubject(input), NO_LOCKOUT])));
}

function localMember(store: ManageStore, id: string): LocalMember {
  const member = localMembers(store).find((one) => one.id === id);
  if (member) return member;
  if (knownStaff(store).some((one) => one.id === id)) throw new Problem('staff-of-server');
  throw new Problem('staff-unknown');
}

/** Refuses a badge that unlocks for another member. */
function requireFree(known: readonly Member[], badge: string | null, except: string | null): void {
  if (badge !== null && known.some((one) => one.id !== except && sameBadge(one.badge, badge)))
    throw new Problem('staff-badge-taken');
}
