import { t } from '../i18n.ts';

interface PersonLinkProps {
  readonly id: string;
  /** Null: not known, or erased. */
  readonly name: string | null;
  /** Added to the name for a screen reader, where two people on the page have the same name. */
  readonly number?: string | null;
}

/** Someone by name, as a link to their page. */
export const PersonLink = ({ id, name, number }: PersonLinkProps) => {
  const shown = name ?? t('people.unnamed');
  return (
    <a class="text-link" href={`#/people/${id}`} dir="auto" aria-label={number ? `${shown}, ${number}` : undefined}>
      {shown}
    </a>
  );
};
