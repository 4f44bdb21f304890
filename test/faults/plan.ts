import { seededRandom } from '../bench/harness.ts';
import { KIND_NAMES, KINDS, type Kind } from './kinds.ts';

/** Minimum number of draws of each kind in a plan of `count` faults. */
export function minimumOf(count: number): number {
  return Math.max(1, Math.floor(count / 60));
}

/**
 * The faults of a run, in order: each kind at least `minimumOf(count)` times, the rest by weight, shuffled. The same seed gives
 * the same plan.
 * @param kinds kinds that are possible on this machine
 * @throws RangeError if `count` is too small for the minimum of every kind
 */
export function planFaults(count: number, seed: number, kinds: readonly Kind[] = KIND_NAMES): Kind[] {
  const least = minimumOf(count);
  if (count < least * kinds.length)
    throw new RangeError(`${count} faults can't hold every one of ${kinds.length} kinds; ask for more`);
  const random = seededRandom(seed);
  const plan = kinds.flatMap((kind) => Array.from({ length: least }, () => kind));
  const tickets = kinds.flatMap((kind) => Array.from({ length: KINDS[kind] }, () => kind));
  while (plan.length < count) plan.push(tickets[Math.floor(random() * tickets.length)]!);
  for (let i = plan.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [plan[i], plan[j]] = [plan[j]!, plan[i]!];
  }
  return plan;
}
