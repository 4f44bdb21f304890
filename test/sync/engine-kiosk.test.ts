import { createDecipheriv } from 'node:crypto';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openKeys } from '../../electron/core/keys/index.ts';
import { createPresenceBoard } from '../../electron/core/roster/presence.ts';
import { openStore } from '../../electron/core/store/index.ts';
import type { SqlStore } from '../../electron/core/store/store.ts';
import { startUplink, type Uplink, type UplinkHooks, writeServerLink } from '../../electron/core/sync/link.ts';
import { Problem } from '../../sync/errors/problem.ts';
import type { WireEvent } from '../../sync/protocol/wire/event.ts';
import { readPhoto } from '../../sync/server/core/photos/store.ts';
import { openDatabase } from '../../sync/server/platform/database/open.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { registeredKiosk } from '../kit/kiosk.ts';
import { newServer, type TestServer } from '../kit/server.ts';
import { aCheckin, aPerson, embedding, MODEL } from '../store/samples.ts';

/* Sync in both directions between two kiosks with real stores and one real server with the embedded database. */

const home = temporaryFolder();
let server: TestServer;

interface Kiosk {
  readonly home: string;
  readonly store: SqlStore;
  uplink: Uplink | null;
  readonly presence: ReturnType<typeof createPresenceBoard>;
}
const kiosks: Kiosk[] = [];

async function openKiosk(folder: string): Promise<SqlStore> {
  mkdirSync(folder, { recursive: true });
  return openStore({ home: folder, keys: await openKeys({ home: folder, deviceSecret: null, allowSecretFile: true }) });
}

/** Creates a kiosk while the server is stopped, as an installation does. */
async function newKiosk(name: string): Promise<Kiosk> {
  const folder = join(home.path, name);
  const store = await openKiosk(folder);
  const { secret, bundle } = await registeredKiosk(server.env, name, store.device);
  writeServerLink(store, { secret, bundle });
  const kiosk: Kiosk = { home: folder, store, uplink: null, presence: createPresenceBoard() };
  kiosks.push(kiosk);
  return kiosk;
}

function connect(kiosk: Kiosk, hooks: Partial<UplinkHooks> = {}): Uplink {
  kiosk.uplink = startUplink(kiosk.store, {
    onStatus: () => undefined,
    onServerTime: () => undefined,
    onProblem: () => undefined,
    presence: kiosk.presence,
    ...hooks,
  });
  return kiosk.uplink;
}

/** Waits for a condition; on failure it shows the state of the kiosks' connections. */
const until = (what: string, condition: () => boolean | Promise<boolean>): Promise<void> =>
  expect
    .poll(
      async () => {
        for (const { uplink } of kiosks) uplink?.nudge();
        return (await condition()) || kiosks.map(({ uplink }) => uplink?.status());
      },
      { message: what },
    )
    .toBe(true);

/** Reconnects the kiosk so it asks at once, because HTTPS has no nudges. */
async function again(kiosk: Kiosk): Promise<void> {
  await kiosk.uplink?.stop();
  connect(kiosk);
}

beforeAll(async () => {
  server = await newServer({ env: { SMARTPRESENCE_ERASURE_UNDO_DAYS: '0' }, start: false });
});
afterEach(async () => {
  for (const kiosk of kiosks.splice(0)) {
    await kiosk.uplink?.stop();
    kiosk.store.close();
  }
  await server.stop();
});
afterAll(async () => {
  await server?.close();
  home.remove();
});

describe('two kiosks of a site', () => {
  test('share a person enrolled at one with the other, templates included, and delete them together', async () => {
    const [a, b] = [await newKiosk('a1'), await newKiosk('b1')];
    await server.start();
    const ada = await a.store.people.add(
      aPerson({ name: 'Ada', number: '7', pinHash: 'phc', photo: new Uint8Array(900_000) }),
    );
    connect(a);
    connect(b);
    await until('all of it is up', () => a.store.outbox.count() === 0 && a.store.outbox.photosWaiting() === 0);
    await again(b);
    await until('the other one knows Ada', () => (b.store.people.get(ada.id)?.templates ?? 0) > 0);
    expect(b.store.people.get(ada.id)).toMatchObject({ name: 'Ada', number: '7', templates: 1, hasPin: false });
    expect([...b.store.templates.of(ada.id, MODEL)[0]!.embedding]).toEqual([...embedding()]);

    // A person who opts out of positions at one door has none recorded at any door.
    for (const gpsOptOut of [true, false]) {
      a.store.people.update(ada.id, { gpsOptOut });
      await until('the wish is up', () => a.store.outbox.count() === 0);
      await again(b);
      await until('the other one knows it', () => b.store.people.get(ada.id)?.gpsOptOut === gpsOptOut);
    }
    expect(a.store.people.get(ada.id)?.gpsOptOut).toBe(false);

    // A record at one door is a hint for the direction at the other.
    const [photo] = [new Uint8Array(50_000).map((_, i) => i)];
    const checkin = await a.store.checkins.record(aCheckin(ada.id, { photo }));
    await until('the record is up', () => a.store.outbox.count() === 0 && a.store.outbox.photosWaiting() === 0);
    await again(b);
    await until('it is reported', () => b.presence.last(ada.id)?.direction === 'in');
    expect(Math.abs(b.presence.last(ada.id)!.at - Date.parse(checkin.at))).toBeLessThan(1000);

    // An erasure started at one kiosk is carried out and confirmed at the other.
    await a.store.people.delete(ada.id);
    await until('the deletion is up', () => a.store.outbox.count() === 0);
    for (const kiosk of [a, b]) await again(kiosk);
    await until('both have forgotten', () => [a, b].every(({ store }) => store.people.get(ada.id) === null));
    const answered = ({ store }: Kiosk) => store.session.db.prepare('SELECT count(*) FROM erasure').pluck().get() === 1;
    await until('and have said so', () => [a, b].every((k) => answered(k) && k.store.outbox.count() === 0));
    expect(b.store.session.db.prepare('SELECT count(*) FROM template').pluck().get()).toBe(0);
    expect((await a.store.check()).problems).toEqual([]);
    expect((await b.store.check()).problems).toEqual([]);
    for (const kiosk of [a, b]) await kiosk.uplink!.stop();
    await server.stop();

    const database = await openDatabase(server.home);
    const confirmed = await database.db
      .selectFrom('erasure_confirmation')
      .innerJoin('erasure', 'erasure.request', 'erasure_confirmation.request')
      .select('device')
      .where('person', '=', ada.id)
      .where('confirmed_at', 'is not', null)
      .execute();
    expect(confirmed.map((row) => row.device).sort()).toEqual([a.store.device, b.store.device].sort());
    expect(await database.db.selectFrom('photo').select('address').execute()).toEqual([]);
    expect(await database.db.selectFrom('photo_piece').select('at').execute()).toEqual([]);
    await database.close();
  });

  test('remove someone from memory even if the disk has no room to wipe the deleted data', async () => {
    const [a, b] = [await newKiosk('a4'), await newKiosk('b4')];
    await server.start();
    const ada = await a.store.people.add(aPerson({ name: 'Ada' }));
    connect(a);
    await until('Ada is up', () => a.store.outbox.count() === 0);
    connect(b);
    await until('the other one knows Ada', () => (b.store.people.get(ada.id)?.templates ?? 0) > 0);
    await b.uplink!.stop();
    await a.store.people.delete(ada.id);
    await until('the deletion is up', () => a.store.outbox.count() === 0);
    vi.spyOn(b.store.session, 'scrubLog').mockImplementation(() => {
      throw new Problem('storage-full');
    });
    const faces: string[] = [];
    connect(b, { applied: (outcome) => void faces.push(...outcome.faces) });
    await until('the page is applied', () => b.store.templates.of(ada.id, MODEL).length === 0);
    expect(faces).toContain(ada.id);
  });

  test('upload photos that the server can open only with the key in their event', async () => {
    const a = await newKiosk('a2');
    await server.start();
    const face = new Uint8Array(600_000).map((_, i) => i * 7);
    const ada = await a.store.people.add(aPerson({ photo: new Uint8Array([1, 2, 3]) }));
    const checkin = await a.store.checkins.record(aCheckin(ada.id, { photo: face }));
    const second = await a.store.checkins.record(aCheckin(ada.id, { photo: new Uint8Array([9]) }));
    const events = a.store.outbox.pending(100);
    const of = (id: string) => events.find(({ header }) => header.id === id)!;
    connect(a);
    await until('the photos are up', () => a.store.outbox.photosWaiting() === 0);
    await a.uplink!.stop();
    await server.stop();
    const database = await openDatabase(server.home);
    const opened = async (event: WireEvent, key: WireEvent, kind: string) => {
      const { photo, person } = event.personal;
      const sealed = (await readPhoto(database.db, String(photo!.value)))!;
      const decipher = createDecipheriv(
        'aes-256-gcm',
        Buffer.from(String(key.personal.photoKey!.value), 'base64url'),
        sealed.subarray(1, 13),
      );
      decipher.setAAD(Buffer.from(JSON.stringify([`photo.${kind}`, person!.value, event.header.id, 1, 1])));
      decipher.setAuthTag(sealed.subarray(-16));
      const plain = decipher.update(sealed.subarray(13, -16));
      decipher.final();
      return plain;
    };
    expect(Buffer.compare(await opened(of(checkin.id), of(checkin.id), 'checkin'), face)).toBe(0);
    const enrolment = events.find(({ header }) => header.type === 'person')!;
    expect([...(await opened(enrolment, enrolment, 'enrolment'))]).toEqual([1, 2, 3]);
    await expect(opened(of(checkin.id), of(second.id), 'checkin')).rejects.toThrow(/authenticate/);
    await database.close();
  });
});

describe('a server restored from an older copy', () => {
  test('gets everything again, including people and photos, and nobody is lost', async () => {
    const a = await newKiosk('a3');
    await server.start();
    const ada = await a.store.people.add(aPerson({ name: 'Ada' }));
    connect(a);
    await until('Ada is up', () => a.store.outbox.count() === 0);
    await a.uplink!.stop();
    await server.stop();
    const copy = join(home.path, 'copy');
    cpSync(server.home, copy, { recursive: true });

    await server.start();
    const grace = await a.store.people.add(aPerson({ name: 'Grace', photo: new Uint8Array(100) }));
    await a.store.checkins.record(aCheckin(ada.id, { photo: new Uint8Array(100) }));
    connect(a);
    await until('all is up', () => a.store.outbox.count() === 0 && a.store.outbox.photosWaiting() === 0);
    await a.uplink!.stop();
    await server.stop();
    rmSync(server.home, { recursive: true });
    cpSync(copy, server.home, { recursive: true });

    await server.start();
    let sent = 0;
    connect(a, {
      onStatus() {
        sent = Math.max(sent, a.store.outbox.count());
      },
    });
    await until('it was found', () => sent > 0);
    await until('all is up again', () => a.store.outbox.count() === 0 && a.store.outbox.photosWaiting() === 0);
    await until('the snapshot is over', () => a.store.roster.cursor !== '');
    expect([ada, grace].map(({ id }) => a.store.people.get(id)?.name)).toEqual(['Ada', 'Grace']);
    expect(a.store.people.get(grace.id)?.templates).toBe(1);
    expect(a.uplink!.status().problem).toBeNull();
    await a.uplink!.stop();
    await server.stop();
    const database = await openDatabase(server.home);
    const count = async (table: 'event' | 'quarantine') =>
      (await database.db.selectFrom(table).select('seq').where('device', '=', a.store.device).execute()).length;
    expect([await count('event'), await count('quarantine')]).toEqual([a.store.session.log.last, 0]);
    const photos = await database.db.selectFrom('photo').selectAll().where('device', '=', a.store.device).execute();
    expect(photos.map((row) => row.complete_at !== null)).toEqual([true, true]);
    await database.close();
  });
});
