import { useComputed, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';
import { t } from '../i18n.ts';
import { KeyButton } from '../parts/key-button.tsx';
import { makeCandidates } from './candidates.ts';

/** Characters shown at once. Digits on a keyboard choose among them. */
const SHOWN = 7;

/** Handles keys while characters are being chosen. @returns whether the key was used; else it has its usual effect */
export interface Composing {
  readonly press: (text: string) => boolean;
  readonly erase: () => boolean;
}

let made: ReturnType<typeof makeCandidates> | null = null;

interface PinyinBarProps {
  field: HTMLInputElement;
  type: (text: string) => void;
  composing: RefObject<Composing | null>;
}

/** Above the keys: the letters typed so far, and the characters they may stand for, chosen by touch or keyboard. */
export function PinyinBar({ field, type, composing }: PinyinBarProps) {
  const typed = useSignal('');
  const page = useSignal(0);
  made ??= makeCandidates();
  // Computed eagerly, since the next key may come before the next drawing.
  const all = useComputed(() => (typed.value === '' ? [] : made!(typed.value)));
  const spell = (letters: string): void => {
    typed.value = letters;
    page.value = 0;
  };
  const choose = (at: number): void => {
    const one = all.value[page.value * SHOWN + at];
    if (!one) return;
    type(one.text);
    spell(typed.value.slice(one.takes).replace(/^'+/, ''));
  };
  const has = (to: number): boolean => to >= 0 && to * SHOWN < all.value.length;
  const turnPage = (by: number): void => {
    if (has(page.value + by)) page.value += by;
  };
  const press = (text: string): boolean => {
    if (/^[a-z]$/i.test(text)) spell(typed.value + text.toLowerCase());
    else if (typed.value === '') return false;
    else if (text === ' ') choose(0);
    else if (/^[1-9]$/.test(text)) choose(Number(text) - 1);
    else if (text === "'") spell(typed.value + text);
    return true;
  };
  const erase = (): boolean => {
    if (typed.value === '') return false;
    spell(typed.value.slice(0, -1));
    return true;
  };
  const onKey = (key: string): boolean => {
    if (key.length === 1) return press(key);
    if (key === 'Backspace') return erase();
    if (typed.value === '') return false;
    if (key === 'PageDown' || key === 'ArrowDown') turnPage(1);
    else if (key === 'PageUp' || key === 'ArrowUp') turnPage(-1);
    else if (key === 'Enter') {
      // Kept as typed: a name in Latin letters.
      type(typed.value);
      spell('');
    } else if (key === 'Escape') spell('');
    else return false;
    return true;
  };
  useEffect(() => {
    composing.current = { press, erase };
    const listen = (event: KeyboardEvent): void => {
      // The system's own input method is active.
      if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
      if (!onKey(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
    };
    field.addEventListener('keydown', listen);
    return () => {
      composing.current = null;
      field.removeEventListener('keydown', listen);
    };
  });
  return (
    <fieldset class="candidates" lang="zh">
      <legend class="sr-only">{t('pin.candidates')}</legend>
      <output class="candidates-typed">{typed.value || t('pin.pinyin')}</output>
      {all.value.slice(page.value * SHOWN, (page.value + 1) * SHOWN).map(({ text }, at) => (
        <Pick key={text} onPress={() => choose(at)}>
          <small aria-hidden="true">{at + 1}</small>
          {text}
        </Pick>
      ))}
      <span class="candidates-pages">
        <Pick name={t('pin.fewerCandidates')} off={!has(page.value - 1)} onPress={() => turnPage(-1)}>
          ‹
        </Pick>
        <Pick name={t('pin.moreCandidates')} off={!has(page.value + 1)} onPress={() => turnPage(1)}>
          ›
        </Pick>
      </span>
    </fieldset>
  );
}

interface PickProps {
  name?: string;
  off?: boolean;
  onPress: () => void;
  children: preact.ComponentChildren;
}

function Pick({ name, off = false, onPress, children }: PickProps) {
  return (
    <KeyButton class="candidate" aria-label={name} aria-disabled={off} onPress={onPress}>
      {children}
    </KeyButton>
  );
}
