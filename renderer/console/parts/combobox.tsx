import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { t } from '../i18n.ts';

export interface Option {
  readonly id: string;
  readonly label: string;
  /** Distinguishes it from options with the same label. */
  readonly detail?: string | null;
  readonly icon?: ComponentChildren;
  readonly pick: () => void;
}

/** Options under a heading. A group without options is not shown. */
export interface OptionGroup {
  readonly id: string;
  readonly label: string;
  readonly options: readonly Option[];
  /** How many further options there are. */
  readonly left?: number;
}

interface ComboboxProps {
  readonly id: string;
  /** Its accessible name; absent: a `<label>` refers to its id. */
  readonly label?: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly groups: readonly OptionGroup[];
  /** Shown if there are no options: nothing found, still searching, or an error. */
  readonly status: ComponentChildren;
  /** Show the list before anything is typed. */
  readonly always?: boolean;
  readonly placeholder?: string;
  readonly 'aria-describedby'?: string;
}

/**
 * A text field with a list of suggestions (WAI-ARIA APG, editable combobox with list autocomplete). The focus stays in the
 * field: arrow keys select, Enter accepts, Escape clears it.
 */
export function Combobox({ id, label, value, onValue, groups, status, always = false, ...input }: ComboboxProps) {
  const shown = groups.filter(({ options }) => options.length > 0);
  const options = shown.flatMap((group) => group.options);
  const [at, setAt] = useState(0);
  const [closed, setClosed] = useState(false);
  const list = useId();
  const box = useRef<HTMLDivElement>(null);
  const open = !closed && (always || value.trim() !== '');
  const active = open ? options[Math.min(at, options.length - 1)] : undefined;
  const left = shown.reduce((sum, group) => sum + (group.left ?? 0), 0);
  const optionId = (option: Option) => `${list}-${option.id}`;
  useEffect(() => setAt(0), [value]);
  useVisible(box, active && optionId(active));
  const onKeyDown = (event: KeyboardEvent) => {
    // During composition (of Chinese characters, for example) Enter only ends it.
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && options.length > 0) {
      event.preventDefault();
      setClosed(false);
      if (open) setAt((Math.min(at, options.length - 1) + step + options.length) % options.length);
    } else if (event.key === 'Enter' && active) {
      event.preventDefault();
      active.pick();
    } else if (event.key === 'Escape' && (value !== '' || (open && !always))) {
      event.preventDefault();
      event.stopPropagation();
      onValue('');
    }
  };
  return (
    <div class="combobox" ref={box}>
      <input
        {...input}
        id={id}
        type="text"
        role="combobox"
        aria-label={label}
        aria-expanded={open && options.length > 0}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={active && optionId(active)}
        autocomplete="off"
        spellcheck={false}
        dir="auto"
        value={value}
        onInput={(event) => {
          setClosed(false);
          onValue(event.currentTarget.value);
        }}
        onKeyDown={onKeyDown}
        onBlur={() => setClosed(!always)}
        onFocus={() => setClosed(false)}
      />
      <div class="combobox-list" id={list} role="listbox" aria-label={t('search.results')} hidden={!open}>
        {open &&
          shown.map((group) => (
            // biome-ignore lint/a11y/useSemanticElements: a fieldset may not be in a list of options
            <div key={group.id} role="group" aria-labelledby={`${list}-group-${group.id}`}>
              <p class="combobox-title" id={`${list}-group-${group.id}`} role="presentation">
                {group.label}
              </p>
              {group.options.map((option) => (
                <button
                  type="button"
                  tabIndex={-1}
                  key={option.id}
                  id={optionId(option)}
                  role="option"
                  aria-selected={option === active}
                  class="combobox-option"
                  // The focus stays in the field.
                  onMouseDown={(event) => event.preventDefault()}
                  onClick={option.pick}
                >
                  {option.icon}
                  <span class="combobox-label">
                    <bdi>{option.label}</bdi>
                  </span>
                  {option.detail && (
                    <span class="muted small">
                      <bdi>{option.detail}</bdi>
                    </span>
                  )}
                </button>
              ))}
              {!!group.left && (
                <p class="combobox-left muted small" role="presentation">
                  {t('search.left', { count: group.left })}
                </p>
              )}
            </div>
          ))}
      </div>
      <div class="combobox-status" role="status">
        {open &&
          (options.length > 0 ? (
            <span class="sr-only">
              {t('search.count', { count: options.length })} {left > 0 && t('search.left', { count: left })}
            </span>
          ) : (
            status
          ))}
      </div>
    </div>
  );
}

/** Scrolls the option selected by the arrow keys into view. */
function useVisible(box: RefObject<HTMLElement | null>, id: string | undefined): void {
  useEffect(() => {
    if (id) box.current?.querySelector(`#${CSS.escape(id)}`)?.scrollIntoView({ block: 'nearest' });
  }, [id]);
}
