import type { Page } from '@playwright/test';
import { expectSideBySide } from '../kit/side-by-side.ts';
import { expect, expectNoAxeFault, noCamera, test } from './fixtures.ts';
import { coreError, DEEDS, STAFF } from './scripted-core.ts';
import { aDuplicate, aPair } from './two-people.ts';

/* Number and PIN, and the staff area: forms that work by touch, keyboard and screen reader, and retain nothing. */

test.describe('number and PIN', () => {
  test('by keyboard alone', async ({ kiosk }) => {
    const page = await kiosk.open({ before: noCamera });
    const method = page.getByRole('button', { name: /Number and PIN/ });
    for (let i = 0; i < 10 && !(await method.evaluate((el) => el === document.activeElement)); i++)
      await page.keyboard.press('Tab');
    await expect(method).toBeFocused();
    expect(await method.evaluate((el) => getComputedStyle(el).outlineStyle)).toBe('solid');
    await page.keyboard.press('Enter');
    await expect(page.locator('input[name=number]')).toBeFocused();
    await page.keyboard.type('1001');
    await page.keyboard.press('Enter');
    await expect(page.locator('input[name=pin]')).toBeFocused();
    await page.keyboard.type('8642');
    await page.keyboard.press('Enter');
    await expect(page.locator('.result')).toContainText('Welcome, Max Mustermann');
    await expect(page.getByRole('heading', { level: 1, name: 'Welcome, Max Mustermann' })).toBeFocused();
  });

  test('by touch alone, and the last character can be deleted', async ({ kiosk }) => {
    const page = await kiosk.open({ before: noCamera });
    await page.getByRole('button', { name: /Number and PIN/ }).click();
    const tap = async (keys: string): Promise<void> => {
      for (const key of keys) await page.getByRole('button', { name: key, exact: true }).click();
    };
    await tap('10019');
    await page.getByRole('button', { name: 'Delete the last character' }).click();
    await page.locator('input[name=pin]').click();
    await tap('8642');
    await page.getByRole('button', { name: 'Check in or out' }).click();
    await expect(page.locator('.result')).toContainText('Welcome');
    expect(kiosk.core.callsOf('checkinByPin')).toEqual([{ number: '1001', pin: '8642' }]);
  });

  test('a form has focus before anything can be typed, however slow the kiosk', async ({ kiosk }) => {
    kiosk.core.staff = [...STAFF];
    const page = await kiosk.open({ before: noCamera });
    /** Clicks and returns the name of the focused field, before the browser can draw a frame or deliver a key. */
    const opened = (selector: string): Promise<string> =>
      page
        .locator(selector)
        .first()
        .evaluate(async (button: HTMLElement) => {
          button.click();
          for (let i = 0; i < 20; i++) await Promise.resolve();
          return document.activeElement?.getAttribute('name') ?? 'nothing';
        });
    expect(await opened('[data-method=pin]')).toBe('number');
    await page.keyboard.press('Escape');
    await page.locator('.foot-actions button').last().click();
    expect(await opened(`[data-member="${STAFF[1]!.id}"]`)).toBe('staff-pin');
    await page.keyboard.type('2468');
    await page.keyboard.press('Enter');
    expect(await opened('[data-open=people]')).toBe('query');
    await page.locator('.button-back').click();
    expect(await opened('[data-open=enrol]')).toBe('name');
    await page.locator('.button-back').click();
    await page.locator('[data-open=members]').click();
    expect(await opened('[data-do=add]')).toBe('member-name');
  });

  test('a number from another system, with any characters, can be typed', async ({ kiosk }) => {
    const { core } = kiosk;
    const checkin = core.methods.checkinByPin;
    core.methods.checkinByPin = (input) => checkin({ ...input, number: '1001' }); // the one that the scripted core has
    const page = await kiosk.open({ before: noCamera });
    await page.getByRole('button', { name: /Number and PIN/ }).click();
    await page.locator('input[name=number]').fill('HR_2026/00012.34567890');
    await page.locator('input[name=pin]').fill('8642');
    await page.keyboard.press('Enter');
    await expect(page.locator('.result')).toContainText('Welcome');
    expect(core.callsOf('checkinByPin')).toEqual([{ number: 'HR_2026/00012.34567890', pin: '8642' }]);
  });

  for (const [width, height] of [
    [1080, 1920],
    [1280, 800],
  ] as const)
    test(`however long the name, the result and “not me” stay on screen: ${width} × ${height}`, async ({ kiosk }) => {
      const { core } = kiosk;
      const checkin = core.methods.checkinByPin;
      core.methods.checkinByPin = async (input) => {
        const { receipt } = await checkin(input);
        return { receipt: { ...receipt, name: 'Wolfeschlegelsteinhausenbergerdorff-'.repeat(5) } };
      };
      const page = await kiosk.open({ width, height, before: noCamera });
      await page.locator('#display-switch').click();
      await page.locator('[data-name=large]').click();
      await page.locator('#display-switch').click();
      await page.getByRole('button', { name: /Number and PIN/ }).click();
      await page.locator('input[name=number]').fill('1001');
      await page.locator('input[name=pin]').fill('8642');
      // Checked in a single call that starts before the submit: the result disappears after two seconds.
      const outside = page.evaluate(
        () =>
          new Promise<number>((resolve) => {
            const check = () => {
              const parts = [...document.querySelectorAll('.result-icon, .result-words, .result-button')];
              if (parts.length === 0) return void requestAnimationFrame(check);
              const shown = parts.map((e) => e.getBoundingClientRect());
              resolve(shown.filter(({ top, bottom }) => top < 0 || bottom > innerHeight).length);
            };
            check();
          }),
      );
      await page.keyboard.press('Enter');
      expect(await outside).toBe(0);
    });

  test('the button after the number leads to the PIN, and an error disappears during the next attempt', async ({
    kiosk,
  }) => {
    const page = await kiosk.open({ before: noCamera });
    await page.getByRole('button', { name: /Number and PIN/ }).click();
    const press = page.getByRole('button', { name: 'Check in or out' });
    await page.locator('input[name=number]').fill('1001');
    await press.click();
    await expect(page.locator('input[name=pin]')).toBeFocused();
    await expect(page.locator('.form-error p')).toHaveCount(0);
    await press.click();
    await expect(page.locator('.form-error')).toContainText('at least 4 digits');
    const answer = kiosk.core.methods.checkinByPin;
    let go: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    kiosk.core.methods.checkinByPin = async (...args) => {
      await held;
      return answer(...args);
    };
    await page.locator('input[name=pin]').fill('8642');
    await press.click();
    await expect(page.getByRole('button', { name: 'Checking…' })).toBeVisible();
    await expect(page.locator('.form-error p')).toHaveCount(0);
    go();
    await expect(page.locator('.result')).toContainText('Welcome');
  });

  test('answers an unknown number like a wrong PIN, keeps no PIN, and counts down a lock', async ({ kiosk }) => {
    const page = await kiosk.open({ before: noCamera });
    await page.getByRole('button', { name: /Number and PIN/ }).click();
    const attempt = async (number: string, pin: string): Promise<string> => {
      await page.locator('input[name=number]').fill(number);
      await page.locator('input[name=pin]').fill(pin);
      const before = kiosk.core.callsOf('checkinByPin').length;
      await page.keyboard.press('Enter');
      await expect.poll(() => kiosk.core.callsOf('checkinByPin').length).toBe(before + 1);
      await expect(page.locator('input[name=pin]')).toHaveValue('');
      return (await page.locator('.form-error').textContent()) ?? '';
    };
    const unknown = await attempt('9999', '1111');
    expect(await attempt('1001', '1111')).toBe(unknown);
    expect(unknown).toContain('don’t match');
    kiosk.core.methods.checkinByPin = async () => {
      throw coreError('pin-locked', { seconds: 3 });
    };
    expect(await attempt('1001', '1111')).toMatch(/Too many attempts.* [23] s/);
    await expect(page.locator('.form-error p')).toHaveCount(0);
  });

  test('an error of the core is shown in the screen’s language, or by its code if it has no text', async ({
    kiosk,
  }) => {
    const { core } = kiosk;
    core.hello = { ...core.hello, defaultLanguage: 'de' };
    let code = 'storage-full';
    core.methods.checkinByPin = async () => {
      throw coreError(code, {}, 'the disk is full', 'Free some space.');
    };
    const page = await kiosk.open({ before: noCamera });
    await page.getByRole('button', { name: /Nummer und PIN/ }).click();
    for (const [next, text] of [
      ['storage-full', 'Die Festplatte dieses Kiosks ist voll'],
      ['never-heard-of', 'Das hat nicht geklappt (never-heard-of)'],
    ] as const) {
      code = next;
      await page.locator('input[name=number]').fill('1001');
      await page.locator('input[name=pin]').fill('8642');
      await page.keyboard.press('Enter');
      await expect(page.locator('.form-error')).toContainText(text);
      await expect(page.locator('.form-error')).not.toContainText('disk is full');
    }
  });

  test('an abandoned form closes and keeps nothing', async ({ kiosk }) => {
    const page = await kiosk.open({ before: noCamera });
    await page.clock.install();
    await page.getByRole('button', { name: /Number and PIN/ }).click();
    await page.locator('input[name=number]').fill('1001');
    await page.clock.runFor(38_000);
    await expect(page.locator('.idle')).toContainText('closes in');
    await page.clock.runFor(9_000);
    await expect(page.locator('.checkin')).toBeVisible();
    await page.getByRole('button', { name: /Number and PIN/ }).click();
    await expect(page.locator('input[name=number]')).toHaveValue('');
  });
});

test.describe('staff', () => {
  const unlock = async (page: Page): Promise<void> => {
    await page.getByRole('button', { name: 'Staff' }).click();
    await page.locator('input[name=staff-pin]').fill('2468');
    await page.keyboard.press('Enter');
    await expect(page.locator('.menu')).toBeVisible();
  };

  test('enrols with the consent that was read, pose by pose, and can undo it', async ({ kiosk }) => {
    const { core } = kiosk;
    const page = await kiosk.open({ clip: 'man' });
    await unlock(page);
    await page.getByRole('button', { name: /Enrol a person/ }).click();
    await page.locator('input[name=name]').fill('Erika Muster');
    await page.locator('input[name=number]').fill('2001');
    await page.locator('.enrol-details').getByText('DE', { exact: true }).click();
    await page.getByRole('button', { name: 'Continue' }).click();
    // without consent nothing starts.
    await page.getByRole('button', { name: 'Continue to the camera' }).click();
    await expect(page.locator('.form-error')).toContainText('without consent');
    expect(core.callsOf('enrolBegin')).toEqual([]);
    await page.locator('input[name=agree]').check();
    await page.getByRole('button', { name: 'Continue to the camera' }).click();
    await expect(page.locator('[data-end=enrolled]')).toContainText('Erika Muster is enrolled');
    expect(core.callsOf('enrolBegin')).toMatchObject([
      {
        name: 'Erika Muster',
        number: '2001',
        pin: null,
        language: 'de',
        consent: { version: '2026-11.photo-90-days', language: 'en' },
      },
    ]);
    expect(core.callsOf('enrolCapture')).toHaveLength(4);
    await page.getByRole('button', { name: /Undo/ }).click();
    await expect(page.locator('[data-end=enrolled]')).toContainText('Enrolment undone');
    expect(core.callsOf('personDelete')).toHaveLength(1);
  });

  test('gives a person who declines a number and a PIN, without the camera', async ({ kiosk }) => {
    const { core } = kiosk;
    const page = await kiosk.open({ before: noCamera });
    await unlock(page);
    await page.getByRole('button', { name: /Enrol a person/ }).click();
    await page.locator('input[name=name]').fill('Erika Muster');
    await page.getByRole('button', { name: 'Continue' }).click();
    // A step back keeps what was typed; from the first step it leads to the menu.
    await expect(page.locator('.steps')).toContainText('Step 2 of 3');
    await page.getByRole('button', { name: 'Back' }).click();
    await expect(page.locator('.steps')).toContainText('Step 1 of 3');
    await expect(page.locator('input[name=name]')).toHaveValue('Erika Muster');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'I don’t agree: use number and PIN' }).click();
    await expect(page.locator('.steps')).toHaveText('Without a face: number and PIN');
    await expect(page.locator('.form-error')).toContainText('needs a number and a PIN');
    await expect(page.locator('input[name=number]')).toBeFocused();
    await page.locator('input[name=number]').fill('2001');
    await page.locator('input[name=pin]').fill('4321');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.locator('.form-error')).toContainText('too easy to guess');
    await expect(page.locator('input[name=pin]')).toBeFocused();
    expect(core.callsOf('enrolByNumber')).toEqual([]);
    await page.locator('input[name=pin]').fill('7304');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.locator('[data-end=enrolled]')).toContainText('No face data was kept');
    expect(core.callsOf('enrolByNumber')).toMatchObject([
      { name: 'Erika Muster', number: '2001', pin: '7304', language: 'en' },
    ]);
    expect(core.callsOf('enrolBegin')).toEqual([]);
    // The next person is asked for consent again.
    await page.getByRole('button', { name: /another/ }).click();
    await expect(page.locator('.steps')).toContainText('Step 1 of 3');
  });

  test('enrols with number and PIN where face recognition is off', async ({ kiosk }) => {
    const { core } = kiosk;
    core.setStatus({ face: { use: 'off', code: 'model-altered', nextStep: 'Reinstall the kiosk.' } });
    const page = await kiosk.open({ before: noCamera });
    await unlock(page);
    await page.getByRole('button', { name: /Enrol a person/ }).click();
    await page.locator('input[name=name]').fill('Erika Muster');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.locator('.form-error')).toContainText('a number and a PIN');
    await page.locator('input[name=number]').fill('2001');
    await page.locator('input[name=pin]').fill('7304');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.locator('[data-end=enrolled]')).toContainText('Erika Muster is enrolled');
    expect(core.callsOf('enrolByNumber')).toHaveLength(1);
  });

  test('reports a camera unplugged during capture, and continues when it is back', async ({ kiosk }) => {
    const { core } = kiosk;
    core.methods.enrolCapture = async () => ({
      accepted: false,
      reason: null,
      pose: 'front',
      remaining: ['front'],
      progress: 0,
    });
    const page = await kiosk.open({ clip: 'man', before: cameraThatGoes });
    await unlock(page);
    await page.getByRole('button', { name: /Enrol a person/ }).click();
    await page.locator('input[name=name]').fill('Erika Muster');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.locator('input[name=agree]').check();
    await page.getByRole('button', { name: 'Continue to the camera' }).click();
    await expect(page.locator('.enrol-capture .stage[data-live=true]')).toBeVisible();
    await page.evaluate(() => (window as unknown as { unplug(): void }).unplug());
    await expect(page.locator('.enrol-capture [data-trouble=unplugged]')).toContainText('Plug it back in');
    await expectNoAxeFault(page, 'unplugged in the capture');
    await page.screenshot({ path: 'test/artefacts/screens/capture-unplugged.png' });
    await page.evaluate(() => (window as unknown as { plug(): void }).plug());
    await expect(page.locator('.enrol-capture .stage[data-live=true]')).toBeVisible();
    const before = core.callsOf('enrolCapture').length;
    await expect.poll(() => core.callsOf('enrolCapture').length).toBeGreaterThan(before);
  });

  for (const mayOverrule of [false, true])
    test(`compares someone else’s face with theirs; ${mayOverrule ? 'a supervisor types who it concerns' : 'the desk continues without the face'}`, async ({
      kiosk,
    }) => {
      const { core } = kiosk;
      const finish = core.methods.enrolFinish;
      core.methods.enrolFinish = async (input) => {
        if (!input.overrule) throw coreError('duplicate-face', { name: 'Max Mustermann' });
        if (input.overrule.typed !== core.duplicate!.other.number) throw coreError('confirmation-wrong');
        if (input.overrule.typed === '2002') return finish(input);
        // Now it resembles another person.
        core.duplicate = {
          ...core.duplicate!,
          other: { ...core.duplicate!.other, name: 'Mira Yıldız', number: '2002' },
        };
        throw coreError('duplicate-face', { name: 'Mira Yıldız' });
      };
      core.duplicate = await aDuplicate(mayOverrule);

      const page = await kiosk.open({ clip: 'man' });
      await unlock(page);
      await page.getByRole('button', { name: /Enrol a person/ }).click();
      await page.locator('input[name=name]').fill('Someone Else');
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.locator('input[name=agree]').check();
      await page.getByRole('button', { name: 'Continue to the camera' }).click();
      const screen = page.locator('.duplicate');
      await expect(screen).toContainText('Max Mustermann');
      const [ours, theirs] = [/Someone Else/, /Already enrolled: Max Mustermann/].map((name) =>
        page.getByRole('img', { name }),
      );
      for (const [width, height] of [
        [1280, 800],
        [1080, 1920],
      ] as const) {
        await page.setViewportSize({ width, height });
        await expectSideBySide(ours!, theirs!);
      }
      await expectNoAxeFault(page, 'duplicate');
      if (!mayOverrule) {
        await expect(screen).toContainText('A supervisor has to decide');
        await expect(page.locator('[data-do=two-people]')).toHaveCount(0);
        await page.locator('[data-do=by-number]').click();
        await expect(page.locator('.enrol-details')).toBeVisible();
        expect(core.callsOf('enrolCancel')).toHaveLength(1);
        return;
      }
      await page.locator('[data-do=two-people]').press('Enter');
      await expect(page.locator('.duplicate-confirm')).toContainText('neither is recognised by face alone');
      await expectNoAxeFault(page, 'two people');
      for (const key of '1002') await page.getByRole('button', { name: key, exact: true }).click();
      await page.keyboard.press('Enter');
      await expect(page.locator('.form-error')).toContainText('isn’t the number or name');
      expect(core.callsOf('enrolFinish').at(-1)!.overrule).toMatchObject({ typed: '1002' });
      await page.locator('input[name=confirm]').fill('1001');
      await page.keyboard.press('Enter');
      await expect(page.getByRole('img', { name: /Already enrolled: Mira Yıldız/ })).toBeVisible();
      await expect(screen).toContainText('already enrolled as Mira Yıldız');
      await page.locator('[data-do=two-people]').press('Enter');
      await expect(page.locator('.duplicate-confirm')).toContainText('neither is recognised by face alone');
      await page.locator('input[name=confirm]').fill('2002');
      await page.keyboard.press('Enter');
      await expect(page.locator('[data-end=enrolled]')).toBeVisible();
      const typed = core.callsOf('enrolFinish').map(({ overrule }) => overrule?.typed);
      expect(typed).toEqual([undefined, '1002', '1001', '2002']);
    });

  test('takes a roll call: the missing are counted, a mark is undone, and the end is confirmed first', async ({
    kiosk,
  }) => {
    const page = await kiosk.open({ before: noCamera });
    await unlock(page);
    await page.locator('.menu [data-open=evacuation]').click();
    const people = page.locator('.evacuee');
    await expect(people.first()).toBeVisible();
    const all = await people.count();
    const counts = page.locator('.evacuation-counts');
    await expect(counts).toHaveText(`Inside${all}`);
    await page.getByRole('button', { name: 'Start evacuation' }).click();
    await expect(counts).toHaveText(`Inside${all}Missing${all}Accounted for0`);
    await page
      .getByRole('button', { name: /^Mark as accounted for/ })
      .nth(1)
      .click();
    await expect(counts).toHaveText(`Inside${all}Missing${all - 1}Accounted for1`);
    await expect(people.nth(0)).toContainText('missing');
    await expect(people.nth(1)).toContainText('accounted for at');
    await page.getByRole('button', { name: /^Mark as missing/ }).click();
    await expect(counts).toHaveText(`Inside${all}Missing${all}Accounted for0`);
    await page.getByRole('button', { name: 'End evacuation' }).click();
    await expect(page.locator('.evacuation-ask')).toContainText('All marks on this kiosk will be cleared.');
    expect(kiosk.core.callsOf('evacuationEnd')).toHaveLength(0);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect(page.locator('.evacuation')).toHaveAttribute('data-running', 'true');
    await page.getByRole('button', { name: 'End evacuation' }).click();
    await page.locator('.evacuation-ask').getByRole('button', { name: 'End evacuation' }).click();
    await expect(counts).toHaveText(`Inside${all}`);
    expect(kiosk.core.callsOf('evacuationEnd')).toHaveLength(1);
  });

  test('sees pairs of lookalikes with reason and date, and removes one', async ({ kiosk }) => {
    const { core } = kiosk;
    core.pairs.push(aPair());
    const page = await kiosk.open({ before: noCamera });
    await unlock(page);
    await expect(page.locator('[data-open=lookalikes]')).toContainText('mixed up twice');
    await page.locator('[data-open=lookalikes]').click();
    await expect(page.locator('[data-list=lookalikes] .person')).toContainText('Max Mustermann');
    await expectNoAxeFault(page, 'lookalikes');
    await page.getByRole('button', { name: /^Unmark: / }).click();
    await page.locator('.confirm .button-primary-danger').click();
    await expect(page.locator('[data-list=lookalikes] [role=status]')).toContainText('recognised by face again');
    expect(core.callsOf('lookalikeRemove')).toHaveLength(1);
  });

  test('a supervisor sees who did what at the kiosk, by keyboard, including the emergency PIN', async ({ kiosk }) => {
    const { core } = kiosk;
    core.deeds.push(...DEEDS);
    const page = await kiosk.open({ before: noCamera });
    await page.getByRole('button', { name: 'Staff' }).click();
    await page.locator('input[name=staff-pin]').fill('2468');
    core.staff = [...STAFF];
    await page.keyboard.press('Enter');
    await page.locator('[data-open=log]').focus();
    await page.keyboard.press('Enter');
    const rows = page.locator('[data-list=log] .person');
    await expect(rows).toHaveCount(DEEDS.length);
    await expect(rows.nth(0)).toContainText('Person deleted');
    await expect(rows.nth(0)).toContainText('Sam Super');
    await expect(rows.nth(1)).toContainText('Unlocked');
    await expect(rows.nth(1)).toContainText('Emergency PIN');
    await expect(rows.nth(2)).toContainText('rejected');
    await expect(rows.nth(3)).toContainText('Something else');
    await expect(rows.nth(3)).toContainText('Former staff member');
    await expectNoAxeFault(page, 'log');
    await page.keyboard.press('Tab'); // the lock
    await page.keyboard.press('Tab');
    await expect(page.getByRole('list', { name: 'Staff log' })).toBeFocused();
  });

  test('the unlock screen waits for a badge as long as someone uses it', async ({ kiosk }) => {
    kiosk.core.staff = [...STAFF];
    const page = await kiosk.open({ before: noCamera });
    await page.clock.install();
    await page.getByRole('button', { name: 'Staff' }).click();
    await page.locator('.staff-choices').waitFor();
    // Each request makes the core wait for one minute.
    for (let i = 0; i < 4; i++) {
      await page.keyboard.press('Tab');
      await page.clock.runFor(20_000);
    }
    const asked = () => kiosk.core.callsOf('staffListen').map(({ on }) => on);
    await expect.poll(asked).toEqual([true, true, true, true, true]);
    await page.locator('.button-back').click();
    await expect.poll(() => asked().at(-1)).toBe(false);
    await page.clock.runFor(60_000);
    expect(asked().at(-1)).toBe(false);
  });

  test('finds a person, sets a PIN, and deletes only after a second confirmation', async ({ kiosk }) => {
    const { core } = kiosk;
    const page = await kiosk.open({ before: noCamera });
    await unlock(page);
    await page.locator('[data-open=people]').click();
    await page.locator('input[name=query]').fill('max');
    await page.getByRole('button', { name: 'Set PIN: Max Mustermann' }).click();
    await page.locator('input[name=new-pin]').fill('9753');
    await page.keyboard.press('Enter');
    await expect(page.getByText('Max Mustermann’s PIN is set.')).toBeVisible();
    expect(core.callsOf('personSetPin')).toMatchObject([{ pin: '9753' }]);
    await page.getByRole('button', { name: 'Delete: Max Mustermann' }).click();
    expect(core.callsOf('personDelete')).toEqual([]);
    await page.getByRole('button', { name: 'Delete permanently' }).click();
    await expect(page.getByText('Max Mustermann was deleted.')).toBeVisible();
    expect(core.callsOf('personDelete')).toHaveLength(1);
  });

  test('locks after two idle minutes, hides all names, and asks for the PIN again', async ({ kiosk }) => {
    const page = await kiosk.open({ before: noCamera });
    await page.clock.install();
    await unlock(page);
    await page.locator('[data-open=people]').click();
    await page.locator('input[name=query]').fill('max');
    await page.clock.runFor(1_000);
    await expect(page.getByText('Max Mustermann')).toBeVisible();
    await page.clock.runFor(121_000);
    await expect(page.locator('.checkin')).toBeVisible();
    await expect(page.locator('body')).not.toContainText('Mustermann');
    expect(kiosk.core.callsOf('staffLock')).toHaveLength(1);
    await page.getByRole('button', { name: 'Staff' }).click();
    await expect(page.locator('input[name=staff-pin]')).toBeVisible();
  });

  test('is asked for the PIN again when the core ends the session', async ({ kiosk }) => {
    const page = await kiosk.open({ before: noCamera });
    await unlock(page);
    kiosk.core.methods.peopleFind = async () => {
      throw coreError('staff-locked');
    };
    await page.locator('[data-open=people]').click();
    await page.locator('input[name=query]').fill('max');
    await expect(page.getByText('Your session has ended.')).toBeVisible();
  });
});

/** Runs in the page: a camera that can be unplugged and plugged in again. */
function cameraThatGoes(): void {
  let there = true;
  let track: MediaStreamTrack | undefined;
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    if (!there) throw new DOMException('none', 'NotFoundError');
    const stream = await real(wanted);
    track = stream.getVideoTracks()[0];
    return stream;
  };
  Object.assign(window, {
    unplug() {
      there = false;
      track?.dispatchEvent(new Event('ended'));
    },
    plug() {
      there = true;
      navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
    },
  });
}
