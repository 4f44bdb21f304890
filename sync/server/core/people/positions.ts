import type { Tx } from '../../platform/database/schema.ts';
import { sameAs } from './group.ts';

/**
 * Every position of these people goes, under whatever name they had: who wants none recorded wants none kept. The chain of
 * events stands on the commitments and stays whole.
 */
export async function forgetPositions(tx: Tx, people: readonly string[]): Promise<void> {
  if (people.length === 0) return;
  const names = await sameAs(tx, people);
  await tx.updateTable('event').set({ gps: null }).where('person', 'in', names).where('gps', 'is not', null).execute();
}
