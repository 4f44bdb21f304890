import type { Recogniser } from '../checkin/recogniser.ts';
import type { Store } from '../store/interface.ts';
import type { RosterOutcome } from '../store/roster.ts';

/** Empties the gallery, so that nobody is recognised any more. The store has no templates either. */
export function emptyGallery({ know }: Pick<Recogniser, 'know'>, store: Pick<Store, 'people'>): void {
  for (const { id } of store.people.all()) know(id, []);
}

/**
 * Updates the gallery from the store after a page was committed: removes people, and reloads those whose templates changed.
 *
 * @returns how many templates were left out (`Recogniser.know`)
 */
export function followRoster(
  { know, model }: Pick<Recogniser, 'know' | 'model'>,
  store: { readonly templates: Pick<Store['templates'], 'of'> },
  { removedPeople, faces }: Pick<RosterOutcome, 'removedPeople' | 'faces'>,
): number {
  for (const person of removedPeople) know(person, []);
  return faces.reduce((unfit, person) => unfit + know(person, store.templates.of(person, model)), 0);
}
