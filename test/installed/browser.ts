import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium, type Page } from '@playwright/test';
import { generateSync } from 'otplib';
import en from '../../renderer/console/locales/en.json' with { type: 'json' };
import { stillsOfA } from '../footage/index.ts';
import type { Booted } from '../kiosk-image/debian.ts';
import { textOf } from '../services/printer.ts';

/* What an administrator does in a real browser on the first day, as docs/install/first-day.md has it, and after an incident. */

const PASSWORD = 'orbit lantern walrus teapot';

/** A Chromium in the machine's network, where alone its server is. @param folder for the program that starts it */
export function browserAt(machine: Booted, folder: string): Promise<Browser> {
  const program = join(folder, 'chromium');
  writeFileSync(program, `#!/bin/sh\nexec ${machine.enter('--net').join(' ')} /usr/bin/chromium "$@"\n`, {
    mode: 0o755,
  });
  return chromium.launch({
    executablePath: program,
    args: ['--no-sandbox', '--host-resolver-rules=MAP *.example.org 127.0.0.1'],
  });
}

const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
/** By the rail, and by the section's tab where it is not the first. */
async function open(page: Page, section: keyof typeof en.section, tab?: string): Promise<void> {
  await page.locator('.rail').getByRole('link', { name: en.section[section], exact: true }).click();
  if (tab) await page.locator('.tabs').getByRole('link', { name: tab, exact: true }).click();
}

/** An account's owner and their authenticator app, at a page of the console. */
export class Administrator {
  readonly page: Page;
  readonly #email: string;
  #secret = '';
  #lastCode = '';

  private constructor(page: Page, email: string) {
    this.page = page;
    this.#email = email;
    page.setDefaultTimeout(180_000);
  }

  static async at(browser: Browser, email: string): Promise<Administrator> {
    return new Administrator(await browser.newPage({ ignoreHTTPSErrors: true, locale: 'en-GB' }), email);
  }

  /** Opens the link that set-up printed; chooses a password, and sets up the second factor. */
  async signInByLink(link: string): Promise<void> {
    const { page } = this;
    await page.goto(link);
    await press(page, en.link.button);
    await page.getByLabel(en.enrol.password).fill(PASSWORD);
    await page.getByLabel(en.enrol.again).fill(PASSWORD);
    await press(page, en.enrol.next);
    this.#secret = (await page.locator('.secret').textContent())!.replaceAll(' ', '');
    await page.getByLabel(en.enrol.code).fill(await this.#code());
    await page.keyboard.press('Enter');
    await page.locator('.codes code').nth(9).waitFor();
    await page.getByLabel(en.enrol.kept).check();
    await press(page, en.enrol.done);
    await this.#signedIn();
  }

  /** Signs in with password and authenticator app, as soon as the server answers. */
  async signInAgain(): Promise<void> {
    const { page } = this;
    await page.context().clearCookies();
    const { origin } = new URL(page.url());
    for (const since = performance.now(); ; await sleep(1_000)) {
      const failure = await page.goto(origin).then(
        () => null,
        (cause: Error) => cause,
      );
      if (failure === null) break;
      if (performance.now() - since > 600_000) throw failure;
    }
    await page.getByLabel(en.signIn.email).fill(this.#email);
    await page.getByLabel(en.signIn.password).fill(PASSWORD);
    await page.getByLabel(en.signIn.code).fill(await this.#code());
    await press(page, en.signIn.button);
    await this.#signedIn();
  }

  /** A code that was not used yet. */
  async #code(): Promise<string> {
    let code = generateSync({ secret: this.#secret });
    for (; code === this.#lastCode; code = generateSync({ secret: this.#secret })) await sleep(1_000);
    this.#lastCode = code;
    return code;
  }

  #signedIn(): Promise<void> {
    return this.page.locator('.rail').getByRole('link', { name: en.section.people, exact: true }).waitFor();
  }

  async readConsentTexts(): Promise<void> {
    await open(this.page, 'privacy', en.texts.nav);
    await this.page.getByRole('heading', { level: 1, name: en.texts.nav }).waitFor();
  }

  /** Adds Ada Lovelace, records her consent to the text that is shown, and enrols her face from a photo. @returns her id */
  async enrolByPhoto(): Promise<string> {
    const { page } = this;
    await open(page, 'people');
    await page.getByRole('button', { name: en.people.add }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel(en.people.name, { exact: true }).fill('Ada Lovelace');
    await dialog.getByLabel(en.people.number).fill('1815');
    await dialog.getByRole('button', { name: en.people.add }).click();
    await page.getByRole('heading', { level: 1, name: 'Ada Lovelace' }).waitFor();
    const person = page.url().split('/').at(-1)!;
    await page.getByRole('button', { name: en.people.give }).click();
    await page.locator('.consent-text', { hasText: 'Example Ltd' }).waitFor();
    await dialog.getByLabel(en.people.agrees.replace('{{name}}', 'Ada Lovelace')).check();
    await dialog.getByRole('button', { name: en.people.record }).click();
    await page.getByText(en.people.standing.given, { exact: true }).waitFor();
    await page.goto(page.url().replace(/#.*/, `#/people/${person}/enrol`));
    await page.getByRole('button', { name: en.enrolFace.photo }).click();
    await page.getByLabel(en.enrolFace.files).setInputFiles(stillsOfA()[0]!);
    await page.getByRole('button', { name: en.enrolFace.save }).click();
    await page.getByText(en.enrolFace.enrolled_one.replace('{{count}}', '1')).waitFor();
    return person;
  }

  /** Waits until Home shows a check-in of theirs. */
  async seesCheckin(name: string): Promise<void> {
    await open(this.page, 'home');
    await this.page.locator('.board-main').getByText(name).first().waitFor();
  }

  /** What is on the paper, where the list of who is inside is printed. @param file for the paper */
  async printsEvacuationList(file: string): Promise<string> {
    const { page } = this;
    await open(page, 'attendance', en.evacuation.nav);
    await page.getByRole('button', { name: en.print, exact: true }).waitFor();
    await page.getByText('Ada Lovelace').first().waitFor();
    await page.pdf({ path: file });
    return textOf(file);
  }

  /** The names of everyone on the first page of people; empty: nobody is there. */
  async namesOfPeople(): Promise<string[]> {
    await open(this.page, 'people');
    const rows = this.page.getByRole('main').getByRole('row');
    await rows.or(this.page.getByText(en.people.none)).first().waitFor();
    return rows.allInnerTexts();
  }
}
