import { t } from '../../shared/i18n.ts';

/** Someone by name, as a way to their page. @param name null: not known, or erased */
export const PersonLink = ({ id, name }: { id: string; name: string | null }) => (
  <a class="text-link" href={`#/people/${id}`} dir="auto">
    {name ?? t('people.unnamed')}
  </a>
);
