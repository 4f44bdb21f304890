import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { LANGUAGES } from '../../sync/protocol/api/languages.ts';
import { expect, expectNoAxeFault, noCamera, slowCamera, test } from './fixtures.ts';
import {
  CLAIM,
  coreError,
  DEEDS,
  marked,
  PIN_CODE,
  receiptOf,
  type ScriptedCore,
  STAFF,
  TECHNICIAN,
  TECHNICIAN_CODE,
  TEMPLATE_CARD,
} from './scripted-core.ts';
import { aDuplicate, aPair } from './two-people.ts';

/*
 * Every screen, in every format and theme, with axe on each and a screenshot of each in test/artefacts/screens. The normal suite
 * runs two of the combinations. For work on the appearance `KIOSK_VARIANTS=all` runs all of them, `=fr,pl` those of some
 * languages. Screens with forms are toured without a camera, since detection would only slow them down.
 */
const FORMATS = { tall: [1080, 1920], wide: [1280, 800] } as const;
const ALL = Object.keys(FORMATS).flatMap((format) =>
  (['dark', 'light'] as const).flatMap((theme) => LANGUAGES.map((language) => ({ format, theme, language }))),
);
const chosen = process.env.KIOSK_VARIANTS?.split(',') ?? ['tall-dark-ar', 'wide-light-de'];
const VARIANTS = ALL.filter(({ format, theme, language }) =>
  ['all', language, `${format}-${theme}-${language}`].some((name) => chosen.includes(name)),
);

const press = (page: Page, selector: string): Promise<void> => page.locator(selector).first().click();
/** Without a face to detect, so that nothing happens automatically. */
const quiet = (core: ScriptedCore): void => {
  core.methods.probe = async () => ({ kind: 'done' });
};

async function type(page: Page, name: string, text: string): Promise<void> {
  await page.locator(`input[name="${name}"]`).fill(text);
}

/** Expects the sentence under the picture to be the one of this code. */
async function says(page: Page, core: ScriptedCore, group: 'challenge' | 'guide', code: string): Promise<void> {
  const file = resolve(import.meta.dirname, `../../renderer/kiosk/locales/${core.hello.defaultLanguage}.json`);
  await expect(page.locator('.sentence-main')).toHaveText(JSON.parse(readFileSync(file, 'utf8'))[group][code]);
}

/** Returns home from anywhere in the tour. */
async function home(page: Page, core: ScriptedCore): Promise<void> {
  quiet(core);
  await page.reload();
  await page.locator('.checkin').waitFor();
}

/** Goes to the list of people who may unlock. */
async function toUnlock(page: Page, core: ScriptedCore): Promise<void> {
  await home(page, core);
  await page.locator('.foot-actions button').last().click();
  await page.locator('.staff-choices').waitFor();
}

async function toStaff(page: Page, core: ScriptedCore): Promise<void> {
  core.staff = [];
  await home(page, core);
  await page.locator('.foot-actions button').last().click();
  await type(page, 'staff-pin', '2468');
  await page.keyboard.press('Enter');
  await page.locator('.menu').waitFor();
}

async function toConsent(page: Page, core: ScriptedCore, name = 'Erika Musterfrau-Schönhausen'): Promise<void> {
  await toStaff(page, core);
  await press(page, '.menu [data-open=enrol]');
  await type(page, 'name', name);
  await press(page, '.enrol-details button[type=submit]');
  await page.locator('.consent-text h2').waitFor();
}

async function agree(page: Page): Promise<void> {
  await page.locator('input[name=agree]').check();
  await press(page, '.enrol-consent button[type=submit]');
}

type Tour = Record<string, (page: Page, core: ScriptedCore) => Promise<void>>;

const CAMERA_TOUR: Tour = {
  '01-checkin': async (page, core) => {
    core.methods.probe = async () => ({ kind: 'more', progress: 0.6 });
    await page.locator('.ring').waitFor();
    await expect
      .poll(() =>
        page.evaluate(() =>
          Number((window as { smartpresenceMetrics?: { probes: number } }).smartpresenceMetrics?.probes),
        ),
      )
      .toBeGreaterThan(3);
  },
  '02-offline-demo': async (page, core) => {
    core.hello = { ...core.hello, demo: true };
    core.methods.probe = async () => ({ kind: 'guide', reason: 'too-dark' });
    core.setStatus({ online: false, queued: 12, storage: 'low', liveness: 'off', notices: ['device-secret-in-file'] });
    await page.reload();
    await page.locator('.badge').waitFor();
    await says(page, core, 'guide', 'too-dark');
  },
  '02b-update': async (page, core) => {
    core.hello = { ...core.hello, demo: false };
    const at = new Date();
    at.setHours(26, 0, 0, 0);
    core.setStatus({
      online: true,
      queued: 0,
      storage: 'ok',
      liveness: 'standard',
      notices: [],
      update: { kind: 'waiting', version: '0.3.0', at: at.toISOString(), heldSince: null },
    });
    await page.reload();
    await page.locator('.note-update').waitFor();
    await says(page, core, 'guide', 'too-dark');
  },
  '02c-update-preparing': async (page, core) => {
    core.setStatus({ online: false, queued: 3, update: { kind: 'preparing', version: '0.3.0', progress: 0.35 } });
    await page.locator('.note-update[data-kind=preparing]').waitFor();
  },
  '03-challenge': async (page, core) => {
    core.hello = { ...core.hello, demo: false };
    core.setStatus({ online: true, queued: 0, storage: 'ok', liveness: 'standard', notices: [], update: null });
    core.methods.probe = async () => ({
      kind: 'challenge',
      step: 'turn-left',
      index: 0,
      of: 2,
      progress: 0.3,
      hold: false,
      light: false,
    });
    await page.reload();
    await says(page, core, 'challenge', 'turn-left');
  },
  '03b-light-follows': async (page, core) => {
    const challenge = { kind: 'challenge', step: 'turn-left', index: 0, of: 2, progress: 0.3, hold: false } as const;
    core.methods.probe = async () => ({ ...challenge, light: true });
    await page.locator('.recent').waitFor();
  },
  '03c-light': async (page, core) => {
    core.methods.probe = async () => ({ kind: 'light', sequence: [{ colour: '#6cddf3', ms: 1_000 }] });
    await page.locator('.light').waitFor();
  },
  '04-result-in': async (page, core) => {
    core.methods.probe = async () => ({ kind: 'welcome', receipt: receiptOf('Max Mustermann') });
    await page.locator('.result[data-kind=in]').waitFor();
  },
  '05-recent': async (page, core) => {
    quiet(core);
    await page.locator('.recent').waitFor();
    await page.locator('.result').waitFor({ state: 'detached' });
  },
  '06-result-out': async (page, core) => {
    await home(page, core);
    core.methods.probe = async () => ({
      kind: 'welcome',
      receipt: receiptOf('Dr. Maria-Magdalena Müller-Lüdenscheidt', { direction: 'out' }),
    });
    await page.reload();
    await page.locator('.result[data-kind=out]').waitFor();
  },
  '07-result-again': async (page, core) => {
    core.methods.probe = async () => ({
      kind: 'welcome',
      receipt: receiptOf('Max Mustermann', { repeated: true, undo: '' }),
    });
    await page.reload();
    await page.locator('.result[data-kind=again]').waitFor();
  },
  '08-voided': async (page, core) => {
    core.methods.probe = async () => ({ kind: 'welcome', receipt: receiptOf('Max Mustermann') });
    await page.reload();
    await press(page, '.result-button');
    await page.locator('.voided').waitFor();
  },
  '08b-wrong': async (page, core) => {
    await home(page, core);
    core.methods.probe = async () => ({ kind: 'welcome', receipt: receiptOf('Max Mustermann') });
    await page.reload();
    await press(page, '.result-button:last-child');
    await page.locator('.wrong').waitFor();
  },
  '08c-voided-wrong': async (page, core) => {
    quiet(core);
    await press(page, '.wrong .method:last-child');
    await page.locator('.voided').waitFor();
  },
  '08d-qr': async (page, core) => {
    await home(page, core);
    await press(page, '[data-method=qr]');
    await page.locator('.present .stage[data-live=true]').waitFor();
  },
  '08e-qr-refused': async (page, core) => {
    core.arrive({ kind: 'refused', code: 'code-expired' });
    await page.locator('[data-tone=bad]').waitFor();
  },
  '08f-badge': async (page, core) => {
    await home(page, core);
    await press(page, '[data-method=badge]');
    await page.locator('.present-reader').waitFor();
  },
  '08g-badge-locked': async (page, core) => {
    core.arrive({ kind: 'refused', code: 'locked', seconds: 95 });
    await page.locator('[data-tone=bad]').waitFor();
  },
  '08h-claim': async (page, core) => {
    core.methods.probe = async () => ({ kind: 'more', progress: 0 });
    core.arrive({ kind: 'face', claim: CLAIM });
    await page.locator('.checkin .sentence').waitFor();
  },
  '08i-refused': async (page, core) => {
    await home(page, core);
    core.arrive({ kind: 'refused', code: 'badge-unknown' });
    await page.locator('.other-method').waitFor();
  },
  '09z-number-first': async (page, core) => {
    await home(page, core);
    core.methods.probe = async () => ({ kind: 'other-method', reason: 'claim-first' });
    await page.locator('.other-method').waitFor();
  },
  '09-other-method': async (page, core) => {
    core.methods.probe = async () => ({ kind: 'other-method', reason: 'unknown' });
    await page.reload();
    await page.locator('.other-method').waitFor();
  },
  '09c-number-first': async (page, core) => {
    core.setStatus({ face: { use: 'with-number' } });
    await home(page, core);
    await page.locator('.sentence').waitFor();
  },
  '09d-number': async (page) => {
    await press(page, '[data-method=face]');
    await type(page, 'number', '1001');
  },
  '09e-number-locked': async (page, core) => {
    core.methods.probe = async () => ({ kind: 'other-method', reason: 'locked' });
    await page.keyboard.press('Enter');
    await page.locator('.other-method').waitFor();
    core.setStatus({ face: { use: 'alone' } });
  },
  '23-enrol-capture': async (page, core) => {
    core.methods.enrolCapture = async () => ({
      accepted: false,
      reason: 'hold-pose',
      pose: 'left',
      remaining: ['left', 'right', 'front-again'],
      progress: 0.25,
    });
    await toConsent(page, core);
    await agree(page);
    await page.locator('.enrol-capture').waitFor();
    // The screen calls again once it shows the first answer.
    await expect.poll(() => core.callsOf('enrolCapture').length).toBeGreaterThan(1);
  },
  '24-enrol-done': async (page, core) => {
    core.methods.enrolCapture = async () => ({
      accepted: true,
      reason: null,
      pose: 'front-again',
      remaining: [],
      progress: 1,
    });
    await page.locator('[data-end=enrolled]').waitFor();
  },
  '24b-enrol-card': async (page, core) => {
    const finish = core.methods.enrolFinish;
    core.methods.enrolFinish = async (input) => {
      const { person } = await finish(input);
      return { person, card: { id: null, name: person.name, number: '2001', text: TEMPLATE_CARD } };
    };
    await toConsent(page, core, 'Dr. Maria-Magdalena Müller-Lüdenscheidt');
    await agree(page);
    await page.locator('.printed .qr').waitFor();
    core.methods.enrolFinish = finish;
  },
  '24c-enrol-on-card-done': async (page) => {
    await press(page, '.issued .button-primary');
    await page.locator('[data-end=enrolled]').waitFor();
  },
  '25-enrol-duplicate': async (page, core) => {
    const finish = core.methods.enrolFinish;
    core.methods.enrolFinish = async () => {
      throw coreError('duplicate-face', { name: 'Max Mustermann' });
    };
    await toConsent(page, core, 'Max Doppelgänger');
    core.duplicate = await aDuplicate(true);
    await agree(page);
    await page.locator('.duplicate-face canvas').nth(1).waitFor();
    await page.locator('.duplicate[data-may=true]').waitFor();
    core.methods.enrolFinish = finish;
  },
  '25b-enrol-two-people': async (page) => {
    await press(page, '[data-do=two-people]');
    await page.locator('.duplicate-confirm').waitFor();
    await type(page, 'confirm', '1001');
  },
};

const FORM_TOUR: Tour = {
  '09b-no-camera': async (page) => {
    await page.locator('.camera-trouble').waitFor();
  },
  '09f-without-face': async (page, core) => {
    core.setStatus({
      online: false,
      lastSyncAt: null,
      queued: 3,
      face: { use: 'off', code: 'model-altered', nextStep: 'Reinstall the kiosk.' },
    });
    await home(page, core);
  },
  '09g-without-face-recent': async (page) => {
    await press(page, '[data-method=pin]');
    await type(page, 'number', '1001');
    await type(page, 'pin', '8642');
    await page.keyboard.press('Enter');
    await page.locator('.result').waitFor();
    await page.locator('.result').waitFor({ state: 'detached' });
  },
  '09g2-without-face-resting': async (page) => {
    await page.locator('.recent').waitFor({ state: 'detached' });
    await page.clock.install();
    await page.clock.fastForward(31_000);
    await page.locator('.attract').waitFor();
  },
  '09h-without-face-staff': toStaff,
  '09i-without-face-state': async (page) => {
    await press(page, '.menu [data-open=state]');
    await page.locator('.state-facts').waitFor();
  },
  '10-pin': async (page, core) => {
    core.setStatus({ online: true, lastSyncAt: '2026-11-24T08:30:00.000Z', queued: 0, face: { use: 'alone' } });
    await home(page, core);
    await press(page, '[data-method=pin]');
    await type(page, 'number', '1001');
    await type(page, 'pin', '1234');
  },
  '11-pin-wrong': async (page) => {
    await page.keyboard.press('Enter');
    await page.locator('.form-error p').waitFor();
  },
  '12-pin-locked': async (page, core) => {
    const right = core.methods.checkinByPin;
    core.methods.checkinByPin = async () => {
      throw coreError('pin-locked', { seconds: 95 });
    };
    await type(page, 'pin', '1234');
    await page.keyboard.press('Enter');
    await page.locator('.form-error p', { hasText: '1:3' }).waitFor();
    core.methods.checkinByPin = right;
  },
  '13-pin-letters': (page) => press(page, '.key-side'),
  '13a-pin-choose': async (page) => {
    await type(page, 'pin', PIN_CODE);
    await page.keyboard.press('Enter');
    await type(page, 'new-pin', '8642');
    await type(page, 'new-pin-again', '8643');
    await page.keyboard.press('Enter');
    await page.locator('.form-error p').waitFor();
  },
  '13b-display': async (page, core) => {
    await home(page, core);
    core.setStatus({
      face: { use: 'off', code: 'model-altered', nextStep: '' },
      checkinMethods: ['badge', 'pin', 'qr'],
    });
    await press(page, '#display-switch');
    await page.locator('.display-panel').waitFor();
  },
  '13c-large-contrast-low': async (page) => {
    for (const name of ['large', 'contrast', 'low']) await press(page, `[data-name=${name}]`);
  },
  '13d-badge-without-camera': async (page) => {
    await press(page, '#display-switch');
    await press(page, '[data-method=badge]');
    await page.locator('.present').waitFor();
  },
  '13e-pin-large-contrast-low': async (page) => {
    await page.keyboard.press('Escape');
    await press(page, '[data-method=pin]');
    await type(page, 'number', '1001');
    await type(page, 'pin', '1234');
    await page.keyboard.press('Enter');
    await page.locator('.form-error p').waitFor();
  },
  '13f-letters-large-contrast-low': (page) => press(page, '.key-side'),
  '13g-privacy-large-contrast-low': async (page) => {
    await page.keyboard.press('Escape');
    await press(page, '.foot-actions button:nth-child(2)');
    await page.locator('.privacy-grid').waitFor();
  },
  '13h-refused-large-contrast-low': async (page, core) => {
    await page.keyboard.press('Escape');
    core.arrive({ kind: 'refused', code: 'badge-unknown' });
    await page.locator('.other-method').waitFor();
  },
  '13i-result-large-contrast-low': async (page, core) => {
    core.arrive({ kind: 'welcome', receipt: receiptOf('Dr. Maria-Magdalena Müller-Lüdenscheidt', { language: 'ar' }) });
    await page.locator('.result').waitFor();
  },
  '14-privacy': async (page, core) => {
    core.setStatus({ face: { use: 'alone' }, checkinMethods: ['face', 'pin', 'qr', 'badge'] });
    await home(page, core);
    await press(page, '.foot-actions button:nth-child(2)');
    await page.locator('.privacy-grid').waitFor();
  },
  '15-staff-unlock': async (page, core) => {
    await home(page, core);
    await page.locator('.foot-actions button').last().click();
    await type(page, 'staff-pin', '1111');
    await page.keyboard.press('Enter');
    await page.locator('.form-error p').waitFor();
  },
  '16-staff-menu': toStaff,
  '17-people': async (page) => {
    await press(page, '.menu [data-open=people]');
    await type(page, 'query', 'ma');
    await page.locator('.person').first().waitFor();
  },
  '18-override': async (page) => {
    await press(page, '.person .button');
    await press(page, 'label:has(input[value=other])');
    await press(page, '.override button[type=submit]');
    await page.locator('.form-error p').waitFor();
  },
  '18b-set-pin': async (page) => {
    await press(page, '.actions .button:not(.button-primary)');
    await type(page, 'query', 'ma');
    await press(page, '.person .button:nth-child(5)');
  },
  '18c-cards': async (page) => {
    await press(page, '.actions .button:not(.button-primary)');
    await type(page, 'query', 'ma');
    await press(page, '.person .button:nth-child(4)');
    await page.locator('.confirm').waitFor();
  },
  '18d-card': async (page) => {
    await press(page, '.confirm .button-primary');
    await page.locator('.printed').waitFor();
  },
  '18d-card-not-printed': async (page, core) => {
    const { printing } = core.methods;
    core.methods.printing = async () => ({ printer: 'ready', trouble: null, newest: 7, job: 'failed' });
    await press(page, '.issued .actions .button:not(.button-primary)');
    await page.locator('.print-status[data-bad=true]').waitFor();
    core.methods.printing = printing;
  },
  '18e-reenrol': async (page, core) => {
    await toStaff(page, core);
    // One from an import, with a name in the other writing direction.
    const { reenrolments } = core.methods;
    core.methods.reenrolments = async (input) => {
      const { people } = await reenrolments(input);
      const person = { ...people[0]!.person, id: randomUUID(), name: 'ليلى الحسن (2)', number: '1840', templates: 0 };
      return { people: [...people, { person, reason: 'imported' }] };
    };
    await press(page, '.menu [data-open=reenrol]');
    await page.locator('.staff-list .person').first().waitFor();
  },
  '19-remove': async (page, core) => {
    await toStaff(page, core);
    await press(page, '.menu [data-open=people]');
    await type(page, 'query', 'ma');
    await press(page, '.person .button-danger');
    await page.locator('.confirm').waitFor();
  },
  '20-state': async (page, core) => {
    await toStaff(page, core);
    core.setStatus({
      online: false,
      queued: 12,
      oldestQueuedAt: '2026-11-23T16:02:00.000Z',
      notices: ['device-secret-in-file'],
    });
    await press(page, '.menu [data-open=state]');
    await page.locator('.state-facts').waitFor();
  },
  '20j-lookalikes': async (page, core) => {
    core.pairs.push(aPair('not-me'), aPair('enrolment', 'Sabine Leutheusser'));
    await toStaff(page, core);
    await press(page, '.menu [data-open=lookalikes]');
    await page.locator('[data-list=lookalikes] .person').first().waitFor();
  },
  '20k-lookalikes-undo': async (page, core) => {
    await press(page, '[data-list=lookalikes] .person button');
    await page.locator('.confirm').waitFor();
    core.pairs.length = 0;
  },
  '20l-staff-log': async (page, core) => {
    core.deeds.push(...DEEDS);
    core.staff = [];
    await home(page, core);
    await page.locator('.foot-actions button').last().click();
    await type(page, 'staff-pin', '2468');
    core.staff = [...STAFF];
    await page.keyboard.press('Enter');
    await press(page, '.menu [data-open=log]');
    await page.locator('[data-list=log] .person').first().waitFor();
    core.staff = [];
  },
  '20b-evacuation': async (page, core) => {
    core.setStatus({ online: true, queued: 0, notices: [] });
    await toStaff(page, core);
    await press(page, '.menu [data-open=evacuation]');
    await page.locator('.evacuee').first().waitFor();
  },
  '20b-evacuation-no-printer': async (page, core) => {
    const { printing } = core.methods;
    core.methods.printing = async () => ({ printer: 'none', trouble: null, newest: 0, job: null });
    await press(page, '.button-back');
    await press(page, '.menu [data-open=evacuation]');
    await page.locator('.print-status:not(:empty)').waitFor();
    core.methods.printing = printing;
  },
  '20c-evacuation-under-way': async (page, core) => {
    await press(page, '.evacuation-actions .button-danger');
    await page.locator('.evacuee .button-primary').nth(1).click();
    await page.locator('.evacuee[data-missing=false]').waitFor();
    // Wardens at another kiosk and in the console mark people too.
    marked(core, { 2: { where: 'kiosk', name: 'Eingang Ost' }, 5: { where: 'console', name: '' } });
    await expect(page.locator('.evacuee[data-missing=false]')).toHaveCount(3);
  },
  '20d-diagnostics': async (page, core) => {
    await toStaff(page, core);
    await press(page, '.menu [data-open=diagnostics]');
    await page.locator('.diagnostics-card').first().waitFor();
  },
  '20e-unlock': async (page, core) => {
    core.staff = [...STAFF];
    await toUnlock(page, core);
  },
  '20e-unlock-own-pin': async (page) => {
    await press(page, `[data-member="${STAFF[3]!.id}"]`);
    await type(page, 'staff-pin', '2468');
    await page.keyboard.press('Enter');
    await page.locator('input[name=own-pin]').waitFor();
  },
  '20e-emergency': async (page, core) => {
    await toUnlock(page, core);
    await press(page, '[data-open=emergency]');
    await type(page, 'staff-pin', '2468');
    await page.keyboard.press('Enter');
    await page.locator('.menu .form-error').waitFor();
  },
  '20e-emergency-storage-full': async (page, core) => {
    core.setStatus({ storage: 'full' });
    await page.locator('.menu [data-condition=storage]').waitFor();
  },
  '20e-members': async (page, core) => {
    core.setStatus({ storage: 'ok' });
    await press(page, '.menu [data-open=members]');
    await page.locator('.staff-members .person').first().waitFor();
  },
  '20e-members-add': async (page) => {
    await press(page, '[data-do=add]');
    await type(page, 'member-name', 'Erika Musterfrau');
  },
  '20e-members-seal': async (page) => {
    await press(page, '.actions button[type=button]');
    await press(page, '[data-do=seal]');
    await press(page, '.confirm .button-primary');
    await page.locator('[data-sealed]').waitFor();
  },
  '20e-technician-code': async (page, core) => {
    core.staff = [...STAFF];
    await toUnlock(page, core);
    await press(page, `[data-member="${STAFF[2]!.id}"]`);
    await type(page, 'staff-pin', '2468');
    await page.keyboard.press('Enter');
    await page.getByText(/2026/).first().waitFor();
    await type(page, 'technician-code', '111111');
    await page.keyboard.press('Enter');
    await page.locator('.form-error .tabular').waitFor();
  },
  '20f-technician': async (page) => {
    await type(page, 'technician-code', TECHNICIAN_CODE);
    await page.keyboard.press('Enter');
    await page.locator('.technician-cards').waitFor();
  },
  '20g-technician-ask': async (page) => {
    await press(page, '[data-task=update] button');
    await page.locator('.technician-ask').waitFor();
  },
  '20h-technician-refused': async (page, core) => {
    core.methods.technicianState = async () => ({
      ...structuredClone(TECHNICIAN),
      update: { at: 'refused', code: 'update-unsigned', message: '', nextStep: '' },
    });
    await press(page, '.button-back');
    await page.locator('.technician-stick').waitFor();
  },
  '20i-technician-not-here': async (page, core) => {
    core.methods.technicianState = async () => ({
      ...structuredClone(TECHNICIAN),
      slots: null,
      update: { at: 'preparing', version: '0.4.0', progress: 0.35 },
      offers: { restart: null, reboot: 'not-a-kiosk-image', login: 'not-a-kiosk-image', update: 'not-installed' },
    });
    await page.locator('.technician-not-here').first().waitFor();
  },
  '21-enrol-details': async (page, core) => {
    core.setStatus({ online: true, queued: 0, notices: [] });
    await toStaff(page, core);
    await press(page, '.menu [data-open=enrol]');
    await type(page, 'name', 'Erika Musterfrau');
    await type(page, 'pin', '8642');
    await press(page, '.enrol-details button[type=submit]');
    await page.locator('.form-error p').waitFor();
  },
  '22-enrol-consent': async (page, core) => {
    await toConsent(page, core);
    await press(page, '.enrol-consent button[type=submit]');
    await page.locator('.form-error p').waitFor();
  },
  '22d-enrol-guardian': async (page, core) => {
    await toStaff(page, core);
    await press(page, '.menu [data-open=enrol]');
    await type(page, 'name', 'Lina Musterfrau-Schönhausen');
    await press(page, 'label:has(input[value=minor])');
    await press(page, '.enrol-details button[type=submit]');
    for (const [name, text] of Object.entries({ day: '3', month: '7', year: '2031' })) await type(page, name, text);
    await press(page, '.enrol-details button[type=submit]');
    await page.locator('.form-error p').waitFor();
  },
  '22e-enrol-consent-guardian': async (page) => {
    await type(page, 'year', String(new Date().getFullYear() - 12));
    await type(page, 'name', 'Konstantin Musterfrau-Schönhausen');
    await press(page, 'label:has(input[name=relation])');
    await press(page, '.enrol-details button[type=submit]');
    await page.locator('.consent-text h2').waitFor();
  },
  '22f-enrol-known': async (page, core) => {
    await toStaff(page, core);
    await press(page, '.menu [data-open=people]');
    await type(page, 'query', 'ma');
    await press(page, '.person .button:nth-child(3)');
    await page.locator('.enrol-known').waitFor();
  },
  '22b-enrol-by-number': async (page, core) => {
    await toConsent(page, core);
    await press(page, '.enrol-consent button[type=button]');
    await page.locator('.form-error p').waitFor();
  },
  '22c-enrolled-by-number': async (page) => {
    await type(page, 'number', '2001');
    await type(page, 'pin', '7304');
    await press(page, '.enrol-details button[type=submit]');
    await page.locator('[data-end=enrolled]').waitFor();
  },
  '26-restarting': async (page, core) => {
    core.kill();
    await page.locator('.spinner').waitFor();
  },
  '27-refused': async (page, core) => {
    core.kill({
      state: 'refused',
      code: 'store-wrong-key',
      message: 'The store of this kiosk can’t be opened with the key of this machine.',
      nextStep: 'Put the disk back into its own machine, or provision this kiosk again.',
    });
    await page.locator('.trouble-refused').waitFor();
    core.revive();
  },
};

/** Screens that differ from a similar one only in their text. They are photographed, but not analysed again. */
const TEXT_ONLY = /^(08c|08e|08g|08i|09e|09g-|12|13f|13h|18b)/;

/** Waits until everything decided is drawn and its motion has ended. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
    await Promise.all(
      document
        .getAnimations()
        .filter((a) => a.effect?.getComputedTiming().iterations !== Infinity)
        .map((a) => a.finished.catch(() => undefined)),
    );
  });
}

/**
 * Elements whose text doesn't fit, that are outside the screen without a scroller around them, or that are covered by another; a
 * menu that scrolls, a site's name that had to wrap, and a missing sentence.
 */
function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const bad: string[] = [];
    const scrolls = (el: Element | null): boolean =>
      el !== null && (['auto', 'scroll'].includes(getComputedStyle(el).overflowY) || scrolls(el.parentElement));
    const related = (a: Element, b: Element | null): boolean => b !== null && (a.contains(b) || b.contains(a));
    for (const el of document.querySelectorAll('p, h1, h2, button, label, dt, dd, li, span')) {
      if (
        el.closest('.sr-only, [inert], .idle') ||
        !el.checkVisibility({ visibilityProperty: true }) ||
        el.textContent?.trim() === ''
      )
        continue;
      const { left, right, top, bottom } = el.getBoundingClientRect();
      const out = left < -1 || right > innerWidth + 1 || ((top < -1 || bottom > innerHeight + 1) && !scrolls(el));
      const cut = el.scrollWidth > el.clientWidth + 2 && getComputedStyle(el).display !== 'inline';
      const x = left + Math.min((right - left) / 2, 24);
      const under = [top + 4, bottom - 4].some((y) => {
        const there = document.elementFromPoint(x, y);
        // The display panel covers the screen temporarily.
        return !related(el, there) && !there?.closest('.display-panel');
      });
      if (out || cut || (under && !scrolls(el)))
        bad.push(`${out ? 'outside' : cut ? 'cut' : 'covered'}: ${el.outerHTML.slice(0, 120)}`);
    }
    for (const el of document.querySelectorAll('h1, h2, button, p, span, dt, dd, li, label'))
      if (/^[a-z][A-Za-z]*(\.[A-Za-z-]+)+$/.test(el.textContent ?? ''))
        bad.push(`a key in place of words: ${el.textContent}`);
    for (const menu of document.querySelectorAll('.menu'))
      if (menu.scrollHeight > menu.clientHeight + 1) bad.push('scrolls: .menu');
    if ((document.querySelector('.site bdi')?.getClientRects().length ?? 0) > 1) bad.push('wraps: .site');
    return bad;
  });
}

for (const { format, theme, language } of VARIANTS) {
  const name = `${format}-${theme}-${language}`;
  const [width, height] = FORMATS[format as keyof typeof FORMATS];
  const folder = resolve(import.meta.dirname, '../artefacts/screens', name);

  for (const [part, tour] of Object.entries({ camera: CAMERA_TOUR, form: FORM_TOUR }))
    test(`every ${part} screen passes axe: ${name}`, async ({ kiosk }) => {
      mkdirSync(folder, { recursive: true });
      const { core } = kiosk;
      core.hello = { ...core.hello, defaultLanguage: language };
      const page = await kiosk.open({
        clip: 'man',
        width,
        height,
        theme,
        before: part === 'form' ? noCamera : slowCamera,
      });
      const shot = async (screen: string): Promise<void> => {
        await settled(page);
        await page.screenshot({ path: resolve(folder, `${screen}.png`) });
        if (!TEXT_ONLY.test(screen)) await expectNoAxeFault(page, `${screen} ${name}`);
        expect
          .soft(await overflowing(page), `${screen} ${name}: text that is cut off or leaves the screen`)
          .toEqual([]);
      };
      for (const [screen, go] of Object.entries(tour)) {
        await go(page, core);
        await shot(screen);
      }
    });
}
