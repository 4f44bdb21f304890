import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepareModels } from '../../build/models/prepare.ts';
import { EMBEDDER } from '../../models/rules/manifest.ts';
import { identifyFaces } from './commands/identify.ts';
import { importPeople } from './commands/import.ts';
import { startCore } from './core.ts';
import type { Core } from './interface.ts';
import { openKiosk } from './open-kiosk.ts';
import { ensureKioskFolder } from './provision.ts';
import { readSiteConfig, writeSiteConfig } from './site/config.ts';
import { EMERGENCY_PIN } from './staff/emergency.ts';

/* A weight file that is not the shipped one disables face recognition, and nothing else. */

const STAFF_PIN = '582046';
const MAX = { number: '1001', pin: '5830' };
const picture = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3) };
const frame = { picture, box: [8, 8, 48, 48] as [number, number, number, number], others: 0, takenAt: 0 };

let folder: string;
let home: string;
let weights: string;
let core: Core;
const logged: { level: string; message: string }[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sp-face-off-'));
  home = join(folder, 'kiosk');
  weights = join(folder, 'weights');
  cpSync((await prepareModels()).weights, weights, { recursive: true });
  const altered = readFileSync(join(weights, EMBEDDER.file));
  altered[altered.length - 1]! ^= 1;
  writeFileSync(join(weights, EMBEDDER.file), altered);

  ensureKioskFolder(home, false);
  const privacy = { controller: 'Werk Nord', contact: 'a@b.example', dpo: 'Frau Amt' };
  writeSiteConfig(home, { ...readSiteConfig(home), privacy });
  const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
  const pins = await kiosk.pins();
  kiosk.store.settings.set(EMERGENCY_PIN, await pins.hash(STAFF_PIN));
  await kiosk.store.people.add({
    id: '01890a5d-ac96-774b-bcce-b302099a8057',
    name: 'Max Mustermann',
    number: MAX.number,
    pinHash: await pins.hash(MAX.pin),
    language: 'en',
    consent: { textVersion: 'test', language: 'en' },
    templates: [],
    photo: null,
  });
  await kiosk.close();
  core = await startCore({
    home,
    deviceSecret: null,
    demo: false,
    weights,
    log: (level, message) => logged.push({ level, message }),
  });
});
afterAll(async () => {
  await core.close();
  rmSync(folder, { recursive: true, force: true });
});

test('the core starts, offers the other method, and reports once what is wrong and what to do', async () => {
  const { face } = await core.methods.status({});
  expect(face).toMatchObject({
    use: 'off',
    code: 'model-altered',
    nextStep: expect.stringMatching(/install it again/),
  });
  expect(logged.filter(({ message }) => message.includes('without face recognition'))).toHaveLength(1);
});

test('number and PIN check in, and the record is kept', async () => {
  const { receipt } = await core.methods.checkinByPin(MAX);
  expect(receipt).toMatchObject({ name: 'Max Mustermann', method: 'number+pin', repeated: false });
  await core.close();
  const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true, weights });
  expect(kiosk.store.checkins.list({ limit: 5 })).toMatchObject([{ name: 'Max Mustermann', method: 'number+pin' }]);
  await kiosk.close();
  core = await startCore({ home, deviceSecret: null, demo: false, weights, log: () => undefined });
});

test('everything that needs a face answers with the code: a probe, a capture, an import, identifying files', async () => {
  const code = { code: 'model-altered' };
  const { visit } = await core.methods.visitBegin({});
  await expect(core.methods.probe({ visit, frame })).rejects.toMatchObject(code);

  const { token } = await core.methods.staffUnlock({ pin: STAFF_PIN });
  const { version, language } = await core.methods.consentText({ language: 'en' });
  const consent = { version, language };
  const details = { token, name: 'New', number: null, pin: null, language: 'en', consent };
  const { enrolment } = await core.methods.enrolBegin(details);
  await expect(core.methods.enrolCapture({ token, enrolment, frame })).rejects.toMatchObject(code);

  await core.close();
  const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true, weights });
  const context = { ...kiosk, changed: () => undefined };
  const output = { line: () => undefined, progress: () => undefined };
  const files = [{ path: join(folder, 'a.jpg'), name: 'a.jpg' }];
  await expect(identifyFaces.run(context, { files, calibratedPeople: null }, output)).rejects.toMatchObject(code);
  await expect(importPeople.run(context, { folder, consent: 'test', language: 'en' }, output)).rejects.toMatchObject(
    code,
  );
  await kiosk.close();
  core = await startCore({ home, deviceSecret: null, demo: false, weights, log: () => undefined });
});

test('a new person is enrolled with number and PIN: no consent, no face data, and can check in immediately', async () => {
  const { token } = await core.methods.staffUnlock({ pin: STAFF_PIN });
  const erika = { token, name: 'Erika Muster', number: '2001', pin: '7304', language: 'de' };
  for (const [wrong, code] of [
    [{ number: MAX.number }, 'number-taken'],
    [{ pin: '1234' }, 'pin-weak'],
    [{ token: 'x'.repeat(43) }, 'staff-locked'],
  ] as const)
    await expect(core.methods.enrolByNumber({ ...erika, ...wrong })).rejects.toMatchObject({ code });
  const { person } = await core.methods.enrolByNumber(erika);
  expect(person).toMatchObject({ name: 'Erika Muster', number: '2001', templates: 0, hasPin: true });
  const { receipt } = await core.methods.checkinByPin({ number: '2001', pin: '7304' });
  expect(receipt).toMatchObject({ name: 'Erika Muster', language: 'de', method: 'number+pin' });

  await core.close();
  const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true, weights });
  const events = kiosk.store.outbox.pending(100);
  const added = events.findLastIndex(({ header }) => header.type === 'person');
  expect(events.slice(added).map(({ header }) => header.type)).toEqual(['person', 'pin', 'checkin']);
  await kiosk.close();
  core = await startCore({ home, deviceSecret: null, demo: false, weights, log: () => undefined });
});

test('a person can still be deleted', async () => {
  const { token } = await core.methods.staffUnlock({ pin: STAFF_PIN });
  const { people } = await core.methods.peopleFind({ token, query: 'Max' });
  await core.methods.personDelete({ token, person: people[0]!.id });
  expect((await core.methods.status({})).people).toBe(1);
});

test('a missing weight file is reported as such', async () => {
  await core.close();
  rmSync(join(weights, EMBEDDER.file));
  core = await startCore({ home, deviceSecret: null, demo: false, weights, log: () => undefined });
  expect((await core.methods.status({})).face).toMatchObject({ use: 'off', code: 'model-missing' });
});
