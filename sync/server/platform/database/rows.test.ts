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
      { site: siteOf('a'), starts: '01:00', ends: '02:00' },
      { site: siteOf('b'), starts: '01:00', ends: '02:00' },
      { site: siteOf('c'), starts: null, ends: null },
    ]);
  });
  const siteOf = (one: string) => `0000000${one}-0000-4000-8000-000000000000`;
  const sites = async () => (await findAll(db, 'update_window', {}, ['site'])).map(({ site }) => site[7]).sort();

  test('null matches null, a list matches any of its values, and all conditions must hold', async () => {
    expect(await findAll(db, 'update_window', { starts: null }, ['site'])).toEqual([{ site: siteOf('c') }]);
    expect(await findAll(db, 'update_window', { site: [siteOf('a'), siteOf('b')], ends: '02:00' })).toHaveLength(2);
    expect(await find(db, 'update_window', { site: siteOf('a'), starts: null })).toBeUndefined();
    await expect(get(db, 'update_window', { site: siteOf('d') })).rejects.toThrow('no result');
  });

  test('an empty list matches nothing, and inserting no rows does nothing', async () => {
    expect(await findAll(db, 'update_window', { site: [] })).toEqual([]);
    expect(await count(db, 'update_window', { site: [], starts: null })).toBe(0);
    expect(await update(db, 'update_window', { site: [] }, { ends: '03:00' })).toBe(0);
    expect(await remove(db, 'update_window', { site: [] })).toBe(0);
    await insert(db, 'update_window', []);
    await upsert(db, 'update_window', 'site', []);
    expect(await insertNew(db, 'update_window', [])).toBe(0);
    expect(await sites()).toEqual(['a', 'b', 'c']);
  });

  test('a column can be compared by order and inequality', async () => {
    const found = async (site: NonNullable<Parameters<typeof count<'update_window'>>[2]['site']>) =>
      (await findSorted(db, 'update_window', { site }, ['site'], { columns: ['site'] }))
        .map((row) => row.site[7])
        .join('');
    expect(await found(below(siteOf('b')))).toBe('a');
    expect(await found(atMost(siteOf('b')))).toBe('ab');
    expect(await found(above(siteOf('b')))).toBe('c');
    expect(await found(atLeast(siteOf('b')))).toBe('bc');
    expect(await found(not(siteOf('b')))).toBe('ac');
    expect(await count(db, 'update_window', { starts: not(null) })).toBe(2);
    expect(await exists(db, 'update_window', { starts: not(null), site: siteOf('c') })).toBe(false);
    expect(await exists(db, 'update_window', { starts: null, site: siteOf('c') })).toBe(true);
  });

  test('rows are sorted and limited as requested', async () => {
    const last = await findSorted(db, 'update_window', {}, ['starts', 'site'], { descending: true, limit: 2 });
    expect(last.map(({ site }) => site[7])).toEqual(['c', 'b']);
  });

  test('an undefined value is an error, so nothing is changed or deleted', async () => {
    const missing = { site: undefined as unknown as string };
    await expect(remove(db, 'update_window', missing)).rejects.toThrow('no value for site');
    await expect(update(db, 'update_window', missing, { ends: '03:00' })).rejects.toThrow('no value for site');
    expect(await sites()).toEqual(['a', 'b', 'c']);
    expect(await findAll(db, 'update_window', { ends: '03:00' })).toEqual([]);
  });

  test('insertNew keeps an existing row, and upsert changes it', async () => {
    const row = { site: siteOf('a'), starts: '05:00', ends: '06:00' };
    expect(await insertNew(db, 'update_window', row)).toBe(0);
    expect(await get(db, 'update_window', { site: row.site }, ['starts'])).toEqual({ starts: '01:00' });
    await upsert(db, 'update_window', 'site', row, { starts: '05:00' });
    expect(await get(db, 'update_window', { site: row.site })).toEqual({ ...row, ends: '02:00' });
    expect(await update(db, 'update_window', { site: row.site }, { ends: '07:00' })).toBe(1);
    expect(await remove(db, 'update_window', { site: row.site })).toBe(1);
    expect(await remove(db, 'update_window', { site: row.site })).toBe(0);
    expect(await sites()).toEqual(['b', 'c']);
  });
});
