/** Probability beyond each end of a 95 % interval. */
const TAIL = 0.025;

/**
 * Returns the exact 95 % interval, within 0..1, of a share of which `hits` of `trials` were observed. Its coverage is never below
 * 95 %, even for no hits or only hits (Clopper and Pearson, Biometrika 26, 1934). Assumes independent trials.
 */
export function exactInterval(hits: number, trials: number): readonly [low: number, high: number] {
  // The share at which so few (or so many) hits have the probability of a tail. `rises`: the probability rises with the share.
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

/** Probability of at most `most` hits in `trials`, each with probability `share`: the binomial distribution, 0 < share < 1. */
function atMost(most: number, trials: number, share: number): number {
  let term = trials * Math.log1p(-share);
  let sum = Math.exp(term);
  for (let i = 0; i < most; i++) {
    term += Math.log(((trials - i) / (i + 1)) * (share / (1 - share)));
    sum += Math.exp(term);
  }
  return sum;
}
