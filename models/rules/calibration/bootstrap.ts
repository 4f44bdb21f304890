/** A rate with its 95 % interval; null where people were too few to draw from. */
export interface Estimate {
  readonly value: number;
  readonly interval: readonly [low: number, high: number] | null;
}

const BOOTSTRAPS = 200;
/** Fewer people than this give no interval. */
const FEWEST_PEOPLE = 10;

/**
 * How often each person counts in each of the bootstrap's draws. It draws *people*, not pictures or pairs: those of one person
 * hang together, so drawing them would make intervals far too narrow.
 * @returns none where people are too few
 */
export function drawPeople(people: number, random: () => number): readonly Uint32Array[] {
  if (people < FEWEST_PEOPLE) return [];
  return Array.from({ length: BOOTSTRAPS }, () => {
    const weights = new Uint32Array(people);
    for (let i = 0; i < people; i++) weights[Math.floor(random() * people)]!++;
    return weights;
  });
}

/** The 95 % interval of what was measured in each draw; null where most draws gave no number. */
export function intervalOf(measured: readonly number[]): Estimate['interval'] {
  const values = measured.filter((v) => Number.isFinite(v)).sort((a, b) => a - b);
  if (values.length < BOOTSTRAPS / 2) return null;
  return [values[Math.floor(0.025 * values.length)]!, values[Math.ceil(0.975 * values.length) - 1]!];
}
