import { expect, test } from 'vitest';
import { firstLanguage } from './languages.ts';

test('starts with the first of the browser’s languages that is available', () => {
  expect([['eo', 'de-AT'], ['zh-TW'], ['fr-CA', 'en'], ['eo']].map(firstLanguage)).toEqual(['de', 'zh', 'fr', 'en']);
});
