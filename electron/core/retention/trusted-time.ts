import { z } from 'zod';
import { BUILD_DATE } from '../version.ts';

/**
 * Trusted time: the clock for purges, leases and lockouts. Pure rules over readings of the clocks; the scheduler stores the state
 * on disk.
 *
 * - It never goes back with the wall clock: setting the clock back keeps no data alive. Between readings of one boot it follows
 *   the monotonic clock, so a kiosk that is offline for months still ages its records.
 * - A wall clock that is ahead is trusted for at most a day per boot (a kiosk that is switched off at night must not fall
 *   behind). Beyond that, signed server time or GPS has to confirm it before anything is deleted.
 * - Signed server time corrects it in both directions. One answer moves it forward by at most a day, unless the wall clock
 *   agrees. A larger jump, and any step below an earlier confirmed time, takes several answers that agree. So a single server
 *   with a wrong clock deletes nothing, and the others undo its effect. Only answers to a request of our own count, because
 *   nobody can have recorded them earlier.
 */

/** How far ahead an unconfirmed wall clock is trusted, ms. */
export const BELIEVED_LEAP = 86_400_000;

/** How many agreeing answers in a row a large jump takes, and over how long, ms of the monotonic clock. */
const WITNESSES = 3;
const WITNESS_MS = 600_000;
/** The same duration if the wall clock is known to be dead (before the build): then nothing else can provide the time. */
const WITNESS_DEAD_MS = 30_000;
/** Answers agree if they differ by at most this, apart from the time between them, ms. */
const AGREEMENT = 300_000;

/** The clocks, read at the same moment. */
export interface Reading {
  /** Ms since 1970, as claimed by the machine. */
  readonly wall: number;
  /** Ms since boot. */
  readonly monotonic: number;
  readonly bootId: string;
}

/** A reported time that is not accepted yet. */
const Witness = z.strictObject({
  /** The first report, minus the monotonic clock at that moment. */
  offset: z.number(),
  since: z.number(),
  bootId: z.string(),
  /** Number of answers in a row that agree. */
  count: z.number().int().positive(),
});
type Witness = z.infer<typeof Witness>;

export const TrustedState = z.strictObject({
  /** Latest time that was confirmed: build date, server, GPS. Ms since 1970. */
  confirmed: z.number(),
  trusted: z.number(),
  monotonic: z.number().nonnegative(),
  bootId: z.string(),
  /** How much of the wall clock's lead was accepted in this boot, ms. */
  leapt: z.number().nonnegative(),
  witness: Witness.nullable().default(null),
});
export type TrustedState = z.infer<typeof TrustedState>;

/** `ahead`: the wall clock leads by more than is trusted; `behind`: it was set back by more than five minutes. */
export type Doubt = 'ahead' | 'behind' | null;
const NOTEWORTHY = 300_000;

/** Returns the state of a kiosk that has none yet (or lost it): the wall clock, but not before the build. */
export function firstState(reading: Reading, build: number = BUILD_DATE): TrustedState {
  // Nothing is stored yet that a wrong clock could delete, so the first wall clock is accepted as it is.
  return {
    confirmed: build,
    trusted: Math.max(build, reading.wall),
    monotonic: reading.monotonic,
    bootId: reading.bootId,
    leapt: 0,
    witness: null,
  };
}

/** Returns the earliest possible trusted time, by the monotonic clock alone. */
function carried(state: TrustedState, reading: Reading): number {
  if (state.bootId !== reading.bootId) return state.trusted + reading.monotonic; // the last reading was before this boot
  return state.trusted + Math.max(0, reading.monotonic - state.monotonic);
}

/** Applies a reading of the machine's own clocks. */
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
 * Applies a time from outside: the server, in its signed answer to a request of ours, or a GPS fix (RMC). Called by sync/edge
 * through `startRetention(...).observeServerTime`.
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

/** Returns trusted time at a reading, without applying it. Ms since 1970. */
export function trustedAt(state: TrustedState, reading: Reading): number {
  return observeClock(state, reading).state.trusted;
}
