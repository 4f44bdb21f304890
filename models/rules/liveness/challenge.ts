import { CHALLENGE_STEPS, type ChallengeStep } from '../reasons.ts';

/** How many moves a challenge has, by its strength. A site chooses one in its policy. */
const MOVES = { light: 1, standard: 2, strong: 3 } as const;
export type LivenessStrength = keyof typeof MOVES;
export const STRENGTHS = Object.keys(MOVES) as readonly LivenessStrength[];

/** A move of the head out of the middle. */
export type Move = Exclude<ChallengeStep, 'middle'>;
const ALL_MOVES = CHALLENGE_STEPS.filter((step) => step !== 'middle');

/** What a person is asked to do, in order: before each move to look straight ahead. */
export interface Challenge {
  readonly steps: readonly TimedStep[];
}

export interface TimedStep {
  readonly step: ChallengeStep;
  /** How long the head has to stay there before the next prompt, ms. */
  readonly hold: number;
}

/** Shortest and longest wait before the next prompt, ms: short for the person in front of the camera, unknown to one who recorded them. */
const WAIT = { middle: [200, 600], move: [300, 900] } as const;

/** Every order of `count` moves that has a turn in it: only a turn shows that the head is solid. */
function ordersOf(count: number): readonly (readonly Move[])[] {
  let orders: Move[][] = [[]];
  for (let i = 0; i < count; i++) orders = orders.flatMap((order) => ALL_MOVES.map((move) => [...order, move]));
  return orders.filter((order) => order.includes('turn-left') || order.includes('turn-right'));
}

/**
 * The orders that each strength draws from: 2, 12, 56. A recording shows one order, since it can't wait for a prompt, so it
 * fits by chance at most once in so many challenges: 4ⁿ orders of n moves, less the 2ⁿ without a turn.
 */
export const ORDERS: Readonly<Record<LivenessStrength, readonly (readonly Move[])[]>> = {
  light: ordersOf(MOVES.light),
  standard: ordersOf(MOVES.standard),
  strong: ordersOf(MOVES.strong),
};

/**
 * Draws a challenge: every order with the same chance, each wait by itself.
 * @param random uniform in [0, 1), and not to be foreseen: a cryptographic source in the product
 */
export function createChallenge(random: () => number, strength: LivenessStrength): Challenge {
  const orders = ORDERS[strength];
  return inOrder(orders[Math.floor(random() * orders.length)]!, random);
}

/** A challenge of these moves, each wait drawn independently. */
export function inOrder(moves: readonly Move[], random: () => number): Challenge {
  const wait = ([least, most]: readonly [number, number]) => least + random() * (most - least);
  const steps = moves.flatMap((move, i): TimedStep[] => [
    { step: 'middle', hold: wait(WAIT.middle) },
    { step: move, hold: i === moves.length - 1 ? 0 : wait(WAIT.move) },
  ]);
  return { steps };
}
