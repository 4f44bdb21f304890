import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { advanceRotation, beginRotation, type RotationState } from '../../sync/server/app/key-rotation/rotate.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { readPeople } from '../../sync/server/core/people/records.ts';
import { sweepPhotoObjects } from '../../sync/server/core/photos/objects.ts';
import type { ThawOptions } from '../../sync/server/features/backup/read.ts';
import { restoreBackup } from '../../sync/server/features/backup/restore.ts';
import { rekeyBackups, runBackup } from '../../sync/server/features/backup/run.ts';
import { verifyBackup } from '../../sync/server/features/backup/verify.ts';
import { SYSTEM } from '../../sync/server/platform/audit/actor.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import type { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { keysOf } from '../../sync/server/platform/keys/settings.ts';
import { settleKeys } from '../../sync/server/platform/keys/versions.ts';
import { s3Client } from '../../sync/server/platform/objects/client.ts';
import { readDataKey, settleByBackup } from '../../sync/server/platform/objects/sealed/data-keys.ts';
import { databaseObject, KEYRING_OBJECT, PREFIX } from '../../sync/server/platform/objects/sealed/layout.ts';
import { writeTombstone } from '../../sync/server/platform/objects/sealed/tombstones.ts';
import type { ObjectStore } from '../../sync/server/platform/objects/store.ts';
import { addPhotos, contextOf, newBucket } from '../backup/bucket.ts';
import { everyRow } from '../backup/fill.ts';
import { DATABASES } from '../kit/databases.ts';
import { newPair } from '../kit/keys.ts';
import { registerKiosk } from '../kit/known-kiosk.ts';
import { type Moto, motoMissing, startMoto } from '../services/moto.ts';
import { postgresUnavailable } from '../services/postgres.ts';
import { enrol, NOW, openRing } from './sealed-people.ts';

const missing = motoMissing();
if (missing) console.log(missing);

const THAW: ThawOptions = { wait: false, tier: 'Standard', sleep: async () => undefined };
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'taken',
    (cause: { code?: string; message?: string }) => cause.code ?? cause.message,
  );

describe.skipIf(missing)('keys of backups, photos and archive', () => {
  const embedded = DATABASES.find((d) => d.name === 'PGlite')!;
  let moto: Moto;
  let host: Awaited<ReturnType<typeof embedded.start>>;
  let database: OpenDatabase;
  let store: ObjectStore;
  let keys: Keys;
  let ada: string;
  let device: string;
  const old = newPair();
  const present = newPair();
  const closers: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    moto = await startMoto();
    store = await newBucket(moto, 'backup-keys');
    host = await embedded.start();
    database = await host.open();
    keys = keysOf(old);
    await openRing(database.db, keys);
    const box = await registerKiosk(database.db, { at: NOW });
    device = box.device;
    ada = await enrol(database.db, keys, box, 'Ada');
    await addPhotos(database.db, device, 2);
  });
  afterAll(async () => {
    await database?.close();
    await host?.remove();
    for (const close of closers) await close();
    store?.close();
    await moto?.remove();
  });

  const elsewhere = async () => {
    const there = await embedded.start();
    closers.push(() => there.remove());
    return there;
  };
  const restored = async (from: ObjectStore, k: Keys, backup: string | null, thaw = THAW, person = ada) => {
    const there = await elsewhere();
    const bare = await there.bare();
    try {
      const done = await restoreBackup(
        { db: bare.db, store: from, keys: k, now: () => new Date(), actor: SYSTEM, thaw },
        backup,
      );
      return { done, names: [...(await readPeople(bare.db, k, [person])).values()].map((p) => p.name) };
    } finally {
      await bare.close();
    }
  };

  test('an archived backup is requested, says when to retry, and is restored once it is available', async () => {
    const { backup } = await runBackup(contextOf(database.db, keys, store));
    const object = databaseObject(backup);
    const bytes: Uint8Array[] = [];
    for await (const piece of await store.get(object)) bytes.push(piece);
    const settings = moto.settings('backup-keys');
    const client = s3Client(settings);
    // As the lifecycle does after 90 days: the same bytes in the class GLACIER.
    const { VersionId } = await client.send(
      new PutObjectCommand({
        Bucket: settings.bucket,
        Key: object,
        Body: Buffer.concat(bytes),
        StorageClass: 'GLACIER',
      }),
    );
    client.destroy();
    const moved = (key: string, version?: string) => (key === object ? VersionId : version);
    let asked = 0;
    let thawing = true;
    const archived: ObjectStore = {
      ...store,
      get: (key, version) => store.get(key, moved(key, version)),
      head: async (key, version) => {
        const head = await store.head(key, moved(key, version));
        // The double thaws immediately; a real archive takes hours.
        return key === object && asked > 0 && thawing ? { ...head!, archive: { state: 'thawing', until: null } } : head;
      },
      thaw: (key, version, o) => {
        asked += 1;
        return store.thaw(key, moved(key, version), o);
      },
    };
    expect(await codeOf(store.get(object, VersionId))).toBe('s3-object-archived');
    expect(await archived.head(object)).toMatchObject({ archive: { state: 'frozen' } });
    expect(await codeOf(restored(archived, keysOf(old), backup))).toBe('backup-thawing');
    expect(await codeOf(restored(archived, keysOf(old), backup))).toBe('backup-thawing');
    expect(asked).toBe(1);
    let slept = 0;
    const wait: ThawOptions = {
      wait: true,
      tier: 'Bulk',
      sleep: async () => {
        slept += 1;
        thawing = slept < 3;
      },
    };
    const { done, names } = await restored(archived, keysOf(old), backup, wait);
    expect([done.backup, names, slept]).toEqual([backup, ['Ada'], 3]);
  });

  test.skipIf(postgresUnavailable())(
    'a backup of the embedded database is restored into PostgreSQL: the way from one to the other',
    async () => {
      const there = await DATABASES.find((d) => d.name === 'PostgreSQL')!.start();
      closers.push(() => there.remove());
      const bare = await there.bare();
      const before = await everyRow(database.db);
      await restoreBackup(
        { db: bare.db, store, keys: keysOf(old), now: () => new Date(), actor: SYSTEM, thaw: THAW },
        (await runBackup(contextOf(database.db, keys, store))).backup,
      );
      const after = await everyRow(bare.db);
      for (const table of [
        'public.person',
        'public.event',
        'public.checkin',
        'public.template',
        'public.photo_piece',
        'keyring.person_key',
      ])
        expect(after.get(table)).toEqual(before.get(table));
      expect([...(await readPeople(bare.db, keysOf(old), [ada])).values()].map((p) => p.name)).toEqual(['Ada']);
      await bare.close();
    },
    120_000,
  );

  test('after a rotation and `backup rekey` the old keys open nothing in the bucket, and the new ones every backup', async () => {
    const before = await runBackup(contextOf(database.db, keys, store));
    const fresh = present;
    const both = keysOf({ ...fresh, previousKeys: old });
    await beginRotation(database.db, both, { modules: MODULES, reEncrypt: false, now: new Date() });
    for (;;) {
      const state = await advanceRotation(database.db, both, {
        modules: MODULES,
        budgetMs: 1000,
        now: () => new Date(),
      });
      if (state.phase === 'finished') break;
    }
    await openRing(database.db, both);
    const done = await rekeyBackups(contextOf(database.db, both, store));
    expect(done.rewrapped).toBeGreaterThanOrEqual(2);

    // With only the new keys, every backup's manifest and stream opens.
    const alone = keysOf(fresh);
    await settleByBackup(store, alone, before.backup);
    const first = await verifyBackup(
      { db: null, store, keys: alone },
      { wanted: before.backup, photos: false, thaw: THAW },
    );
    expect([first.rows, first.keyring]).toEqual([before.rows, 'missing']);
    expect((await restored(store, keysOf(fresh), done.backup)).names).toEqual(['Ada']);
    // The older backup's rows are under the keys of their time, which is reported before anything is written.
    expect(await codeOf(restored(store, keysOf(fresh), before.backup))).toBe('backup-needs-older-keys');
    expect((await restored(store, keysOf({ ...fresh, previousKeys: old }), before.backup)).names).toEqual(['Ada']);

    // The restored rows are still under them, so they are shown as needed until a rotation has ended.
    const there = await elsewhere();
    const bare = await there.bare();
    const pairs = keysOf({ ...fresh, previousKeys: old });
    const context = { store, keys: pairs, now: () => new Date(), actor: SYSTEM, thaw: THAW };
    await restoreBackup({ ...context, db: bare.db }, before.backup);
    expect((await settleKeys(bare.db, pairs))!.versions.map((v) => v.state)).toEqual(['incoming', 'active']);
    expect(await codeOf(settleKeys(bare.db, keysOf(fresh)))).toBe('rotation-unfinished');
    await beginRotation(bare.db, pairs, { modules: MODULES, reEncrypt: false, now: new Date() });
    const end = () => advanceRotation(bare.db, pairs, { modules: MODULES, budgetMs: 10_000, now: () => new Date() });
    for (let state = await end(); state.phase !== 'finished'; ) state = await end();
    const only = keysOf(fresh);
    await settleKeys(bare.db, only);
    expect([...(await readPeople(bare.db, only, [ada])).values()].map((p) => p.name)).toEqual(['Ada']);
    await bare.close();

    // With the old keys, no version of any object that holds a key opens.
    const past = keysOf(old);
    for await (const { key, versionId, isLatest } of store.list(PREFIX.keys)) {
      expect(isLatest).toBe(true);
      const only: ObjectStore = { ...store, get: () => store.get(key, versionId) };
      expect(await codeOf(settleByBackup(only, past, key.slice(PREFIX.keys.length)))).toBe('wrong-encryption-key');
      expect(await codeOf(readDataKey(only, past, key.slice(PREFIX.keys.length)))).toMatch(
        /^(backup-key-unknown|envelope-broken)$/,
      );
    }
    const copies = [];
    for await (const copy of store.list(KEYRING_OBJECT)) copies.push(copy);
    expect(copies).toHaveLength(1);
    keys = both;
  });

  test('a backup made during a rotation opens with its own copy of the keyring, and is refused if that copy is missing', async () => {
    const [before, after] = [newPair(), newPair()];
    const bucket = await newBucket(moto, 'backup-rotation');
    closers.push(async () => bucket.close());
    const there = await elsewhere();
    const rotated = await there.open();
    closers.push(() => rotated.close());
    const past = keysOf(before);
    await openRing(rotated.db, past);
    const eve = await enrol(rotated.db, past, await registerKiosk(rotated.db, { at: NOW }), 'Eve');
    const both = () => keysOf({ ...after, previousKeys: before });
    const k = both();
    await beginRotation(rotated.db, k, { modules: MODULES, reEncrypt: true, now: new Date() });
    const until = async (done: (state: RotationState) => boolean, budgetMs: number) => {
      const advance = () => advanceRotation(rotated.db, k, { modules: MODULES, budgetMs, now: () => new Date() });
      for (let state = await advance(); !done(state); ) state = await advance();
    };
    await until(({ step }) => step === 'seal people', 0);
    const { backup } = await runBackup(contextOf(rotated.db, k, bucket));
    await until(({ phase }) => phase === 'finished', 10_000);
    await openRing(rotated.db, k);
    await runBackup(contextOf(rotated.db, k, bucket));

    expect(await codeOf(restored(bucket, keysOf(after), backup))).toBe('backup-needs-older-keys');
    const found = await restored(bucket, both(), backup, THAW, eve);
    expect([found.done.keyring, found.names]).toEqual(['own', ['Eve']]);
    await rekeyBackups(contextOf(rotated.db, k, bucket));
    expect(await codeOf(restored(bucket, both(), backup))).toBe('backup-keyring-differs');
  });

  test('every version of a photo’s object is deleted with its row, no matter how that was deleted, and no other object', async () => {
    const [gone, stays] = await database.db.selectFrom('photo_object').selectAll().orderBy('object').execute();
    await store.put(gone!.object, Buffer.from('another version'));
    await database.db.deleteFrom('photo').where('address', '=', gone!.address).execute();
    expect(await sweepPhotoObjects(database.db, store)).toEqual({ objects: 1, versions: 2 });
    const left = [];
    for await (const { key } of store.list('photos/')) left.push(key);
    expect(left).toEqual([stays!.object]);
    // Restoring an earlier backup finds one photo less, and reports it.
    const { done } = await restored(store, keysOf(present), null);
    expect([done.photos, done.photosMissing]).toEqual([1, 1]);
  });

  test('long superseded copies of the keyring are deleted, the newest never', async () => {
    await runBackup(contextOf(database.db, keys, store));
    await runBackup(contextOf(database.db, keys, store));
    const count = async () => {
      let n = 0;
      for await (const _ of store.list(KEYRING_OBJECT)) n += 1;
      return n;
    };
    const had = await count();
    expect(had).toBeGreaterThan(1);
    const inAMonth = () => new Date(Date.now() + 31 * 86_400_000);
    const report = await runBackup(contextOf(database.db, keys, store, inAMonth));
    expect(report.keyringCopiesDeleted).toBe(had);
    expect(await count()).toBe(1);
  });

  test('a tombstone names nobody, and an altered one stops a restore', async () => {
    await writeTombstone(store, keys, { request: ada, people: [ada], requestedAt: new Date(), noHoldAt: new Date() });
    const stones = [];
    for await (const { key } of store.list(PREFIX.tombstones)) stones.push(key);
    const bytes: Uint8Array[] = [];
    for await (const piece of await store.get(stones[0]!)) bytes.push(piece);
    const text = Buffer.concat(bytes).toString('utf8');
    expect((JSON.parse(text) as { people: string[] }).people.join()).not.toContain(ada);
    await store.put(stones[0]!, Buffer.from(text.replace('people', 'nobody')));
    expect(await codeOf(restored(store, keysOf(present), null))).toBe('tombstone-unreadable');
  });
});
