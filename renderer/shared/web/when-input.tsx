import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../button.tsx';
import { currentLanguage } from '../i18n.ts';
import { IconCalendar } from '../icons.tsx';
import { t } from './i18n.ts';
import { dayPattern, readDay, readTime, writeDay } from './when.ts';

interface WhenProps {
  readonly kind: 'date' | 'time';
  /** `YYYY-MM-DD` or `HH:MM`; '': none. */
  readonly value: string;
  /** '' as well while what is typed is none. */
  readonly onValue: (value: string) => void;
  /** Whether what was typed can't be read. */
  readonly onUnreadable: (unreadable: boolean) => void;
  readonly control: object;
}

/**
 * A day or a time as the page's language writes it: a browser's own field goes by the browser's language, and takes nothing
 * else. It is typed, or chosen from the browser's calendar.
 */
export function WhenInput({ kind, value, onValue, onUnreadable, control }: WhenProps) {
  const language = currentLanguage();
  const field = useRef<HTMLInputElement>(null);
  const calendar = useRef<HTMLInputElement>(null);
  const [focused, setFocused] = useState(false);
  /** What was typed and not read yet, or can't be read. */
  const [typed, setTyped] = useState<string | null>(null);
  const read = (text: string) => (kind === 'date' ? readDay(text, language) : readTime(text));
  const own = typed !== null && (focused || value === '');
  const shown = own ? typed : kind === 'date' ? writeDay(value, language) : value;
  const unreadable = own && read(typed) === null;
  const wrong = unreadable ? t(`when.${kind}Wrong`) : '';
  useEffect(() => {
    field.current?.setCustomValidity(wrong);
    // No error is shown in the middle of a date.
    onUnreadable(unreadable && !focused);
  }, [wrong, focused]);
  const labels = { day: t('when.day'), month: t('when.month'), year: t('when.year') };
  return (
    <div class="when" data-kind={kind}>
      <input
        {...control}
        ref={field}
        type="text"
        inputMode="numeric"
        autocomplete="off"
        dir="ltr"
        maxLength={20}
        placeholder={kind === 'date' ? dayPattern(language, labels) : t('when.time')}
        value={shown}
        onFocus={() => setFocused(true)}
        onBlur={() => {
          setFocused(false);
          if (typed !== null && read(typed) !== null) setTyped(null);
        }}
        onInput={(e) => {
          setTyped(e.currentTarget.value);
          const next = read(e.currentTarget.value) ?? '';
          if (next !== value) onValue(next);
        }}
      />
      {kind === 'date' && (
        <>
          <input
            ref={calendar}
            type="date"
            class="when-calendar"
            tabIndex={-1}
            aria-hidden="true"
            value={value}
            onChange={(e) => {
              setTyped(null);
              onValue(e.currentTarget.value);
            }}
          />
          <Button
            kind="icon"
            aria-label={t('when.calendar')}
            title={t('when.calendar')}
            onClick={() => calendar.current?.showPicker()}
          >
            <IconCalendar />
          </Button>
        </>
      )}
    </div>
  );
}
