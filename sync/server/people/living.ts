import type { Transaction } from 'kysely';
import { Problem } from '../../protocol/wire/problem.ts';
import type { Tables } from '../database/schema.ts';

export function personUnknown(): Problem {
  return new Problem('person-unknown', 'There is no such person.', 'Look them up again.');
}

/**
 * Somebody who was neither erased nor merged into another, and is kept from either until the transaction ends.
 *
 * @param against whom else it keeps out: nobody who asks the same (`none`), or whoever is about to change them too (`change`)
 * @throws Problem `person-unknown`
 */
export async function requireLiving(
  tx: Transaction<Tables>,
  person: string,
  against: 'none' | 'change',
): Promise<void> {
  const living = tx
    .selectFrom('person')
    .select('id')
    .where('id', '=', person)
    .where('deleted_at', 'is', null)
    .where('merged_into', 'is', null);
  const locked = against === 'none' ? living.forKeyShare() : living.forNoKeyUpdate();
  if (!(await locked.executeTakeFirst())) throw personUnknown();
}
