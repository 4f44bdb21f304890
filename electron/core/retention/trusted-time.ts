import { z } from 'zod';
import { BUILD_DATE } from '../version.ts';

/**
 * Trusted time: what purges, leases and lockouts go by. Pure rules over readings of the clocks; the state is kept on
 * disk by the scheduler.
 *
 * - It never goes back with the wall clock: a clock set back keeps nothing alive. Between readings of one boot it runs
 *   with the monotonic clock, so a kiosk that is offline for months still ages its records.
 * - A wall clock that is ahead is believed by at most a day a boot (a kiosk that is switched off at night must not fall
 *   behind); further ahead, it has to be confirmed by signed server time or GPS before anything is wiped.
 * - Signed server time corrects it in both directions. One answer moves it on by a day at most, unless the wall clock says
 *   the same; a further jump, and any step below an earlier confirmed time, takes several answers that agree. So one
 *   server with a wrong clock wipes nothing, and the others bring back what it did. Only answers to a question of our own
 *   count, which nobody can have kept.
 */

/** How far ahead an unconfirmed wall clock is believed, ms. */
export const BELIEVED_LEAP = 86_400_000;

/** How many agreeing answers in a row a far jump takes, and over how long, ms of the monotonic clock. */
const WITNESSES = 3;
const WITNESS_MS = 600_000;
/** The same where the wall clock is known to be dead: before the build. Nobody else can say what time it is. */
const WITNESS_DEAD_MS = 30_000;
/** Answers agree when they differ by at most this after what passed between them, ms. */
const AGREEMENT = 300_000;

/** Clocks read at one moment. */
export interface Reading {
  /** Ms since 1970, as the machine claims. */
  readonly wall: number;
  /** Ms since boot. */
  readonly monotonic: number;
  readonly bootId: string;
}

/** A time that was said, and is not taken yet. */
const Witness = z.strictObject({
  /** What was said first, minus the monotonic clock at that moment. */
  offset: z.number(),
  since: z.number(),
  bootId: z.string(),
  /** Answers in a row that agree. */
  count: z.number().int().positive(),
});
type Witness = z.infer<typeof Witness>;

export const TrustedState = z.strictObject({
  /** Highest time that was confirmed: build date, server, GPS. Ms since 1970. */
  confirmed: z.number(),
  trusted: z.number(),
  monotonic: z.number().nonnegative(),
  bootId: z.string(),
  /** How much of the wall clock's lead was believed in this boot, ms. */
  leapt: z.number().nonnegative(),
  witness: Witness.nullable().default(null),
});
export type TrustedState = z.infer<typeof TrustedState>;

/** `ahead`: the wall clock leads by more than is believed; `behind`: it was set back; each by over five minutes. */
export type Doubt = 'ahead' | 'behind' | null;
const NOTEWORTHY = 300_000;

/** State of a kiosk that has none yet (or lost it): whatever the wall clock says, within a day's belief of the build. */
export function firstState(reading: Reading, build: number = BUILD_DATE): TrustedState {
  // Nothing is stored yet that a wrong clock could wipe, so the first wall clock is taken as it is.
  return {
    confirmed: build,
    trusted: Math.max(build, reading.wall),
    monotonic: reading.monotonic,
    bootId: reading.bootId,
    leapt: 0,
    witness: null,
  };
}

/** Least that trusted time can be now, by the monotonic clock alone. */
function carried(state: TrustedState, reading: Reading): number {
  if (state.bootId !== reading.bootId) return state.trusted + reading.monotonic; // the last reading was before this boot
  return state.trusted + Math.max(0, reading.monotonic - state.monotonic);
}

/** Takes a reading of the machine's own clocks. */
export function observeClock(state: TrustedState, reading: Reading): { state: TrustedState; doubt: Doubt } {
  const least = carried(state, reading);
  const leapt = state.bootId === reading.bootId ? state.leapt : 0;
  const lead = reading.wall - least;
  const believed = lead > 0 && leapt + lead <= BELIEVED_LEAP;
  const doubt: Doubt = lead > 0 && !believed ? 'ahead' : lead < -NOTEWORTHY ? 'behind' : null;
  return {
    doubt,
    state: {
      confirmed: state.confirmed,
      trusted: believed ? reading.wall : least,
      monotonic: reading.monotonic,
      bootId: reading.bootId,
      leapt: believed ? leapt + lead : leapt,
      witness: state.witness,
    },
  };
}

/**
 * Takes a time that someone else says: the server, in its signed answer to a question of ours, or a GPS fix (RMC).
 * The seam for sync/edge: `startRetention(...).observeServerTime`.
 * @param said ms since 1970
 */
export function observeConfirmed(
  state: TrustedState,
  reading: Reading,
  said: number,
  by: 'server' | 'gps' = 'server',
): TrustedState {
  const own = observeClock(state, reading).state;
  if (!Number.isFinite(said)) return own;
  const plausible =
    by === 'gps' || said - own.trusted <= BELIEVED_LEAP || Math.abs(said - reading.wall) <= BELIEVED_LEAP;
  const witness = heardSince(state.witness, reading, said);
  if (!(plausible && said >= state.confirmed) && !enough(witness, reading)) return { ...own, witness };
  return { ...own, confirmed: said, trusted: said, leapt: 0, witness: null };
}

function heardSince(before: Witness | null, { monotonic, bootId }: Reading, said: number): Witness {
  const offset = said - monotonic;
  const agrees = before?.bootId === bootId && Math.abs(offset - before.offset) <= AGREEMENT;
  return agrees ? { ...before, count: before.count + 1 } : { offset, since: monotonic, bootId, count: 1 };
}

function enough({ count, since }: Witness, { wall, monotonic }: Reading): boolean {
  return count >= WITNESSES && monotonic - since >= (wall < BUILD_DATE ? WITNESS_DEAD_MS : WITNESS_MS);
}

/** Trusted time at a reading, without taking it. Ms since 1970. */
export function trustedAt(state: TrustedState, reading: Reading): number {
  return observeClock(state, reading).state.trusted;
}
