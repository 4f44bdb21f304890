import type { Page } from '@playwright/test';
import ar from '../../renderer/kiosk/locales/ar.json' with { type: 'json' };
import de from '../../renderer/kiosk/locales/de.json' with { type: 'json' };
import { anOwnCode, clipOfCode } from './code-clip.ts';
import { expect, expectNoAxeFault, noCamera, test } from './fixtures.ts';
import { BADGE, coreError, PIN_CODE, receiptOf, STAFF, TECHNICIAN_CODE } from './scripted-core.ts';

/*
 * Every check-in method and the staff area by the keyboard alone, in German and Arabic, portrait and landscape. The tests check
 * what is read aloud (role `status`, the focused heading). For enrolment see enrolment.spec.ts.
 */

/** Expects a visible focus ring on the element, or on the sibling or label that is drawn in its place. */
async function ringed(page: Page, selector: string): Promise<void> {
  const ring = () =>
    page
      .locator(selector)
      .first()
      .evaluate((el) =>
        [el, el.nextElementSibling, el.closest('label')].some((one) => {
          const { outlineStyle, outlineWidth } = one
            ? getComputedStyle(one)
            : { outlineStyle: 'none', outlineWidth: '0' };
          return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2;
        }),
      );
  await expect.poll(ring, `the focus of ${selector} is not seen`).toBe(true);
}

/** Arabic's on-screen keyboard, eight languages and the screen's own controls come to more than sixty. */
const MOST_STOPS = 80;

/** Presses Tab until this has the focus, as a person without a pointer would. */
async function tabTo(page: Page, selector: string, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  const target = page.locator(selector).first();
  await target.waitFor();
  for (let i = 0; i < MOST_STOPS; i++) {
    if (await target.evaluate((el) => el === document.activeElement)) return ringed(page, selector);
    await page.keyboard.press(key);
  }
  throw new Error(`the keyboard does not reach ${selector}`);
}

async function press(page: Page, selector: string, key?: 'Shift+Tab'): Promise<void> {
  await tabTo(page, selector, key);
  await page.keyboard.press('Enter');
}

/** Expects that something still has the focus after the focused element was removed. */
const held = (page: Page): Promise<void> =>
  expect.poll(() => page.evaluate(() => document.activeElement?.tagName), 'nothing has the focus').not.toBe('BODY');

/** Types as a keyboard wedge does, faster than a test could from outside. Returns whether each key's default was prevented. */
const wedge = (page: Page, text: string): Promise<boolean[]> =>
  page.evaluate(
    (keys) =>
      keys.map(
        (key) =>
          !(document.activeElement ?? document.body).dispatchEvent(
            new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }),
          ),
      ),
    [...text, 'Enter'],
  );

/** Runs in the page: records the notes that are played. */
function hearNotes(): void {
  const heard: number[] = [];
  const Real = window.OscillatorNode;
  Object.assign(window, {
    heard,
    OscillatorNode: class extends Real {
      constructor(context: BaseAudioContext, options: OscillatorOptions) {
        super(context, options);
        heard.push(Math.round(options.frequency!));
      }
    },
  });
}
const heard = (page: Page): Promise<number[]> =>
  page.evaluate(() => (window as unknown as { heard: number[] }).heard.splice(0));

for (const [language, labels, width, height] of [
  ['de', de, 1080, 1920],
  ['ar', ar, 1280, 800],
  ['de', de, 1280, 800],
  ['ar', ar, 1080, 1920],
] as const) {
  test(`every check-in method by keyboard alone: ${language}, ${width} × ${height}`, async ({ kiosk }) => {
    test.setTimeout(300_000);
    const { core } = kiosk;
    const code = anOwnCode();
    core.hello = { ...core.hello, defaultLanguage: language };
    const checked = Promise.withResolvers<void>();
    core.methods.codeRead = async () => {
      await checked.promise;
      return { kind: 'welcome', receipt: receiptOf('Max Mustermann', { method: 'qr' }) };
    };
    const page = await kiosk.open({ clip: await clipOfCode(code), width, height, before: hearNotes });
    await expect(page.locator('html')).toHaveAttribute('dir', language === 'ar' ? 'rtl' : 'ltr');
    await expect(page.getByRole('navigation', { name: labels.checkinMethods.title }).getByRole('button')).toHaveCount(
      4,
    );

    // The camera's footage contains a QR code.
    await press(page, '[data-method=qr]');
    await expect(page.getByRole('heading', { level: 1, name: labels.scan.title })).toBeFocused();
    checked.resolve();
    await expect(page.locator('.result')).toContainText('Max Mustermann');
    expect(core.callsOf('codeRead')[0]).toEqual({ code });
    await expect(page.locator('.result h1')).toBeFocused();
    expect(await heard(page)).toEqual([880, 523, 784]);

    // "Not me" voids the check-in and offers the methods again.
    await press(page, '.result-button');
    await expect(page.locator('.voided [role=status]')).toContainText(labels.result.voidedMore);
    expect(core.callsOf('voidCheckin')).toMatchObject([{ reason: 'not-me' }]);
    await page.keyboard.press('Escape');

    // A badge on the first screen, with the focus on anything there, and then "that was wrong".
    await tabTo(page, '[data-method=pin]');
    const kept = await wedge(page, BADGE);
    expect(kept).toEqual([false, ...Array.from(BADGE, () => true)]);
    await expect(page.locator('.result')).toContainText('Max Mustermann');
    expect(core.callsOf('badgeRead')).toEqual([{ badge: BADGE }]);
    await press(page, '.result-button:nth-child(2)');
    await expect(page.getByRole('heading', { level: 1, name: labels.result.wrongTitle })).toBeFocused();
    await press(page, '.wrong .method');
    await expect(page.locator('.voided [role=status]')).toContainText(labels.result.voidedWrong);
    expect(core.callsOf('voidCheckin').at(-1)).toMatchObject({ reason: 'wrong-direction' });
    await page.keyboard.press('Escape');

    // An unknown badge, at its own screen: reported there, with a different sound. The QR code is in front of the camera all the
    // time and that screen reads it too, so now it is unknown as well.
    core.methods.codeRead = async () => {
      throw coreError('badge-unknown');
    };
    await heard(page);
    await press(page, '[data-method=badge]');
    await wedge(page, '99999999');
    await expect(page.locator('.present .sentence[role=status]')).toContainText(labels.error['badge-unknown']);
    expect(await heard(page)).toEqual(expect.arrayContaining([233, 175]));
    await page.keyboard.press('Escape');

    // Number and PIN: nothing that is typed into a form is read as a badge.
    await press(page, '[data-method=pin]');
    await expect(page.locator('input[name=number]')).toBeFocused();
    const before = core.callsOf('badgeRead').length;
    expect(await wedge(page, BADGE)).not.toContain(true);
    expect(core.callsOf('badgeRead')).toHaveLength(before);
    await page.keyboard.type('1001');
    await page.keyboard.press('Enter');
    await expect(page.locator('input[name=pin]')).toBeFocused();
    await page.keyboard.type('8642');
    await page.keyboard.press('Enter');
    await expect(page.locator('.result')).toContainText('Max Mustermann');
    // The name disappears with the result. What is shown for longer contains none.
    await expect(page.locator('.recent')).toBeVisible();
    await expect(page.locator('.result')).toHaveCount(0);
    await expect(page.locator('body')).not.toContainText('Mustermann');

    // Display switches; muted from here on.
    await press(page, '#display-switch');
    for (const [name, attribute] of [
      ['large', 'data-text'],
      ['contrast', 'data-contrast'],
      ['low', 'data-reach'],
    ] as const) {
      await press(page, `[data-name=${name}]`);
      await expect(page.locator(`[data-name=${name}]`)).toHaveAttribute('aria-checked', 'true');
      await expect(page.locator('html')).not.toHaveAttribute(attribute, 'usual');
    }
    await press(page, '[data-name=sound]');
    await page.keyboard.press('Escape');
    await expect(page.locator('#display-switch')).toBeFocused();
    await heard(page);

    // A check-in recorded by staff, with a reason.
    await press(page, '.foot-actions button:last-child');
    await expect(page.locator('input[name=staff-pin]')).toBeFocused();
    await page.keyboard.type('2468');
    await page.keyboard.press('Enter');
    await press(page, '.menu [data-open=people]');
    await expect(page.locator('input[name=query]')).toBeFocused();
    await page.keyboard.type('max');
    await press(page, '.person .button');
    await tabTo(page, '.override input[name=direction]');
    await page.keyboard.press('Space');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await press(page, '.override button[type=submit]');
    await expect(page.locator('.people-found [role=status]')).toContainText('Max Mustermann');
    expect(core.callsOf('staffCheckin')).toMatchObject([{ direction: 'in', reason: labels.override.reasons.forgot }]);
    expect(await heard(page)).toEqual([]);
  });

  test(`choosing a PIN, reading the privacy page and switching the language by keyboard alone: ${language}, ${width} × ${height}`, async ({
    kiosk,
  }) => {
    test.setTimeout(120_000);
    const { core } = kiosk;
    core.hello = { ...core.hello, defaultLanguage: language };
    const page = await kiosk.open({ width, height, before: noCamera });
    await press(page, '[data-method=pin]');
    await page.keyboard.type('1001');
    await page.keyboard.press('Enter');
    await expect(page.locator('input[name=pin]')).toBeFocused();
    await page.keyboard.type(PIN_CODE);
    await page.keyboard.press('Enter');
    await expect(page.locator('input[name=new-pin]')).toBeFocused();
    await expectNoAxeFault(page, 'choose a PIN');
    await page.keyboard.type('8642');
    await page.keyboard.press('Enter');
    await expect(page.locator('input[name=new-pin-again]')).toBeFocused();
    await page.keyboard.type('8642');
    await page.keyboard.press('Enter');
    await expect(page.locator('.result h1')).toBeFocused();
    await expect(page.locator('.result')).toHaveCount(0);
    await held(page);
    await press(page, '.foot-actions button:nth-child(2)');
    await expect(page.getByRole('heading', { level: 1, name: labels.privacy.title })).toBeFocused();
    await expectNoAxeFault(page, 'privacy');
    await press(page, '.button-back');
    await held(page);
    await press(page, `.languages [lang=${language === 'de' ? 'ar' : 'de'}]`);
    await expect(page.locator('html')).toHaveAttribute('lang', language === 'de' ? 'ar' : 'de');
    await held(page);
  });

  test(`the staff area by keyboard alone: ${language}, ${width} × ${height}`, async ({ kiosk }) => {
    test.setTimeout(300_000);
    const { core } = kiosk;
    core.hello = { ...core.hello, defaultLanguage: language };
    const page = await kiosk.open({ width, height, before: noCamera });
    const title = (name: string) => page.getByRole('heading', { name });
    const seen = async (name: string) => {
      await page.screenshot({ path: `test/artefacts/screens/keys-${name}-${language}-${width}.png` });
      await expectNoAxeFault(page, name);
    };
    /** Opens a view from the menu. If it has no field to type into, its heading gets the focus. */
    const open = async (view: string) => {
      await press(page, `.menu [data-open=${view}]`);
      await held(page);
    };
    const back = async () => {
      await press(page, '.screen-head .button-back');
      await expect(title(labels.staff.menu)).toBeFocused();
    };
    await press(page, '.foot-actions button:last-child');
    await expect(page.locator('input[name=staff-pin]')).toBeFocused();
    await page.keyboard.type('2468');
    await page.keyboard.press('Enter');
    await expect(title(labels.staff.menu)).toBeFocused();
    await seen('menu');

    await open('reenrol');
    await expect(title(labels.reenrol.title)).toBeFocused();
    await tabTo(page, '.staff-list .person .button');
    await seen('reenrol');
    await back();

    await open('people');
    await expect(page.locator('input[name=query]')).toBeFocused();
    await page.keyboard.type('max');
    const max = '.person:has-text("Max Mustermann")';
    await press(page, `${max} .button:nth-child(5)`);
    await expect(page.locator('input[name=new-pin]')).toBeFocused();
    await page.keyboard.type('9753');
    await page.keyboard.press('Enter');
    await expect(page.locator('.people-found [role=status]')).toContainText('Max Mustermann');
    expect(core.callsOf('personSetPin')).toMatchObject([{ pin: '9753' }]);
    await press(page, `${max} .button:nth-child(4)`);
    await expect(page.locator('.confirm .title')).toBeFocused();
    await press(page, '.confirm .button-primary');
    await expect(page.locator('.issued .title')).toBeFocused();
    await seen('card');
    await press(page, '.issued .button-primary');
    await held(page);
    await press(page, `${max} .button-danger`);
    await expect(page.locator('.confirm .title')).toBeFocused();
    await seen('remove');
    // The first button is the one that changes nothing.
    await page.keyboard.press('Tab');
    await expect(page.locator('.confirm .button').first()).toBeFocused();
    await press(page, '.confirm .button-primary-danger');
    await expect(page.locator('.people-found [role=status]')).toContainText('Max Mustermann');
    expect(core.callsOf('personDelete')).toHaveLength(1);
    await held(page);
    await back();

    await open('evacuation');
    await press(page, '.evacuation-actions .button-danger');
    await expect(page.locator('.evacuation[data-running=true]')).toBeVisible();
    await expect(page.locator('.evacuation-actions .button').first()).toBeFocused();
    await press(page, '.evacuee .button');
    await expect(page.locator('.evacuee').first()).toHaveAttribute('data-missing', 'false');
    await expect(page.locator('.evacuee .button').first()).toBeFocused();
    await seen('evacuation');
    await press(page, '.evacuation-actions .button', 'Shift+Tab');
    await expect(page.locator('.evacuation-ask .button').first()).toBeFocused();
    await seen('evacuation-end');
    await press(page, '.evacuation-ask .button-danger');
    await expect(page.locator('.evacuation[data-running=false]')).toBeVisible();
    await held(page);
    await back();

    for (const view of ['diagnostics', 'state'] as const) {
      await open(view);
      await expect(title(labels[view].title)).toBeFocused();
      await page
        .locator(view === 'state' ? '.state-facts' : '.diagnostics-card')
        .first()
        .waitFor();
      await seen(view);
      await back();
    }

    // A technician is a member of staff who needs a code as well.
    await press(page, '.staff-lock', 'Shift+Tab');
    await page.locator('.checkin').waitFor();
    core.staff = [...STAFF];
    await press(page, '.foot-actions button:last-child');
    await press(page, `[data-member="${STAFF[2]!.id}"]`);
    await page.keyboard.type('2468');
    await page.keyboard.press('Enter');
    await expect(page.locator('input[name=technician-code]')).toBeFocused();
    await page.keyboard.type(TECHNICIAN_CODE);
    await page.keyboard.press('Enter');
    await expect(title(labels.technician.title)).toBeFocused();
    await press(page, '[data-task=reboot] button');
    await expect(page.locator('.technician .actions .button').first()).toBeFocused();
    await seen('technician-ask');
    await press(page, '.technician .actions .button:nth-child(2)');
    await expect(title(labels.technician.title)).toBeFocused();
    expect(core.callsOf('technicianDo').map(({ what }) => what)).toEqual(['reboot']);
    await seen('technician');
    await press(page, '.staff-lock', 'Shift+Tab');
    await page.locator('.checkin').waitFor();
    await held(page);
  });
}
