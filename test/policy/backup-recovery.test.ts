import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openKeys } from '../../electron/core/keys/index.ts';
import { createPresenceBoard } from '../../electron/core/roster/presence.ts';
import { openStore } from '../../electron/core/store/index.ts';
import type { SqlStore } from '../../electron/core/store/store.ts';
import { startUplink, type Uplink, writeServerLink } from '../../electron/core/sync/link.ts';
import { readLastAck } from '../../electron/core/sync/outbox-of.ts';
import { makeBackup } from '../../sync/protocol/api/backups.ts';
import { restore, verify } from '../../sync/server/app/backup-environment.ts';
import { readConfig } from '../../sync/server/app/config.ts';
import { initServer } from '../../sync/server/app/local.ts';
import { call } from '../../sync/server/app/open.ts';
import { type RunningServer, startServer } from '../../sync/server/app/server.ts';
import { readPhoto } from '../../sync/server/core/photos/store.ts';
import { openDatabase } from '../../sync/server/platform/database/open.ts';
import { setupBucket } from '../../sync/server/platform/objects/bucket/setup.ts';
import { openObjectStore } from '../../sync/server/platform/objects/store.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { registeredKiosk } from '../kit/kiosk.ts';
import { type Moto, motoMissing, startMoto } from '../services/moto.ts';
import { reservePorts } from '../services/ports.ts';
import { aCheckin, aPerson } from '../store/samples.ts';

const missing = motoMissing();
if (missing) console.log(missing);
const log = pino({ level: 'silent' });
const PERIODS = { checkinPhotos: 90, keyringCopies: 30, backups: 400 };
const DIRECT = { wait: false, tier: 'Standard' } as const;

/* The recovery drill of docs/operate/backup.md, with a real server, a real kiosk's store and engine, and an S3 store over HTTPS. */
describe.skipIf(missing)('a server whose machine was lost', () => {
  const home = temporaryFolder();
  let moto: Moto;
  let env: Record<string, string>;
  let server: RunningServer | null = null;
  let store: SqlStore;
  let uplink: Uplink | null = null;

  const serverHome = join(home.path, 'server');
  const start = async (environment = env) => {
    server = await startServer(readConfig(environment), log);
  };
  const connect = () => {
    uplink = startUplink(store, {
      onStatus: () => undefined,
      onServerTime: () => undefined,
      onProblem: () => undefined,
      presence: createPresenceBoard(),
    });
  };
  const until = async (what: string, condition: () => boolean | Promise<boolean>) => {
    const end = Date.now() + 90_000;
    while (!(await condition())) {
      if (Date.now() > end) throw new Error(`it never came to: ${what}; ${JSON.stringify(uplink?.status())}`);
      uplink?.nudge();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const allUp = () => store.outbox.count() === 0 && store.outbox.photosWaiting() === 0;

  beforeAll(async () => {
    moto = await startMoto();
    const [people, devices] = await reservePorts(2);
    env = {
      ...initServer(serverHome),
      ...moto.env('recovery'),
      SMARTPRESENCE_PEOPLE_PORT: String(people),
      SMARTPRESENCE_DEVICE_PORT: String(devices),
    };
    await setupBucket(readConfig(env).s3!, PERIODS, { withoutPolicy: true });
    const folder = join(home.path, 'kiosk');
    mkdirSync(folder);
    store = await openStore({
      home: folder,
      keys: await openKeys({ home: folder, deviceSecret: null, allowSecretFile: true }),
    });
    const { secret, bundle } = await registeredKiosk(env, 'Door', store.device);
    writeServerLink(store, { secret, bundle });
  });
  afterAll(async () => {
    await uplink?.stop();
    store?.close();
    await server?.close();
    await moto?.remove();
    home.remove();
  });

  test('is restored from its backup on another machine, and the kiosk reconnects and sends what the backup lacks', async () => {
    await start();
    const ada = await store.people.add(aPerson({ name: 'Ada', photo: new Uint8Array(300_000).map((_, i) => i) }));
    await store.checkins.record(aCheckin(ada.id, { photo: new Uint8Array(5000) }));
    connect();
    await until('all is up', allUp);

    // Through the running server, which has exclusive access to its database.
    const report = await call(env, makeBackup);
    expect(report.photos.stored).toBe(2);
    expect(await verify(env, null, DIRECT)).toMatchObject({ backup: report.backup, keyring: 'opened' });

    // The next ack contains what is safe, and the kiosk may trim that.
    await store.checkins.record(aCheckin(ada.id));
    await until('the kiosk knows what is safe', () => store.outbox.marks().some((m) => m.safe > 0));
    const grace = await store.people.add(aPerson({ name: 'Grace', photo: new Uint8Array(1000) }));
    await until('all is up', allUp);
    await uplink!.stop();
    await server!.close();
    server = null;
    rmSync(serverHome, { recursive: true });

    // Another machine, with only the environment.
    const elsewhere = { ...env, SMARTPRESENCE_SERVER_HOME: join(home.path, 'elsewhere') };
    mkdirSync(elsewhere.SMARTPRESENCE_SERVER_HOME);
    const restored = await restore(elsewhere, report.backup, DIRECT);
    expect(restored).toMatchObject({ backup: report.backup, photos: 2, photosMissing: 0, keyring: 'newest' });
    await expect(restore(elsewhere, null, DIRECT)).rejects.toMatchObject({ code: 'database-not-empty' });

    await start(elsewhere);
    connect();
    const found = async () => {
      await uplink!.stop();
      await server!.close();
      const database = await openDatabase(elsewhere.SMARTPRESENCE_SERVER_HOME);
      const people = await database.db.selectFrom('person').select('id').where('deleted_at', 'is', null).execute();
      const events = await database.db.selectFrom('event').select(['epoch', 'seq']).execute();
      const photos = await database.db
        .selectFrom('photo')
        .select('address')
        .where('complete_at', 'is not', null)
        .execute();
      const bytes = await Promise.all(photos.map((p) => readPhoto(database.db, p.address)));
      await database.close();
      return {
        people: people.map((p) => p.id).sort(),
        events: events.length,
        photos: bytes.map((b) => b?.length ?? 0),
      };
    };
    // It notices the new log automatically and resends what it sent after the backup.
    await until('it has heard of the new log', () => readLastAck(store)?.logEpoch === restored.logEpoch);
    await until('all is up again', allUp);
    const after = await found();
    expect(after.people).toEqual([ada.id, grace.id].sort());
    expect(after.photos.every((length) => length > 0)).toBe(true);
    expect(after.photos).toHaveLength(3);
    expect(after.events).toBeGreaterThanOrEqual(5);
    server = null;
  }, 300_000);

  test('photos are stored as the kiosk’s ciphertext, encrypted once more by the object store', async () => {
    const objects = openObjectStore(readConfig(env).s3!);
    let photos = 0;
    for await (const { key } of objects.list('photos/')) {
      photos += 1;
      expect(await objects.head(key)).toMatchObject({ encryption: 'AES256' });
      const bytes: Uint8Array[] = [];
      for await (const piece of await objects.get(key)) bytes.push(piece);
      // The photo's bytes count up; no part of that sequence may be found.
      const run = Buffer.from(Uint8Array.from({ length: 16 }, (_, i) => i));
      expect(Buffer.concat(bytes).includes(run)).toBe(false);
    }
    expect(photos).toBeGreaterThanOrEqual(2);
    objects.close();
  });
});
