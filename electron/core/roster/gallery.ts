import type { FaceGallery } from '../../../models/node/interface.ts';
import type { Store } from '../store/interface.ts';
import type { RosterOutcome } from '../store/roster.ts';

/** Nobody is recognised any more: the store has no templates either. */
export function emptyGallery(gallery: FaceGallery, store: Pick<Store, 'allPeople'>): void {
  for (const { id } of store.allPeople()) gallery.removePerson(id);
}

/** Memory follows the store: what a page took away goes, what it brought of this model comes. After the commit only. */
export function followRoster(gallery: FaceGallery, model: string, outcome: RosterOutcome): void {
  for (const person of outcome.gone) gallery.removePerson(person);
  for (const template of outcome.removed) gallery.remove(template);
  for (const { id, person, model: of, embedding } of outcome.added)
    if (of === model) gallery.add(id, person, embedding);
}
