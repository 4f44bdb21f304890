import { Change } from '../../../protocol/wire/changes.ts';
import type { KioskChange, OfPeople } from '../../platform/changes/to-kiosks.ts';
import type { ServerModule } from '../../platform/server-module.ts';
import type { PageReader } from './reader.ts';

type Kind = Change['kind'];

export type Kinds = ReadonlyMap<Kind, KioskChange<Kind>>;

/** Returns how changes of each kind are made, in the protocol's order. */
export const kindsOf = (modules: readonly ServerModule[]): Kinds =>
  new Map(
    Change.options.map(({ shape }): [Kind, KioskChange<Kind>] => {
      const kind = shape.kind.value;
      return [kind, modules.find(({ kioskChanges }) => kioskChanges?.[kind])!.kioskChanges![kind] as KioskChange<Kind>];
    }),
  );

type PersonKind = Extract<Change, { person: string }>['kind'];

/**
 * Content of pages about people. Nothing is sent about people without a `person` change, since they are not (or no longer) at
 * the reader's site.
 */
export interface PeopleReader {
  has(person: string): boolean;
  /** All changes of a person, the `person` change first. */
  all(person: string): readonly Change[];
  one(kind: Kind, person: string, model: string): Change | null | Promise<Change | null>;
}

/**
 * Reads and decrypts the content for several people at once.
 *
 * @param wanted whether this kind will be needed for this person
 */
export async function readPeople(
  reader: PageReader,
  people: readonly string[],
  wanted: (kind: Kind, person: string) => boolean = () => true,
): Promise<PeopleReader> {
  let here = [...new Set(people)];
  const changes: Extract<Change, { person: string }>[] = [];
  for (const [each, made] of reader.kinds) {
    if (!('people' in made)) continue;
    const kind = each as PersonKind;
    const ids = kind === 'person' ? here : here.filter((id) => wanted(kind, id));
    const found = ids.length === 0 ? [] : await (made as OfPeople<PersonKind>).people(reader, ids);
    changes.push(...found);
    if (kind === 'person') here = found.map(({ person }) => person);
  }
  const known = new Set(here);
  const byPerson = Map.groupBy(changes, ({ person }) => person);
  const all = (person: string) => byPerson.get(person) ?? [];
  return {
    has: (person) => known.has(person),
    all,
    one(kind, person, model) {
      if (!known.has(person)) return null;
      const found = all(person).find((c) => c.kind === kind && (c.kind !== 'templates' || c.model === model));
      return found ?? (reader.kinds.get(kind) as OfPeople<PersonKind>).nothing?.(person, model, reader) ?? null;
    },
  };
}
