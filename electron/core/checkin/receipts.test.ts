import { expect, test } from 'vitest';
import { createUndoTokens } from './receipts.ts';

const refused = expect.objectContaining({ code: 'undo-expired' });

test('a token undoes its own check-in, until it is closed', () => {
  const tokens = createUndoTokens(8_000);
  const token = tokens.issue('one', 0);
  tokens.check('one', token, 7_999);
  tokens.close();
  expect(() => tokens.check('one', token, 7_999)).toThrow(refused);
});

test('a token is useless after its time, for another check-in, or when altered', () => {
  const tokens = createUndoTokens(8_000);
  const token = tokens.issue('one', 0);
  expect(() => tokens.check('two', token, 1)).toThrow(refused);
  expect(() => tokens.check('one', `${token}x`, 1)).toThrow(refused);
  expect(() => tokens.check('one', '', 1)).toThrow(refused);
  expect(() => tokens.check('one', token, 8_001)).toThrow(refused);
});

test('the next check-in closes the previous one', () => {
  const tokens = createUndoTokens(8_000);
  const one = tokens.issue('one', 0);
  const two = tokens.issue('two', 1);
  expect(() => tokens.check('one', one, 2)).toThrow(refused);
  tokens.check('two', two, 2);
});
