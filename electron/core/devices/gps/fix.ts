import type { Gps } from '../config.ts';
import type { Sentence } from './sentences.ts';

export interface Fix {
  readonly latitude: number;
  readonly longitude: number;
  /** Metres, estimated from the dilution of precision. */
  readonly accuracy: number;
  readonly satellites: number;
  readonly hdop: number;
  /** Ms since 1970, according to the satellites; null if the receiver's date is wrong. */
  readonly at: number | null;
  /** Ms of the monotonic clock. */
  readonly heardAt: number;
}

/** Why there is no place now; null if there is one. */
export type FixTrouble = 'no-fix' | 'weak' | 'nowhere' | 'too-fast' | 'altitude' | 'jump' | 'settling' | null;

interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

export interface FixState {
  readonly rmc: (Sentence & { kind: 'rmc' }) | null;
  readonly gga: (Sentence & { kind: 'gga' }) | null;
  readonly heardAt: number;
  readonly fix: Fix | null;
  readonly trouble: FixTrouble;
  /** A place that differs from the previous one, or the first: trusted after several reports. */
  readonly candidate: (Place & { readonly count: number; readonly since: number }) | null;
}

export const NO_FIX: FixState = {
  rmc: null,
  gga: null,
  heardAt: Number.NEGATIVE_INFINITY,
  fix: null,
  trouble: 'no-fix',
  candidate: null,
};

/** Range error of one satellite, metres. Times the dilution it gives the estimated accuracy of a fix. */
const RANGE_ERROR = 5;
/** Fixes of the same place vary by up to this much, metres. */
const WANDER = 150;
/** How many fixes confirm a first place; how many, and over how long, a changed one. */
const FIRST_FIXES = 3;
const MOVED_FIXES = 10;
const MOVED_MS = 8_000;
/** From the Dead Sea's shore to the highest roads, with a margin, metres. */
const LOWEST = -500;
const HIGHEST = 9_000;

/** Returns the metres between two places, on a sphere: accurate to half a percent. */
export function metresBetween(a: Place, b: Place): number {
  const rad = Math.PI / 180;
  const dLat = (b.latitude - a.latitude) * rad;
  const dLon = (b.longitude - a.longitude) * rad;
  const h = Math.sin(dLat / 2) ** 2 + Math.cos(a.latitude * rad) * Math.cos(b.latitude * rad) * Math.sin(dLon / 2) ** 2;
  return 2 * 6_371_000 * Math.asin(Math.min(1, Math.sqrt(h)));
}

/**
 * Processes one sentence. RMC has date, place and speed; the GGA of the same second says how accurate they are. Only both
 * together are a fix. Pure.
 *
 * @param now ms of the monotonic clock
 */
export function takeSentence(state: FixState, sentence: Sentence, now: number, config: Limits): FixState {
  const rmc = sentence.kind === 'rmc' ? sentence : state.rmc;
  const gga = sentence.kind === 'gga' ? sentence : state.gga;
  const next: FixState = { ...state, rmc, gga, heardAt: now };
  if (sentence.kind === 'rmc' && !sentence.active) return { ...next, trouble: 'no-fix', candidate: null };
  if (sentence.kind === 'gga' && !sentence.measured) return { ...next, trouble: 'no-fix', candidate: null };
  if (!rmc?.active || !gga?.measured || rmc.second === null || rmc.second !== gga.second) return next;
  // Each pair counts once.
  const paired: FixState = { ...next, rmc: null, gga: null };
  const trouble = unfit(rmc, gga, config);
  if (trouble) return { ...paired, trouble, candidate: null };
  const place = { latitude: rmc.latitude!, longitude: rmc.longitude! };
  const fix: Fix = {
    ...place,
    accuracy: Math.round(gga.hdop! * RANGE_ERROR),
    satellites: gga.satellites!,
    hdop: gga.hdop!,
    at: rmc.at,
    heardAt: now,
  };
  const { fix: before } = state;
  const reach = before ? WANDER + ((now - before.heardAt) / 3_600_000) * config.maxSpeedKmh * 1000 : 0;
  if (before && metresBetween(before, place) <= reach) return { ...paired, fix, trouble: null, candidate: null };
  const again = state.candidate && metresBetween(state.candidate, place) <= WANDER ? state.candidate : null;
  const candidate = { ...place, count: (again?.count ?? 0) + 1, since: again?.since ?? now };
  const believed = before
    ? candidate.count >= MOVED_FIXES && now - candidate.since >= MOVED_MS
    : candidate.count >= FIRST_FIXES;
  if (believed) return { ...paired, fix, trouble: null, candidate: null };
  return { ...paired, trouble: before ? 'jump' : 'settling', candidate };
}

type Limits = Pick<Gps, 'minSatellites' | 'maxHdop' | 'maxSpeedKmh'>;

function unfit(rmc: Sentence & { kind: 'rmc' }, gga: Sentence & { kind: 'gga' }, limits: Limits): FixTrouble {
  const { latitude, longitude } = rmc;
  if (latitude === null || longitude === null || Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return 'nowhere';
  // Off the coast of Africa (0°, 0°), where there are no doors: what a receiver without a fix reports.
  if (Math.abs(latitude) < 0.001 && Math.abs(longitude) < 0.001) return 'nowhere';
  if ((gga.satellites ?? 0) < limits.minSatellites || gga.hdop === null || gga.hdop <= 0 || gga.hdop > limits.maxHdop)
    return 'weak';
  if (gga.altitude !== null && (gga.altitude < LOWEST || gga.altitude > HIGHEST)) return 'altitude';
  if (rmc.speedKmh !== null && (rmc.speedKmh < 0 || rmc.speedKmh > limits.maxSpeedKmh)) return 'too-fast';
  return null;
}

/** Returns the fix while it is fresh. @param now ms of the monotonic clock */
export const freshFix = (state: FixState, now: number, staleMs: number): Fix | null =>
  state.fix && now - state.fix.heardAt <= staleMs ? state.fix : null;

export interface TimeState {
  /** The satellites' clock minus the monotonic one, ms. */
  readonly offset: number;
  readonly count: number;
}

const TIME_FIXES = 10;
const TIME_AGREES_MS = 2_000;

/**
 * Tracks the time of fixes. It is trusted when ten in a row agree with the monotonic clock.
 * @param earliest ms since 1970; earlier dates are wrong: a receiver whose week number has rolled over is years behind
 */
export function followTime(
  before: TimeState | null,
  at: number | null,
  heardAt: number,
  earliest: number,
): { state: TimeState | null; trusted: boolean } {
  if (at === null || at < earliest) return { state: null, trusted: false };
  const offset = at - heardAt;
  const agrees = before !== null && Math.abs(offset - before.offset) <= TIME_AGREES_MS;
  const state = agrees ? { offset: before.offset, count: before.count + 1 } : { offset, count: 1 };
  return { state, trusted: state.count >= TIME_FIXES };
}
