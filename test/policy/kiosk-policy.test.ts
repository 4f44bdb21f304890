import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startCore } from '../../electron/core/core.ts';
import type { Core } from '../../electron/core/interface.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { PRIVACY_NOT_SET, readSiteConfig, writeSiteConfig } from '../../electron/core/site/config.ts';
import { EMERGENCY_PIN } from '../../electron/core/staff/emergency.ts';
import type { Policy } from '../../sync/protocol/wire/changes.ts';

/** What the server's policy changes at a kiosk: whether faces are allowed, and what people consent to. */

const STAFF_PIN = '582046';
let folder: string;
let home: string;
let core: Core | null = null;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sp-kiosk-policy-'));
  home = join(folder, 'kiosk');
  mkdirSync(join(folder, 'none'));
  ensureKioskFolder(home, false);
  const privacy = { controller: 'Werk Nord', contact: 'a@b.example', dpo: 'Frau Amt' };
  writeSiteConfig(home, { ...readSiteConfig(home), privacy });
  const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
  kiosk.store.settings.set(EMERGENCY_PIN, await (await kiosk.pins()).hash(STAFF_PIN));
  await kiosk.close();
});
afterEach(async () => {
  await core?.close();
  core = null;
  rmSync(folder, { recursive: true, force: true });
});

/** A kiosk that received this policy and was restarted. */
async function kioskUnder(policy: Policy): Promise<Core> {
  const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
  await kiosk.store.roster.apply({
    whole: false,
    more: false,
    cursor: 'c1',
    changes: [{ kind: 'policy', policy }],
  });
  await kiosk.close();
  const options = { home, deviceSecret: null, demo: false, weights: join(folder, 'none') };
  core = await startCore({ ...options, log: () => undefined });
  return core;
}

async function begin({ methods }: Core, language: string) {
  const { token } = await methods.staffUnlock({ pin: STAFF_PIN });
  const text = await methods.consentText({ language });
  const consent = { version: text.version, language: text.language };
  return methods.enrolBegin({ token, name: 'New', number: null, pin: null, language, consent });
}

test('without an operator’s name nobody can consent: staff are notified, and the console or site.json fixes it', async () => {
  writeSiteConfig(home, { ...readSiteConfig(home), privacy: PRIVACY_NOT_SET });
  const kiosk = await kioskUnder({ leaseDays: 30 });
  await expect(kiosk.methods.consentText({ language: 'ar' })).rejects.toMatchObject({ code: 'privacy-not-set' });
  const { token } = await kiosk.methods.staffUnlock({ pin: STAFF_PIN });
  const consent = { version: '2026-11.photo-90-days', language: 'en' };
  const details = { token, name: 'New', number: null, pin: null, language: 'en' };
  await expect(kiosk.methods.enrolBegin({ ...details, consent })).rejects.toMatchObject({ code: 'privacy-not-set' });
  // Number and PIN require no consent.
  await kiosk.methods.enrolByNumber({ ...details, number: '77', pin: '580261' });
  await kiosk.close();
  const privacy = { controller: 'Werk Süd', contact: 'a@b.example', dpo: 'Frau Amt' };
  const notified = await kioskUnder({ leaseDays: 30, privacy });
  expect((await notified.methods.consentText({ language: 'de' })).paragraphs[0]).toContain('speichert Werk Süd');
});

test('if faces are turned off no face can be enrolled, and the screen says why', async () => {
  const kiosk = await kioskUnder({ leaseDays: 30, faces: 'off' });
  await expect(begin(kiosk, 'en')).rejects.toMatchObject({ code: 'faces-not-allowed' });
  expect((await kiosk.methods.status({})).notices).toContain('faces-not-allowed');
});

test('the server’s contacts (controller, privacy contact and DPO) appear on the privacy screen', async () => {
  const privacy = { controller: 'Example School', contact: 'privacy@example.org', dpo: 'Dr Example' };
  const kiosk = await kioskUnder({ leaseDays: 30, privacy });
  expect((await kiosk.methods.status({})).privacy).toMatchObject(privacy);
});

test('people consent to the operator’s own text, and only in languages in which it was reviewed', async () => {
  const text = { version: 'v3', language: 'en', title: 'May we?', paragraphs: ['We are {controller}.'] };
  const kiosk = await kioskUnder({ leaseDays: 30, consentTexts: [text] });
  expect(await kiosk.methods.consentText({ language: 'en' })).toMatchObject({ title: 'May we?', language: 'en' });
  await expect(begin(kiosk, 'en')).resolves.toMatchObject({ enrolment: expect.any(String) });
  await expect(kiosk.methods.consentText({ language: 'de' })).rejects.toMatchObject({ code: 'consent-text-missing' });
  await expect(begin(kiosk, 'de')).rejects.toMatchObject({ code: 'consent-text-missing' });
});
