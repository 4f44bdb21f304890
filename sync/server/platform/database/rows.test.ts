import { describe, expect, test } from 'vitest';
import { DATABASES } from '../../../../test/kit/databases.ts';
import { withDatabase } from '../../../../test/kit/suite.ts';
import {
  above,
  atLeast,
  atMost,
  below,
  count,
  exists,
  find,
  findAll,
  findSorted,
  get,
  insert,
  insertNew,
  not,
  remove,
  update,
  upsert,
} from './rows.ts';
import type { Db } from './schema.ts';

describe.each(DATABASES)('rows by their values on $name', (kind) => {
  let db: Db;
  withDatabase(kind, async (opened) => {
    ({ db } = opened);
    await insert(db, 'update_window', [
      { scope: scopeOf('a'), starts: '01:00', ends: '02:00' },
      { scope: scopeOf('b'), starts: '01:00', ends: '02:00' },
      { scope: scopeOf('c'), starts: null, ends: null },
    ]);
  });
  const scopeOf = (one: string) => `0000000${one}-0000-4000-8000-000000000000`;
  const scopes = async () => (await findAll(db, 'update_window', {}, ['scope'])).map(({ scope }) => scope[7]).sort();

  test('null matches null, a list matches any of its values, and all conditions must hold', async () => {
    expect(await findAll(db, 'update_window', { starts: null }, ['scope'])).toEqual([{ scope: scopeOf('c') }]);
    expect(await findAll(db, 'update_window', { scope: [scopeOf('a'), scopeOf('b')], ends: '02:00' })).toHaveLength(2);
    expect(await find(db, 'update_window', { scope: scopeOf('a'), starts: null })).toBeUndefined();
    await expect(get(db, 'update_window', { scope: scopeOf('d') })).rejects.toThrow('no result');
  });

  test('an empty list matches nothing, and inserting no rows does nothing', async () => {
    expect(await findAll(db, 'update_window', { scope: [] })).toEqual([]);
    expect(await count(db, 'update_window', { scope: [], starts: null })).toBe(0);
    expect(await update(db, 'update_window', { scope: [] }, { ends: '03:00' })).toBe(0);
    expect(await remove(db, 'update_window', { scope: [] })).toBe(0);
    await insert(db, 'update_window', []);
    await upsert(db, 'update_window', 'scope', []);
    expect(await insertNew(db, 'update_window', [])).toBe(0);
    expect(await scopes()).toEqual(['a', 'b', 'c']);
  });

  test('a column can be compared by order and inequality', async () => {
    const found = async (scope: NonNullable<Parameters<typeof count<'update_window'>>[2]['scope']>) =>
      (await findSorted(db, 'update_window', { scope }, ['scope'], { columns: ['scope'] }))
        .map((row) => row.scope[7])
        .join('');
    expect(await found(below(scopeOf('b')))).toBe('a');
    expect(await found(atMost(scopeOf('b')))).toBe('ab');
    expect(await found(above(scopeOf('b')))).toBe('c');
    expect(await found(atLeast(scopeOf('b')))).toBe('bc');
    expect(await found(not(scopeOf('b')))).toBe('ac');
    expect(await count(db, 'update_window', { starts: not(null) })).toBe(2);
    expect(await exists(db, 'update_window', { starts: not(null), scope: scopeOf('c') })).toBe(false);
    expect(await exists(db, 'update_window', { starts: null, scope: scopeOf('c') })).toBe(true);
  });

  test('rows are sorted and limited as requested', async () => {
    const last = await findSorted(db, 'update_window', {}, ['starts', 'scope'], { descending: true, limit: 2 });
    expect(last.map(({ scope }) => scope[7])).toEqual(['c', 'b']);
  });

  test('an undefined value is an error, so nothing is changed or deleted', async () => {
    const missing = { scope: undefined as unknown as string };
    await expect(remove(db, 'update_window', missing)).rejects.toThrow('no value for scope');
    await expect(update(db, 'update_window', missing, { ends: '03:00' })).rejects.toThrow('no value for scope');
    expect(await scopes()).toEqual(['a', 'b', 'c']);
    expect(await findAll(db, 'update_window', { ends: '03:00' })).toEqual([]);
  });

  test('insertNew keeps an existing row, and upsert changes it', async () => {
    const row = { scope: scopeOf('a'), starts: '05:00', ends: '06:00' };
    expect(await insertNew(db, 'update_window', row)).toBe(0);
    expect(await get(db, 'update_window', { scope: row.scope }, ['starts'])).toEqual({ starts: '01:00' });
    await upsert(db, 'update_window', 'scope', row, { starts: '05:00' });
    expect(await get(db, 'update_window', { scope: row.scope })).toEqual({ ...row, ends: '02:00' });
    expect(await update(db, 'update_window', { scope: row.scope }, { ends: '07:00' })).toBe(1);
    expect(await remove(db, 'update_window', { scope: row.scope })).toBe(1);
    expect(await remove(db, 'update_window', { scope: row.scope })).toBe(0);
    expect(await scopes()).toEqual(['b', 'c']);
  });

  test('more rows than a statement has room for are inserted all the same', async () => {
    const scope = Array.from({ length: 22_000 }, (_, i) => `${String(i).padStart(8, '0')}-0000-4000-9000-000000000000`);
    const rows = scope.map((one) => ({ scope: one, starts: '01:00', ends: '02:00' }));
    await insert(db, 'update_window', rows.slice(1));
    expect(await insertNew(db, 'update_window', rows)).toBe(1);
    await upsert(db, 'update_window', 'scope', rows, { ends: '03:00' });
    expect(await count(db, 'update_window', { ends: '03:00' })).toBe(rows.length);
    expect(await remove(db, 'update_window', { ends: '03:00' })).toBe(rows.length);
  });
});
