import { expect, test } from 'vitest';
import { changesOf } from './register.ts';

test('settings are read as they are written, and nothing behind the sign takes one away', () => {
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
