import { expect, test } from 'vitest';
import { createUndoTokens } from './receipts.ts';

const refused = expect.objectContaining({ code: 'undo-expired' });

test('a token undoes its own check-in, once', () => {
  const tokens = createUndoTokens(8_000);
  const token = tokens.issue('one', 0);
  tokens.check('one', token, 7_999);
  tokens.spend('one');
  expect(() => tokens.check('one', token, 7_999)).toThrow(refused);
});

test('a token is of no use after its time, for another check-in, or altered', () => {
  const tokens = createUndoTokens(8_000);
  const token = tokens.issue('one', 0);
  tokens.issue('two', 0);
  expect(() => tokens.check('two', token, 1)).toThrow(refused);
  expect(() => tokens.check('one', `${token}x`, 1)).toThrow(refused);
  expect(() => tokens.check('one', '', 1)).toThrow(refused);
  expect(() => tokens.check('one', token, 8_001)).toThrow(refused);
});
