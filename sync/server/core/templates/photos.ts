import { sql } from 'kysely';
import { Problem } from '../../../errors/problem.ts';
import type { Opened } from '../../platform/audit/opened.ts';
import { camelCase, findSorted, insert } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import { type Keys, type Place, placeOf } from '../../platform/keys/envelope.ts';
import { openHalf } from '../../platform/keys/personal.ts';
import { peopleOf, personBox } from '../../platform/keys/persons.ts';
import { openPhoto, readPhoto } from '../photos/store.ts';

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

/**
 * Returns the pictures that a person was enrolled with, here and at kiosks, decrypted, oldest first: JPEG. Those that a kiosk has
 * not sent yet, or encrypted wrongly, are left out.
 * @param people every id of one person
 */
export async function enrolmentPictures(
  db: Db,
  keys: Keys,
  opened: Opened,
  people: readonly string[],
): Promise<Uint8Array[]> {
  const pictures = (await openPhotos(db, keys, opened, people)).map(({ madeAt: at, picture }) => ({ at, picture }));
  const sent = await db
    .selectFrom('photo as p')
    .innerJoin('event as e', 'e.id', 'p.event')
    .select(['p.address', 'p.complete_at as at', 'e.id', 'e.person', 'e.personal', 'e.gps'])
    .where('p.person', 'in', people)
    .where('p.kind', '=', 'enrolment')
    .where('p.complete_at', 'is not', null)
    .execute();
  const box = await personBox(db, keys, sent.length > 0 ? people : []);
  for (const { address, at, ...event } of sent) {
    const { photoKey, person } = openHalf(keys, box, event);
    const sealed = await readPhoto(db, address);
    if (!sealed || typeof photoKey?.value !== 'string' || typeof person?.value !== 'string') continue;
    opened.note('photo', [person.value]);
    try {
      const picture = openPhoto(sealed, photoKey.value, { kind: 'enrolment', person: person.value, event: event.id });
      pictures.push({ at: at!, picture });
    } catch (cause) {
      if (!(cause instanceof Problem)) throw cause;
    }
  }
  return pictures.sort((a, b) => a.at.getTime() - b.at.getTime()).map(({ picture }) => picture);
}
