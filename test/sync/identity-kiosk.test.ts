import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CommandContext } from '../../electron/core/command.ts';
import { deviceJoin, deviceJoinPoll, deviceProxy, deviceRenew } from '../../electron/core/commands/device.ts';
import { openKeys } from '../../electron/core/keys/index.ts';
import { type OpenKiosk, openKiosk } from '../../electron/core/open-kiosk.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { startRetention } from '../../electron/core/retention/retention.ts';
import { createStore, openStore } from '../../electron/core/store/index.ts';
import { type KioskSync, startKioskSync } from '../../electron/core/sync/kiosk-sync.ts';
import { readServerLink } from '../../electron/core/sync/server-link.ts';
import { approveDevice, createProvisioningCode, listDevices, revokeDevice } from '../../sync/protocol/api/devices.ts';
import { newServer, type TestServer } from '../kit/server.ts';
import { connectProxy } from '../services/connect-proxy.ts';

/** A kiosk that joins while running starts syncing without a restart. */
const root = mkdtempSync(join(tmpdir(), 'sp-kiosk-join-'));
const home = join(root, 'kiosk');
const log = () => undefined;
let server: TestServer;
let kiosk: OpenKiosk;
let sync: KioskSync;
let retention: ReturnType<typeof startRetention>;
let context: CommandContext;

beforeAll(async () => {
  server = await newServer();
  ensureKioskFolder(home, false);
  kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
  retention = startRetention({ store: kiosk.store, site: kiosk.site, log });
  sync = await startKioskSync({
    store: kiosk.store,
    retention,
    log,
    onStatus: () => undefined,
    applied: () => undefined,
    dropped: () => undefined,
  });
  context = {
    ...kiosk,
    changed: () => sync.uplink.nudge(),
    sync: () => sync.report(),
    relink: (change) => sync.relink(change),
  };
});
afterAll(async () => {
  await sync?.stop();
  await retention?.stop();
  await kiosk?.close();
  await server?.close();
  rmSync(root, { recursive: true, force: true });
});

async function run(command: typeof deviceJoin, args: unknown): Promise<Record<string, string>> {
  let notified = {};
  const line = (value: unknown) => {
    notified = value as object;
  };
  await command.run(context, command.args.parse(args), { line, progress: () => undefined });
  return notified;
}

const until = (done: () => boolean): Promise<void> => expect.poll(done).toBe(true);

test('a running kiosk joins, sends what it has stored, and continues with a renewed certificate', async () => {
  kiosk.store.events.append({ type: 'health', open: { code: 'before-joining', detail: {} }, personal: {} });
  expect(sync.uplink.status()).toMatchObject({ online: false });
  const { code } = await server.call(createProvisioningCode, { body: { name: 'Front door' } });
  const pending = await run(deviceJoin, { code });
  // The same code again, as after a lost answer, uses the same keys and so gives the same fingerprint.
  expect(await run(deviceJoin, { code })).toEqual(pending);
  expect(await run(deviceJoinPoll, {})).toMatchObject({ state: 'pending' });
  await server.call(approveDevice, {
    params: { device: pending.device! },
    body: { fingerprint: pending.fingerprint! },
  });
  expect(await run(deviceJoinPoll, {})).toMatchObject({ state: 'joined', server: server.deviceUrl });
  await until(() => sync.uplink.status().online && kiosk.store.outbox.count() === 0);

  const before = readServerLink(kiosk.store)!;
  await run(deviceRenew, {});
  const after = readServerLink(kiosk.store)!;
  expect(after.secret.tlsKeyPem).not.toBe(before.secret.tlsKeyPem);
  kiosk.store.events.append({ type: 'health', open: { code: 'after-renewal', detail: {} }, personal: {} });
  sync.uplink.nudge();
  await until(() => kiosk.store.outbox.count() === 0);
  expect((await server.call(listDevices)).items[0]!.lastHeardAt).not.toBeNull();
});

test('it joins, sends and renews only through its proxy, and directly again once the proxy is removed', async () => {
  const proxy = await connectProxy();
  const { host } = new URL(server.deviceUrl);
  const since = () => proxy.asked.splice(0);
  try {
    await expect(run(deviceProxy, { address: 'not an address' })).rejects.toMatchObject({
      code: 'proxy-address-wrong',
    });
    // The answer omits the credentials.
    const shown = { proxy: `http://127.0.0.1:${proxy.port}` };
    expect(await run(deviceProxy, { address: proxy.url })).toEqual(shown);
    expect(await run(deviceProxy, {})).toEqual(shown);
    // Sync used the proxy, and so does joining again.
    kiosk.store.events.append({ type: 'health', open: { code: 'by-proxy', detail: {} }, personal: {} });
    sync.uplink.nudge();
    await until(() => kiosk.store.outbox.count() === 0);
    expect(new Set(since())).toEqual(new Set([host]));
    await run(deviceRenew, {});
    expect(since()).toContain(host);
    // An unreachable proxy is reported as such and never bypassed.
    await proxy.close();
    kiosk.store.events.append({ type: 'health', open: { code: 'no-proxy', detail: {} }, personal: {} });
    sync.uplink.nudge();
    await until(() => sync.uplink.status().problem?.code === 'proxy-unreachable');
  } finally {
    await proxy.close();
  }
  expect(await run(deviceProxy, { address: '' })).toEqual({ proxy: null });
  await until(() => kiosk.store.outbox.count() === 0);

  const another = await connectProxy();
  try {
    await run(deviceProxy, { address: another.url });
    const { code } = await server.call(createProvisioningCode, { body: { name: 'Front door' } });
    await server.call(revokeDevice, { params: { device: kiosk.store.device } });
    another.asked.splice(0);
    expect(await run(deviceJoin, { code, replace: true })).toMatchObject({ state: 'pending' });
    expect(new Set(another.asked)).toEqual(new Set([host]));
  } finally {
    await another.close();
  }
});

test('the provisioning secret stays bound to the key slots across a rekey, and a crash before they were written leaves them as before', async () => {
  const folder = join(root, 'bound');
  const options = { home: folder, deviceSecret: null, allowSecretFile: true };
  const keys = await openKeys(options);
  (await createStore({ home: folder, keys })).close();
  await expect(keys.bindProvisioning(Buffer.alloc(32, 7))).rejects.toMatchObject({ code: 'secret-weak' });
  const secret = crypto.getRandomValues(new Uint8Array(32));
  await keys.bindProvisioning(secret);
  await keys.beginRekey();
  keys.settle('current');
  const again = await openKeys(options);
  (await openStore({ home: folder, keys: again })).close();
  // Once bound, it requires that secret.
  await again.bindProvisioning(crypto.getRandomValues(new Uint8Array(32)));
  await expect(openKeys(options)).resolves.toBeDefined();
  rmSync(join(folder, 'provisioning-secret'));
  await expect(openKeys(options)).rejects.toMatchObject({ code: 'provisioning-secret-missing' });

  // Interrupted between the two writes: the file exists, but the slots don't refer to it.
  const cut = join(root, 'cut');
  const cutOptions = { ...options, home: cut };
  (await createStore({ home: cut, keys: await openKeys(cutOptions) })).close();
  writeFileSync(join(cut, 'provisioning-secret'), secret, { mode: 0o600 });
  const opened = await openKeys(cutOptions);
  (await openStore({ home: cut, keys: opened })).close();
  await opened.bindProvisioning(secret);
  expect(existsSync(join(cut, 'provisioning-secret'))).toBe(true);
  (await openStore({ home: cut, keys: await openKeys(cutOptions) })).close();
});
