import { Problem } from '../../../errors/problem.ts';
import { above, findSorted, not, update } from '../../platform/database/rows.ts';
import type { Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { quarantinePlace } from '../../platform/keys/personal.ts';

const PAGE = 200;

/**
 * Forgets the content of events that could not be taken, and that name one of these people in some place where an event
 * does not say who it is about. Such content is nobody's: it is under the environment's keys, which no erasure
 * destroys.
 *
 * @param people ids under every name
 * @returns how many
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

/** In small letters, as ids are. What does not open reveals nothing to anybody. */
function textOf(keys: Keys, digest: string, content: Uint8Array): string {
  try {
    return keys.open('field', quarantinePlace(digest, null), content).toString('utf8').toLowerCase();
  } catch (cause) {
    if (cause instanceof Problem) return '';
    throw cause;
  }
}
