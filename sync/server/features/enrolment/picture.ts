import { Problem } from '../../../errors/problem.ts';
import { openPhoto } from '../../core/photos/open.ts';
import { readPhoto } from '../../core/photos/store.ts';
import { openPhotos } from '../../core/templates/photos.ts';
import type { Opened } from '../../platform/audit/opened.ts';
import type { Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { openHalf } from '../../platform/keys/personal.ts';
import { personBox } from '../../platform/keys/persons.ts';

/**
 * The newest picture that a person was enrolled with, here or at a kiosk.
 *
 * @param people every name of one person
 * @returns JPEG; null: there is none, or it has not arrived from the kiosk yet
 */
export async function newestPicture(
  tx: Tx,
  keys: Keys,
  opened: Opened,
  people: readonly string[],
): Promise<Uint8Array | null> {
  const own = (await openPhotos(tx, keys, opened, people)).at(-1);
  if (own) return own.picture;
  const row = await tx
    .selectFrom('photo as p')
    .innerJoin('event as e', 'e.id', 'p.event')
    .select(['p.address', 'e.id', 'e.person', 'e.personal', 'e.gps'])
    .where('p.person', 'in', people)
    .where('p.kind', '=', 'enrolment')
    .where('p.complete_at', 'is not', null)
    .orderBy('p.complete_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row) return null;
  opened.note('photo', [people[0]!]);
  const { photoKey, person } = openHalf(keys, await personBox(tx, keys, people), row);
  const sealed = await readPhoto(tx, row.address);
  if (!sealed || typeof photoKey?.value !== 'string' || typeof person?.value !== 'string') return null;
  try {
    return openPhoto(sealed, photoKey.value, { kind: 'enrolment', person: person.value, event: row.id });
  } catch (cause) {
    // One that a kiosk sealed wrongly is as none.
    if (cause instanceof Problem) return null;
    throw cause;
  }
}
