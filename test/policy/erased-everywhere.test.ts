import { randomBytes, randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openKeys } from '../../electron/core/keys/index.ts';
import type { SqlStore } from '../../electron/core/store/store.ts';
import { pinPepperId } from '../../sync/protocol/seal/pin-pepper.ts';
import type { Config } from '../../sync/server/app/config.ts';
import { readChanges } from '../../sync/server/app/downstream/read.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { keepPin, peppersChange } from '../../sync/server/core/credentials/pins.ts';
import { addBadge, issueCard } from '../../sync/server/core/credentials/store.ts';
import { releaseHold, setHold } from '../../sync/server/core/people/holds.ts';
import { BY_THEMSELVES, writePerson } from '../../sync/server/core/people/records.ts';
import { keepCardTemplate } from '../../sync/server/core/templates/templates.ts';
import type { ThawOptions } from '../../sync/server/features/backup/read.ts';
import { restoreBackup } from '../../sync/server/features/backup/restore.ts';
import { runBackup } from '../../sync/server/features/backup/run.ts';
import { readCertificate } from '../../sync/server/features/privacy/erasure/certificate.ts';
import { erasureState } from '../../sync/server/features/privacy/erasure/read.ts';
import { SYSTEM } from '../../sync/server/platform/audit/actor.ts';
import { readSigningKeys } from '../../sync/server/platform/audit/statement.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import type { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { keysOf } from '../../sync/server/platform/keys/settings.ts';
import { PREFIX } from '../../sync/server/platform/objects/sealed/layout.ts';
import type { ObjectStore } from '../../sync/server/platform/objects/store.ts';
import { contextOf, newBucket, settled } from '../backup/bucket.ts';
import { DATABASES } from '../kit/databases.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { newPair } from '../kit/keys.ts';
import { deliverAll, deliverTo, registerKiosk } from '../kit/known-kiosk.ts';
import { withDatabase } from '../kit/suite.ts';
import { type Moto, motoMissing, startMoto } from '../services/moto.ts';
import { aPerson, aPhoto, openKiosk, someCheckins } from '../store/kiosk.ts';
import { type Erasing, erasing } from '../sync/erasing.ts';
import {
  decryptedPages,
  filesWithKey,
  objectsWithKey,
  openedInRows,
  openedUnderEnvironment,
  tablesNaming,
} from './erasure-search.ts';

const missing = motoMissing();
if (missing) console.log(missing);
const DAY = 86_400_000;
const THAW: ThawOptions = { wait: false, tier: 'Standard', sleep: async () => undefined };

/**
 * The test of the policy's row 29: with every key that the server holds, before and after, someone tries to decrypt a person from
 * everything that exists. The same search must find the person before the erasure, or it proves nothing.
 */
describe.skipIf(missing).each(DATABASES)('an erased person on $name', ({ name, unavailable, start }) => {
  if (unavailable) return test.skip(unavailable, () => undefined);
  let moto: Moto;
  let store: ObjectStore;
  let host: Awaited<ReturnType<typeof start>>;
  let database: OpenDatabase;
  let keys: Keys;
  let erasures: Erasing;
  let now = new Date();
  const pair = newPair();
  const home = temporaryFolder();
  const opened: (() => Promise<unknown>)[] = [];

  withDatabase({ unavailable, start }, async (made, undo, its) => {
    undo.use(home);
    moto = await startMoto();
    undo.defer(() => moto.remove());
    store = await newBucket(moto, `erased-${name.toLowerCase()}`);
    undo.defer(() => store.close());
    undo.defer(async () => {
      for (const close of opened) await close();
    });
    [host, database] = [its, made];
    keys = await settled(database.db, keysOf(pair));
    const s3 = moto.settings(`erased-${name.toLowerCase()}`);
    const config = { home: home.path, s3, retention: { keyringBackupDays: 30 } } as unknown as Config;
    erasures = await erasing(database.db, keys, home.path, { now: () => now, config });
  });

  const deliver = (kiosk: SqlStore) => deliverAll(database.db, keys, kiosk.device, kiosk.outbox, { now, safe: true });

  /** What a search for the person finds after a restore of a backup into an empty database. */
  async function restored(backup: string, person: string): Promise<{ rows: string[]; again: number }> {
    const there = await start();
    opened.push(() => there.remove());
    const bare = await there.bare();
    try {
      const theirKeys = keysOf(pair);
      const context = { db: bare.db, store, keys: theirKeys, now: () => now, actor: SYSTEM, thaw: THAW };
      const { erasuresRepeated } = await restoreBackup(context, backup);
      return { rows: await openedInRows(bare.db, theirKeys, person), again: erasuresRepeated };
    } finally {
      await bare.close();
    }
  }

  test('can’t be decrypted from files, write-ahead log, object versions, kiosk, or an old backup restored after the copies of the key expired', async () => {
    const folder = temporaryFolder();
    opened.push(async () => folder.remove());
    const kiosk = await openKiosk(folder.path);
    const ada = await kiosk.people.add(aPerson({ name: 'Ada Lovelace', number: 'N-1815', photo: aPhoto() }));
    const grace = await kiosk.people.add(aPerson({ name: 'Grace Hopper', number: 'N-1906' }));
    await someCheckins(kiosk, ada.id, 5, { photo: aPhoto(), gps: 'sealed-position' });
    await someCheckins(kiosk, grace.id, 2);
    const { device } = kiosk.outbox.pending(1)[0]!.header;
    await registerKiosk(database.db, { device, at: now });
    await deliver(kiosk);
    // What a defective kiosk might send: about her, but not in the field that says who an event is about.
    const strange = { header: { v: 99 }, about: ada.id.toUpperCase(), name: 'Ada Lovelace' };
    await deliverTo(database.db, keys, { device, epoch: randomUUID() }, [strange], { first: 1, now });
    const hold = {
      person: ada.id,
      site: null,
      from: null,
      until: null,
      reason: 'Dispute of Ada Lovelace',
      setBy: 'dpo',
    };
    const yesterday = new Date(now.getTime() - 86_400_000);
    const released = await database.db.transaction().execute((tx) => setHold(tx, keys, hold, yesterday));
    await database.db.transaction().execute((tx) => releaseHold(tx, released, 'dpo', yesterday));
    const patch = { email: 'ada@example.org', phone: '+44 20 1815', badge: 'B-1815' };
    await database.db.transaction().execute((tx) => writePerson(tx, keys, { id: ada.id, patch }, now));
    const card = { id: randomUUID(), sealed: randomBytes(2076).toString('base64url') };
    await database.db.transaction().execute(async (tx) => {
      await issueCard(tx, ada.id, BY_THEMSELVES, now);
      await addBadge(tx, keys, { person: ada.id, number: 'B-1843' }, BY_THEMSELVES, now);
      await keepCardTemplate(tx, keys, { person: ada.id, model: 'm', card, device: null }, now);
      const pepper = (await peppersChange(tx, keys)).peppers[0]!;
      const hash = `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${'B'.repeat(43)}`;
      const pin = { id: randomUUID(), pepper: pinPepperId(Buffer.from(pepper, 'base64url')), hash };
      expect(await keepPin(tx, keys, { person: ada.id, device, change: 'set', pin }, now)).toBe('everyone');
    });
    // Complete photos of both, so that a backup puts them into the object store.
    for (const person of [ada.id, grace.id]) {
      const address = randomBytes(32).toString('base64url');
      const photo = { address, device, event: randomUUID(), person, kind: 'enrolment' as const, expected_at: now };
      await database.db
        .insertInto('photo')
        .values({ ...photo, total: 9, received: 9, complete_at: now })
        .execute();
      await database.db
        .insertInto('photo_piece')
        .values({ device, address, at: 0, bytes: randomBytes(9) })
        .execute();
    }
    const old = await runBackup(contextOf(database.db, keys, store, () => now));
    const pagesOf = async () =>
      decryptedPages(
        join(folder.path, 'store.db'),
        (await openKeys({ home: folder.path, deviceSecret: null })).current.subkey('pages'),
      );
    // Her keys there, as stored: every page is opened with the store's own key.
    const wrapped = kiosk.session.db
      .prepare('SELECT records_key, photos_key, profile FROM person WHERE ref = 1')
      .raw()
      .get() as Buffer[];
    const inKiosk = async () => {
      const pages = await pagesOf();
      return wrapped.filter((bytes) => pages.includes(bytes.subarray(0, 24))).length;
    };
    // Her photos are in separate files; Grace has none.
    const photosInKiosk = () => readdirSync(join(folder.path, 'storage/faces')).length;

    // Before: the search must find her everywhere, or it is useless.
    expect(filesWithKey(host.files, keys, ada.id).length).toBeGreaterThan(0);
    expect(await objectsWithKey(store, keys, ada.id)).toHaveLength(1);
    expect(await openedInRows(database.db, keys, ada.id)).toEqual(
      expect.arrayContaining(['person', 'event', 'card template', 'credential', 'PIN', 'key']),
    );
    expect((await restored(old.backup, ada.id)).rows).toEqual(expect.arrayContaining(['person', 'event', 'key']));
    const photos = async () => {
      let count = 0;
      for await (const _ of store.list('photos/')) count += 1;
      return count;
    };
    expect(await photos()).toBe(2);
    expect(kiosk.people.get(ada.id)?.name).toBe('Ada Lovelace');
    // In its write-ahead log as well as its file: the search covers both.
    expect(await inKiosk()).toBe(3);
    kiosk.scrubLog();
    expect([await inKiosk(), photosInKiosk()]).toEqual([3, 6]);
    // An event that could not be accepted, and names her in a field that isn't used to find a key.
    expect(await openedUnderEnvironment(database.db, keys, [ada.id, 'Ada Lovelace'])).toEqual([
      'quarantine.content',
      'retention_hold.reason',
    ]);
    expect(await tablesNaming(database.db, ada.id)).toEqual(expect.arrayContaining(['checkin', 'event', 'photo']));

    // Erased, sent to the kiosk in the server's own page, and confirmed by the kiosk's own event.
    const request = await erasures.erase(ada.id);
    expect((await erasureState(database.db, request, now))!.waitsFor).toBe('kiosks-open');
    const source = {
      db: database.db,
      keys,
      logEpoch: database.logEpoch,
      modules: MODULES,
      publicKeys: async () => ({}) as never,
    };
    const { changes } = await readChanges(
      source,
      device,
      { cursor: '', limit: 200, presenceAfter: null, newestKey: true },
      now,
    );
    const erase = changes.filter((c) => c.kind === 'erase');
    expect(erase).toMatchObject([{ request, person: ada.id }]);
    await kiosk.roster.apply({ whole: false, more: false, cursor: 'c', changes: erase });
    await deliver(kiosk);
    now = new Date(now.getTime() + 3_600_000);
    await erasures.run();
    // The copies of her key in backups are superseded by the next backup and deleted a month later.
    const waiting = (await erasureState(database.db, request, now))!;
    expect(waiting.waitsFor).toBe('backup-awaited');
    const nextAt = new Date(now.getTime() + 3_600_000);
    expect(waiting.steps.find(({ step }) => step === 'copies')).toMatchObject({ code: 'backup-awaited', nextAt });
    // It is not checked again before it is due, except when there is a new backup.
    await erasures.run();
    expect((await erasureState(database.db, request, now))!.state).toBe('under-way');
    await runBackup(contextOf(database.db, keys, store, () => now));
    await erasures.run();
    const state = (await erasureState(database.db, request, now))!;
    expect(state.state).toBe('done');
    const certificate = readCertificate(state.certificate!, await readSigningKeys(database.db))!;
    expect(certificate).toMatchObject({
      tombstone: 'object store',
      photos: { photos: 7, versions: 1 },
      unlinked: { checkins: 5 },
      databaseLog: { state: 'removed', archived: false },
      kiosks: [{ device }],
    });
    const expires = Date.parse(certificate.lastKeyCopyExpiresAt!);
    expect(Math.round((expires - now.getTime()) / DAY)).toBe(30);
    now = new Date(expires + DAY);
    await runBackup(contextOf(database.db, keys, store, () => now));

    // After: nothing anywhere, with every key.
    expect(filesWithKey(host.files, keys, ada.id)).toEqual([]);
    expect(await objectsWithKey(store, keys, ada.id)).toEqual([]);
    expect(await photos()).toBe(1);
    expect(await openedInRows(database.db, keys, ada.id)).toEqual([]);
    expect(await openedInRows(database.db, keys, grace.id)).toEqual(expect.arrayContaining(['person', 'event', 'key']));
    expect([kiosk.people.get(ada.id), await inKiosk(), photosInKiosk()]).toEqual([null, 0, 0]);
    expect(await openedUnderEnvironment(database.db, keys, [ada.id, 'Ada Lovelace'])).toEqual([]);
    // It is recorded that someone with this id was erased, and which kiosk confirmed it. No record belongs to them.
    expect(await tablesNaming(database.db, ada.id)).toEqual(['change', 'erasure', 'person']);
    expect(await restored(old.backup, ada.id)).toEqual({ rows: [], again: 1 });
    // And if someone has deleted the tombstones: the rows are back, and nothing opens them.
    await store.deleteEveryVersion(PREFIX.tombstones);
    expect(await restored(old.backup, ada.id)).toEqual({ rows: [], again: 0 });
  }, 300_000);
});
