import { seededRandom } from './bench/harness.ts';

/**
 * The seed of a test that tries something at random: a new one each run, or the one of the run that is to be repeated.
 *
 * @param what is tried, for the line that says how to repeat it
 */
export function printedSeed(what: string): number {
  const given = process.env.SMARTPRESENCE_SEED;
  const seed = given === undefined ? Date.now() % 2 ** 31 : Number(given);
  console.log(`${what}: SMARTPRESENCE_SEED=${seed} repeats these random choices`);
  return seed;
}

/** Numbers in [0, 1) from a printed seed. */
export const printedRandom = (what: string): (() => number) => seededRandom(printedSeed(what));
