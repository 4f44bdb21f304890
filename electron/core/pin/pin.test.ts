import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { weakPin } from '../../contract/pin.ts';
import { createPinHasher } from './pin-hash.ts';

test('a PIN is right only with the pepper of the device that hashed it', async () => {
  const [here, elsewhere] = [await createPinHasher(randomBytes(32)), await createPinHasher(randomBytes(32))];
  const stored = await here.hash('4711');
  expect(stored).toMatch(/^\$argon2id\$/);
  expect(await here.verify(stored, '4711')).toBe(true);
  expect(await here.verify(stored, '4712')).toBe(false);
  expect(await elsewhere.verify(stored, '4711')).toBe(false);
});

test('a number that nobody has is verified anyway, and refused', async () => {
  const pins = await createPinHasher(randomBytes(32));
  expect(await pins.verify(null, 'decoy-that-no-keypad-can-type')).toBe(false);
});

test('repeated digits and plain sequences are refused, others are not', () => {
  expect(weakPin('1111')).toBe('repeated');
  expect(weakPin('123456')).toBe('sequence');
  expect(weakPin('9876')).toBe('sequence');
  expect(weakPin('4711')).toBeNull();
});
