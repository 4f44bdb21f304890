import { SelectField } from '../../shared/web/form.tsx';
import { t } from '../i18n.ts';
import { sites } from '../state/places.ts';
import { filterOf } from './filters.tsx';

/** Which site; nothing to choose where there is but one. @param any offers all of them together */
export function SiteField({ any = false }: { any?: boolean }) {
  const known = sites.value;
  if (known.length < 2) return null;
  const first = known.find((s) => s.isDefault) ?? known[0]!;
  const { value, onValue } = filterOf('site');
  const options = known.map((s) => [s.id, s.name] as const);
  return (
    <SelectField
      label={t('attendance.site')}
      options={any ? [['', t('any')], ...options] : options}
      value={value || (any ? '' : first.id)}
      onValue={onValue}
    />
  );
}
