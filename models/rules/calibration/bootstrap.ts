import { exactInterval } from './proportion.ts';

/** A rate with its 95 % interval; null if there are too few people to draw from. */
export interface Estimate {
  readonly value: number;
  readonly interval: readonly [low: number, high: number] | null;
}

const BOOTSTRAPS = 200;
/** Minimum number of people for an interval. */
const FEWEST_PEOPLE = 10;

/**
 * Returns how often each person counts in each of the bootstrap's draws. It draws *people*, not pictures or pairs: those of one
 * person are correlated, so drawing them would make intervals far too narrow.
 * @returns an empty list if there are too few people
 */
export function drawPeople(people: number, random: () => number): readonly Uint32Array[] {
  if (people < FEWEST_PEOPLE) return [];
  return Array.from({ length: BOOTSTRAPS }, () => {
    const weights = new Uint32Array(people);
    for (let i = 0; i < people; i++) weights[Math.floor(random() * people)]!++;
    return weights;
  });
}

/**
 * Returns the 95 % interval of the values measured in each draw; null if most draws gave no number.
 *
 * Without a single error every draw gives the same value, as if the rate were certain. Then the interval is that of no error
 * among `units`: the people, or pairs of people, that could have had one.
 * @param measured shares, 0..1; NaN where a draw gave none
 */
export function intervalOf(measured: readonly number[], units: number): Estimate['interval'] {
  const values = measured.filter((v) => Number.isFinite(v)).sort((a, b) => a - b);
  if (values.length < BOOTSTRAPS / 2) return null;
  const [least, most] = [values[0]!, values.at(-1)!];
  if (least === most && (most === 0 || least === 1)) return exactInterval(most * units, units);
  return [values[Math.floor(0.025 * values.length)]!, values[Math.ceil(0.975 * values.length) - 1]!];
}
