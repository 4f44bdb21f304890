import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCore } from '../../electron/core/core.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { kioskHome } from '../../electron/core/paths.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { EMERGENCY_PIN } from '../../electron/core/staff/emergency.ts';
import { sp } from './run-sp.ts';

/* The command line on a kiosk whose device secret is not a file, with its core running and without. */
const PIN = '493817';
const secret = randomBytes(32);
let base: string;
let home: string;
let credentials: string;
const list = (env: NodeJS.ProcessEnv) =>
  sp(base, ['checkins', 'list', '--json'], { env: { CREDENTIALS_DIRECTORY: undefined, ...env } });

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'sp-secret-'));
  home = kioskHome({ SMARTPRESENCE_HOME: base });
  credentials = join(base, 'credentials');
  mkdirSync(credentials);
  writeFileSync(join(credentials, 'smartpresence-device-secret'), secret);
  ensureKioskFolder(home, false);
  const kiosk = await openKiosk({ home, deviceSecret: secret, allowSecretFile: false });
  kiosk.store.settings.set(EMERGENCY_PIN, await (await kiosk.pins()).hash(PIN));
  await kiosk.store.people.add({
    id: '01890a5d-ac96-774b-bcce-b302099a8057',
    name: 'Max Mustermann',
    number: '1001',
    pinHash: await (await kiosk.pins()).hash('5830'),
    language: 'en',
    consent: { textVersion: 'test', language: 'en' },
    templates: [],
    photo: null,
  });
  await kiosk.close();
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

test('a running core accepts commands from people with the staff PIN but no keys', async () => {
  const weights = join(base, 'no-weights'); // no face is processed
  const core = await startCore({ home, deviceSecret: secret, demo: false, weights, log: () => undefined });
  try {
    await core.methods.checkinByPin({ number: '1001', pin: '5830' });
    const { code, stderr, lines } = await list({ SMARTPRESENCE_STAFF_PIN: PIN });
    expect(code, stderr).toBe(0);
    expect(lines()).toMatchObject([{ name: 'Max Mustermann' }]);
    expect((await list({ SMARTPRESENCE_STAFF_PIN: '000111' })).stderr).toContain('sp: pin-wrong: ');
    const credentialed = await list({ SMARTPRESENCE_STAFF_PIN: PIN, CREDENTIALS_DIRECTORY: credentials });
    expect(credentialed.lines()).toHaveLength(1);
  } finally {
    await core.close();
  }
});

test('without a running core the store opens with the credential, and otherwise the error says how to provide it', async () => {
  const { code, stderr, lines } = await list({ CREDENTIALS_DIRECTORY: credentials });
  expect(code, stderr).toBe(0);
  expect(lines()).toHaveLength(1);
  const without = await list({});
  expect(without.code).toBe(3);
  expect(without.stderr).toContain('sp: device-secret-elsewhere: ');
  expect(without.stderr).toContain('LoadCredentialEncrypted');
  expect(existsSync(join(home, 'device-secret'))).toBe(false);
});

test('a command that only reads creates no kiosk', async () => {
  const empty = join(base, 'empty');
  for (const args of [
    ['store', 'check'],
    ['checkins', 'list'],
    ['store', 'rekey'],
  ]) {
    const { code, stderr } = await sp(empty, args);
    expect(code).toBe(3);
    expect(stderr).toContain('sp: kiosk-missing: ');
  }
  expect(existsSync(empty)).toBe(false);
});
