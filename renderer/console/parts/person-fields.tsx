import { type Person, type PersonField, searchPeople } from '../../../sync/protocol/api/people.ts';
import { listed } from '../../shared/i18n.ts';
import { api } from '../../shared/web/api.ts';
import type { Question } from '../../shared/web/confirm.tsx';
import { TextField } from '../../shared/web/form.tsx';
import { languageName, SPOKEN } from '../../shared/web/languages.ts';
import { Fact } from '../../shared/web/pieces.tsx';
import { t } from '../i18n.ts';

/** What the console shows and asks of a person in words, in this order; the language has a list of its own. */
const FIELDS = {
  name: { required: true, dir: 'auto', hint: 'people.nameHint' },
  number: { hint: 'people.numberHint' },
  email: { type: 'email' },
  phone: { type: 'tel' },
  badge: {},
} as const satisfies Partial<Record<PersonField, object>>;

type TextName = keyof typeof FIELDS;
export const textFields = Object.keys(FIELDS) as TextName[];

/** A form's fields for them. `names`: of these alone. */
export function PersonFields({
  names = textFields,
  field,
}: {
  names?: readonly TextName[];
  field: (name: TextName) => { value: string; onValue: (value: string) => void };
}) {
  return names.map((name) => {
    const { hint, ...how }: { hint?: 'people.nameHint' | 'people.numberHint' } & (typeof FIELDS)[TextName] =
      FIELDS[name];
    return (
      <TextField
        key={name}
        label={t(`people.${name}`)}
        {...(hint && { hint: t(hint) })}
        dir="ltr"
        {...how}
        {...field(name)}
      />
    );
  });
}

/** What to ask before someone gets a number that another person has. */
export async function askIfTaken(number: string, own?: Person): Promise<Question | undefined> {
  const wanted = number.trim();
  if (wanted === '' || wanted === own?.number) return;
  const found = await api(searchPeople, { body: { q: wanted } });
  const other =
    found.ok &&
    found.value.items.find(({ id, number }) => id !== own?.id && number?.normalize() === wanted.normalize());
  if (!other) return;
  return {
    title: t('people.numberTaken'),
    text: t('people.numberTakenText', { name: other.name ?? t('people.unnamed'), number: wanted }),
    action: t('people.numberAnyway'),
  };
}

/** Rows of a list of facts. The name is the list's heading; who has no badge here may have one of their own beside it. */
export function PersonFacts({ person }: { person: Person }) {
  return textFields
    .filter((name) => name !== 'name' && (name !== 'badge' || person.badge !== null))
    .map((name) => <Fact key={name} name={t(`people.${name}`)} dir="ltr" value={person[name] ?? '–'} />);
}

export const languageOptions = (): readonly (readonly [string, string])[] => [
  ['', t('people.noLanguage')],
  ...SPOKEN.map((code) => [code, languageName(code)] as const),
];

/** Someone by name, where their page can be opened; else the end of their id, as the audit log has it. */
export const PersonOrId = ({ id, name }: Pick<PersonLinkProps, 'id' | 'name'>) =>
  name === null ? <bdi dir="ltr">{id.slice(-8)}</bdi> : <PersonLink id={id} name={name} />;

interface PersonLinkProps {
  readonly id: string;
  /** Null: not known, or erased. */
  readonly name: string | null;
  /** Added to the name for a screen reader if two people on the page have the same name. */
  readonly number?: string | null;
}

export const PersonLink = ({ id, name, number }: PersonLinkProps) => {
  const shown = name ?? t('people.unnamed');
  return (
    <a class="text-link" href={`#/people/${id}`} dir="auto" aria-label={number ? listed([shown, number]) : undefined}>
      {shown}
    </a>
  );
};
