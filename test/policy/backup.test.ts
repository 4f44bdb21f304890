import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { type Kysely, sql } from 'kysely';
import { pino } from 'pino';
import { NIL } from 'uuid';
import { describe, expect, test } from 'vitest';
import type { Config } from '../../sync/server/app/config.ts';
import { commandFor } from '../../sync/server/core/devices/device-state.ts';
import { setHold } from '../../sync/server/core/people/holds.ts';
import type { ThawOptions } from '../../sync/server/features/backup/read.ts';
import { type RestoreContext, restoreBackup } from '../../sync/server/features/backup/restore.ts';
import { runBackup } from '../../sync/server/features/backup/run.ts';
import { verifyBackup } from '../../sync/server/features/backup/verify.ts';
import { tombstonesJob } from '../../sync/server/features/privacy/erasure/tombstones.ts';
import { SYSTEM } from '../../sync/server/platform/audit/actor.ts';
import { writeAudit } from '../../sync/server/platform/audit/write.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import type { Db } from '../../sync/server/platform/database/schema.ts';
import type { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { personBox } from '../../sync/server/platform/keys/persons.ts';
import { keysOf } from '../../sync/server/platform/keys/settings.ts';
import { s3Client } from '../../sync/server/platform/objects/client.ts';
import {
  databaseObject,
  KEYRING_OBJECT,
  keyObject,
  PREFIX,
  TOMBSTONE_KEY,
} from '../../sync/server/platform/objects/sealed/layout.ts';
import { writeTombstone } from '../../sync/server/platform/objects/sealed/tombstones.ts';
import type { ObjectStore } from '../../sync/server/platform/objects/store.ts';
import { addPhotos, contextOf, newBucket, settled } from '../backup/bucket.ts';
import { everyRow, fillEveryTable, uuid } from '../backup/fill.ts';
import { DATABASES } from '../kit/databases.ts';
import { newPair } from '../kit/keys.ts';
import { withDatabase } from '../kit/suite.ts';
import { type Moto, motoMissing, startMoto } from '../services/moto.ts';

const missing = motoMissing();
if (missing) console.log(missing);

const ENTRY = { actor: SYSTEM, action: 'read', route: 'test', data: [], subjects: [], outcome: 'ok' } as const;
const THAW: ThawOptions = { wait: false, tier: 'Standard', sleep: async () => undefined };
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'taken',
    (cause: { code?: string; message?: string }) => cause.code ?? cause.message,
  );

describe.skipIf(missing).each(DATABASES)('backup of $name to an S3 store', ({ name, unavailable, start }) => {
  if (unavailable) return test.skip(unavailable, () => undefined);
  let moto: Moto;
  let store: ObjectStore;
  let database: OpenDatabase;
  let keys: Keys;
  let before: Map<string, string[]>;
  let report: Awaited<ReturnType<typeof runBackup>>;
  const pair = newPair();
  const bucket = `backup-${name.toLowerCase()}`;
  const opened: (() => Promise<unknown>)[] = [];

  /** Deletes an object as from a console, with a delete marker whose version it returns; or deletes one version. */
  const remove = async (key: string, version?: string): Promise<string> => {
    const client = s3Client(moto.settings(bucket));
    const which = { Bucket: bucket, Key: key, ...(version !== undefined && { VersionId: version }) };
    const { VersionId } = await client.send(new DeleteObjectCommand(which));
    client.destroy();
    return VersionId!;
  };
  const restoreInto = (db: Db): RestoreContext => ({
    db,
    store,
    keys: keysOf(pair),
    now: () => new Date(),
    actor: SYSTEM,
    thaw: THAW,
  });
  const emptyDatabase = async () => {
    const there = await start();
    opened.push(() => there.remove());
    return there;
  };

  withDatabase({ unavailable, start }, async (made, undo) => {
    moto = await startMoto();
    undo.defer(() => moto.remove());
    store = await newBucket(moto, bucket);
    undo.defer(() => store.close());
    undo.defer(async () => {
      for (const close of opened) await close();
    });
    database = made;
    keys = await settled(database.db, keysOf(pair));
    const own = /^public\.(audit.*|photo.*|meta|backup)$|^keyring\./;
    expect(await fillEveryTable(database.db, 30, (table) => own.test(table))).toEqual({});
    const living = [uuid(0), uuid(1), uuid(2)];
    await database.db.updateTable('person').set({ deleted_at: null }).where('id', 'in', living).execute();
    await database.db.transaction().execute((tx) => personBox(tx, keys, living, { make: true }));
    await addPhotos(database.db, uuid(0), 5);
    await inTransaction(database.db, (tx) => writeAudit(tx, keys, ENTRY, new Date()));
    before = await everyRow(database.db);
    report = await runBackup(contextOf(database.db, keys, store));
  });

  test('a backup restored into an empty database has every row of every table', async () => {
    const there = await emptyDatabase();
    const bare = await there.bare();
    const restored = await restoreBackup(
      { db: bare.db, store, keys: keysOf(pair), now: () => new Date(), actor: SYSTEM, thaw: THAW },
      null,
    );
    expect(restored).toMatchObject({
      backup: report.backup,
      rows: report.rows,
      photos: 5,
      photosMissing: 0,
      keyring: 'newest',
    });
    const after = await everyRow(bare.db);
    // Everything that a restore changes: its log epoch, its audit row, marks that are now safe, its own record, void one-time
    // codes, ended sessions, no command that destroys a kiosk, no rollout that continues.
    // one-time codes that are void, nobody signed in, no command that destroys a kiosk, no rollout that goes on.
    const changed =
      /^public\.(meta|audit|ack_mark|backup|photo_object|recovery_code|provisioning_code|session|sign_in_link|fleet_command|device_state|rollout.*)$/;
    for (const [table, rows] of before)
      if (!changed.test(table)) expect({ table, rows: after.get(table) }).toEqual({ table, rows });
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    expect(after.get('public.photo_object')).toHaveLength(5);
    expect(after.get('public.audit')).toHaveLength(before.get('public.audit')!.length + 1);
    expect(after.get('public.audit')).toEqual(expect.arrayContaining(before.get('public.audit')!));
    const marks = (rows: Map<string, string[]>) => rows.get('public.ack_mark')!.length;
    expect([marks(after), marks(before) > 0]).toEqual([marks(before), true]);
    for (const table of ['recovery_code', 'provisioning_code', 'fleet_command', 'device_state'])
      expect(after.get(`public.${table}`)).toHaveLength(before.get(`public.${table}`)!.length);
    for (const table of ['session', 'sign_in_link']) {
      expect(before.get(`public.${table}`)!.length).toBeGreaterThan(0);
      expect(after.get(`public.${table}`)).toEqual([]);
    }
    const usable = await Promise.all([
      bare.db.selectFrom('recovery_code').select('hash').where('used_at', 'is', null).execute(),
      bare.db.selectFrom('provisioning_code').select('hash').where('expires_at', '>', new Date()).execute(),
    ]);
    expect(usable).toEqual([[], []]);
    const epochs = await Promise.all(
      [database.db, bare.db].map((db) =>
        db.selectFrom('meta').select('value').where('key', '=', 'log-epoch').executeTakeFirst(),
      ),
    );
    expect(epochs[0]!.value).not.toBe(epochs[1]!.value);
    await bare.close();
    // A server opens it and continues: identities count on from where they were.
    const server = await there.open();
    await settled(server.db, keysOf(pair));
    const { position } = await server.db
      .insertInto('change')
      .values({
        tag: 'next',
        at: new Date(),
        site: null,
        device: null,
        kind: 'start',
        person: null,
        model: null,
        request: null,
      })
      .returning('position')
      .executeTakeFirstOrThrow();
    const positions = await server.db.selectFrom('change').select('position').where('tag', '!=', 'next').execute();
    expect(Number(position)).toBeGreaterThan(Math.max(...positions.map((p) => Number(p.position))));
    // A second restore into it is rejected.
    expect(
      await codeOf(
        restoreBackup(
          { db: server.db, store, keys: keysOf(pair), now: () => new Date(), actor: SYSTEM, thaw: THAW },
          null,
        ),
      ),
    ).toBe('database-not-empty');
    await server.close();
  }, 300_000);

  test('the safe marks advance exactly to what the backup contains', async () => {
    const marks = await database.db.selectFrom('ack_mark').select(['committed', 'safe']).execute();
    expect(marks.length).toBeGreaterThan(0);
    for (const mark of marks) expect(Number(mark.safe)).toBe(Number(mark.committed));
  });

  test('a backup is read back completely, and each photo is uploaded only once', async () => {
    expect(
      await verifyBackup({ db: database.db, store, keys }, { wanted: null, photos: true, thaw: THAW }),
    ).toMatchObject({ backup: report.backup, rows: report.rows, keyring: 'opened', photos: 5 });
    expect(report.photos.stored).toBe(5);
    const again = await runBackup(contextOf(database.db, keys, store));
    expect(again.photos.stored).toBe(0);
    report = again;
  }, 300_000);

  test('photos erased during verification, as by the hourly retention, are not reported as missing', async () => {
    const stored = await database.db
      .selectFrom('photo_object')
      .select(['object', 'address'])
      .orderBy('object')
      .execute();
    const [first, second] = stored;
    const rows = await database.db.selectFrom('photo').selectAll().where('address', '=', second!.address).execute();
    const kept = await bytesOf(store, second!.object);
    const erasing: ObjectStore = {
      ...store,
      get: async (key, version) => {
        if (key === first!.object) {
          await database.db.deleteFrom('photo').where('address', '=', second!.address).execute();
          await store.deleteEveryVersion(second!.object);
        }
        return store.get(key, version);
      },
    };
    const verify = (from: ObjectStore) =>
      verifyBackup({ db: database.db, store: from, keys }, { wanted: null, photos: true, thaw: THAW });
    try {
      expect(await verify(erasing)).toMatchObject({ photos: stored.length - 1 });
      // A photo that should exist is still reported as missing.
      await database.db.insertInto('photo').values(rows).execute();
      await expect(verify(store)).rejects.toMatchObject({ code: 's3-object-missing' });
    } finally {
      await store.put(second!.object, kept);
    }
  }, 300_000);

  test('no backup opens with other environment keys', async () => {
    const there = await emptyDatabase();
    const bare = await there.bare();
    const restore = restoreBackup(
      { db: bare.db, store, keys: keysOf(newPair()), now: () => new Date(), actor: SYSTEM, thaw: THAW },
      null,
    );
    expect(await codeOf(restore)).toBe('wrong-encryption-key');
    await bare.close();
  }, 300_000);

  test('a backup with a newer build’s schema is refused, and nothing is written', async () => {
    const there = await emptyDatabase();
    const bare = await there.bare();
    const step = { name: '9998-next', timestamp: new Date().toISOString() };
    const db = database.db as unknown as Kysely<{ kysely_migration: typeof step }>;
    await db.insertInto('kysely_migration').values(step).execute();
    try {
      const { backup } = await runBackup(contextOf(database.db, keys, store));
      const restore = restoreBackup(restoreInto(bare.db), backup);
      await expect(restore).rejects.toMatchObject({ code: 'backup-newer', params: { migrations: step.name } });
      expect(await sql`select from pg_class where relname = 'person'`.execute(bare.db)).toMatchObject({ rows: [] });
    } finally {
      await db.deleteFrom('kysely_migration').where('name', '=', step.name).execute();
      await bare.close();
    }
    // The rest concerns a backup that this build can restore.
    report = await runBackup(contextOf(database.db, keys, store));
  }, 300_000);

  test('a missing, altered, truncated or swapped object is refused, and leaves nothing in the database', async () => {
    const object = databaseObject(report.backup);
    const whole = await bytesOf(store, object);
    // A store that returns something else for that object.
    const serving = (bytes: Buffer): ObjectStore => ({
      ...store,
      get: async (key, version) => (key === object ? pieces(bytes) : store.get(key, version)),
    });
    const there = await emptyDatabase();
    const bare = await there.bare();
    const restore = (from: ObjectStore) =>
      codeOf(
        restoreBackup(
          { db: bare.db, store: from, keys: keysOf(pair), now: () => new Date(), actor: SYSTEM, thaw: THAW },
          null,
        ),
      );
    const turned = Buffer.from(whole);
    turned[turned.length >> 1]! ^= 1;
    expect(await restore(serving(turned))).toBe('backup-broken');
    expect(await restore(serving(whole.subarray(0, whole.length - 20)))).toBe('backup-broken');
    const older = (await listIds(store)).find((id) => id !== report.backup)!;
    expect(await restore(serving(await bytesOf(store, databaseObject(older))))).toBe('backup-broken');
    expect(await bare.db.selectFrom('person').select('id').execute()).toEqual([]);
    // The remains count as empty, so the next attempt succeeds.
    expect(await restore(store)).toBe('taken');
    await bare.close();
  }, 300_000);

  test('a person erased after a backup is erased again at its restore, starting with their key', async () => {
    await writeTombstone(store, keys, {
      request: uuid(500),
      people: [uuid(1)],
      requestedAt: new Date(),
      noHoldAt: new Date(),
    });
    const there = await emptyDatabase();
    const bare = await there.bare();
    const restored = await restoreBackup(
      { db: bare.db, store, keys: keysOf(pair), now: () => new Date(), actor: SYSTEM, thaw: THAW },
      null,
    );
    expect(restored.erasuresRepeated).toBe(1);
    const box = await personBox(bare.db, await settled(bare.db, keysOf(pair)), [uuid(0), uuid(1)]);
    expect([box.has(uuid(0)), box.has(uuid(1))]).toEqual([true, false]);
    const asked = await bare.db.selectFrom('erasure').select('origin').where('person', '=', uuid(1)).execute();
    expect(asked).toHaveLength(1);
    await bare.close();
  }, 300_000);

  test('a restore wipes no kiosk: commands that may have been cancelled since expire', async () => {
    const [device, command] = [uuid(0), uuid(600)];
    const expires = new Date(Date.now() + 3_600_000);
    const asked = {
      id: command,
      device,
      what: 'wipe',
      by: 'operator',
      asked_at: new Date(),
      expires_at: expires,
    } as const;
    const body = JSON.stringify({ kind: 'command', id: command, what: 'wipe', expires: expires.toISOString() });
    await database.db.insertInto('fleet_command').values(asked).execute();
    await database.db
      .insertInto('device_state')
      .values({ device, kind: 'command', id: command, body, at: new Date() })
      .execute();
    await runBackup(contextOf(database.db, keys, store));
    await database.db.deleteFrom('device_state').where('id', '=', command).execute();
    await database.db.deleteFrom('fleet_command').where('id', '=', command).execute();
    const bare = await (await emptyDatabase()).bare();
    await restoreBackup(restoreInto(bare.db), null);
    const row = await bare.db.selectFrom('fleet_command').selectAll().where('id', '=', command).executeTakeFirst();
    expect(row).toMatchObject({ outcome: 'withdrawn', answered_at: expect.any(Date) });
    // Its kiosk, which may have received it, learns that it is over.
    const sent = await commandFor(bare.db, device, command, new Date());
    expect(sent).toMatchObject({ expires: '1970-01-01T00:00:00.000Z' });
    await bare.close();
  }, 300_000);

  test('a restore holds a running rollout, and no kiosk is sent the update', async () => {
    const device = uuid(0);
    const version = '9.9.9';
    const { id } = await database.db
      .updateTable('rollout')
      .set({ state: 'running', version })
      .where('ended_at', 'is', null)
      .returning('id')
      .executeTakeFirstOrThrow();
    await database.db.deleteFrom('device_state').where('device', '=', device).where('kind', '=', 'update').execute();
    const body = JSON.stringify({ kind: 'update', update: { rollout: id, version, action: 'install' } });
    const state = { device, kind: 'update', id: NIL, body, at: new Date() } as const;
    await database.db.insertInto('device_state').values(state).execute();
    await runBackup(contextOf(database.db, keys, store));
    // Changes that the backup can't contain.
    await database.db.updateTable('rollout').set({ state: 'rolled-back' }).where('id', '=', id).execute();
    const bare = await (await emptyDatabase()).bare();
    await restoreBackup(restoreInto(bare.db), null);
    const rollout = await bare.db.selectFrom('rollout').select('state').where('id', '=', id).executeTakeFirst();
    expect(rollout).toEqual({ state: 'held' });
    const actions = await bare.db.selectFrom('rollout_action').selectAll().where('rollout', '=', id).execute();
    expect(actions).toContainEqual(expect.objectContaining({ what: 'held', by: 'server' }));
    const { body: sent } = await bare.db
      .selectFrom('device_state')
      .select('body')
      .where('device', '=', device)
      .where('kind', '=', 'update')
      .executeTakeFirstOrThrow();
    expect(sent).toEqual({ kind: 'update', update: null });
    await bare.close();
  }, 300_000);

  test('a restore also honours a tombstone that was deleted from the bucket', async () => {
    await writeTombstone(store, keys, {
      request: uuid(500),
      people: [uuid(1)],
      requestedAt: new Date(),
      noHoldAt: new Date(),
    });
    await remove(`${PREFIX.tombstones}${uuid(500)}`);
    const there = await emptyDatabase();
    const bare = await there.bare();
    const restored = await restoreBackup(restoreInto(bare.db), null);
    expect(restored.erasuresRepeated).toBe(1);
    await bare.close();
  }, 300_000);

  test('without the tombstone key, erasures, restores and the tombstone check are refused, and no tombstone is written', async () => {
    const config = { home: '/nonexistent', s3: moto.settings(bucket) } as Config;
    const job = () =>
      tombstonesJob.run({
        db: database.db,
        keys,
        config,
        log: pino({ level: 'silent' }),
        now: () => new Date(),
        notify: () => undefined,
        signal: new AbortController().signal,
      } as never);
    const erase = () =>
      writeTombstone(store, keys, {
        request: uuid(501),
        people: [uuid(2)],
        requestedAt: new Date(),
        noHoldAt: new Date(),
      });
    await writeTombstone(store, keys, {
      request: uuid(500),
      people: [uuid(1)],
      requestedAt: new Date(),
      noHoldAt: new Date(),
    });
    const there = await emptyDatabase();
    const bare = await there.bare();
    const marker = await remove(keyObject(TOMBSTONE_KEY));
    for (const work of [erase, job, () => restoreBackup(restoreInto(bare.db), null)])
      expect(await codeOf(work())).toBe('tombstone-key-missing');
    expect((await versions(store, keyObject(TOMBSTONE_KEY))).filter((v) => !v.deleteMarker)).toHaveLength(1);
    // As its next step says: the deleted version is restored, and everything continues.
    await remove(keyObject(TOMBSTONE_KEY), marker);
    expect((await restoreBackup(restoreInto(bare.db), null)).erasuresRepeated).toBe(1);
    await bare.close();
    expect(await codeOf(job())).toBe('taken');
    await erase();
  }, 300_000);

  test('a person put under a legal hold during their erasure is held after a restore, until the hold is released', async () => {
    const person = uuid(0);
    const setAt = new Date(Date.now() - 60_000);
    const about = { person, site: null, from: null, until: null, reason: 'A dispute', setBy: 'dpo' };
    const hold = await inTransaction(database.db, (tx) => setHold(tx, keys, about, setAt));
    await runBackup(contextOf(database.db, keys, store));
    await database.db.deleteFrom('retention_hold').where('id', '=', hold).execute();
    const tombstone = { request: uuid(502), people: [person], requestedAt: new Date(setAt.getTime() - 3_600_000) };
    const after = async (noHoldAt: number) => {
      await writeTombstone(store, keys, { ...tombstone, noHoldAt: new Date(noHoldAt) });
      const bare = await (await emptyDatabase()).bare();
      const { erasuresRepeated, erasuresHeld } = await restoreBackup(restoreInto(bare.db), null);
      const held = await bare.db.selectFrom('retention_hold').select('id').where('id', '=', hold).execute();
      const asked = await bare.db.selectFrom('erasure').select('state').where('person', '=', person).execute();
      const key = (await personBox(bare.db, await settled(bare.db, keysOf(pair)), [person])).has(person);
      await bare.close();
      return { erasuresRepeated, is: { waiting: erasuresHeld, holds: held.length, asked, key } };
    };
    // The tombstone is older than the hold: the erasure had not reached the key.
    const before = await after(setAt.getTime() - 1000);
    expect(before.is).toEqual({ waiting: 1, holds: 1, asked: [{ state: 'requested' }], key: true });
    // It was rewritten when the hold was released, so the backup's hold is over.
    const released = await after(setAt.getTime() + 1000);
    expect(released.is).toEqual({ waiting: 0, holds: 0, asked: [{ state: 'requested' }], key: false });
    expect(released.erasuresRepeated - before.erasuresRepeated).toBe(1);
  }, 300_000);

  test('nothing in the bucket is readable, neither table names nor contents', async () => {
    for await (const { key, versionId } of store.list('')) {
      if (key.startsWith(PREFIX.tombstones) || key.startsWith(PREFIX.keys)) continue;
      const bytes = await bytesOf(store, key, versionId);
      for (const word of ['public', 'checkin', 'keyring', 'PRIVATE KEY', uuid(0)])
        expect(bytes.includes(word)).toBe(false);
    }
    expect((await versions(store, KEYRING_OBJECT)).length).toBeGreaterThan(1);
  });
});

async function bytesOf(store: ObjectStore, key: string, version?: string): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of await store.get(key, version)) all.push(piece);
  return Buffer.concat(all);
}

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000);
}

async function versions(store: ObjectStore, key: string) {
  const found = [];
  for await (const object of store.list(key)) found.push(object);
  return found;
}

async function listIds(store: ObjectStore): Promise<string[]> {
  return (await versions(store, PREFIX.manifests)).map((o) => o.key.slice(PREFIX.manifests.length));
}
