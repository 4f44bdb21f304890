import { expect, test } from 'vitest';
import { checkPassword, hashPassword } from './password.ts';

test('a sign-in that was refused because too many were waiting does not make later ones fail', async () => {
  // Two run and fifty wait, before the decoy hash for unknown addresses was ever made.
  const crowd = Array.from({ length: 52 }, (_, i) => hashPassword(`password of visitor ${i}`));
  await expect(checkPassword(null, 'anything')).rejects.toMatchObject({ code: 'too-many-requests' });
  await Promise.all(crowd);
  expect(await checkPassword(null, 'anything')).toBe(false);
});
