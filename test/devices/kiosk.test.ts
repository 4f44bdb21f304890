import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startCore } from '../../electron/core/core.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { readSiteConfig, writeSiteConfig } from '../../electron/core/site/config.ts';
import { EMERGENCY_PIN } from '../../electron/core/staff/emergency.ts';
import type { Store } from '../../electron/core/store/interface.ts';
import { writeServerLink } from '../../electron/core/sync/link.ts';
import { createDeviceIdentity, deviceRequest } from '../../sync/edge/identity.ts';
import { openPosition } from '../../sync/protocol/seal/position.ts';
import { createCa, issueDeviceCertificate } from '../../sync/server/platform/keys/certificates.ts';
import { bundle, sealing } from '../kit/engine.ts';
import { SOCAT, serialCable } from '../services/serial-line.ts';

/* A whole kiosk core with its devices on real ports: the position stored with a check-in, and what is sent to the door. */

const STAFF_PIN = '582046';
const MAX = { number: '1001', pin: '5830' };
const soon = { timeout: 60_000, interval: 10 };

const sentence = (body: string) =>
  `$${body}*${[...body]
    .reduce((sum, one) => sum ^ one.charCodeAt(0), 0)
    .toString(16)
    .padStart(2, '0')}\r\n`;

/** What the GPS receiver at the gate sends in one second. */
function fix(): string {
  const iso = new Date().toISOString();
  const time = `${iso.slice(11, 19).replaceAll(':', '')}.00`;
  const date = `${iso.slice(8, 10)}${iso.slice(5, 7)}${iso.slice(2, 4)}`;
  return (
    sentence(`GNRMC,${time},A,5231.20000,N,01324.30000,E,0.1,,${date},,,A`) +
    sentence(`GNGGA,${time},5231.20000,N,01324.30000,E,1,09,0.9,34.5,M,44.6,M,,`)
  );
}

/** Joins the kiosk to an unreachable server. */
async function belongToServer(store: Store): Promise<void> {
  const secret = await createDeviceIdentity(store.device);
  const ca = await createCa(bundle.serverId, Date.now());
  const { csr } = await deviceRequest(secret, 'Gate');
  const tlsCertPem = await issueDeviceCertificate(ca, store.device, csr, Date.now());
  writeServerLink(store, { secret, bundle: { ...bundle, tlsCertPem, keys: { ...bundle.keys, caPem: [ca.certPem] } } });
}

async function kiosk(options: { server: boolean; gpsOptOut?: boolean; devices?: boolean }) {
  const folder = mkdtempSync(join(tmpdir(), 'sp-devices-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const home = join(folder, 'kiosk');
  mkdirSync(join(folder, 'none'));
  ensureKioskFolder(home, false);
  const gps = serialCable('gps');
  const relay = serialCable('relay');
  const reader = serialCable('reader');
  const devices = options.devices ?? true;
  for (const cable of devices ? [gps, relay, reader] : []) {
    onTestFinished(() => cable[Symbol.asyncDispose]());
    await cable.plug();
  }
  if (devices)
    writeSiteConfig(home, {
      ...readSiteConfig(home),
      repeatWindowSeconds: 0,
      devices: {
        readers: [{ name: 'Gate', port: reader.path }],
        gps: { port: gps.path },
        door: { port: relay.path, protocol: { kind: 'lcus' }, mode: 'fail-secure', pulseSeconds: 0.3 },
      } as never,
    });
  const person = randomUUID();
  const opened = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
  const pins = await opened.pins();
  const { store } = opened;
  store.settings.set(EMERGENCY_PIN, await pins.hash(STAFF_PIN));
  await store.people.add({
    id: person,
    name: 'Max Mustermann',
    number: MAX.number,
    pinHash: await pins.hash(MAX.pin),
    language: 'en',
    consent: { textVersion: 'test', language: 'en' },
    templates: [],
    photo: null,
  });
  if (options.gpsOptOut) store.people.update(person, { gpsOptOut: true });
  if (options.server) await belongToServer(store);
  const { device } = store;
  await opened.close();
  const start = () =>
    startCore({ home, deviceSecret: null, demo: false, weights: join(folder, 'none'), log: () => undefined });
  const core = await start();
  let open = true;
  const close = async () => {
    if (open) await core.close();
    open = false;
  };
  onTestFinished(close);
  const { token } = await core.methods.staffUnlock({ pin: STAFF_PIN });
  /** Waits until the receiver's position is accepted. */
  const located = () =>
    expect
      .poll(async () => {
        gps.say(fix());
        return (await core.methods.diagnostics({ token })).gps?.fix;
      }, soon)
      .toMatchObject({ latitude: 52.52, longitude: 13.405 });
  /** Returns the events of this type in the store, after the core has ended. */
  async function kept(type = 'checkin') {
    await close();
    const again = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
    try {
      return again.store.outbox.pending(50).filter(({ header }) => header.type === type);
    } finally {
      await again.close();
    }
  }
  return { core, token, gps, relay, reader, located, kept, person, device };
}

const withoutSocat = !existsSync(SOCAT);
if (withoutSocat) console.warn('\n!!! SKIPPED: serial devices on real ports need /usr/bin/socat (Debian: socat)\n');

test.skipIf(withoutSocat)('a check-in carries its position sealed to the server, and opens the door', async () => {
  const { core, relay, located, kept, person, device } = await kiosk({ server: true });
  await located();
  expect((await core.methods.status({})).privacy.gpsDays).toBe(30);
  await core.methods.checkinByPin(MAX);
  await expect.poll(() => relay.heard().toString('hex'), soon).toBe('a00100a1a00101a2a00100a1');
  const [checkin] = await kept();
  const sealed = checkin?.personal.gps?.value as string;
  expect(JSON.stringify(checkin)).not.toMatch(/52\.5|13\.4/);
  expect(await openPosition(sealed, { device, person }, async () => sealing)).toMatchObject({
    latitude: 52.52,
    longitude: 13.405,
    accuracy: 5,
  });
});

test.skipIf(withoutSocat).each([
  ['who opted out', { server: true, gpsOptOut: true }],
  ['where there is no server to seal it to', { server: false }],
])('no position is stored for %s', async (_, options) => {
  const { core, located, kept } = await kiosk(options);
  await located();
  await core.methods.checkinByPin(MAX);
  const [checkin] = await kept();
  expect(Object.keys(checkin!.personal)).not.toContain('gps');
});

test.skipIf(withoutSocat)(
  'a badge at the reader is an arrival on the screen, and an unknown badge reveals nothing',
  async () => {
    const { core, token, reader } = await kiosk({ server: false });
    const arrivals: unknown[] = [];
    core.onSignal((name, data) => {
      if (name === 'arrival') arrivals.push(data);
    });
    await expect.poll(async () => (await core.methods.diagnostics({ token })).readers[0]?.state, soon).toBe('ok');
    reader.say('0005058435\r\n');
    await expect.poll(() => arrivals, soon).toEqual([{ kind: 'refused', code: 'badge-unknown' }]);
    expect((await core.methods.diagnostics({ token })).readers[0]?.lastRead).toMatchObject({ masked: '••••••••35' });
  },
);

test.skipIf(withoutSocat)('staff see the devices, and a test pulse is reported to the server', async () => {
  const { core, token, relay, gps } = await kiosk({ server: false });
  await expect.poll(async () => (await core.methods.diagnostics({ token })).door?.state, soon).toBe('ok');
  await core.methods.doorTest({ token });
  await expect.poll(() => relay.heard().toString('hex'), soon).toBe('a00100a1a00101a2a00100a1');
  await gps.unplug();
  await expect.poll(async () => (await core.methods.status({})).notices, soon).toContain('gps-absent');
  await core.methods.staffLock({ token });
  await expect(core.methods.diagnostics({ token })).rejects.toMatchObject({ code: 'staff-locked' });
  await expect(core.methods.doorTest({ token })).rejects.toMatchObject({ code: 'staff-locked' });
});

test('a kiosk without devices shows none, says that it records no position, and can’t open a door', async () => {
  const { core, token } = await kiosk({ server: false, devices: false });
  expect(await core.methods.diagnostics({ token })).toMatchObject({ readers: [], gps: null, door: null });
  expect((await core.methods.status({})).privacy.gpsDays).toBe(0);
  await expect(core.methods.doorTest({ token })).rejects.toMatchObject({ code: 'door-unset' });
});

test('a camera chosen by staff is used from then on, and reported to the server', async () => {
  const { core, token, kept } = await kiosk({ server: false, devices: false });
  const camera = async () => (await core.methods.status({})).camera;
  expect(await camera()).toBeNull();
  await core.methods.cameraChoose({ token, camera: 'Desk (2)' });
  expect(await camera()).toBe('Desk (2)');
  await core.methods.cameraChoose({ token, camera: null });
  expect(await camera()).toBeNull();
  await core.methods.staffLock({ token });
  await expect(core.methods.cameraChoose({ token, camera: 'x' })).rejects.toMatchObject({ code: 'staff-locked' });
  const codes = (await kept('health')).map(({ header }) => (header.open as { code?: string }).code);
  expect(codes.filter((code) => code === 'camera-chosen')).toHaveLength(2);
});
