import { useEffect, useId, useState } from 'preact/hooks';
import { IconSettings } from '../../shared/icons.tsx';
import { CheckField } from '../../shared/web/form.tsx';
import { keep, kept } from '../../shared/web/preferences.ts';
import { route, setQuery } from '../../shared/web/router.ts';
import { t } from '../i18n.ts';
import type { Column } from './column.tsx';

interface ChooseColumnsProps {
  columns: readonly (readonly [string, Pick<Column<never>, 'label' | 'heads'>])[];
  hidden: readonly string[];
  onHidden: (hidden: readonly string[]) => void;
}

/** A choice of the columns shown. Those that identify a row always are. */
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

const namesIn = (text: string | null): readonly string[] => (text ?? '').split(' ').filter(Boolean);

/**
 * Hidden columns: from the address, so that a shared link shows the same, else as stored in this browser. Only the names of
 * columns are stored, nothing from the rows.
 *
 * @param beside the table is not its page's main list
 */
export function useHidden(
  id: string | undefined,
  beside: boolean,
): [readonly string[], (hidden: readonly string[]) => void] {
  const name = `table.${id}`;
  const inAddress = beside ? `${id}-without` : 'without';
  const asked = id ? route.value.query.get(inAddress) : null;
  const [own, setOwn] = useState<readonly string[]>(() => namesIn(id ? kept(name) : null));
  useEffect(() => {
    if (asked === null && own.length > 0) setQuery({ [inAddress]: own.join(' ') });
  }, [asked]);
  return [
    asked === null ? own : namesIn(asked),
    (next) => {
      setOwn(next);
      keep(name, next.join(' '));
      if (id) setQuery({ [inAddress]: next.join(' ') });
    },
  ];
}
