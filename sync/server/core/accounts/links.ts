import QRCode from 'qrcode';
import { Problem } from '../../../errors/problem.ts';
import type { ProductLanguage } from '../../../protocol/api/languages.ts';
import { fillIn } from '../../../protocol/fill-in.ts';
import type { Config } from '../../app/config.ts';
import { type Holder, newToken, type Session, startSession } from '../../platform/access/session.ts';
import type { Actor } from '../../platform/audit/actor.ts';
import { lockName } from '../../platform/database/once.ts';
import { inTransaction } from '../../platform/database/retry.ts';
import { findLocked, insert, remove, update } from '../../platform/database/rows.ts';
import type { Db, Tx } from '../../platform/database/schema.ts';
import type { Keys } from '../../platform/keys/envelope.ts';
import { lockPeople } from '../people/people.ts';
import { hasEnrolledAdmin, holderOf, operatorAccount } from './accounts.ts';
import ar from './locales/ar.json' with { type: 'json' };
import de from './locales/de.json' with { type: 'json' };
import en from './locales/en.json' with { type: 'json' };
import es from './locales/es.json' with { type: 'json' };
import fr from './locales/fr.json' with { type: 'json' };
import pl from './locales/pl.json' with { type: 'json' };
import tr from './locales/tr.json' with { type: 'json' };
import zh from './locales/zh.json' with { type: 'json' };

/** How long each kind of one-time link is valid, ms. */
export const LINK_LIFE_MS = {
  operator: 60 * 60 * 1000,
  account: 24 * 60 * 60 * 1000,
  person: 15 * 60 * 1000,
} as const;

/** Who a link signs in. `operator`: anyone who can read what the server prints on its own machine. */
export type LinkFor =
  | { readonly kind: 'operator' }
  | { readonly kind: 'account'; readonly account: string }
  | { readonly kind: 'person'; readonly person: string };

/** Makes a link's token. It works once. Unused links of the same account or person are deleted. */
export function createLink(db: Db, keys: Keys, to: LinkFor, now: Date): Promise<{ token: string; expiresAt: Date }> {
  const token = newToken();
  const expiresAt = new Date(now.getTime() + LINK_LIFE_MS[to.kind]);
  const holder = {
    account: to.kind === 'account' ? to.account : null,
    person: to.kind === 'person' ? to.person : null,
  };
  return inTransaction(db, async (tx) => {
    if (to.kind !== 'operator') {
      // Without this lock, two calls at once would not see each other's links.
      await lockName(tx, `link:${holder.account ?? holder.person}`);
      await remove(tx, 'sign_in_link', { ...holder, used_at: null });
    }
    const made = { hash: keys.hashToken(token), kind: to.kind, ...holder, created_at: now, expires_at: expiresAt };
    await insert(tx, 'sign_in_link', made);
    return { token, expiresAt };
  });
}

/**
 * Exchanges a link's token for a session.
 *
 * @throws Problem `link-unknown`, `link-already-used`, `link-expired`, `account-disabled`
 */
export async function redeemLink(
  tx: Tx,
  keys: Keys,
  token: string,
  from: Pick<Actor, 'ip' | 'userAgent'>,
  now: Date,
): Promise<{ session: Session; token: string }> {
  const link = await findLocked(tx, 'sign_in_link', { hash: keys.hashToken(token) });
  if (!link) throw new Problem('link-unknown');
  if (link.used_at) throw new Problem('link-already-used');
  if (link.expires_at <= now) throw new Problem('link-expired');
  // Printed before an administrator enrolled. It is no longer needed, and would bypass the second factor.
  if (link.kind === 'operator' && (await hasEnrolledAdmin(tx))) throw new Problem('link-expired');
  // Only the fact that it was used is still needed, not whose it was.
  await update(tx, 'sign_in_link', { hash: link.hash }, { used_at: now, account: null, person: null });
  const holder: Holder =
    link.kind === 'person'
      ? { role: 'person', person: await livingPerson(tx, link.person!) }
      : link.kind === 'account'
        ? await holderOf(tx, link.account!)
        : await operatorAccount(tx, now);
  return startSession(tx, keys, holder, from, now);
}

/** Returns the current id of a link's person. @throws Problem `link-unknown` if they were erased meanwhile */
async function livingPerson(tx: Tx, id: string): Promise<string> {
  const standing = (await lockPeople(tx, [id])).get(id);
  if (!standing || standing.erased) throw new Problem('link-unknown');
  return standing.now;
}

/** Where a link leads: the console for accounts, the portal for people. */
export type Page = 'console' | 'portal';

/** Returns a link with its token in the fragment, which browsers never send, so no log, proxy or link scanner gets it. */
export const linkUrl = (config: Pick<Config, 'peopleUrl'>, page: Page, token: string): string =>
  `${config.peopleUrl}/${page}/#enter=${token}`;

/** Returns a QR code as SVG, without scripts, styles or external resources. */
export const qrSvg = (text: string): Promise<string> =>
  QRCode.toString(text, { type: 'svg', errorCorrectionLevel: 'M', margin: 2 });

/** Mails by language, English by default. They hold no name, so other readers of the mailbox learn nothing new. */
const TEXTS = { en, de, fr, es, pl, tr, ar, zh } satisfies Record<ProductLanguage, unknown>;
const TIMES = { minutes: LINK_LIFE_MS.person / 60_000, hours: LINK_LIFE_MS.account / 3_600_000 };

/** @param language a tag, e.g. `de-AT`; null: unknown, so English */
export function mailTexts(language: string | null) {
  const primary = language?.toLowerCase().split('-')[0] ?? 'en';
  return TEXTS[primary in TEXTS ? (primary as keyof typeof TEXTS) : 'en'];
}

export function linkMail(
  kind: 'person' | 'account',
  language: string | null,
  url: string,
): { subject: string; text: string } {
  const { subject, text } = mailTexts(language)[kind];
  return { subject, text: fillIn(`${text.join('\n')}\n`, { ...TIMES, url }) };
}
