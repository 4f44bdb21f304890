import { GENESIS } from '../../../protocol/wire/event.ts';
import type { Row } from '../../platform/database/schema.ts';

export type ChainState = Row<'event'>['chain'];

/**
 * Whether an event continues its epoch's hash chain. Pure.
 *
 * @param before hash of the header one sequence number below; undefined when that event is not, or not readably, here
 */
export function chainState(event: { seq: number; prev: string }, before: string | undefined): ChainState {
  const expected = event.seq === 1 ? GENESIS : before;
  if (expected === undefined) return 'unverified';
  return event.prev === expected ? 'whole' : 'broken';
}
