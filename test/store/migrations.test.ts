import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../electron/core/store/database.ts';
import {
  MIGRATIONS,
  type Migration,
  migrate,
  readMeta,
  SCHEMA,
  writeMeta,
} from '../../electron/core/store/migrations.ts';
import { aPerson, codeOf, newFolder, openKiosk, snapshot, someCheckins } from './kiosk.ts';

const next = (minReader: number, sql = 'ALTER TABLE person ADD COLUMN later TEXT'): Migration[] => [
  ...MIGRATIONS,
  { schema: SCHEMA + 1, minReader, sql },
];
const MIN_READER = MIGRATIONS.at(-1)!.minReader;
const empty = () => openDatabase(join(newFolder(), 'db'), randomBytes(32), 'wal');
const meta = (db: ReturnType<typeof empty>) => [readMeta(db, 'schema'), readMeta(db, 'minReader')];

describe('migrations', () => {
  it('migrate an empty file to the newest schema, and do nothing the second time', () => {
    const db = empty();
    migrate(db);
    migrate(db);
    expect(meta(db)).toEqual([String(SCHEMA), String(MIN_READER)]);
    db.close();
  });

  it('are each all or nothing', () => {
    const db = empty();
    expect(() => migrate(db, next(MIN_READER, 'CREATE TABLE half(x); CREATE TABLE half(x)'))).toThrow(/already exists/);
    expect(meta(db)).toEqual([String(SCHEMA), String(MIN_READER)]);
    expect(db.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").pluck().get()).toBe(0);
    db.close();
  });

  it('may rebuild a referenced table: no referencing row is lost, and references are enforced again afterwards', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    const { id } = await store.people.add(aPerson());
    store.presence.beginEvacuation(
      { id: randomUUID(), startedAt: new Date().toISOString() },
      { code: 'evacuation', detail: {} },
    );
    store.presence.account(id, true, new Date().toISOString()); // a row that would be deleted with the person's
    const { db } = store.session;
    const counts = () =>
      ['person', 'template', 'accounted'].map((table) => db.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
    expect(counts()).toEqual([1, 1, 1]);
    const { sql } = db.prepare("SELECT sql FROM sqlite_schema WHERE name = 'person'").get() as { sql: string };
    const rebuilt = sql.replace(/TABLE "?person"?/, 'TABLE rebuilt');
    expect(rebuilt).not.toBe(sql);
    migrate(
      db,
      next(
        SCHEMA + 1,
        `${rebuilt}; INSERT INTO rebuilt SELECT * FROM person; DROP TABLE person; ALTER TABLE rebuilt RENAME TO person`,
      ),
    );
    expect(counts()).toEqual([1, 1, 1]);
    expect(meta(db)).toEqual([String(SCHEMA + 1), String(SCHEMA + 1)]);
    expect(() => db.exec('DELETE FROM person')).toThrow(/FOREIGN KEY/);
  });

  it('that leave a dangling reference are refused with a code and rolled back', async () => {
    const store = await openKiosk(newFolder());
    await store.people.add(aPerson());
    const { db } = store.session;
    expect(await codeOf(() => migrate(db, next(MIN_READER, 'DELETE FROM person')))).toBe('store-migration-failed');
    expect(meta(db)).toEqual([String(SCHEMA), String(MIN_READER)]);
    expect(db.prepare('SELECT count(*) FROM person').pluck().get()).toBe(1);
    expect(db.pragma('foreign_keys', { simple: true })).toBe(1);
  });

  it('refuse a list that is out of order or lowers minReader', () => {
    const db = empty();
    const one = MIGRATIONS[0]!;
    for (const list of [
      [{ ...one, schema: 2 }],
      [one, { ...one, schema: 3 }],
      [one, one],
      [one, { ...one, schema: 2, minReader: 3 }],
      [{ ...one, minReader: 0 }],
    ])
      expect(() => migrate(db, list)).toThrow(/out of order/);
    db.close();
  });
});

describe('a store of a newer build', () => {
  it('opens in this one if minReader allows it, so that an update can be rolled back', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    migrate(store.session.db, next(SCHEMA));
    store.close();
    const old = await openKiosk(home);
    const { id } = await old.people.add(aPerson());
    await someCheckins(old, id, 2);
    expect(meta(old.session.db)).toEqual([String(SCHEMA + 1), String(SCHEMA)]);
    expect((await old.check()).problems).toEqual([]);
  });

  it('is refused if minReader is newer, and left unchanged', async () => {
    const home = newFolder();
    const store = await openKiosk(home);
    const { epoch } = store;
    writeMeta(store.session.db, 'minReader', String(SCHEMA + 1));
    store.close();
    const before = snapshot(home);
    expect(await codeOf(() => openKiosk(home))).toBe('store-too-new');
    expect(await codeOf(() => openKiosk(home))).toBe('store-too-new'); // its lock is released
    expect(snapshot(home)).toEqual(before);
    expect(epoch).toHaveLength(36);
  });
});
