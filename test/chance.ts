import { seededRandom } from './bench/harness.ts';

/**
 * Returns the seed of a randomised test: a new one each run, or that of the run to be repeated. Prints it.
 * @param what is being tested, for the printed line that says how to repeat it
 */
export function printedSeed(what: string): number {
  const given = process.env.SMARTPRESENCE_SEED;
  const seed = given === undefined ? Date.now() % 2 ** 31 : Number(given);
  console.log(`${what}: SMARTPRESENCE_SEED=${seed} repeats these random choices`);
  return seed;
}

/** Random numbers in [0, 1) from a printed seed. */
export const printedRandom = (what: string): (() => number) => seededRandom(printedSeed(what));
