import type { ComponentChildren } from 'preact';
import { Button } from '../../shared/button.tsx';
import { SelectField } from '../../shared/web/form.tsx';
import { route, setQuery } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';
import { siteOptions, sites } from '../state/places.ts';

/** The filters of a list. They are part of the address (router.ts says what may not be). */
export function FilterBar({ names, children }: { names: readonly string[]; children: ComponentChildren }) {
  const chosen = names.some((name) => route.value.query.get(name));
  return (
    <search class="filters" aria-label={t('filters.title')}>
      {children}
      {chosen && (
        <Button
          class="filters-clear"
          onClick={() => setQuery({ ...Object.fromEntries(names.map((name) => [name, null])), row: null })}
        >
          {t('filters.clear')}
        </Button>
      )}
    </search>
  );
}

/** One filter in the address: its value ('' for none), and how to change it, which starts the list over. */
export const filterOf = (name: string): { value: string; onValue: (value: string) => void } => ({
  value: route.value.query.get(name) ?? '',
  onValue: (value) => setQuery({ [name]: value, row: null }),
});

/** A filter with a choice of values, or any. */
export function SelectFilter({ name, label, options }: SelectFilterProps) {
  return <SelectField label={label} {...filterOf(name)} options={[['', t('any')], ...options]} />;
}

interface SelectFilterProps {
  name: string;
  label: string;
  options: readonly (readonly [value: string, label: string])[];
}

/** A choice of site. Renders nothing if there is only one. @param any also offers all sites together */
export function SiteField({ any = false }: { any?: boolean }) {
  const known = sites.value;
  if (known.length < 2) return null;
  const first = known.find((s) => s.isDefault) ?? known[0]!;
  const { value, onValue } = filterOf('site');
  return (
    <SelectField
      label={t('attendance.site')}
      options={any ? [['', t('any')], ...siteOptions()] : siteOptions()}
      value={value || (any ? '' : first.id)}
      onValue={onValue}
    />
  );
}
