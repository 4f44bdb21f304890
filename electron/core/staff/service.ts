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

/** A session ends after `idle` ms without a touch, and after `longest` ms however often it is touched. */
export const LIMITS: Record<StaffRole | 'emergency', { readonly idle: number; readonly longest: number }> = {
  desk: { idle: 5 * 60_000, longest: 12 * 3_600_000 },
  supervisor: { idle: 5 * 60_000, longest: 12 * 3_600_000 },
  emergency: { idle: 5 * 60_000, longest: 12 * 3_600_000 },
  technician: { idle: 2 * 60_000, longest: 30 * 60_000 },
};

/** While the unlock screen is open, it calls again before this has passed, ms. */
const LISTEN_MS = 60_000;

export interface StaffSession {
  /** The member as currently known; null for a person with the emergency PIN. */
  readonly member: Member | null;
  /** Who all actions of the session are attributed to; null while the kiosk has no staff and is set up with the emergency PIN. */
  readonly actor: StaffActor | null;
}

/** Why a session ended, for the record; null if its member ended it. */
type EndedBy = 'idle' | 'over' | 'screen' | 'another' | 'removed' | null;

export type StaffService = ReturnType<typeof createStaffService>;

export interface StaffDeps {
  readonly store: Pick<Store, 'settings' | 'lockouts'>;
  /** Verifies the emergency PIN. */
  readonly pins: PinHasher;
  readonly memberPins: PinHasher & { renewed(stored: string, pin: string): Promise<string | null> };
  readonly guard: PinGuard;
  readonly records: StaffRecords;
  /** Trusted time, ms since 1970. */
  readonly now: () => number;
  /** Monotonic clock, ms: the length of a session does not depend on changes of the wall clock. */
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
  /** Until this monotonic time, badges are passed to the unlock screen. */
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

  /** Extends the session. A timer drops half-done work when the time is over, not when the next call comes. */
  function renew(): void {
    if (!session) return;
    const { idle: idleMs, longest } = LIMITS[session.role ?? 'emergency'];
    session.until = Math.min(monotonic() + idleMs, session.since + longest);
    clearTimeout(idle);
    idle = setTimeout(endInTime, session.until - monotonic() + 1);
    idle.unref();
  }

  /** Returns the session's member as currently known; undefined if removed meanwhile. */
  function present(id: string): Member | undefined {
    try {
      return knownStaff(store).find((one) => one.id === id);
    } catch {
      return undefined; // unreadable: nobody is signed in
    }
  }

  /**
   * Returns the session of this token if it has the right (or, without `right`, always).
   * @throws Problem `staff-locked`, `staff-not-allowed`
   */
  function require(token: string, right?: Right): StaffSession {
    endInTime();
    const { member: id = null } = session ?? {};
    const member = id === null ? null : present(id);
    // A member removed meanwhile, here or in the console, is signed out at the next touch. So is one whose role has changed.
    if (session && (member === undefined || (member && member.role !== session.role))) end('removed');
    if (!session || session.token !== token || member === undefined) throw new Problem('staff-locked');
    if (right && !mayDo(session.role, right)) throw new Problem('staff-not-allowed');
    return { member, actor: session.actor };
  }

  /** Returns whether a screen makes this call on its own, with nobody there: it does not keep a technician's session open. */
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
      end('another'); // one session at a time, and nothing of the previous one remains
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
    /** True while the unlock screen waits for a badge: anything a reader reads now is passed to it. */
    listens: (): boolean => monotonic() < listening,
    endSession: (why: EndedBy = 'screen'): void => end(why),
    /** Registers a listener for the end of a session, so that half-done work can be dropped. */
    onLock: (listener: () => void): void => void listeners.push(listener),
    require,
    /** Wraps the methods in the table of rights. A call renews the session, and every event that it writes names the member. */
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
