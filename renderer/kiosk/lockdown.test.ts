import { describe, expect, it } from 'vitest';
import { type KeyUse, keyMayPass } from './lockdown.ts';

type Held = Partial<Record<'shift' | 'ctrl' | 'alt' | 'meta' | 'altGraph', boolean>>;

function press(key: string, { shift = false, ctrl = false, alt = false, meta = false, altGraph = false }: Held = {}) {
  const use: KeyUse = {
    key,
    shiftKey: shift,
    ctrlKey: ctrl,
    altKey: alt,
    metaKey: meta,
    getModifierState: (name) => name === 'AltGraph' && altGraph,
  };
  return keyMayPass(use);
}

describe('keys at the kiosk', () => {
  it('pass if forms, lists and screen readers need them, in any script', () => {
    for (const key of [
      'a',
      'Z',
      '7',
      '-',
      ' ',
      'ß',
      'ع',
      '你',
      '😀',
      'Tab',
      'Enter',
      'Backspace',
      'ArrowLeft',
      'Dead',
      'Process',
    ])
      expect([key, press(key)]).toEqual([key, true]);
    expect(press('Tab', { shift: true })).toBe(true);
    expect(press('@', { altGraph: true })).toBe(true);
    // Some systems report AltGr with Ctrl and Alt held.
    expect(press('@', { altGraph: true, ctrl: true, alt: true })).toBe(true);
  });

  it('never pass as a shortcut, known or not', () => {
    for (const held of [
      { ctrl: true },
      { alt: true },
      { meta: true },
      { ctrl: true, shift: true },
      { ctrl: true, alt: true },
    ])
      for (const key of ['a', 'n', 't', 'w', 'F4', 'Tab', 'ArrowLeft', 'Home', '+', '0', 'Escape', 'Enter'])
        expect([key, held, press(key, held)]).toEqual([key, held, false]);
    expect(press('F4', { altGraph: true, ctrl: true, alt: true })).toBe(false);
    for (let n = 1; n <= 24; n++) expect(press(`F${n}`)).toBe(false);
    for (const key of [
      'ContextMenu',
      'BrowserBack',
      'BrowserHome',
      'BrowserSearch',
      'LaunchMail',
      'PrintScreen',
      'Meta',
      'Alt',
      'Help',
      'SomethingNew',
    ])
      expect([key, press(key)]).toEqual([key, false]);
    expect(press('Escape')).toBe(true);
    expect(press('Escape', { shift: true })).toBe(false);
  });
});
