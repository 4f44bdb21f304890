import { type Person, type PersonField, searchPeople } from '../../../sync/protocol/api/people.ts';
import { listed } from '../../shared/i18n.ts';
import { api } from '../../shared/web/api.ts';
import type { Question } from '../../shared/web/confirm.tsx';
import { TextField } from '../../shared/web/form.tsx';
import { languageName, SPOKEN } from '../../shared/web/languages.ts';
import { Fact } from '../../shared/web/pieces.tsx';
import { t } from '../i18n.ts';

/** A person's text fields that the console shows and edits, in this order. The language has its own select. */
const FIELDS = {
  name: { required: true, dir: 'auto', hint: 'people.nameHint' },
  number: { hint: 'people.numberHint' },
  email: { type: 'email' },
  phone: { type: 'tel' },
  badge: {},
} as const satisfies Partial<Record<PersonField, object>>;

type TextName = keyof typeof FIELDS;
export const textFields = Object.keys(FIELDS) as TextName[];

/** Form fields for them. @param names limits them to these */
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

/** Asks for confirmation before someone gets a number that another person has. */
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

/** A person's data as list of facts. The name is the heading, and a missing badge may have a link to add one. */
export function PersonFacts({ person }: { person: Person }) {
  return textFields
    .filter((name) => name !== 'name' && (name !== 'badge' || person.badge !== null))
    .map((name) => <Fact key={name} name={t(`people.${name}`)} dir="ltr" value={person[name] ?? '–'} />);
}

export const languageOptions = (): readonly (readonly [string, string])[] => [
  ['', t('people.noLanguage')],
  ...SPOKEN.map((code) => [code, languageName(code)] as const),
];

/** Someone's name as a link to their page; without a name, the end of their id, as in the audit log. */
export const PersonOrId = ({ id, name }: Pick<PersonLinkProps, 'id' | 'name'>) =>
  name === null ? <bdi dir="ltr">{id.slice(-8)}</bdi> : <PersonLink id={id} name={name} />;

interface PersonLinkProps {
  readonly id: string;
  /** Null: not known, or erased. */
  readonly name: string | null;
  /** Added to the name for screen readers if two people on the page have the same name. */
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
