import { randomBytes } from 'node:crypto';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import type { PinGuard } from '../pin/guard.ts';
import type { StaffDesk } from '../staff/service.ts';
import type { Store } from '../store/interface.ts';
import type { TechnicianRecords, Who } from './record.ts';
import { type Judgement, judge } from './technicians.ts';
import { type Known, keptUse, knownTechnicians } from './told.ts';

/** Row of the store in which wrong codes are counted. */
export const TECHNICIAN_LOCKOUT = 'technician';
/** Without a touch for so long it is over, ms; and however often it is touched after the other. */
export const TECHNICIAN_IDLE_MS = 2 * 60_000;
export const TECHNICIAN_LONGEST_MS = 30 * 60_000;

/** Why a session ended by itself, for the record. */
export type EndedBy = 'idle' | 'over' | 'screen' | 'another' | 'removed';

export interface TechnicianDoor {
  /** @throws Problem `staff-locked`, `technician-none`, `technician-code-wrong`, `pin-locked`, and of the store: then nobody is in */
  enter(staffToken: string, code: string): Promise<{ token: string; name: string }>;
  leave(token: string): void;
  /** Whether this is the token of the session that runs. */
  owns(token: string): boolean;
  /** @param active renews its time. @throws Problem `staff-locked` */
  require(token: string, active: boolean): Who;
  /** Ends the session, if there is one. */
  end(why: EndedBy): void;
}

export interface DoorDeps {
  readonly store: Pick<Store, 'setting' | 'lockout'>;
  readonly staff: Pick<StaffDesk, 'require' | 'endSession'>;
  readonly guard: PinGuard;
  readonly records: Pick<TechnicianRecords, 'write' | 'note'>;
  /** Trusted time, ms since 1970. */
  readonly now: () => number;
  /** Ms, never going back. */
  readonly monotonic: () => number;
}

/**
 * The way in to the technician's menu: out of a staff session (so the staff PIN came first), by a code of a technician's own.
 * The staff session ends with it: whoever came for the cables sees nobody's name.
 */
export function createTechnicianDoor({ store, staff, guard, records, now, monotonic }: DoorDeps): TechnicianDoor {
  let session: { readonly token: string; readonly who: Who; readonly since: number; until: number } | null = null;
  let timer: NodeJS.Timeout | undefined;
  /** The lock whose refusals were told: one record of each is enough. */
  let toldLock = 0;

  function end(why: EndedBy | null): void {
    if (!session) return;
    clearTimeout(timer);
    const { who } = session;
    session = null;
    records.note('leave', 'done', who, why === null ? {} : { code: why });
  }

  function renew(): void {
    if (!session) return;
    session.until = Math.min(monotonic() + TECHNICIAN_IDLE_MS, session.since + TECHNICIAN_LONGEST_MS);
    clearTimeout(timer);
    timer = setTimeout(endInTime, session.until - monotonic() + 1);
    timer.unref();
  }

  function endInTime(): void {
    if (!session || monotonic() < session.until) return;
    end(session.until - session.since >= TECHNICIAN_LONGEST_MS ? 'over' : 'idle');
  }

  async function enter(staffToken: string, code: string): Promise<{ token: string; name: string }> {
    staff.require(staffToken);
    if (knownTechnicians(store).length === 0) {
      records.note('enter', 'refused', null, { code: 'technician-none' });
      throw new Problem(
        'technician-none',
        'no technician is enrolled at this kiosk',
        'Add one in the console (Fleet, Technicians), or at the machine: technician add.',
      );
    }
    let judged: Judgement<Known> | null = null;
    const who = await guard
      .attempt<Who>({
        subject: TECHNICIAN_LOCKOUT,
        shared: null,
        async check() {
          // Read anew: an attempt before this one may have used the code.
          judged = judge(knownTechnicians(store), code, now());
          if (!judged.who) return null;
          // Used up, told, and only then let in; what can't be recorded does not happen.
          const { id, name } = judged.who;
          const how = judged.by === 'paper' ? { code: 'paper' } : {};
          records.write('enter', 'done', { id, name }, { ...how, ...keptUse(store, judged.who, judged.all) });
          return { id, name };
        },
        wrong: () =>
          new Problem('technician-code-wrong', 'this code is not right, or was used before', 'Wait for the next one.'),
      })
      .catch((refusal: unknown) => {
        tellRefusal(refusal, judged);
        throw refusal;
      });
    // The staff session may have ended meanwhile: then whoever typed is not there any more.
    try {
      staff.require(staffToken);
    } catch (gone) {
      records.note('leave', 'done', who, { code: 'screen' });
      throw gone;
    }
    end('another');
    staff.endSession();
    const since = monotonic();
    session = { token: randomBytes(32).toString('base64url'), who, since, until: since };
    renew();
    return { token: session.token, name: who.name };
  }

  function tellRefusal(refusal: unknown, judged: Judgement<Known> | null): void {
    if (!(refusal instanceof Problem)) return;
    if (judged !== null) {
      if (!judged.who) records.note('enter', 'refused', null, { code: `code-${judged.why}` });
      return;
    }
    const { until } = store.lockout(TECHNICIAN_LOCKOUT);
    if (refusal.code !== 'pin-locked' || until === toldLock) return;
    toldLock = until;
    records.note('enter', 'refused', null, { code: 'locked' });
  }

  const owns = (token: string): boolean => session?.token === token;
  return {
    enter,
    leave(token) {
      if (owns(token)) end(null);
    },
    owns,
    require(token, active) {
      endInTime();
      // Whoever is removed meanwhile, here or in the console, is out with the next touch.
      if (session && !isKnown(store, session.who.id)) end('removed');
      if (!session || !owns(token))
        throw new Problem('staff-locked', 'the technician’s session is over', 'Enter PIN and code again.');
      if (active) renew();
      return session.who;
    },
    end,
  };
}

function isKnown(store: Pick<Store, 'setting'>, id: string): boolean {
  try {
    return knownTechnicians(store).some((one) => one.id === id);
  } catch {
    return false; // unreadable: nobody is in
  }
}
