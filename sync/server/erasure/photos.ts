import type { StepContext, StepEnd } from './steps.ts';

/** Photos of the person, with all their pieces: nothing opens them any more, and they go all the same. */
export async function erasePhotosOf({ db, people }: StepContext): Promise<StepEnd> {
  const { numDeletedRows } = await db.deleteFrom('photo').where('person', 'in', people).executeTakeFirst();
  return { done: { photos: Number(numDeletedRows), versions: 0 } };
}
