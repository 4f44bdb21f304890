import { expect, test } from 'vitest';
import { firstLanguage } from './languages.ts';

test('the browser’s first language that there is begins', () => {
  expect([['eo', 'de-AT'], ['zh-TW'], ['fr-CA', 'en'], ['eo']].map(firstLanguage)).toEqual(['de', 'zh', 'fr', 'en']);
});
