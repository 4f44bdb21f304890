import { Problem } from '../../../errors/problem.ts';
import { above, findSorted, not, update } from '../../platform/database/rows.ts';
import type { Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { quarantinePlace } from '../../platform/keys/personal.ts';

const PAGE = 200;

/**
 * Deletes the content of quarantined events that contain the id of one of these people but could not be attributed to one
 * person. Such content is under the environment's keys, which no erasure destroys.
 *
 * @param people every id of these people
 * @returns how many contents were deleted
 */
export async function forgetUnattributed(tx: Tx, keys: Keys, people: readonly string[]): Promise<number> {
  let forgotten = 0;
  for (let after = 0; ; ) {
    const kept = { person: null, content: not(null), id: above(after) };
    const page = { columns: ['id', 'digest', 'content'], limit: PAGE } as const;
    const rows = await findSorted(tx, 'quarantine', kept, ['id'], page);
    const theirs = rows.filter(({ digest, content }) => {
      const text = textOf(keys, digest, content!);
      return people.some((id) => text.includes(id));
    });
    await update(tx, 'quarantine', { id: theirs.map((r) => r.id) }, { content: null });
    forgotten += theirs.length;
    const last = rows.at(-1);
    if (rows.length < PAGE || !last) return forgotten;
    after = Number(last.id);
  }
}

/** Returns a content in lower case, like ids. Content that can't be decrypted is no risk: it counts as empty. */
function textOf(keys: Keys, digest: string, content: Uint8Array): string {
  try {
    return keys.open('field', quarantinePlace(digest, null), content).toString('utf8').toLowerCase();
  } catch (cause) {
    if (cause instanceof Problem) return '';
    throw cause;
  }
}
