import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium, type Locator, type Page } from '@playwright/test';
import { generateSync } from 'otplib';
import en from '../../renderer/console/locales/en.json' with { type: 'json' };
import { stillsOfA } from '../footage/index.ts';
import type { Booted } from '../kiosk-image/debian.ts';
import { textOf } from '../services/printer.ts';

/* What an administrator does in a real browser on the first day, following docs/install/first-day.md, and after an incident. */

const PASSWORD = 'orbit lantern walrus teapot';

/** Starts Chromium in the machine's network, which alone reaches its server. @param folder for the program that starts it */
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

/** How long a person takes, ms: per key, to see and press something, and to read or fetch what a step needs. */
export interface Pace {
  readonly key: number;
  readonly press: number;
  readonly read: number;
}
const AT_ONCE: Pace = { key: 0, press: 0, read: 0 };

/** An account's owner with their authenticator app, at a page of the console. */
export class Administrator {
  readonly page: Page;
  readonly #email: string;
  readonly #pace: Pace;
  #secret = '';
  #lastCode = '';

  private constructor(page: Page, email: string, pace: Pace) {
    this.page = page;
    this.#email = email;
    this.#pace = pace;
    page.setDefaultTimeout(180_000);
  }

  static async at(browser: Browser, email: string, pace = AT_ONCE): Promise<Administrator> {
    return new Administrator(await browser.newPage({ ignoreHTTPSErrors: true, locale: 'en-GB' }), email, pace);
  }

  async #press(what: Locator): Promise<void> {
    await what.waitFor();
    await sleep(this.#pace.press);
    await what.click();
  }

  #button(name: string): Promise<void> {
    return this.#press(this.page.getByRole('button', { name, exact: true }));
  }

  async #type(into: Locator, text: string): Promise<void> {
    await this.#press(into);
    await into.pressSequentially(text, { delay: this.#pace.key });
  }

  /** Opens a section by the rail and, unless it is the first, by its tab. */
  async #open(section: keyof typeof en.section, tab?: string): Promise<void> {
    await this.#press(this.page.locator('.rail').getByRole('link', { name: en.section[section], exact: true }));
    if (tab) await this.#press(this.page.locator('.tabs').getByRole('link', { name: tab, exact: true }));
  }

  /** Opens the link that set-up printed, chooses a password, and sets up the second factor. */
  async signInByLink(link: string): Promise<void> {
    const { page } = this;
    await page.goto(link);
    await this.#button(en.link.button);
    await this.#type(page.getByLabel(en.enrol.password), PASSWORD);
    await this.#type(page.getByLabel(en.enrol.again), PASSWORD);
    await this.#button(en.enrol.next);
    this.#secret = (await page.locator('.secret').textContent())!.replaceAll(' ', '');
    await sleep(this.#pace.read);
    await this.#type(page.getByLabel(en.enrol.code), await this.#code());
    await page.keyboard.press('Enter');
    await page.locator('.codes code').nth(9).waitFor();
    await sleep(this.#pace.read);
    await this.#press(page.getByLabel(en.enrol.kept));
    await this.#button(en.enrol.done);
    await this.#signedIn();
  }

  /** Signs in with password and authenticator app, once the server answers. */
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
    await this.#type(page.getByLabel(en.signIn.email), this.#email);
    await this.#type(page.getByLabel(en.signIn.password), PASSWORD);
    await this.#type(page.getByLabel(en.signIn.code), await this.#code());
    await this.#button(en.signIn.button);
    await this.#signedIn();
  }

  /** An unused code. */
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
    await this.#open('privacy', en.texts.nav);
    await this.page.getByRole('heading', { level: 1, name: en.texts.nav }).waitFor();
  }

  /** Adds Ada Lovelace, records her consent to the text shown, and enrols her face from a photo. @returns her id */
  async enrolByPhoto(): Promise<string> {
    const { page } = this;
    await this.#open('people');
    await this.#press(page.getByRole('button', { name: en.people.add }).first());
    const dialog = page.getByRole('dialog');
    await this.#type(dialog.getByLabel(en.people.name, { exact: true }), 'Ada Lovelace');
    await this.#type(dialog.getByLabel(en.people.number), '1815');
    await this.#press(dialog.getByRole('button', { name: en.people.add }));
    await page.getByRole('heading', { level: 1, name: 'Ada Lovelace' }).waitFor();
    const person = page.url().split('/').at(-1)!;
    await this.#press(page.getByRole('button', { name: en.people.give }));
    await page.locator('.consent-text', { hasText: 'Example Ltd' }).waitFor();
    await sleep(this.#pace.read);
    await this.#press(dialog.getByLabel(en.people.agrees.replace('{{name}}', 'Ada Lovelace')));
    await this.#press(dialog.getByRole('button', { name: en.people.record }));
    await page.getByText(en.people.standing.given, { exact: true }).waitFor();
    await this.#press(page.getByRole('button', { name: en.people.enrol, exact: true }).first());
    await this.#press(page.getByRole('button', { name: en.enrolFace.photo }));
    await sleep(this.#pace.read);
    await page.getByLabel(en.enrolFace.files).setInputFiles(stillsOfA()[0]!);
    await this.#press(page.getByRole('button', { name: en.enrolFace.save }));
    await page.getByText(en.enrolFace.enrolled_one.replace('{{count}}', '1')).waitFor();
    return person;
  }

  /** Waits until Home shows a check-in of theirs. */
  async seesCheckin(name: string): Promise<void> {
    await this.#open('home');
    await this.page.locator('.board-main').getByText(name).first().waitFor();
  }

  /** Text of the printed list of who is inside. @param file for the printed page */
  async printsEvacuationList(file: string): Promise<string> {
    const { page } = this;
    await this.#open('attendance', en.evacuation.nav);
    await page.getByRole('button', { name: en.print, exact: true }).waitFor();
    await page.getByText('Ada Lovelace').first().waitFor();
    await page.pdf({ path: file });
    return textOf(file);
  }

  /** The names on the first page of people; empty if there are none. */
  async namesOfPeople(): Promise<string[]> {
    await this.#open('people');
    const rows = this.page.getByRole('main').getByRole('row');
    await rows.or(this.page.getByText(en.people.none)).first().waitFor();
    return rows.allInnerTexts();
  }
}
