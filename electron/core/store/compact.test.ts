import { randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type EventType, OpenBody, PersonalBody } from '../../../sync/protocol/wire/event.ts';
import { fieldMask, fieldsOf, packSalted, typeCode, typeOf, unpackSalted } from './compact.ts';
import type { Salted } from './events.ts';
import { canonicalText } from './header.ts';

const salted = (field: string, value: unknown): Salted => ({
  field,
  salt: randomBytes(16),
  text: canonicalText(value),
});
const plain = (values: readonly Salted[]) =>
  values.map((one) => ({ ...one, salt: Buffer.from(one.salt).toString('hex') }));

test('packed values are restored exactly: texts to the letter, salts, order', () => {
  const value = fc.oneof(
    fc.uuid(),
    fc.uuid().map((id) => id.toUpperCase()),
    fc.double({ noDefaultInfinity: true, noNaN: true }),
    fc.integer(),
    fc.float({ noDefaultInfinity: true, noNaN: true }),
    fc.jsonValue(),
  );
  const fields = ['person', 'score', 'second', 'photo', 'gps', 'name', 'number', 'language', 'guardian'] as const;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...fields), value), { maxLength: 9 }), (pairs) => {
      const values = pairs.map(([field, one]) => salted(field, one));
      expect(plain(unpackSalted(packSalted(values)))).toEqual(plain(values));
    }),
  );
});

test('a check-in’s values take 85 bytes at most, however many digits its scores have', () => {
  for (const [score, second] of [
    [0.7312, 0.2114],
    [Math.fround(0.731234567), Math.fround(-0.21149876)],
    [1e-7 / 3, null],
  ])
    expect(
      packSalted([salted('person', randomUUID()), salted('score', score), salted('second', second)]).length,
    ).toBeLessThanOrEqual(85);
});

test('values packed only as text can be read', () => {
  const values = [salted('person', randomUUID()), salted('score', 0.731234567)];
  const json = `[${values.map((one) => one.text).join(',')}]`;
  const heads = values.map((one, i) => Buffer.concat([Buffer.from([i]), one.salt]));
  expect(plain(unpackSalted(Buffer.concat([Buffer.from([2]), ...heads, Buffer.from(json)])))).toEqual(plain(values));
});

test('every kind of event and every personal field of the wire has a code', () => {
  const kinds = Object.keys(OpenBody) as EventType[];
  expect(kinds.filter((kind) => typeCode(kind) === undefined)).toEqual([]);
  expect(kinds.map((kind) => typeOf(typeCode(kind)))).toEqual(kinds);
  const fields = [...new Set(Object.values(PersonalBody).flatMap(({ shape }) => Object.keys(shape)))].sort();
  expect(fieldsOf(fieldMask(fields))).toEqual(fields);
});
