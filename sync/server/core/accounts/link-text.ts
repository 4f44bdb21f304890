import QRCode from 'qrcode';
import { fillIn } from '../../../protocol/fill-in.ts';
import type { Config } from '../../app/config.ts';
import { LINK_LIFE_MS } from './links.ts';
import ar from './locales/ar.json' with { type: 'json' };
import de from './locales/de.json' with { type: 'json' };
import en from './locales/en.json' with { type: 'json' };
import zh from './locales/zh.json' with { type: 'json' };

/** Where a link leads: accounts to the console, people to their own page. */
export type Page = 'console' | 'portal';

/** The token is in the fragment, which browsers never send: no log, proxy or mail scanner's server gets it. */
export const linkUrl = (config: Pick<Config, 'peopleUrl'>, page: Page, token: string): string =>
  `${config.peopleUrl}/${page}/#enter=${token}`;

/** Without scripts, styles or anything from elsewhere. */
export const qrSvg = (text: string): Promise<string> =>
  QRCode.toString(text, { type: 'svg', errorCorrectionLevel: 'M', margin: 2 });

/** Mails by language; English where there is none. They hold no name: a reader of the mailbox learns nothing new. */
const TEXTS = { en, de, ar, zh };
const TIMES = { minutes: LINK_LIFE_MS.person / 60_000, hours: LINK_LIFE_MS.account / 3_600_000 };

export function linkMail(
  kind: 'person' | 'account',
  language: string | null,
  url: string,
): { subject: string; text: string } {
  const primary = language?.toLowerCase().split('-')[0] ?? 'en';
  const { subject, text } = TEXTS[primary in TEXTS ? (primary as keyof typeof TEXTS) : 'en'][kind];
  return { subject, text: fillIn(`${text.join('\n')}\n`, { ...TIMES, url }) };
}
