import { useId, useState } from 'preact/hooks';
import { IconSettings } from '../../shared/icons.tsx';
import { CheckField } from '../../shared/web/form.tsx';
import { keep, kept } from '../../shared/web/preferences.ts';
import { t } from '../i18n.ts';
import type { Column } from './column.ts';

interface ChooseColumnsProps {
  columns: readonly (readonly [string, Pick<Column<never>, 'label' | 'heads'>])[];
  hidden: readonly string[];
  onHidden: (hidden: readonly string[]) => void;
}

/** Which columns are shown; those that identify a row always are. */
export function ChooseColumns({ columns, hidden, onHidden }: ChooseColumnsProps) {
  const id = useId();
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" class="button button-small chooses-columns" popovertarget={id}>
        <IconSettings />
        {t('table.columns')}
      </button>
      <fieldset
        id={id}
        popover="auto"
        class="menu card"
        aria-label={t('table.columns')}
        onToggle={(event) => setOpen(event.newState === 'open')}
      >
        {open &&
          columns.map(
            ([name, { label, heads }]) =>
              !heads && (
                <CheckField
                  key={name}
                  label={label}
                  checked={!hidden.includes(name)}
                  onChecked={(on) => onHidden(on ? hidden.filter((one) => one !== name) : [...hidden, name])}
                />
              ),
          )}
      </fieldset>
    </>
  );
}

/** Which columns this browser does not show: names of columns alone are kept, nothing of the rows. */
export function useHidden(id: string | undefined): [readonly string[], (hidden: readonly string[]) => void] {
  const name = `table.${id}`;
  const [hidden, setHidden] = useState<readonly string[]>(() =>
    (id ? (kept(name) ?? '') : '').split(' ').filter(Boolean),
  );
  return [
    hidden,
    (next) => {
      setHidden(next);
      keep(name, next.join(' '));
    },
  ];
}
