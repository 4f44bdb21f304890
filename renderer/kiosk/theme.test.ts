import { expect, it } from 'vitest';
import { themeFor } from './theme.ts';

it('a kiosk is dark at night and if the system prefers it, unless a theme is forced', () => {
  expect(themeFor(null, 12, false)).toBe('light');
  expect(themeFor(null, 12, true)).toBe('dark');
  expect(themeFor(null, 22, false)).toBe('dark');
  expect(themeFor(null, 5, false)).toBe('dark');
  expect(themeFor('light', 22, true)).toBe('light');
  expect(themeFor('dark', 12, false)).toBe('dark');
  expect(themeFor('pink', 12, false)).toBe('light');
});
