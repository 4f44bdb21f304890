import { expect, test } from 'vitest';
import { changesOf } from './register.ts';

test('settings are parsed by their form, and an empty value removes one', () => {
  expect(changesOf(['volume=40', 'low=true', 'theme=dark', 'name=7', 'language='], {})).toEqual({
    volume: 40,
    low: true,
    theme: 'dark',
    name: '7',
    language: null,
  });
  expect(changesOf([], {})).toBeNull();
  for (const wrong of ['relay=open', 'volume', '=3', 'constructor=1', '__proto__=1'])
    expect(() => changesOf([wrong], {}), wrong).toThrow(expect.objectContaining({ code: 'arguments-wrong' }));
  expect(() => changesOf(['volume=1'], { revert: 2 })).toThrow(expect.objectContaining({ code: 'arguments-wrong' }));
});
