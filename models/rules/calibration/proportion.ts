/** Beyond each end of an interval of 95 %. */
const TAIL = 0.025;

/**
 * The exact 95 % interval of a share of which `hits` of `trials` were seen, 0..1: never narrower than it says, also for none and
 * for all (Clopper and Pearson, Biometrika 26, 1934). It takes trials to be independent.
 */
export function exactInterval(hits: number, trials: number): readonly [low: number, high: number] {
  // The share at which so few (or so many) would be seen with the chance of a tail; `rises` with the share or falls.
  const shareAt = (chance: (share: number) => number, rises: boolean): number => {
    let [low, high] = [0, 1];
    for (let i = 0; i < 60; i++) {
      const middle = (low + high) / 2;
      if (chance(middle) < TAIL === rises) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  };
  return [
    hits === 0 ? 0 : shareAt((share) => 1 - atMost(hits - 1, trials, share), true),
    hits === trials ? 1 : shareAt((share) => atMost(hits, trials, share), false),
  ];
}

/** Chance of `most` or fewer of `trials`, each with this chance: the binomial distribution, 0 < share < 1. */
function atMost(most: number, trials: number, share: number): number {
  let term = trials * Math.log1p(-share);
  let sum = Math.exp(term);
  for (let i = 0; i < most; i++) {
    term += Math.log(((trials - i) / (i + 1)) * (share / (1 - share)));
    sum += Math.exp(term);
  }
  return sum;
}
