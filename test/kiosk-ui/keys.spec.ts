import { LANGUAGES } from '../../sync/protocol/api/languages.ts';
import { expect, noCamera, test } from './fixtures.ts';

// This presses hundreds of keys one by one.

/* The on-screen keys can type people's names, in every language of the kiosk. */

for (const language of LANGUAGES)
  test(`O'Brien, J. St. John and names from Ľubica to Żaneta are typed on the glass: ${language}`, async ({
    kiosk,
  }) => {
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
    if (language === 'zh') await keys.getByRole('button', { name: '拼音', pressed: true }).click();
    const accents = keys.locator('.keyboard-row:last-child .key-side').last();
    const shift = keys.locator('.key-side').first();
    const press = async (c: string): Promise<void> => {
      const key = keys
        .locator('.key:not(.key-side)')
        .filter({ hasText: new RegExp(c === 'İ' ? '^[İı]$' : `^${c.replace('.', '[.]')}$`, 'i') });
      if (c === ' ') return keys.locator('.keyboard-row:last-child .key[data-wide=true]').click();
      if ((await key.count()) === 0) await accents.click();
      if ((await key.count()) === 0) throw new Error(`no key for ${c}`);
      if (
        (await keys
          .locator('.key')
          .filter({ hasText: new RegExp(`^${c.replace('.', '[.]')}$`) })
          .count()) === 0
      )
        await shift.click();
      await keys
        .locator('.key')
        .filter({ hasText: new RegExp(`^${c.replace('.', '[.]')}$`) })
        .click();
    };
    const latvian = ['Āris', 'Ēriks', 'Ķekava', 'Ģirts', 'Ļaudona', 'Ņina', 'Īva'];
    const others = ['Ľubica', 'Ĺ', 'Ŕ', 'Rūta', 'Gėlė', 'Įsrutis', 'Ųla', 'Ċetta', 'Ġorġ', 'Għaxaq', 'Ħal', 'Żaneta'];
    for (const word of [
      "O'Brien",
      'José',
      'Łukasz',
      'İpek',
      'Işık',
      'François-Noël',
      'J. St. John',
      ...latvian,
      ...others,
    ]) {
      await name.fill('');
      for (const c of word) await press(c);
      await expect(name).toHaveValue(word);
    }
    await accents.click();
    await page.screenshot({ path: `test/artefacts/accents-${language}.png` });
  });

for (const [width, height, how] of [
  [1080, 1920, 'on the glass'],
  [1280, 800, 'on the glass'],
  [1280, 800, 'with a keyboard'],
] as const)
  test(`王伟, 李娜, 欧阳修 and 张三丰 are typed by their Pinyin ${how}, ${width} × ${height}`, async ({ kiosk }) => {
    const { core } = kiosk;
    core.hello = { ...core.hello, defaultLanguage: 'zh' };
    const asked: string[] = [];
    const page = await kiosk.open({ before: noCamera, width, height });
    page.on('request', (request) => asked.push(request.url()));
    await page.locator('.foot-actions button').last().click();
    await page.locator('input[name=staff-pin]').fill('2468');
    await page.keyboard.press('Enter');
    // Characters are fetched from the kiosk itself, and only when someone types a name.
    expect(asked.filter((url) => /\/bar-/.test(url))).toEqual([]);
    await page.locator('[data-open=enrol]').click();
    const name = page.locator('input[name=name]');
    await name.focus();
    const keys = page.locator('.keyboard');
    const shown = keys.locator('.candidates');
    const typed = shown.locator('output');
    await expect(keys.getByRole('button', { name: '拼音', pressed: true })).toBeVisible();
    expect(asked.filter((url) => /\/bar-/.test(url)).map((url) => new URL(url).origin)).toEqual([
      new URL(page.url()).origin,
    ]);
    const touch = how === 'on the glass';
    const key = (label: string) => keys.locator('.keyboard-row').getByRole('button', { name: label, exact: true });
    const spell = async (letters: string) => {
      for (const c of letters) await (touch ? key(c).click() : page.keyboard.press(c));
    };
    const choose = async (char: string) => {
      const all = shown.locator('.candidate:not([aria-label])');
      for (let turn = 0; (await all.filter({ hasText: char }).count()) === 0; turn += 1) {
        expect(turn, char).toBeLessThan(20);
        await (touch ? shown.getByRole('button', { name: '下一页' }).click() : page.keyboard.press('PageDown'));
      }
      const at = (await all.allTextContents()).findIndex((text) => text.endsWith(char));
      await (touch ? all.nth(at).click() : page.keyboard.press(String(at + 1)));
    };
    for (const [word, ...parts] of [
      ['王伟', 'wang 王', 'wei 伟'],
      ['李娜', 'li 李', 'na 娜'],
      ['欧阳修', 'ouyang 欧阳', 'xiu 修'],
      ['张三丰', 'zhangsanfeng 张', ' 三', ' 丰'],
    ] as const) {
      await name.fill('');
      for (const part of parts) {
        const [letters, char] = part.split(' ') as [string, string];
        await spell(letters);
        if (letters) await expect(typed).toHaveText(letters);
        await choose(char);
        await expect(name).toHaveValue(new RegExp(`${char}$`));
      }
      await expect(name).toHaveValue(word);
      await expect(typed).toHaveText('拼音');
    }
    // Backspace first deletes letters that are not yet a character, then the text of the field.
    await spell('wanf');
    await (touch ? key('删除最后一个字符').click() : page.keyboard.press('Backspace'));
    await expect(typed).toHaveText('wan');
    await expect(name).toHaveValue('张三丰');
    // Space takes the first candidate, which includes the letter typed just before.
    await spell('g');
    await (touch ? key('空格').click() : page.keyboard.press(' '));
    await expect(name).toHaveValue('张三丰王');
    await (touch ? key('删除最后一个字符').click() : page.keyboard.press('Backspace'));
    await expect(name).toHaveValue('张三丰');
    await spell('zhang');
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.evaluate((theme) => document.documentElement.setAttribute('data-theme', theme), colorScheme);
      await page.screenshot({ path: `test/artefacts/pinyin-${touch ? 'glass' : 'keys'}-${width}-${colorScheme}.png` });
    }
    const fits = await shown.evaluate((row) => row.scrollWidth <= row.clientWidth);
    expect(fits, 'candidates fit their line').toBe(true);
  });
