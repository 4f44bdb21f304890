import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASES } from '../kit/databases.ts';
import { ROWS } from './rows.ts';
import { missingRows, runTable, textOf, wrongIn } from './table.ts';

test('every event kind on the wire has a row, and every change too', () => {
  expect(missingRows()).toEqual([]);
  expect(missingRows(ROWS.filter((r) => r.kind !== 'purge'))).toEqual(['purge']);
  expect(missingRows(ROWS.filter((r) => r.what !== 'carried'))).toEqual(['pin: carried']);
});

describe.each(DATABASES)('on $name', ({ unavailable, start }) => {
  if (unavailable) return test.skip(unavailable, () => undefined);
  let home: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    home = await start();
  });
  afterAll(() => home?.remove());

  test('no event of a kiosk changes anything about a person who is not in its scope', {
    timeout: 3_600_000,
  }, async () => {
    const database = await home.open();
    const table = await runTable(database).finally(() => database.close());
    expect(wrongIn(table), textOf(table)).toBe(0);
  });
});
