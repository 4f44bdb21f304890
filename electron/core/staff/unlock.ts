import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { Problem } from '../../../sync/errors/problem.ts';
import type { StaffActor } from '../../../sync/protocol/wire/event.ts';
import type { StaffChoice, Unlock } from '../../contract/staff.ts';
import { BADGE_BUDGET } from '../pin/lockout.ts';
import { refuseWeak } from '../pin/pin-hash.ts';
import { sharedPin } from '../pin/stored-pin.ts';
import { EMERGENCY_PIN, EMERGENCY_USED } from './emergency.ts';
import { judgeCode, keptUse, knownStaff, type Member, memberNamed, memberOf, type Pin, sameBadge } from './members.ts';
import { mayDo } from './rights.ts';
import type { StaffDeps } from './service.ts';

/** Each of these has its own lockout: a passer-by at the keypad can't lock out the operator at the socket. */
export const PIN_INPUTS = ['keypad', 'socket'] as const;
export type PinInput = (typeof PIN_INPUTS)[number];
/** Returns the row that counts wrong attempts at the emergency PIN. */
export const lockoutSubject = (input: PinInput): string => (input === 'keypad' ? 'staff' : `staff-${input}`);
/** Returns the row that counts wrong attempts at a member's PIN, badge and codes together. */
export const memberSubject = (id: string, input: PinInput = 'keypad'): string => `${lockoutSubject(input)}-${id}`;

interface Opened {
  readonly member: Member | null;
  readonly actor: StaffActor | null;
  readonly alerted: boolean;
}

const wrong = () => new Problem('pin-wrong');

const needed = () => new Problem('staff-pin-needed');

export function createUnlocking(deps: StaffDeps) {
  const { store, pins, memberPins, guard, records, now } = deps;
  /** Locks whose rejection was recorded: one record per lock is enough. */
  const noted = new Map<string, number>();

  /** Returns whether anyone can sign in by name. If the staff can't be read, use of the emergency PIN is still recorded. */
  function hasStaff(): boolean {
    try {
      return knownStaff(store).length > 0;
    } catch {
      return true;
    }
  }

  async function emergency(pin: string | null, input: PinInput): Promise<StaffActor | null> {
    const stored = store.settings.get(EMERGENCY_PIN);
    // Only the machine's own user has the socket: a new kiosk gets its server, its staff and its first PIN through it.
    if (stored === null && input === 'socket' && !hasStaff()) return null;
    if (stored === null) throw new Problem('staff-pin-unset');
    if (pin === null) throw needed();
    await guard.attempt({
      subject: lockoutSubject(input),
      shared: null, // a passer-by at the number pad must not lock staff out
      check: async () => ((await pins.verify(stored, pin)) ? true : null),
      wrong: () => new Problem('pin-wrong'),
    });
    if (!hasStaff()) return null;
    // Recorded first, then admitted: nothing happens that can't be recorded.
    const settings = { [EMERGENCY_USED]: new Date(now()).toISOString() };
    const code = input === 'socket' ? { code: 'command-line' } : {};
    records.write({ what: 'enter', outcome: 'done', by: 'emergency', settings, ...code });
    return 'emergency';
  }

  /** Admits a member after a right PIN (null: a badge) and checks the code; what they use up is stored with the record. */
  async function admit(member: Member, typed: string | null, newPin: string | undefined, code: string | undefined) {
    const needsCode = member.role === 'technician';
    if (needsCode && !member.factor) return { factorless: true } as const;
    const judged = needsCode || member.factor ? judgeCode(member, code ?? '', now()) : null;
    if (judged && 'why' in judged) return { why: `code-${judged.why}` } as const;
    if (typed !== null && member.pin?.start && newPin === undefined) return { choose: true } as const;
    const chosen = typed === null || !member.pin ? null : await nextPin(member.pin, typed, newPin);
    const { id, name } = member;
    const used = { ...judged, ...(chosen && { pin: chosen }) };
    const settings = Object.keys(used).length > 0 ? keptUse(store, id, used) : {};
    const how =
      judged && 'paper' in judged ? { code: 'paper', paper: judged.paper } : typed === null ? { code: 'badge' } : {};
    records.write({ what: 'enter', outcome: 'done', by: id, member: { id, name }, settings, ...how });
    if (chosen) {
      const value = sharedPin(chosen.stored);
      const pin = value && member.from === 'server' ? { pin: { ...value, replaces: chosen.replaces } } : {};
      records.note({ what: 'pin', outcome: 'done', by: id, member: { id, name }, ...pin });
    }
    return { member } as const;
  }

  /** Returns the replacement for a PIN just entered correctly: the one they chose, or the same one under a newer pepper. */
  async function nextPin(held: Pin, typed: string, chosen?: string): Promise<(Pin & { replaces: string }) | null> {
    // Only a PIN that was generated for them is replaced here. Otherwise a supervisor or the console replaces it.
    if (chosen !== undefined && held.start) {
      const stored = await memberPins.hash(chosen);
      return { id: sharedPin(stored)?.id ?? randomUUID(), stored, start: false, replaces: held.id };
    }
    const stored = sharedPin(held.stored) ? await memberPins.renewed(held.stored, typed) : null;
    return stored === null ? null : { id: held.id, stored, start: false, replaces: held.id };
  }

  async function byMember(found: Member, input: z.output<typeof Unlock>): Promise<Opened> {
    const { id, name } = found;
    const { pin = '', badge, code, newPin } = input;
    if (newPin !== undefined) refuseWeak(newPin);
    if (newPin === pin) throw new Problem('pin-same');
    if (found.role === 'technician' && code === undefined) throw new Problem('staff-code-needed', { member: id, name });
    const subject = memberSubject(id);
    let why = 'locked';
    const opened = await guard
      .attempt({
        subject,
        shared: null,
        async check() {
          // Read again: an earlier attempt may have used the code, or the server removed the member.
          const member = knownStaff(store).find((one) => one.id === id);
          why = 'wrong';
          const right =
            badge === undefined
              ? await memberPins.verify(member?.pin?.stored ?? null, pin)
              : sameBadge(member?.badge ?? null, badge);
          if (!member || !right) return null;
          const admitted = await admit(member, badge === undefined ? pin : null, newPin, code);
          if (!('why' in admitted)) return admitted;
          why = admitted.why ?? why;
          return null;
        },
        wrong,
      })
      .catch((error: unknown) => {
        if (error instanceof Problem) noteFailure(subject, { id, name }, why);
        throw error;
      });
    if ('factorless' in opened) {
      noteFailure(subject, { id, name }, 'staff-factor-missing');
      throw new Problem('staff-factor-missing');
    }
    if ('choose' in opened) throw new Problem('staff-pin-choose', { member: id, name });
    return { member: opened.member, actor: id, alerted: false };
  }

  function noteFailure(subject: string, member: { id: string; name: string }, why: string): void {
    if (why === 'locked') {
      const { until } = store.lockouts.get(subject);
      if (noted.get(subject) === until) return;
      noted.set(subject, until);
    }
    records.note({ what: 'enter', outcome: 'refused', member, code: why });
  }

  async function byBadge(badge: string, input: z.output<typeof Unlock>): Promise<Opened> {
    const found = knownStaff(store).filter((one) => sameBadge(one.badge, badge));
    // Two members with the same badge: it is unclear who it is.
    if (found.length === 1) return byMember(found[0]!, input);
    return guard.attempt<Opened>({
      subject: null,
      shared: BADGE_BUDGET,
      check: async () => null,
      wrong: () => new Problem('badge-unknown'),
    });
  }

  return {
    /** Returns the people the unlock screen lists; none if they can't be read: then only the emergency PIN works. */
    choices(): StaffChoice[] {
      try {
        return knownStaff(store)
          .map(({ id, name, role, pin }) => ({ id, name, role, pin: pin !== null }))
          .sort((a, b) => a.name.localeCompare(b.name));
      } catch {
        return [];
      }
    },
    /** @throws Problem `staff-unknown`, `pin-wrong`, `pin-locked`, `staff-code-needed`, `staff-factor-missing`, `staff-pin-choose`, `badge-unknown`, … */
    async unlock(input: z.output<typeof Unlock>): Promise<Opened> {
      if (input.badge !== undefined) return byBadge(input.badge, input);
      if (input.member !== undefined) return byMember(memberOf(store, input.member), input);
      const actor = await emergency(input.pin ?? '', 'keypad');
      return { member: null, actor, alerted: actor !== null };
    },
    /**
     * Checks a PIN with lockout: a supervisor's, or without a name the emergency PIN.
     * @param pin null if none was given. On the socket, a kiosk with neither staff nor emergency PIN requires none
     * @returns who it is; null while the kiosk has no staff
     * @throws Problem `staff-pin-needed`, `staff-pin-unset`, `pin-locked`, `pin-wrong`, `staff-unknown`, `staff-not-allowed`
     */
    async checkPin(pin: string | null, input: PinInput = 'keypad', staff?: string): Promise<StaffActor | null> {
      if (staff === undefined) return emergency(pin, input);
      if (pin === null) throw needed();
      const { id, role } = memberNamed(knownStaff(store), staff);
      await guard.attempt({
        subject: memberSubject(id, input),
        shared: null,
        async check() {
          const held = knownStaff(store).find((one) => one.id === id)?.pin ?? null;
          return (await memberPins.verify(held && !held.start ? held.stored : null, pin)) ? true : null;
        },
        wrong,
      });
      if (role !== 'supervisor' || !mayDo(role, 'staffAdd')) throw new Problem('staff-not-allowed');
      return id;
    },
  };
}
