import { sql } from 'kysely';
import type { Opened } from '../../platform/audit/opened.ts';
import { camelCase, findSorted, insert } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { type Keys, type Place, placeOf } from '../../platform/keys/envelope.ts';
import { peopleOf, personBox } from '../../platform/keys/persons.ts';

/**
 * Pictures that the server made templates from: only the face, re-encoded, encrypted under the person's key. They are kept as
 * long as the consent, so that templates for another embedder can be made from them (features/embedders/).
 */

export const enrolmentPhotoPlace = (id: string, person: string): Place => placeOf('enrolment.photo', id, { person });

/** Most pictures per person. Beyond it the oldest are deleted. */
const MAX_PHOTOS = 10;

export interface NewPhoto {
  readonly id: string;
  /** JPEG. */
  readonly picture: Uint8Array;
  readonly pose: string;
}

/** Stores pictures of a person. @param by account */
export async function keepPhotos(
  tx: Tx,
  keys: Keys,
  person: string,
  photos: readonly NewPhoto[],
  { via, by }: { readonly via: 'staff' | 'import'; readonly by: string | null },
  now: Date,
): Promise<void> {
  if (photos.length === 0) return;
  const box = await personBox(tx, keys, [person], { make: true });
  await insert(
    tx,
    'enrolment_photo',
    photos.map(({ id, picture, pose }) => ({
      id,
      person,
      sealed: box.seal(enrolmentPhotoPlace(id, person), picture),
      pose,
      via,
      made_by: by,
      made_at: now,
    })),
  );
  await sql`delete from enrolment_photo where id in (
      select id from enrolment_photo where person = ${person} order by made_at desc, id desc offset ${MAX_PHOTOS})`.execute(
    tx,
  );
}

/** Returns pictures, decrypted, oldest first. @param people every id of one person */
export async function openPhotos(db: Db, keys: Keys, opened: Opened, people: readonly string[]) {
  const rows = await findSorted(db, 'enrolment_photo', { person: people }, ['made_at', 'id']);
  const box = await personBox(db, keys, people);
  opened.note('photo', peopleOf(rows));
  return rows.map(({ sealed, ...row }) => ({
    ...camelCase(row),
    picture: box.open(enrolmentPhotoPlace(row.id, row.person), sealed),
  }));
}
