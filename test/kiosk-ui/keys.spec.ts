import { expect, noCamera, test } from './fixtures.ts';

/* The keys on the glass can type the names of people, whatever language the kiosk speaks. */

for (const language of ['en', 'de', 'ar', 'zh'])
  test(`O'Brien, José, Łukasz, İpek and François-Noël are typed on the glass: ${language}`, async ({ kiosk }) => {
    const { core } = kiosk;
    core.hello = { ...core.hello, defaultLanguage: language };
    const page = await kiosk.open({ before: noCamera, ...(language === 'en' && { width: 1280, height: 800 }) });
    await page.locator('.foot-actions button').last().click();
    await page.locator('input[name=staff-pin]').fill('2468');
    await page.keyboard.press('Enter');
    await page.locator('[data-open=enrol]').click();
    const name = page.locator('input[name=name]');
    await name.focus();
    if (language === 'ar') await page.locator('.keyboard-row:last-child .key').first().click(); // Latin letters
    const keys = page.locator('.keyboard');
    const accents = keys.locator('.keyboard-row:last-child .key-side');
    const shift = keys.locator('.key-side').first();
    const press = async (c: string): Promise<void> => {
      const key = keys
        .locator('.key:not(.key-side)')
        .filter({ hasText: new RegExp(c === 'İ' ? '^[İı]$' : `^${c}$`, 'i') });
      if ((await key.count()) === 0) await accents.click();
      if ((await key.count()) === 0) throw new Error(`no key for ${c}`);
      if (
        (await keys
          .locator('.key')
          .filter({ hasText: new RegExp(`^${c}$`) })
          .count()) === 0
      )
        await shift.click();
      await keys
        .locator('.key')
        .filter({ hasText: new RegExp(`^${c}$`) })
        .click();
    };
    for (const word of ["O'Brien", 'José', 'Łukasz', 'İpek', 'François-Noël']) {
      await name.fill('');
      for (const c of word) await press(c);
      await expect(name).toHaveValue(word);
    }
    await accents.click();
    await page.screenshot({ path: `test/artefacts/accents-${language}.png` });
    if (language === 'zh') await expect(keys).toContainText('控制台');
  });
