import { bareNumber, numberKey } from '../number-keys.ts';
import type { Person } from './interface.ts';

/** Normalises names for comparison: composed, without case and surrounding blanks. */
const fold = (text: string): string => text.normalize('NFC').trim().toLowerCase();

/** Returns the keys by which a file or folder may be named after a person: id, name, number. */
export function termsOf({ id, name, number }: Pick<Person, 'id' | 'name' | 'number'>): string[] {
  const terms = [`id ${id}`, `name ${fold(name)}`];
  if (number !== null) terms.push(`number ${numberKey(number)}`);
  // A file name can't contain a slash.
  if (number !== null && bareNumber(number) !== '') terms.push(`bare ${bareNumber(number)}`);
  return terms;
}

/** Returns the keys of `termsOf` that this name of a file or folder may match. */
export function meanings(label: string): string[] {
  return [
    `id ${label.trim().toLowerCase()}`,
    `name ${fold(label)}`,
    `number ${numberKey(label.trim())}`,
    `bare ${bareNumber(label)}`,
  ];
}

/** Returns whether a file or folder with this name may be this person's. */
export function mayBe(label: string, person: Pick<Person, 'id' | 'name' | 'number'>): boolean {
  const terms = termsOf(person);
  return meanings(label).some((one) => terms.includes(one));
}

/** Finds which of many people the names of files and folders refer to. */
export class PeopleByTerm {
  readonly #byLabel = new Map<string, Person[]>();

  constructor(people: Iterable<Person>) {
    for (const person of people) this.add(person);
  }

  add(person: Person): void {
    for (const label of termsOf(person)) this.#byLabel.set(label, [...(this.#byLabel.get(label) ?? []), person]);
  }

  of(label: string): Person[] {
    const found = new Map(meanings(label).flatMap((one) => (this.#byLabel.get(one) ?? []).map((p) => [p.id, p])));
    return [...found.values()];
  }
}
