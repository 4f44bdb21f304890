import { randomBytes, randomUUID } from 'node:crypto';
import { sealCardTemplates, writeTemplateCard } from '../../../sync/protocol/seal/card-template.ts';
import type { Output } from '../../contract/methods.ts';
import type { Recogniser } from '../checkin/recogniser.ts';
import type { GivenConsent, NewPerson, Person, Store } from '../store/interface.ts';

export interface Gathered {
  readonly details: Pick<NewPerson, 'name' | 'number' | 'pinHash' | 'language'> & { readonly consent: GivenConsent };
  readonly templates: readonly { readonly embedding: Float32Array }[];
  readonly person: string | null;
}

interface Deps {
  readonly store: Pick<Store, 'events' | 'people' | 'templates'>;
  readonly recogniser: Recogniser;
  readonly changed: () => void;
}

/**
 * Enrols onto the person's card: kiosk and server keep a ciphertext, and its key is only on the card. A person who had a card
 * gets a new one, and what the previous one opened is deleted. Nobody is compared with others: there is nothing to compare with.
 *
 * @returns the data for printing the card, available only this once; the caller zeroes the templates
 */
export async function enrolOnCard(
  { store, recogniser, changed }: Deps,
  { details, templates, person: existing }: Gathered,
): Promise<{ readonly person: Person; readonly card: NonNullable<Output<'enrolFinish'>['card']> }> {
  const id = existing ?? randomUUID();
  const key = { person: id, card: randomUUID(), key: randomBytes(32) };
  try {
    const { model } = recogniser;
    const vectors = templates.map((t) => t.embedding);
    const sealed = sealCardTemplates(key, model, vectors, randomBytes(12));
    const card = { id: key.card, model, sealed, count: vectors.length };
    if (existing === null) await store.people.add({ id, ...details, templates: [], photo: null, card });
    else {
      agreed(store, id, details.consent);
      store.templates.setOnCard(id, card);
    }
    changed();
    const person = store.people.get(id)!;
    return { person, card: { id: null, name: person.name, number: person.number, text: writeTemplateCard(key) } };
  } finally {
    key.key.fill(0);
  }
}

/** Adds a face to a known person, with its picture if one was taken. The gallery is updated after the commit. */
export async function addFace(
  { store, recogniser, changed }: Deps,
  person: Person,
  o: Pick<NewPerson, 'templates' | 'photo'> & { readonly consent: GivenConsent },
): Promise<Person> {
  agreed(store, person.id, o.consent);
  if (o.photo === null) store.templates.add(person.id, o.templates);
  else await store.templates.enrol(person.id, o.templates, o.photo);
  recogniser.know(person.id, store.templates.of(person.id, recogniser.model));
  changed();
  return store.people.get(person.id) ?? person;
}

/** Records the consent first: on its own, without the enrolment, it does no harm. */
function agreed(store: Pick<Store, 'events'>, person: string, { textVersion, language, minor }: GivenConsent): void {
  store.events.append({
    type: 'consent',
    open: { action: 'given', textVersion, language },
    personal: { person, ...minor },
  });
}
