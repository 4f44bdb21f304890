import { type ReadonlySignal, useSignal } from '@preact/signals';
import { createContext, type JSX } from 'preact';
import { useCallback, useContext, useEffect, useRef } from 'preact/hooks';
import { currentLanguage, labelled, ownName } from '../../shared/i18n.ts';
import { IconErase, IconShift } from '../../shared/icons.tsx';
import { t } from '../i18n.ts';
import type { Composing, PinyinBar } from '../pinyin/bar.tsx';
import { KeyButton, SideKey } from './key-button.tsx';

/*
 * On-screen keys, for a kiosk without a keyboard. They type into the text field that was last focused, as a keyboard would:
 * the field's own `input` event fires, so a form needs no code for them.
 */

type Type = (text: string | 'erase') => void;

interface Typing {
  readonly type: Type;
  /** The focused field if it holds a name: in Chinese, its characters are chosen by Pinyin. */
  readonly nameField: ReadonlySignal<HTMLInputElement | null>;
}
const TypingContext = createContext<Typing | null>(null);
/** What keys type into, in the surrounding form. */
const useTyping = (): Typing => useContext(TypingContext)!;

interface TypedFormProps extends Omit<JSX.IntrinsicElements['form'], 'ref' | 'onSubmit'> {
  onSubmit: (form: HTMLFormElement) => void;
}

/** A form whose on-screen keys type into the text field that last had the focus. The browser never submits it. */
export function TypedForm({ onSubmit, children, ...rest }: TypedFormProps) {
  const target = useRef<HTMLInputElement | null>(null);
  const nameField = useSignal<HTMLInputElement | null>(null);
  const root = useCallback((form: HTMLFormElement | null): void => {
    form?.addEventListener('focusin', ({ target: field }) => {
      if (!(field instanceof HTMLInputElement) || ['checkbox', 'radio'].includes(field.type)) return;
      target.current = field;
      nameField.value = field.dataset.holds === 'name' ? field : null;
    });
  }, []);
  const type: Type = (text) => {
    const input = target.current;
    if (!input?.isConnected) return;
    const from = input.selectionStart ?? input.value.length;
    const to = input.selectionEnd ?? input.value.length;
    if (text !== 'erase') {
      const available = input.maxLength < 0 ? Infinity : input.maxLength - (input.value.length - (to - from));
      if (text.length > available) return;
      input.setRangeText(text, from, to, 'end');
    } else if (from !== to) input.setRangeText('', from, to, 'end');
    else if (from > 0) input.setRangeText('', from - 1, from, 'end');
    input.dispatchEvent(new Event('input', { bubbles: true }));
  };
  return (
    <form
      {...rest}
      ref={root}
      noValidate
      autocomplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit(event.currentTarget);
      }}
    >
      <TypingContext.Provider value={{ type, nameField }}>{children}</TypingContext.Provider>
    </form>
  );
}

interface KeyProps {
  label: preact.ComponentChildren;
  name?: string;
  onPress: () => void;
  wide?: boolean;
}

function Key({ label, name, onPress, wide }: KeyProps) {
  return (
    <KeyButton class="key" data-wide={wide} aria-label={name} onPress={onPress}>
      {label}
    </KeyButton>
  );
}

/** Twelve large keys: digits, delete, and one provided by the caller. */
export function Keypad({ corner }: { corner?: preact.ComponentChildren }) {
  const { type } = useTyping();
  return (
    <fieldset class="keypad" dir="ltr">
      <legend class="sr-only">{t('pin.key')}</legend>
      {['1', '2', '3', '4', '5', '6', '7', '8', '9'].map((digit) => (
        <Key key={digit} label={digit} onPress={() => type(digit)} />
      ))}
      {corner || <span />}
      <Key label="0" onPress={() => type('0')} />
      <Key label={<IconErase />} name={t('pin.erase')} onPress={() => type('erase')} />
    </fieldset>
  );
}

const ROWS: Record<string, readonly string[]> = {
  en: ['1234567890', 'qwertyuiop', 'asdfghjkl', "zxcvbnm'.-"],
  de: ['1234567890ß', 'qwertzuiopü', 'asdfghjklöä', "yxcvbnm'.-"],
  fr: ['1234567890', 'azertyuiop', 'qsdfghjklm', "wxcvbn'.-éèç"],
  es: ['1234567890', 'qwertyuiop', 'asdfghjklñ', "zxcvbnm'.-"],
  pl: ['1234567890żź', 'qwertyuiopóę', 'asdfghjklłąś', "zxcvbnmćń'.-"],
  tr: ['1234567890', 'qwertyuıopğü', 'asdfghjklşi', "zxcvbnmöç'.-"],
  ar: ['1234567890', 'ضصثقفغعهخحجد', 'شسيبلاتنمكطذ', 'ئءؤرىةوزظأإآ.-'],
};
/** Letters of names from all over Europe, reached with one key. After a letter the usual rows are back. */
const ACCENTS = ['àáâãäåæąăāçćčċďđ', 'ðèéêëęěėēğģġħìíî', 'ïıīįķľĺļłñńňņòóô', 'õöøőœřŕśşšșßťțþù', 'úûüůűūųýÿźżž'];
/**
 * ß has no capital on a keyboard. Turkish has a dotted and a dotless i, each with its own capital: its keyboard has both.
 * On keyboards with one i, ı among the accents has the capital İ, the one they lack.
 */
const upperOf = (c: string, language: string): string =>
  language === 'tr' ? c.toLocaleUpperCase('tr') : ({ ß: 'ß', ı: 'İ' }[c] ?? c.toUpperCase());

/** Scripts whose language has a single keyboard, although names may be Latin. */
const OTHER_SCRIPTS: readonly string[] = ['ar'];

interface KeyboardProps {
  corner?: preact.ComponentChildren;
  /** Only capitals, as in numbers; else the first letter of each word. */
  capitals?: boolean;
}

/** Letters and digits, in the layout of the language. */
export function Keyboard({ corner, capitals = false }: KeyboardProps) {
  const { type, nameField } = useTyping();
  const upper = useSignal(true);
  const latin = useSignal(false);
  const accents = useSignal(false);
  const language = currentLanguage();
  const switches = !capitals && OTHER_SCRIPTS.includes(language);
  const isLatin = latin.value || !OTHER_SCRIPTS.includes(language);
  const usual = (isLatin || capitals) && OTHER_SCRIPTS.includes(language) ? ROWS.en! : (ROWS[language] ?? ROWS.en!);
  // A number assigned here has no apostrophe, full stop or accent.
  const rows = accents.value ? ACCENTS : capitals ? usual.map((row) => row.replace(/['.]+/, '')) : usual;
  const last = rows.length - 1;
  const field = language === 'zh' && !capitals ? nameField.value : null;
  const pinyin = useSignal<typeof PinyinBar | null>(null);
  const chooses = useSignal(true);
  const composing = useRef<Composing | null>(null);
  useEffect(() => {
    // Loaded when the first name is typed in Chinese, since no other screen needs it. Until then, keys type letters.
    if (field)
      import('../pinyin/bar.tsx').then(
        ({ PinyinBar }) => {
          pinyin.value = PinyinBar;
        },
        () => undefined,
      );
  }, [field]);
  const Bar = field && chooses.value ? pinyin.value : null;
  const erase = (): void => {
    if (!composing.current?.erase()) type('erase');
  };
  const press = (text: string): void => {
    if (!composing.current?.press(text)) type(text);
    upper.value = capitals || [' ', '-', "'", '.'].includes(text);
    accents.value = false;
  };
  return (
    <fieldset class="keyboard" dir="ltr">
      <legend class="sr-only">{t('pin.key')}</legend>
      {Bar && field && <Bar key={field.name} field={field} type={type} composing={composing} />}
      {rows.map((row, i) => (
        <div class="keyboard-row" key={row}>
          {i === last && (
            <SideKey
              aria-label={t('pin.shift')}
              aria-pressed={upper.value}
              onPress={() => (upper.value = !upper.value)}
            >
              <IconShift />
            </SideKey>
          )}
          {[...row].map((c) => {
            const shown = upper.value && !Bar ? upperOf(c, language) : c;
            return <Key key={c} label={shown} onPress={() => press(shown)} />;
          })}
          {i === last && <Key wide label={<IconErase />} name={t('pin.erase')} onPress={erase} />}
        </div>
      ))}
      <div class="keyboard-row">
        {corner}
        {switches && (
          <Key
            label={latin.value ? ownName(language) : t('pin.letters')}
            onPress={() => (latin.value = !latin.value)}
          />
        )}
        {field && pinyin.value && (
          <SideKey
            aria-label={t('pin.pinyin')}
            aria-pressed={chooses.value}
            onPress={() => (chooses.value = !chooses.value)}
          >
            拼
          </SideKey>
        )}
        {isLatin && !capitals && (
          <SideKey
            aria-label={labelled('éñç', t('pin.accents'))}
            aria-pressed={accents.value}
            onPress={() => (accents.value = !accents.value)}
          >
            éñç
          </SideKey>
        )}
        <Key wide label="␣" name={t('pin.space')} onPress={() => press(' ')} />
      </div>
    </fieldset>
  );
}
