import type { ComponentChildren } from 'preact';
import { Button } from '../../shared/button.tsx';
import { route, setQuery } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';

/** What a list is asked for; the choices are in the address (router.ts says what may not). */
export function FilterBar({ names, children }: { names: readonly string[]; children: ComponentChildren }) {
  const chosen = names.some((name) => route.value.query.get(name));
  return (
    <search class="filters" aria-label={t('filters.title')}>
      {children}
      {chosen && (
        <Button class="filters-clear" onClick={() => setQuery(Object.fromEntries(names.map((name) => [name, null])))}>
          {t('filters.clear')}
        </Button>
      )}
    </search>
  );
}

/** One choice of the address: its value ('' for none), and how to change it. */
export const filterOf = (name: string): { value: string; onValue: (value: string) => void } => ({
  value: route.value.query.get(name) ?? '',
  onValue: (value) => setQuery({ [name]: value }),
});
