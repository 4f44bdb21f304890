import type { Browser, BrowserContext } from '@playwright/test';
import { expect, type Locator, type Page } from '@playwright/test';
import type { Key as ConsoleKey } from '../../renderer/console/i18n.ts';
import type { Key as PortalKey } from '../../renderer/portal/i18n.ts';
import { initI18n, translations } from '../../renderer/shared/i18n.ts';
import { CONSOLE, PORTAL } from '../kit/locales.ts';
import { appCode, axe, enterByLink, openBrowser, SIZES, still } from './browser.ts';
import { Keys } from './keys.ts';

/**
 * What all walks by keyboard have in common: German and Arabic, portrait and desktop. Nothing is clicked, and fields are filled
 * only by typing. Labels of controls are read from the console's own texts.
 */
export const SETUPS = [
  ['de', 'wall'],
  ['ar', 'desk'],
  ['de', 'desk'],
  ['ar', 'wall'],
] as const;
type Key = ConsoleKey | PortalKey;
const { tIn } = translations<Key>();
type Language = (typeof SETUPS)[number][0];
type Size = (typeof SETUPS)[number][1];

/** Every page and the file that walks it. A page that is missing here, or not opened there, fails. */
export const WALKED = {
  home: 'keyboard-running',
  presence: 'keyboard-running',
  evacuation: 'keyboard',
  attention: 'keyboard',
  statistics: 'keyboard-running',
  attendance: 'keyboard',
  reports: 'keyboard-running',
  schedules: 'keyboard-running',
  corrections: 'keyboard',
  people: 'keyboard',
  duplicates: 'keyboard',
  imports: 'keyboard-running',
  devices: 'keyboard-running',
  fleet: 'keyboard-running',
  sites: 'keyboard-running',
  rollouts: 'keyboard-running',
  settings: 'keyboard',
  jobs: 'keyboard-running',
  webhooks: 'keyboard',
  accounts: 'keyboard-running',
  consents: 'keyboard-running',
  texts: 'keyboard-running',
  erasures: 'keyboard-running',
  retention: 'keyboard-running',
  audit: 'keyboard-running',
  incidents: 'keyboard',
  account: 'keyboard-running',
  alerts: 'keyboard',
} as const satisfies Record<string, 'keyboard' | 'keyboard-running'>;
export type RailPage = keyof typeof WALKED;
/** Sections of the rail with several pages: the one that the rail's link opens, and the others, which are its tabs. */
const TABS: Readonly<Partial<Record<RailPage, readonly RailPage[]>>> = {
  home: ['attention'],
  people: ['duplicates', 'imports'],
  attendance: ['presence', 'corrections', 'evacuation'],
  devices: ['fleet', 'sites', 'rollouts'],
  reports: ['statistics', 'schedules'],
  consents: ['texts', 'erasures', 'retention', 'incidents'],
  settings: ['accounts', 'webhooks', 'jobs'],
  account: ['alerts'],
};
/** Pages that this file of walks must have opened. */
export const walkedIn = (file: (typeof WALKED)[RailPage]): string[] =>
  Object.entries(WALKED).flatMap(([page, where]) => (where === file ? [page] : []));

export const PASSWORD = 'orbit lantern walrus teapot';

/** Runs in the page: buttons of tables that don't name their row, and names that two of a table or list share. */
const unnamed = (): string[] => {
  const plain = (text: string | null | undefined) => (text ?? '').replaceAll(/[\s\u2066-\u2069]+/g, ' ').trim();
  const nameOf = (one: Element) => {
    const by = one.getAttribute('aria-labelledby')?.split(' ') ?? [];
    const name = by.map((id) => document.getElementById(id)?.textContent).join(' ');
    return plain(by.length > 0 ? name : (one.getAttribute('aria-label') ?? one.textContent));
  };
  const wrong: string[] = [];
  for (const table of document.querySelectorAll('main :is(table, ul, ol)')) {
    const list = !table.matches('table');
    const seen = new Map<string, string>();
    for (const one of table.querySelectorAll(list ? 'li button' : 'tbody :is(button, a[href])')) {
      const name = nameOf(one);
      // Two links to the same place count as one.
      const what = one.getAttribute('href') ?? `button ${seen.size}`;
      if ((seen.get(name) ?? what) !== what) wrong.push(`twice in a ${list ? 'list' : 'table'}: ${name}`);
      seen.set(name, what);
      if (list) continue;
      const head = one.closest('tr')?.querySelector('th');
      if (one.matches('button') && !head?.contains(one) && (!head || !name.includes(plain(head.textContent))))
        wrong.push(`not said of which row: ${name}`);
    }
  }
  return wrong;
};

/** Every button of the page's tables and lists names its row, and names are unique within each. @returns number of such tables */
export async function rowsNamed(page: Page): Promise<number> {
  await expect.poll(() => page.evaluate(unnamed), page.url()).toEqual([]);
  return page.locator('main table tbody').getByRole('button').count();
}

/** Walks through pages of the server in one language and size. */
export class Walk {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly keys: Keys;
  /** The page's errors, except those that a walk provokes. */
  readonly complaints: () => string[];
  /** The area whose pages it reports. */
  readonly area: 'console' | 'portal';
  readonly #language: Language;
  readonly #opened: Set<string>;

  constructor(
    { context, page, complaints }: Awaited<ReturnType<typeof openBrowser>>,
    language: Language,
    opened: Set<string>,
    area: Walk['area'] = 'console',
  ) {
    this.area = area;
    // Two files may share a process.
    void initI18n({ console: CONSOLE, portal: PORTAL }[area], 'en');
    this.context = context;
    this.page = page;
    this.keys = new Keys(page);
    this.complaints = () => complaints.filter((c) => !/status of 4/.test(c));
    this.#language = language;
    this.#opened = opened;
  }

  /** @param opened collects which pages of the rail were opened */
  static async begin(browser: Browser, language: Language, size: Size, opened: Set<string>): Promise<Walk> {
    const made = await openBrowser(browser, language);
    const [width, height] = SIZES[size];
    await made.page.setViewportSize({ width, height });
    return new Walk(made, language, opened);
  }

  t = (key: Key, values?: Record<string, unknown>): string => tIn(this.#language, key, values);
  main = (): Locator => this.page.locator('main');
  dialog = (): Locator => this.page.getByRole('dialog');
  /** Finds a button by its label. The name of a row's button continues with the row. */
  button = (key: Key, within: Page | Locator = this.main()): Locator => {
    const label = this.t(key);
    const shown = new RegExp(`^\\s*${label.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\s*$`);
    const buttons = within.getByRole('button');
    return within.getByRole('button', { name: label, exact: true }).or(buttons.filter({ hasText: shown }));
  };
  field = (key: Key, within: Page | Locator = this.main()): Locator => within.getByLabel(this.t(key), { exact: true });
  row = (text: string): Locator => this.page.getByRole('row').filter({ hasText: text });
  panel = (key: Key): Locator =>
    this.page.locator('section').filter({ has: this.page.getByRole('heading', { name: this.t(key), exact: true }) });

  /** Opens a page by the rail. The page's heading follows, and the focus is at its start. */
  async open(path: RailPage, heading: string = this.t(`${path}.nav`)): Promise<void> {
    const first = Object.entries(TABS).find(([, others]) => others.includes(path))?.[0];
    if (first) {
      await this.keys.enter(this.page.locator(`.rail a[href="#/${first}"]`));
      const tab = this.page.locator(`.tabs a[href="#/${path}"]`);
      await expect(tab).toContainText(this.t(`${path}.nav`));
      await this.keys.enter(tab);
    } else await this.keys.enter(this.page.locator(`.rail a[href="#/${path}"]`));
    await this.arrived(heading);
    await expect(this.page.locator('.skeleton')).toHaveCount(0);
    await rowsNamed(this.page);
    this.#opened.add(path);
  }

  /** Expects another page, or an item within one, to start at its top. */
  async arrived(heading: string | RegExp): Promise<void> {
    await expect(this.page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
    await expect(this.main()).toBeFocused();
  }

  toast = (text: string): Promise<void> => expect(this.page.locator('.toast', { hasText: text })).toBeVisible();

  /** A dialog that was opened has the focus on its main control, not on the one that closes it. */
  async asked(first: Locator): Promise<void> {
    await expect(first).toBeFocused();
  }

  /** Presses Escape and expects the focus on what opened it. */
  async escape(opener: Locator): Promise<void> {
    await this.keys.press('Escape');
    await expect(this.dialog()).toHaveCount(0);
    await expect(opener).toBeFocused();
  }

  /** Confirms a destructive question. The focus starts on the button that keeps things as they are. */
  async agree(key: Key, keep: Key = 'cancel'): Promise<void> {
    await this.asked(this.button(keep, this.dialog()));
    await this.keys.enter(this.button(key, this.dialog()));
    await expect(this.dialog()).toHaveCount(0);
  }

  /** Like `agree`, where a word must be typed first. */
  async agreeWith(word: string, key: Key): Promise<void> {
    const typed = this.dialog().getByLabel(this.t('confirm.type', { word }), { exact: true });
    await this.asked(typed);
    await this.keys.type(typed, word);
    await this.keys.enter(this.button(key, this.dialog()));
    await expect(this.dialog()).toHaveCount(0);
  }

  /** Saves screenshots of the current state for review, and requires that axe finds nothing. */
  async seen(path: string, schemes?: Parameters<typeof axe>[1]): Promise<void> {
    await still(this.page, `keys-${path}-${this.#language}`, this.area);
    await axe(this.page, schemes);
  }
}

/** Calls the API with the page's own session. */
export const call = (page: Page, method: string, path: string, body?: unknown) =>
  page.evaluate(
    async ([m, p, b]) => {
      const init = b === undefined ? {} : { body: JSON.stringify(b), headers: { 'content-type': 'application/json' } };
      const answer = await fetch(p as string, { method: m as string, ...init });
      return { status: answer.status, body: await answer.json().catch(() => null) };
    },
    [method, path, body],
  );

/** The same for setting up. @returns the answer's body @throws Error for an answer of 400 or more */
export async function ask(page: Page, method: string, path: string, body?: unknown) {
  const answer = await call(page, method, path, body);
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** Completes an account's first sign-in by its link. @returns the secret of its authenticator app */
export async function firstSignIn(page: Page, link: string): Promise<string> {
  await enterByLink(page, link);
  // The card of the link has a heading too. A session exists once a password is requested.
  await expect(page.locator('input[type=password]').first()).toBeVisible();
  await ask(page, 'PUT', '/api/account/sign-in', { password: PASSWORD });
  const { secret } = await ask(page, 'POST', '/api/account/totp', {});
  await ask(page, 'POST', '/api/account/totp/confirm', { code: appCode(secret) });
  return secret;
}

/**
 * Makes an account with password and authenticator app, and signs in as it.
 * @param page an administrator's; afterwards the new account's, not reloaded
 * @returns the secret of its authenticator app
 */
export async function becomeAccount(page: Page, email: string, role: 'admin' | 'dpo'): Promise<string> {
  const { link } = await ask(page, 'POST', '/api/accounts', { email, role });
  await page.context().clearCookies();
  return firstSignIn(page, link.url);
}

/**
 * Makes a data protection officer review the texts, without which nobody can be asked to consent.
 * @param page an administrator's; afterwards the officer's
 * @returns the secret of the officer's authenticator app
 */
export async function reviewTexts(page: Page): Promise<string> {
  const paragraphs = ['{controller}: {photoDays}'];
  for (const language of ['de', 'ar'])
    await ask(page, 'POST', '/api/consent-texts', { version: '2027-01', language, title: language, paragraphs });
  const secret = await becomeAccount(page, 'dpo@example.org', 'dpo');
  for (const language of ['de', 'ar']) await ask(page, 'POST', `/api/consent-texts/2027-01/${language}/review`);
  return secret;
}
