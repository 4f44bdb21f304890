import type { Browser, BrowserContext } from '@playwright/test';
import { expect, type Locator, type Page } from '@playwright/test';
import type { Key as ConsoleKey } from '../../renderer/console/i18n.ts';
import type { Key as PortalKey } from '../../renderer/portal/i18n.ts';
import { initI18n, translations } from '../../renderer/shared/i18n.ts';
import { CONSOLE, PORTAL } from '../kit/locales.ts';
import { appCode, axe, enterByLink, openBrowser, SIZES, still } from './browser.ts';
import { Keys } from './keys.ts';

/**
 * What the walks by keyboard alone have in common: in German and Arabic, upright and at a desk. Nothing is clicked, no field is
 * filled but by typing. What controls are called is read where the console reads it.
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

/** Every page, and the file that walks it: a page that is not here, or not opened there, fails. */
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
/** Sections of the rail with more than one page: the page that the rail's link opens, and the others, which are its tabs. */
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
/** What this file of walks has to have opened. */
export const walkedIn = (file: (typeof WALKED)[RailPage]): string[] =>
  Object.entries(WALKED).flatMap(([page, where]) => (where === file ? [page] : []));

export const PASSWORD = 'orbit lantern walrus teapot';

/** In the page: buttons of tables that do not say which row they are about, and names that two of a table or a list share. */
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
      // A link twice to the same place is one link.
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

/** Every button of the page's tables and lists says which row it is about, and no two of one are called the same. @returns how many tables have */
export async function rowsNamed(page: Page): Promise<number> {
  await expect.poll(() => page.evaluate(unnamed), page.url()).toEqual([]);
  return page.locator('main table tbody').getByRole('button').count();
}

/** Walks through pages of the server in one language and size. */
export class Walk {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly keys: Keys;
  /** What the page complains of, but for the errors that a walk provokes. */
  readonly complaints: () => string[];
  /** Which pages it reports. */
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

  /** @param opened where it is noted which pages of the rail were opened */
  static async begin(browser: Browser, language: Language, size: Size, opened: Set<string>): Promise<Walk> {
    const made = await openBrowser(browser, language);
    const [width, height] = SIZES[size];
    await made.page.setViewportSize({ width, height });
    return new Walk(made, language, opened);
  }

  t = (key: Key, values?: Record<string, unknown>): string => tIn(this.#language, key, values);
  main = (): Locator => this.page.locator('main');
  dialog = (): Locator => this.page.getByRole('dialog');
  /** By its words: the name of a row's button goes on with the row that it is about. */
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

  /** By the rail, as anybody goes: the page's heading follows, and the focus is at its beginning. */
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

  /** Another page, or a thing within one: it begins at its top. */
  async arrived(heading: string | RegExp): Promise<void> {
    await expect(this.page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
    await expect(this.main()).toBeFocused();
  }

  toast = (text: string): Promise<void> => expect(this.page.locator('.toast', { hasText: text })).toBeVisible();

  /** A window that was opened has the focus at what it is for, and not at what closes it. */
  async asked(first: Locator): Promise<void> {
    await expect(first).toBeFocused();
  }

  /** Escape, and back to what opened it. */
  async escape(opener: Locator): Promise<void> {
    await this.keys.press('Escape');
    await expect(this.dialog()).toHaveCount(0);
    await expect(opener).toBeFocused();
  }

  /** A question that takes something away: it begins at what leaves things as they are. */
  async agree(key: Key, keep: Key = 'cancel'): Promise<void> {
    await this.asked(this.button(keep, this.dialog()));
    await this.keys.enter(this.button(key, this.dialog()));
    await expect(this.dialog()).toHaveCount(0);
  }

  /** As `agree`, where a word has to be typed first. */
  async agreeWith(word: string, key: Key): Promise<void> {
    const typed = this.dialog().getByLabel(this.t('confirm.type', { word }), { exact: true });
    await this.asked(typed);
    await this.keys.type(typed, word);
    await this.keys.enter(this.button(key, this.dialog()));
    await expect(this.dialog()).toHaveCount(0);
  }

  /** As it is now, for people who look at the pictures; without a fault for axe. */
  async seen(path: string, schemes?: Parameters<typeof axe>[1]): Promise<void> {
    await still(this.page, `keys-${path}-${this.#language}`, this.area);
    await axe(this.page, schemes);
  }
}

/** Calls the API by the page's own session. */
export const call = (page: Page, method: string, path: string, body?: unknown) =>
  page.evaluate(
    async ([m, p, b]) => {
      const init = b === undefined ? {} : { body: JSON.stringify(b), headers: { 'content-type': 'application/json' } };
      const answer = await fetch(p as string, { method: m as string, ...init });
      return { status: answer.status, body: await answer.json().catch(() => null) };
    },
    [method, path, body],
  );

/** The same, for what is there before someone comes. @returns the answer's body @throws Error for an answer of 400 or more */
export async function ask(page: Page, method: string, path: string, body?: unknown) {
  const answer = await call(page, method, path, body);
  if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** An account's first sign-in, by its link. @returns the secret of its authenticator app */
export async function firstSignIn(page: Page, link: string): Promise<string> {
  await enterByLink(page, link);
  // The card of the link has a heading too: a session is there once a password is asked for.
  await expect(page.locator('input[type=password]').first()).toBeVisible();
  await ask(page, 'PUT', '/api/account/sign-in', { password: PASSWORD });
  const { secret } = await ask(page, 'POST', '/api/account/totp', {});
  await ask(page, 'POST', '/api/account/totp/confirm', { code: appCode(secret) });
  return secret;
}

/**
 * Makes an account with password and authenticator app, and signs in as it.
 *
 * @param page of an administrator; the new account's afterwards, not loaded again
 * @returns the secret of its authenticator app
 */
export async function becomeAccount(page: Page, email: string, role: 'admin' | 'dpo'): Promise<string> {
  const { link } = await ask(page, 'POST', '/api/accounts', { email, role });
  await page.context().clearCookies();
  return firstSignIn(page, link.url);
}

/**
 * Texts that a data protection officer has reviewed: without one nobody can be asked.
 *
 * @param page of an administrator; the officer's afterwards
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
