import type { Recogniser } from '../checkin/recogniser.ts';
import type { Store } from '../store/interface.ts';
import type { RosterOutcome } from '../store/roster.ts';

/** Nobody is recognised any more: the store has no templates either. */
export function emptyGallery({ know }: Pick<Recogniser, 'know'>, store: Pick<Store, 'people'>): void {
  for (const { id } of store.people.all()) know(id, []);
}

/**
 * Memory follows the store: what a page took away goes, what it brought of this model comes. After the commit only.
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
