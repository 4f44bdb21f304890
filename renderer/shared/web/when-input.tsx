import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../button.tsx';
import { currentLanguage } from '../i18n.ts';
import { IconCalendar } from '../icons.tsx';
import { t } from './i18n.ts';
import { dayPattern, readDay, readTime, writeDay } from './when.ts';

interface WhenProps {
  readonly kind: 'date' | 'time';
  /** `YYYY-MM-DD` or `HH:MM`; '' if empty. */
  readonly value: string;
  /** Also called with '' while the typed text is not valid. */
  readonly onValue: (value: string) => void;
  /** Whether the typed text can't be parsed. */
  readonly onUnreadable: (unreadable: boolean) => void;
  readonly control: object;
}

/**
 * A date or time field in the format of the page's language. A browser's own field uses the browser's language and accepts
 * nothing else. The value is typed, or chosen in the browser's calendar.
 */
export function WhenInput({ kind, value, onValue, onUnreadable, control }: WhenProps) {
  const language = currentLanguage();
  const field = useRef<HTMLInputElement>(null);
  const calendar = useRef<HTMLInputElement>(null);
  const [focused, setFocused] = useState(false);
  /** Text that was typed and is not parsed yet, or can't be. */
  const [typed, setTyped] = useState<string | null>(null);
  const read = (text: string) => (kind === 'date' ? readDay(text, language) : readTime(text));
  const own = typed !== null && (focused || value === '');
  const shown = own ? typed : kind === 'date' ? writeDay(value, language) : value;
  const unreadable = own && read(typed) === null;
  const wrong = unreadable ? t(`when.${kind}Wrong`) : '';
  useEffect(() => {
    field.current?.setCustomValidity(wrong);
    // No error is shown while a date is being typed.
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
