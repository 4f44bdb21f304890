import { bareNumber, numberKey } from '../number-keys.ts';
import type { Person } from './interface.ts';

/** How names are compared: composed, whatever the case and the blanks around. */
const fold = (text: string): string => text.normalize('NFC').trim().toLowerCase();

/** Keys by which a file or folder may be named like its person: id, name, number. */
export function termsOf({ id, name, number }: Pick<Person, 'id' | 'name' | 'number'>): string[] {
  const terms = [`id ${id}`, `name ${fold(name)}`];
  if (number !== null) terms.push(`number ${numberKey(number)}`);
  // A file name can't contain a slash.
  if (number !== null && bareNumber(number) !== '') terms.push(`bare ${bareNumber(number)}`);
  return terms;
}

/** Keys of `wordsOf` that this name of a file or folder may mean. */
export function meanings(label: string): string[] {
  return [
    `id ${label.trim().toLowerCase()}`,
    `name ${fold(label)}`,
    `number ${numberKey(label.trim())}`,
    `bare ${bareNumber(label)}`,
  ];
}

/** Whether a file or folder of this name may be this person's. */
export function mayBe(label: string, person: Pick<Person, 'id' | 'name' | 'number'>): boolean {
  const terms = termsOf(person);
  return meanings(label).some((one) => terms.includes(one));
}

/** Finds which of many people the names of files and folders mean. */
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
