import { randomBytes } from 'node:crypto';
import { Problem } from '../../../sync/errors/problem.ts';
import type { StaffActor, StaffRole } from '../../../sync/protocol/wire/event.ts';
import type { CoreMethods, MethodName } from '../../contract/methods.ts';
import type { PinGuard } from '../pin/guard.ts';
import type { PinHasher } from '../pin/pin-hash.ts';
import { actingAs } from '../store/actor.ts';
import type { Store } from '../store/interface.ts';
import { knownStaff, type Member } from './members.ts';
import type { StaffRecords } from './records.ts';
import { isStaffMethod, mayDo, type Right, rightsOf } from './rights.ts';
import { createUnlocking } from './unlock.ts';

/** Without a touch for so long it is over, ms; and however often it is touched after the other. */
export const LIMITS: Record<StaffRole | 'emergency', { readonly idle: number; readonly longest: number }> = {
  desk: { idle: 5 * 60_000, longest: 12 * 3_600_000 },
  supervisor: { idle: 5 * 60_000, longest: 12 * 3_600_000 },
  emergency: { idle: 5 * 60_000, longest: 12 * 3_600_000 },
  technician: { idle: 2 * 60_000, longest: 30 * 60_000 },
};

/** An unlock screen asks again before then, for as long as it is open. */
const LISTEN_MS = 60_000;

export interface StaffSession {
  /** As the kiosk knows them at this moment; null: someone with the emergency PIN. */
  readonly member: Member | null;
  /** Who everything in it is attributed to; null while the kiosk has no staff, when the emergency PIN sets it up. */
  readonly actor: StaffActor | null;
}

/** Why a session ended, for the record; null: its member ended it. */
type EndedBy = 'idle' | 'over' | 'screen' | 'another' | 'removed' | null;

export type StaffService = ReturnType<typeof createStaffService>;

export interface StaffDeps {
  readonly store: Pick<Store, 'settings' | 'lockouts'>;
  /** Of the emergency PIN. */
  readonly pins: PinHasher;
  readonly memberPins: PinHasher & { renewed(stored: string, pin: string): Promise<string | null> };
  readonly guard: PinGuard;
  readonly records: StaffRecords;
  /** Trusted time, ms since 1970. */
  readonly now: () => number;
  /** Ms, never going back: the length of a session does not depend on changes of the clock. */
  readonly monotonic: () => number;
  /** Wall clock, ms since 1970: only for what the screen shows. */
  readonly wall: () => number;
}

/** Staff sign-in at the kiosk: one session of one member at a time, which ends when idle. */
export function createStaffService(deps: StaffDeps) {
  const { store, records, monotonic } = deps;
  let session: {
    readonly token: string;
    readonly member: string | null;
    readonly role: StaffRole | null;
    readonly actor: StaffActor | null;
    readonly since: number;
    until: number;
  } | null = null;
  let idle: NodeJS.Timeout | undefined;
  /** Monotonic time until which a badge is for the unlock screen. */
  let listening = 0;
  const listeners: (() => void)[] = [];
  const unlocking = createUnlocking(deps);

  function end(why: EndedBy = null): void {
    clearTimeout(idle);
    const was = session;
    session = null;
    if (was?.member) records.note({ what: 'leave', outcome: 'done', by: was.member, ...(why && { code: why }) });
    for (const listener of listeners) listener();
  }

  function endInTime(): void {
    if (!session || session.until >= monotonic()) return;
    end(session.until - session.since >= LIMITS[session.role ?? 'emergency'].longest ? 'over' : 'idle');
  }

  /** Half-done work is dropped when the time is over, not when someone next asks. */
  function renew(): void {
    if (!session) return;
    const { idle: idleMs, longest } = LIMITS[session.role ?? 'emergency'];
    session.until = Math.min(monotonic() + idleMs, session.since + longest);
    clearTimeout(idle);
    idle = setTimeout(endInTime, session.until - monotonic() + 1);
    idle.unref();
  }

  /** As the kiosk knows the member of the session now; undefined: removed meanwhile. */
  function present(id: string): Member | undefined {
    try {
      return knownStaff(store).find((one) => one.id === id);
    } catch {
      return undefined; // unreadable: nobody is in
    }
  }

  /**
   * The session of this token, where it may do this (or, without a right, anything).
   * @throws Problem `staff-locked`, `staff-not-allowed`
   */
  function require(token: string, right?: Right): StaffSession {
    endInTime();
    const { member: id = null } = session ?? {};
    const member = id === null ? null : present(id);
    // Who is removed meanwhile, here or in the console, is out with the next touch; and nobody goes on in another role.
    if (session && (member === undefined || (member && member.role !== session.role))) end('removed');
    if (!session || session.token !== token || member === undefined) throw new Problem('staff-locked');
    if (right && !mayDo(session.role, right)) throw new Problem('staff-not-allowed');
    return { member, actor: session.actor };
  }

  /** What a screen asks for on its own, with no one there: it does not keep a technician's session open. */
  const byItself = (name: MethodName, input: { readonly active?: boolean }): boolean =>
    name === 'technicianState' ? input.active !== true : name === 'diagnostics' && session?.role === 'technician';

  const methods: Pick<CoreMethods, 'staffMembers' | 'staffListen' | 'staffUnlock' | 'staffLock'> = {
    async staffMembers() {
      return { members: unlocking.choices(), now: new Date(deps.now()).toISOString() };
    },
    async staffListen({ on }) {
      listening = on ? monotonic() + LISTEN_MS : 0;
      return {};
    },
    async staffUnlock(input) {
      const { member, alerted, actor } = await unlocking.unlock(input);
      end('another'); // one session at a time, and nothing of the one before
      const since = monotonic();
      const role = member?.role ?? null;
      const token = randomBytes(32).toString('base64url');
      listening = 0;
      session = { token, member: member?.id ?? null, role, actor, since, until: since };
      renew();
      return {
        token,
        expiresAt: new Date(deps.wall() + LIMITS[role ?? 'emergency'].idle).toISOString(),
        member: member && { id: member.id, name: member.name, role: member.role },
        alerted,
        may: rightsOf(role),
      };
    },
    async staffLock({ token }) {
      if (session?.token === token) end();
      return {};
    },
  };
  return {
    methods,
    checkPin: unlocking.checkPin,
    /** The unlock screen is waiting for a badge: whatever a reader reads now is for it. */
    listens: (): boolean => monotonic() < listening,
    endSession: (why: EndedBy = 'screen'): void => end(why),
    /** Called when a session ends, so that half-done work can be dropped. */
    onLock: (listener: () => void): void => void listeners.push(listener),
    require,
    /**
     * The same methods, each behind the table of rights: a call renews the session, and every event that it writes says who
     * made it.
     */
    guarded(methods: CoreMethods): CoreMethods {
      const all = Object.entries(methods).map(([name, method]) => {
        if (!isStaffMethod(name) || name === 'staffLock') return [name, method];
        const call = method as (input: { token: string; active?: boolean }) => Promise<unknown>;
        return [
          name,
          async (input: { token: string; active?: boolean }) => {
            const { actor } = require(input.token, name);
            if (!byItself(name, input)) renew();
            return actor === null ? call(input) : actingAs(actor, () => call(input));
          },
        ];
      });
      return Object.fromEntries(all) as CoreMethods;
    },
  };
}
