import { z } from 'zod';

/**
 * Trusted time: what purges, leases and lockouts go by. Pure rules over readings of the clocks; the state is kept on
 * disk by the scheduler.
 *
 * - It never goes back with the wall clock: a clock set back keeps nothing alive. Between readings of one boot it runs
 *   with the monotonic clock, so a kiosk that is offline for months still ages its records.
 * - A wall clock that is ahead is believed by at most a day a boot (a kiosk that is switched off at night must not fall
 *   behind); further ahead, it has to be confirmed by signed server time or GPS before anything is wiped.
 * - Signed server time corrects it in both directions, never below an earlier confirmed time: an old signed message
 *   that is played again changes nothing.
 */

/** No kiosk lives before this build was made. Raised with each release. */
export const BUILD_DATE = Date.UTC(2026, 10, 24);

/** How far ahead an unconfirmed wall clock is believed, ms. */
export const BELIEVED_LEAP = 86_400_000;

/** Clocks read at one moment. */
export interface Reading {
  /** Ms since 1970, as the machine claims. */
  readonly wall: number;
  /** Ms since boot. */
  readonly monotonic: number;
  readonly bootId: string;
}

export const TrustedState = z.strictObject({
  /** Highest time that was confirmed: build date, server, GPS. Ms since 1970. */
  confirmed: z.number(),
  /** Trusted time at the last reading. */
  trusted: z.number(),
  monotonic: z.number().nonnegative(),
  bootId: z.string(),
  /** How much of the wall clock's lead was believed in this boot, ms. */
  leapt: z.number().nonnegative(),
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
    },
  };
}

/**
 * Takes a confirmed time: the server's, from a message whose signature was checked, or a GPS fix's date (RMC).
 * The seam for sync/edge: `startRetention(...).observeServerTime`.
 */
export function observeConfirmed(state: TrustedState, reading: Reading, confirmed: number): TrustedState {
  if (!Number.isFinite(confirmed) || confirmed < state.confirmed) return observeClock(state, reading).state;
  return { confirmed, trusted: confirmed, monotonic: reading.monotonic, bootId: reading.bootId, leapt: 0 };
}

/** Trusted time at a reading, without taking it. Ms since 1970. */
export function trustedAt(state: TrustedState, reading: Reading): number {
  return observeClock(state, reading).state.trusted;
}
