import { sweepPhotoObjects } from '../../../core/photos/objects.ts';
import type { StepContext, StepEnd } from './steps.ts';

/**
 * Photos of the person, with all their pieces, and every version of their objects: nothing opens them any more, and they go
 * all the same. The objects first, while the rows still say whose they are; what an upload puts there meanwhile is swept.
 */
export async function erasePhotosOf({ db, objects, people, signal }: StepContext): Promise<StepEnd> {
  let versions = 0;
  if (objects) {
    const theirs = await db
      .selectFrom('photo_object as o')
      .innerJoin('photo as p', (join) => join.onRef('p.device', '=', 'o.device').onRef('p.address', '=', 'o.address'))
      .select('o.object')
      .where('p.person', 'in', people)
      .execute();
    for (const { object } of theirs) {
      signal.throwIfAborted();
      versions += (await objects.deleteEveryVersion(object)).versions;
    }
  }
  const { numDeletedRows } = await db.deleteFrom('photo').where('person', 'in', people).executeTakeFirst();
  if (objects) await sweepPhotoObjects(db, objects, signal);
  return { done: { photos: Number(numDeletedRows), versions } };
}
