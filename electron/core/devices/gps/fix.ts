import type { Gps } from '../config.ts';
import type { Sentence } from './sentences.ts';

export interface Fix {
  readonly latitude: number;
  readonly longitude: number;
  /** Metres, estimated from the dilution of precision. */
  readonly accuracy: number;
  readonly satellites: number;
  readonly hdop: number;
  /** Ms since 1970, as the satellites say; null where the receiver has the date wrong. */
  readonly at: number | null;
  /** Ms of the monotonic clock. */
  readonly heardAt: number;
}

/** Why there is no place now. */
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
  /** A different place from before, or the first one: believed after it was reported several times. */
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

/** Error of one satellite's distance, metres: times the dilution, the estimate of a fix's accuracy. */
const RANGE_ERROR = 5;
/** Fixes of one place wander by this much, metres. */
const WANDER = 150;
/** How often a first place must be said, and how often and how long another one than before. */
const FIRST_FIXES = 3;
const MOVED_FIXES = 10;
const MOVED_MS = 8_000;
/** From the Dead Sea's shore to the highest roads, with room, metres. */
const LOWEST = -500;
const HIGHEST = 9_000;

/** Metres between two places, on a sphere: within half a percent. */
export function metresBetween(a: Place, b: Place): number {
  const rad = Math.PI / 180;
  const dLat = (b.latitude - a.latitude) * rad;
  const dLon = (b.longitude - a.longitude) * rad;
  const h = Math.sin(dLat / 2) ** 2 + Math.cos(a.latitude * rad) * Math.cos(b.latitude * rad) * Math.sin(dLon / 2) ** 2;
  return 2 * 6_371_000 * Math.asin(Math.min(1, Math.sqrt(h)));
}

/**
 * Takes one sentence. RMC has date, place and speed; the GGA of the same second says how good they are. Only both
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
  // Off the coast of Africa, where there are no doors: what a receiver without a fix reports.
  if (Math.abs(latitude) < 0.001 && Math.abs(longitude) < 0.001) return 'nowhere';
  if ((gga.satellites ?? 0) < limits.minSatellites || gga.hdop === null || gga.hdop <= 0 || gga.hdop > limits.maxHdop)
    return 'weak';
  if (gga.altitude !== null && (gga.altitude < LOWEST || gga.altitude > HIGHEST)) return 'altitude';
  if (rmc.speedKmh !== null && (rmc.speedKmh < 0 || rmc.speedKmh > limits.maxSpeedKmh)) return 'too-fast';
  return null;
}

/** The fix as long as it is fresh. @param now ms of the monotonic clock */
export const freshFix = (state: FixState, now: number, staleMs: number): Fix | null =>
  state.fix && now - state.fix.heardAt <= staleMs ? state.fix : null;

export interface TimeState {
  /** Their clock less the monotonic one, ms. */
  readonly offset: number;
  readonly count: number;
}

const TIME_FIXES = 10;
const TIME_AGREES_MS = 2_000;

/**
 * Follows the time of fixes: trusted when ten in a row run as the monotonic clock does.
 * @param earliest ms since 1970 before which no date is true: a receiver whose week number has rolled over is years behind
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
