import type { Page } from '@playwright/test';
import decodeQR from 'qr/decode.js';
import sharp from 'sharp';
import { expect, type KioskPage, noCamera, test } from './fixtures.ts';
import { CARD, coreError, PIN_CODE, type ScriptedCore, TEMPLATE_CARD } from './scripted-core.ts';

/*
 * Enrolment by staff beyond the simple case: a guardian for a minor, a person who already exists, and the card. In German and
 * Arabic, on both screens, by keyboard alone and by touch alone.
 */

const SCREENS = [
  { language: 'de', width: 1080, height: 1920 },
  { language: 'ar', width: 1280, height: 800 },
  { language: 'de', width: 1280, height: 800 },
  { language: 'ar', width: 1080, height: 1920 },
] as const;
const BORN = String(new Date().getFullYear() - 12);

async function openIn(kiosk: KioskPage, screen: (typeof SCREENS)[number], options: object = {}): Promise<Page> {
  const { core } = kiosk;
  core.hello = { ...core.hello, defaultLanguage: screen.language };
  return kiosk.open({ width: screen.width, height: screen.height, ...options });
}

async function unlock(page: Page): Promise<void> {
  await page.locator('.foot-actions button').last().click();
  await page.locator('input[name=staff-pin]').fill('2468');
  await page.keyboard.press('Enter');
  await expect(page.locator('.menu')).toBeVisible();
}

/** Reads the code on the screen, as a camera would. */
async function codeOn(page: Page): Promise<string> {
  const picture = await page.locator('.qr').screenshot();
  const { data, info } = await sharp(picture).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return decodeQR({ width: info.width, height: info.height, data });
}

/** Changes the answer of `enrolFinish` to one with templates on cards. */
function onCards(core: ScriptedCore): void {
  const finish = core.methods.enrolFinish;
  core.methods.enrolFinish = async (input) => {
    const { person } = await finish(input);
    return { person, card: { id: null, name: person.name, number: person.number, text: TEMPLATE_CARD } };
  };
}

/** Presses Tab until the element has the focus. */
async function tabTo(page: Page, selector: string): Promise<void> {
  const wanted = page.locator(selector).first();
  await wanted.waitFor();
  for (let i = 0; i < 80; i++) {
    if (await wanted.evaluate((el) => el === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`${selector} can't be reached by Tab`);
}

for (const screen of SCREENS) {
  const where = `${screen.language} ${screen.width}×${screen.height}`;

  test(`a minor is enrolled with their guardian’s consent, by keyboard alone: ${where}`, async ({ kiosk }) => {
    const page = await openIn(kiosk, screen, { clip: 'man' });
    await unlock(page);
    await tabTo(page, '[data-open=enrol]');
    await page.keyboard.press('Enter');
    await expect(page.locator('input[name=name]')).toBeFocused();
    await page.keyboard.type('Lina Muster');
    await tabTo(page, 'input[name=age]:checked');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    // Day, month and year are in the language's order, and the first has the focus.
    await expect(page.locator('input[name=day]')).toBeFocused();
    for (const part of ['3', '7', BORN]) {
      await page.keyboard.type(part);
      await page.keyboard.press('Tab');
    }
    await expect(page.locator('input[name=name]')).toBeFocused();
    await page.keyboard.type('Kim Muster');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await page.keyboard.press('Enter');
    await expect(page.locator('.enrol-consent .lead')).toContainText('Kim Muster');
    await tabTo(page, 'input[name=agree]');
    await page.keyboard.press('Space');
    await page.keyboard.press('Enter');
    await expect(page.locator('[data-end=enrolled] .title')).toContainText('Lina Muster');
    await expect(page.locator('[data-end=enrolled] .title')).toBeFocused();
    const relation = { de: 'Mutter', ar: 'الأم' }[screen.language];
    expect(kiosk.core.callsOf('enrolBegin')).toMatchObject([
      { name: 'Lina Muster', minor: { bornOn: `${BORN}-07-03`, guardian: 'Kim Muster', relation } },
    ]);
  });

  test(`an existing person is re-enrolled and gets a card, by touch alone: ${where}`, async ({ kiosk }) => {
    const { core } = kiosk;
    onCards(core);
    const page = await openIn(kiosk, screen, { clip: 'man' });
    await page.locator('.foot-actions button').last().click();
    for (const key of '2468') await page.getByRole('button', { name: key, exact: true }).click();
    await page.locator('.pin-form button[type=submit]').click();
    await page.locator('[data-open=people]').click();
    if (screen.language === 'ar') await page.locator('.keyboard-row:last-child .key').first().click(); // Latin letters
    for (const key of ['M', 'a', 'x'])
      await page.locator('.keyboard').getByRole('button', { name: key, exact: true }).click();
    await page.locator('.person', { hasText: 'Max Mustermann' }).locator('.button:nth-child(3)').click();
    await expect(page.locator('.enrol-known')).toContainText('Max Mustermann');
    await page.locator('.enrol-known button[type=submit]').click();
    await page.locator('.agree').click();
    await page.locator('.enrol-consent button[type=submit]').click();
    await expect(page.locator('.printed')).toContainText('Max Mustermann');
    expect(core.callsOf('enrolBegin')).toHaveLength(1);
    expect(core.callsOf('enrolBegin')[0]).not.toHaveProperty('minor');
    expect(core.callsOf('enrolBegin')[0]?.person).toMatch(/^[0-9a-f-]{36}$/);
    // A camera reads the card's content from the screen.
    expect(await codeOn(page)).toBe(TEMPLATE_CARD);
    await page.locator('.issued .button-primary').click();
    await expect(page.locator('[data-end=enrolled]')).toBeVisible();
    await expect(page.locator('.printed')).toHaveCount(0);
    // The enrolment screen has no button to delete a person who existed before.
    await expect(page.locator('[data-end=enrolled] .button')).toHaveCount(1);
    await page.locator('[data-end=enrolled] .button').click();
    await expect(page.locator('input[name=query]')).toBeVisible();
  });
}

for (const screen of SCREENS.slice(0, 2)) {
  const where = `${screen.language} ${screen.width}×${screen.height}`;

  test(`a person due for re-enrolment is listed with the reason, enrolled, and removed from the list, by keyboard alone: ${where}`, async ({
    kiosk,
  }) => {
    const page = await openIn(kiosk, screen, { clip: 'man' });
    await unlock(page);
    await tabTo(page, '[data-open=reenrol]');
    await page.keyboard.press('Enter');
    await expect(page.locator('.staff-list .person')).toHaveCount(2);
    const reason = { de: 'Wird immer schlechter erkannt', ar: 'يزداد التعرّف عليه صعوبة' }[screen.language];
    await expect(page.locator('.staff-list .person').first()).toContainText(reason);
    await tabTo(page, '.staff-list .person .button');
    await page.keyboard.press('Enter');
    await expect(page.locator('.enrol-known .title')).toBeFocused();
    await tabTo(page, '.enrol-known button[type=submit]');
    await page.keyboard.press('Enter');
    await tabTo(page, 'input[name=agree]');
    await page.keyboard.press('Space');
    await page.keyboard.press('Enter');
    await expect(page.locator('[data-end=enrolled]')).toContainText('Max Mustermann');
    await tabTo(page, '[data-end=enrolled] .button-primary');
    await page.keyboard.press('Enter');
    await expect(page.locator('.staff-list .person')).toHaveCount(1);
  });

  test(`a card is printed to replace the others, or they are revoked, by touch alone: ${where}`, async ({ kiosk }) => {
    const { core } = kiosk;
    const page = await openIn(kiosk, screen, { before: noCamera });
    await unlock(page);
    await page.locator('[data-open=people]').click();
    await page.locator('input[name=query]').fill('Max');
    await page.locator('.person .button:nth-child(4)').click();
    await page.locator('.confirm .button:nth-child(3)').click();
    await expect(page.locator('.printed')).toContainText('Max Mustermann');
    await expect(page.locator('.printed')).toContainText('5c0ffee5');
    expect(core.callsOf('cardIssue')).toMatchObject([{ replace: true }]);
    expect(await codeOn(page)).toBe(CARD);
    await page.locator('.issued .button-primary').click();
    await expect(page.locator('.people-found .hint')).toContainText('Max Mustermann');
    await expect(page.locator('.printed')).toHaveCount(0);
    await page.locator('.person .button:nth-child(4)').click();
    await page.locator('.confirm .button-danger').click();
    await expect(page.locator('.people-found .hint')).toContainText('Max Mustermann');
    expect(core.callsOf('cardRevoke')).toHaveLength(1);
  });

  test(`a PIN code typed in place of a PIN lets the person choose one, by touch and by keyboard: ${where}`, async ({
    kiosk,
  }) => {
    const { core } = kiosk;
    const page = await openIn(kiosk, screen, { before: noCamera });
    await page.locator('[data-method=pin]').click();
    const tap = async (keys: string): Promise<void> => {
      for (const key of keys) await page.locator('.keypad').getByRole('button', { name: key, exact: true }).click();
    };
    await tap('1001');
    await page.locator('input[name=pin]').click();
    await tap(PIN_CODE);
    await page.locator('.pin-form button[type=submit]').click();
    await expect(page.locator('input[name=new-pin]')).toBeFocused();
    // Both entries match, and nothing of them remains elsewhere. The button leads to the second field, as Enter does, although
    // the touch has taken the focus from the first.
    await tap('8642');
    await page.locator('.pin-form button[type=submit]').click();
    await expect(page.locator('input[name=new-pin-again]')).toBeFocused();
    await page.keyboard.type('8643');
    await page.keyboard.press('Enter');
    await expect(page.locator('.form-error p')).toHaveText(
      {
        de: 'Die PINs stimmen nicht überein. Bitte geben Sie beide noch einmal ein.',
        ar: 'الرمزان غير متطابقين. يرجى إدخالهما من جديد.',
      }[screen.language],
    );
    await expect(page.locator('input[name=new-pin]')).toHaveValue('');
    expect(core.callsOf('pinChoose')).toEqual([]);
    // Too easy to guess: reported before the repetition is requested.
    await tap('1111');
    await page.locator('.pin-form button[type=submit]').click();
    await expect(page.locator('input[name=new-pin]')).toHaveValue('');
    await expect(page.locator('.form-error p')).toBeVisible();
    await page.keyboard.type('8642');
    await page.keyboard.press('Enter');
    await expect(page.locator('input[name=new-pin-again]')).toBeFocused();
    await page.keyboard.type('8642');
    await page.keyboard.press('Enter');
    await expect(page.locator('.result')).toContainText('Max Mustermann');
    expect(core.callsOf('pinChoose').at(-1)).toEqual({ number: '1001', code: PIN_CODE, pin: '8642' });
  });
}

test('a code used or revoked meanwhile returns to where it was typed, revealing no more than a wrong PIN', async ({
  kiosk,
}) => {
  kiosk.core.methods.pinChoose = async () => {
    throw coreError('pin-wrong');
  };
  const page = await kiosk.open({ before: noCamera });
  await page.locator('[data-method=pin]').click();
  await page.locator('input[name=number]').fill('1001');
  await page.locator('input[name=pin]').fill(PIN_CODE);
  await page.keyboard.press('Enter');
  await page.locator('input[name=new-pin]').fill('8642');
  await page.locator('input[name=new-pin-again]').fill('8642');
  await page.keyboard.press('Enter');
  await expect(page.locator('.form-error')).toContainText('don’t match');
  await expect(page.locator('input[name=pin]')).toBeFocused();
  await expect(page.locator('input[name=pin]')).toHaveValue('');
});

test('without a printer a card can be photographed, and the screen says so', async ({ kiosk }) => {
  onCards(kiosk.core);
  kiosk.core.methods.printing = async () => ({ printer: 'none', trouble: null, newest: 0, job: null });
  const page = await kiosk.open({ clip: 'man' });
  await unlock(page);
  await page.locator('[data-open=enrol]').click();
  await page.locator('input[name=name]').fill('Erika Muster');
  await page.locator('.enrol-details button[type=submit]').click();
  await page.locator('input[name=agree]').check();
  await page.locator('.enrol-consent button[type=submit]').click();
  await page.locator('.printed').waitFor();
  await expect(page.locator('.print-status')).toHaveText(
    'No printer is set up on this kiosk. Let the person take a photo of the card. It works just as well.',
  );
  await expect(page.getByRole('button', { name: 'Print', exact: true })).toHaveCount(0);
});

test('errors about a guardian show at once, and the core’s error about the date returns to its field', async ({
  kiosk,
}) => {
  const { core } = kiosk;
  core.setStatus({ consentAge: 14 });
  const page = await kiosk.open({ before: noCamera });
  await unlock(page);
  await page.locator('[data-open=enrol]').click();
  await page.locator('input[name=name]').fill('Lina Muster');
  await page.getByText('Under 14').click();
  const next = page.locator('.enrol-details button[type=submit]');
  await next.click();
  const error = page.locator('.form-error');
  const type = async (fields: Record<string, string>): Promise<void> => {
    for (const [name, text] of Object.entries(fields)) await page.locator(`input[name=${name}]`).fill(text);
    await next.click();
  };
  await type({ day: '31', month: '2', year: BORN });
  await expect(error).toContainText('Enter the date of birth');
  await type({ day: '1', year: '2001' });
  await expect(error).toContainText('is 14 or older');
  await type({ year: BORN });
  await expect(error).toContainText('guardian’s name');
  await type({ name: 'Kim Muster' });
  await expect(error).toContainText('guardian’s relationship');
  await page.getByText('legal guardian').click();
  await next.click();
  await expect(page.locator('.agree')).toContainText('On behalf of Lina Muster');
  core.methods.enrolBegin = async () => {
    throw coreError('not-a-minor', { age: 14 });
  };
  await page.locator('input[name=agree]').check();
  await page.locator('.enrol-consent button[type=submit]').click();
  await expect(page.locator('input[name=year]')).toHaveValue(BORN);
  await expect(error).toContainText('is 14 or older');
});

test('an invisible name is refused', async ({ kiosk }) => {
  const page = await kiosk.open({ before: noCamera });
  await unlock(page);
  await page.locator('[data-open=enrol]').click();
  await page.locator('input[name=name]').fill('\u200b\u200d');
  await page.locator('.enrol-details button[type=submit]').click();
  await expect(page.getByText('Enter a name with readable characters.')).toBeVisible();
  await expect(page.locator('input[name=name]')).toBeFocused();
  await page.locator('input[name=name]').fill('Ada 👩\u200d🔬');
  await page.locator('.enrol-details button[type=submit]').click();
  await expect(page.locator('.consent-text')).toBeVisible();
});

test('a person who declines re-enrolment stays unchanged', async ({ kiosk }) => {
  const page = await kiosk.open({ before: noCamera });
  await unlock(page);
  await page.locator('[data-open=people]').click();
  await page.locator('input[name=query]').fill('Maria');
  await page.getByRole('button', { name: 'Re-enrol face: Maria' }).click();
  await page.locator('.enrol-known button[type=submit]').click();
  await page.getByRole('button', { name: 'I don’t agree: change nothing' }).click();
  await expect(page.locator('input[name=query]')).toBeVisible();
  expect(kiosk.core.callsOf('enrolBegin')).toEqual([]);
  expect(kiosk.core.callsOf('enrolByNumber')).toEqual([]);
});

test('a person from an import is asked in person, and their face is captured here', async ({ kiosk }) => {
  const { core } = kiosk;
  const layla = { id: '01890a5d-ac96-774b-bcce-b302099a8057', name: 'ليلى (2)', number: '1840', hasPin: false };
  const person = { ...layla, templates: 0, cards: 0, enrolledAt: '2026-10-02T09:00:00.000Z' };
  core.methods.reenrolments = async () => ({ people: [{ person, reason: 'imported' }] });
  const page = await kiosk.open({ before: noCamera });
  await unlock(page);
  await page.locator('[data-open=reenrol]').click();
  await expect(page.getByText('Imported without consent: ask for it')).toBeVisible();
  await page.getByRole('button', { name: /^Enrol face: .*ليلى/ }).click();
  await page.locator('.enrol-known button[type=submit]').click();
  await expect(page.locator('.consent-text')).toBeVisible();
  await page.locator('input[name=agree]').check();
  core.methods.enrolBegin = async ({ person: whose, consent }) => {
    expect([whose, consent.language]).toEqual([layla.id, 'en']);
    return { enrolment: '01890a5d-ac96-774b-bcce-b302099a8058', poses: ['front'] };
  };
  await page.locator('.enrol-consent button[type=submit]').click();
  await expect(page.getByText('Step 3 of 3: Face')).toBeVisible();
});
