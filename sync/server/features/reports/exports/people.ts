import type { Values } from '../../../core/people/fields.ts';
import { selectRows } from '../../../core/people/rows.ts';
import type { Db } from '../../../platform/database/schema.ts';
import type { Keys } from '../../../platform/keys/envelope.ts';

/** People remembered by one export: a few megabytes. */
const REMEMBERED = 20_000;

/** Name and number of people; those erased, or with neither, are absent. */
export type ReadNames = (ids: readonly string[]) => Promise<ReadonlyMap<string, Pick<Values, 'name' | 'number'>>>;

/**
 * Reads names for the pages of one export, in its transaction. The same people come in page after page; each is opened
 * once, as long as they are not too many.
 */
export function namesFor(db: Db, keys: Keys): ReadNames {
  const known = new Map<string, Pick<Values, 'name' | 'number'>>();
  return async (ids) => {
    if (known.size > REMEMBERED) known.clear();
    const wanted = [...new Set(ids)].filter((id) => !known.has(id));
    if (wanted.length > 0)
      for (const row of await selectRows(db, keys, wanted, { fields: ['name', 'number'] }))
        known.set(row.id, row.values);
    return known;
  };
}
