import { randomBytes, randomUUID, X509Certificate } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { CommandContext } from '../../electron/core/command.ts';
import { deviceRenew } from '../../electron/core/commands/device.ts';
import { type OpenKiosk, openKiosk } from '../../electron/core/open-kiosk.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { startUplink, type Uplink, writeServerLink } from '../../electron/core/sync/link.ts';
import { readServerLink } from '../../electron/core/sync/server-link.ts';
import { NO_SPARE, readSpareKeys } from '../../electron/core/sync/spare-keys.ts';
import { listServerKeys, succeedServerKey } from '../../sync/protocol/api/keys.ts';
import type { Db } from '../../sync/server/platform/database/schema.ts';
import { newKiosk } from '../kit/kiosk.ts';
import { newServer, type TestServer } from '../kit/server.ts';

/* A real kiosk and a real server whose folder is restored from a copy taken before a renewal or a key succession. */
const root = mkdtempSync(join(tmpdir(), 'sp-restored-'));
let server: TestServer;
let kiosk: OpenKiosk;
let uplink: Uplink;
let away: string[] = [];

beforeAll(async () => {
  server = await newServer();
});
afterEach(async () => {
  await uplink?.stop();
  await kiosk?.close();
});
afterAll(async () => {
  await server?.close();
  rmSync(root, { recursive: true, force: true });
});

/** Waits for a condition; on failure it shows the state of the connection to the server. */
const until = (what: string, done: () => boolean): Promise<void> =>
  expect
    .poll(
      () => {
        uplink.nudge();
        return done() || uplink.status();
      },
      { message: what },
    )
    .toBe(true);

/** Sets up a new kiosk that is registered and has been in contact with the server. */
async function provision(): Promise<void> {
  away = [];
  const home = mkdtempSync(join(root, 'kiosk-'));
  ensureKioskFolder(home, false);
  kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
  const { secret, bundle } = await newKiosk(server, 'Front door', kiosk.store.device);
  writeServerLink(kiosk.store, { secret, bundle });
  connect();
  await sent('the first event');
}

function connect(): void {
  uplink = startUplink(kiosk.store, {
    onServerTime: () => undefined,
    onProblem: () => undefined,
    trustedNow: server.now,
    onStatus() {
      const code = uplink?.turnedAway()?.code;
      if (code && away.at(-1) !== code) away.push(code);
    },
  });
}

async function sent(what: string): Promise<void> {
  kiosk.store.events.append({ type: 'health', open: { code: 'said', detail: {} }, personal: {} });
  await until(what, () => kiosk.store.outbox.count() === 0 && uplink.status().online);
}

async function renew(): Promise<void> {
  const context = {
    ...kiosk,
    changed: () => undefined,
    relink: async (change: () => void) => {
      await uplink.stop();
      change();
      connect();
    },
  } as CommandContext;
  await deviceRenew.run(context, {}, { line: () => undefined, progress: () => undefined });
}

/** Takes a copy, runs `work`, and restores the copy. */
async function restoredAfter(work: () => Promise<void>): Promise<void> {
  const copy = join(root, 'copy');
  await server.whileDown(async () => cpSync(server.home, copy, { recursive: true }));
  await work();
  await server.whileDown(async () => {
    rmSync(server.home, { recursive: true });
    cpSync(copy, server.home, { recursive: true });
    rmSync(copy, { recursive: true });
  });
}

test('restored to before a renewal, the server gets the kiosk’s events without help', async () => {
  await provision();
  await restoredAfter(async () => {
    await renew();
    await sent('an event under the new certificate');
  });
  const lost = readServerLink(kiosk.store)!.secret.tlsKeyPem;
  await sent('an event after the restore');
  expect(readServerLink(kiosk.store)!.secret.tlsKeyPem).not.toBe(lost);
  expect(away).toEqual([]);
});

test('restored to before a succession of every key and a renewal, the server is addressed with the keys it has', async () => {
  await provision();
  const before = readServerLink(kiosk.store)!;
  await restoredAfter(async () => {
    for (const purpose of ['signing', 'sealing', 'ca'] as const)
      await server.call(succeedServerKey, { params: { purpose } });
    const { serial } = await server.call(listServerKeys);
    await until('the new keys', () => readServerLink(kiosk.store)!.bundle.keys.serial === serial);
    await renew();
    await sent('an event under the new keys');
    expect(new X509Certificate(readServerLink(kiosk.store)!.bundle.tlsCertPem).issuer).not.toBe(
      new X509Certificate(before.bundle.tlsCertPem).issuer,
    );
  });
  await sent('an event after the restore');
  const after = readServerLink(kiosk.store)!;
  expect(after.bundle.keys).toEqual(before.bundle.keys);
  expect(after.secret.tlsKeyPem).not.toBe(before.secret.tlsKeyPem);
  expect(away).toEqual([]);
  // Repeating the succession gives a key set newer than the lost one.
  await server.call(succeedServerKey, { params: { purpose: 'sealing' } });
  const { serial } = await server.call(listServerKeys);
  await until('the keys of the second succession', () => readServerLink(kiosk.store)!.bundle.keys.serial === serial);
  await sent('an event under them');
});

test('without backups the key before a renewal is deleted thirty days after the first answer; a kiosk that joins again keeps none', async () => {
  await provision();
  await renew();
  await until('the first answer', () => readSpareKeys(kiosk.store).tls?.answered != null);
  await uplink.stop();
  server.shift(31 * 86_400_000);
  await server.restart();
  connect();
  await until('the second answer', () => readSpareKeys(kiosk.store).tls === null);
  server.shift(0);
  await renew();
  expect(readSpareKeys(kiosk.store).tls).not.toBeNull();
  writeServerLink(kiosk.store, readServerLink(kiosk.store)!);
  expect(readSpareKeys(kiosk.store)).toEqual(NO_SPARE);
});

test('a kiosk counts as rejected only once every key was refused, and recovers when the server knows it again', async () => {
  await provision();
  const { device } = readServerLink(kiosk.store)!.secret;
  const set = (status: 'revoked' | 'approved', hash: string) =>
    server.offline(async ({ db }) => {
      const row = await db.selectFrom('device').selectAll().where('id', '=', device).executeTakeFirstOrThrow();
      const change = { status, tls_key_hash: hash };
      await db.updateTable('device').set(change).where('id', '=', device).execute();
      return row.tls_key_hash;
    });
  const hash = await set('revoked', '0'.repeat(64));
  await until('turned away', () => away.length > 0);
  expect(away).toEqual(['unknown-device']);
  kiosk.store.events.append({ type: 'health', open: { code: 'kept', detail: {} }, personal: {} });
  await set('approved', hash);
  await until('back', () => uplink.status().online && kiosk.store.outbox.count() === 0);
  expect(uplink.turnedAway()).toBeNull();
});

test('restored to between a photo’s event and the photo, the server gets the photo with the kiosk’s next event', async () => {
  await provision();
  const { store } = kiosk;
  await store.people.add({
    id: randomUUID(),
    name: 'Ada',
    number: '1',
    language: 'en',
    consent: { textVersion: '1', language: 'en' },
    templates: [],
    photo: randomBytes(300_000),
    pinHash: null,
  });
  await until('the photo is there', () => store.outbox.count() === 0 && store.outbox.photosWaiting() === 0);
  const photo = <T>(work: (db: Db) => Promise<T>) => server.offline(({ db }) => work(db));
  const of = store.device;
  // As in a restored backup: it has every event, but of the photo only the row that expects it.
  expect(
    await photo(async (db) => {
      await db.deleteFrom('photo_piece').where('device', '=', of).execute();
      const nothing = { received: 0, total: null, complete_at: null };
      return (await db.updateTable('photo').set(nothing).where('device', '=', of).execute()).length;
    }),
  ).toBe(1);
  await sent('a later event');
  await until('it was asked for once more', () => store.outbox.photosWaiting() === 0);
  const { complete_at } = await photo((db) =>
    db.selectFrom('photo').select('complete_at').where('device', '=', of).executeTakeFirstOrThrow(),
  );
  expect(complete_at).not.toBeNull();
});
