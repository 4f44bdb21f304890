import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generateTables } from './generate.ts';
import { readTables, TABLES_FILE } from './write.ts';

test('the table types match the schema: run `npm run tables` after changing it', async () => {
  const file = readFileSync(join(import.meta.dirname, '../..', TABLES_FILE), 'utf8');
  expect(await readTables()).toBe(file);
}, 300_000);

test('a column’s type depends on its database type, its default, and the values that its check allows', () => {
  const column = { nullable: false, defaulted: false, values: null };
  const door = {
    schema: 'public',
    name: 'door',
    columns: [
      { ...column, name: 'id', type: 'uuid' },
      { ...column, name: 'way', type: 'text', values: ['in', 'out'], nullable: true },
      { ...column, name: 'opened', type: 'bigint', defaulted: true },
    ],
  };
  expect(() => generateTables([door])).toThrow('names a column that is not there');
});
