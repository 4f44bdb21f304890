import type { FaceGallery } from '../../../models/node/interface.ts';
import { addTemplate } from '../checkin/recogniser.ts';
import type { Store } from '../store/interface.ts';
import type { RosterOutcome } from '../store/roster.ts';

/** Nobody is recognised any more: the store has no templates either. */
export function emptyGallery(gallery: FaceGallery, store: Pick<Store, 'people'>): void {
  for (const { id } of store.people.all()) gallery.removePerson(id);
}

/**
 * Memory follows the store: what a page took away goes, what it brought of this model comes. After the commit only.
 *
 * @returns how many templates were left out (`addTemplate`)
 */
export function followRoster(gallery: FaceGallery, model: string, outcome: RosterOutcome): number {
  for (const person of outcome.removedPeople) gallery.removePerson(person);
  for (const template of outcome.removedTemplates) gallery.remove(template);
  return outcome.added.filter((template) => template.model === model && !addTemplate(gallery, template)).length;
}
