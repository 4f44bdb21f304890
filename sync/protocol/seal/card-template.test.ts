import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { openCardTemplates, sealCardTemplates } from './card-template.ts';

test('sealed templates open only with their own card, person and model, even under the same key', () => {
  const key = { person: randomUUID(), card: randomUUID(), key: randomBytes(32) };
  const sealed = sealCardTemplates(key, 'arcface', [Float32Array.of(1, 2), Float32Array.of(3, 4)], randomBytes(12));
  const open = (other: Partial<typeof key> = {}, model = 'arcface') =>
    openCardTemplates({ ...key, ...other }, model, sealed, 2);
  expect(open()?.map((vector) => [...vector])).toEqual([
    [1, 2],
    [3, 4],
  ]);
  for (const other of [{ person: randomUUID() }, { card: randomUUID() }, { key: randomBytes(32) }])
    expect(open(other)).toBeNull();
  expect(open({}, 'dlib')).toBeNull();
});
