import { CHALLENGE_STEPS, type ChallengeStep } from '../reasons.ts';

/** Number of moves in a challenge, by strength. A site chooses one in its policy. */
const MOVES = { light: 1, standard: 2, strong: 3 } as const;
export type LivenessStrength = keyof typeof MOVES;
export const STRENGTHS = Object.keys(MOVES) as readonly LivenessStrength[];

/** A head move away from the middle. */
export type Move = Exclude<ChallengeStep, 'middle'>;
const ALL_MOVES = CHALLENGE_STEPS.filter((step) => step !== 'middle');

/** What a person is asked to do, in order: look straight ahead before each move. */
export interface Challenge {
  readonly steps: readonly TimedStep[];
}

export interface TimedStep {
  readonly step: ChallengeStep;
  /** How long the head has to stay there before the next prompt, ms. */
  readonly hold: number;
}

/** Minimum and maximum wait before the next prompt, ms: short for the person at the camera, unpredictable for a recording. */
const WAIT = { middle: [200, 600], move: [300, 900] } as const;

/** Returns every sequence of `count` moves that includes a turn: only a turn shows that the head is solid. */
function ordersOf(count: number): readonly (readonly Move[])[] {
  let orders: Move[][] = [[]];
  for (let i = 0; i < count; i++) orders = orders.flatMap((order) => ALL_MOVES.map((move) => [...order, move]));
  return orders.filter((order) => order.includes('turn-left') || order.includes('turn-right'));
}

/**
 * The sequences that each strength draws from: 2, 12, 56. A recording shows one sequence, since it can't wait for prompts, so by
 * chance it fits at most one in this many challenges: 4ⁿ sequences of n moves, minus the 2ⁿ without a turn.
 */
export const ORDERS: Readonly<Record<LivenessStrength, readonly (readonly Move[])[]>> = {
  light: ordersOf(MOVES.light),
  standard: ordersOf(MOVES.standard),
  strong: ordersOf(MOVES.strong),
};

/**
 * Draws a challenge: every sequence with equal probability, each wait independently.
 * @param random uniform in [0, 1) and unpredictable: a cryptographic source in the product
 */
export function createChallenge(random: () => number, strength: LivenessStrength): Challenge {
  const orders = ORDERS[strength];
  return inOrder(orders[Math.floor(random() * orders.length)]!, random);
}

/** Returns a challenge with these moves, each wait drawn independently. */
export function inOrder(moves: readonly Move[], random: () => number): Challenge {
  const wait = ([least, most]: readonly [number, number]) => least + random() * (most - least);
  const steps = moves.flatMap((move, i): TimedStep[] => [
    { step: 'middle', hold: wait(WAIT.middle) },
    { step: move, hold: i === moves.length - 1 ? 0 : wait(WAIT.move) },
  ]);
  return { steps };
}
