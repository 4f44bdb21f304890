import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commentsOf, generateTables } from './generate.ts';
import { readTables, TABLES_FILE } from './read.ts';

test('the types of the tables are those of the schema: run `npm run tables` after a change of it', async () => {
  const file = readFileSync(join(import.meta.dirname, '../..', TABLES_FILE), 'utf8');
  expect(await readTables()).toBe(file);
}, 300_000);

test('a column is typed by its type, default, and the values that its check allows; comments come along', () => {
  const comments = commentsOf([
    '-- A door.\n create table door (\n id uuid primary key,\n -- Which way\n -- it opens.\n way text, check (way is not null))',
    'alter table door\n -- Since the last painting.\n add column colour text',
    'create index door_way on door (way)',
  ]);
  expect([...comments]).toEqual([
    ['door', 'A door.'],
    ['door.way', 'Which way it opens.'],
    ['door.colour', 'Since the last painting.'],
  ]);
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
  expect(() => generateTables([door], comments)).toThrow('names a column that is not there');
});
