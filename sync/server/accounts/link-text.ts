import QRCode from 'qrcode';
import { LINK_LIFE_MS } from '../access/links.ts';
import type { Config } from '../config.ts';

/** Where a link leads: accounts to the console, people to their own page. */
export type Page = 'console' | 'portal';

/** The token stands in the fragment, which browsers never send: no log, proxy or mail scanner's server gets it. */
export const linkUrl = (config: Pick<Config, 'peopleUrl'>, page: Page, token: string): string =>
  `${config.peopleUrl}/${page}/#enter=${token}`;

/** Without scripts, styles or anything from elsewhere. */
export const qrSvg = (text: string): Promise<string> =>
  QRCode.toString(text, { type: 'svg', errorCorrectionLevel: 'M', margin: 2 });

const MINUTES = LINK_LIFE_MS.person / 60_000;
const HOURS = LINK_LIFE_MS.account / 3_600_000;

/** Mail texts by language; English where there is none. They hold no name: whoever reads the mailbox learns nothing new. */
const TEXTS = {
  en: {
    person: (url: string) => ({
      subject: 'Your link to SmartPresence',
      text: `Somebody asked for a link to the data that SmartPresence keeps under this e-mail address.

Open it and press the button to sign in. It works once, within ${MINUTES} minutes:

${url}

If it was not you, nothing needs to be done: without this link nobody gets in.
`,
    }),
    account: (url: string) => ({
      subject: 'Your SmartPresence account',
      text: `An administrator of SmartPresence made this link for you. Open it to set your password and your second factor.
It works once, within ${HOURS} hours:

${url}
`,
    }),
  },
  de: {
    person: (url: string) => ({
      subject: 'Ihr Link zu SmartPresence',
      text: `Jemand hat einen Link zu den Daten angefordert, die SmartPresence unter dieser E-Mail-Adresse führt.

Öffnen Sie ihn und drücken Sie auf die Schaltfläche, um sich anzumelden. Er gilt einmal, ${MINUTES} Minuten lang:

${url}

Wenn Sie es nicht waren, müssen Sie nichts tun: Ohne diesen Link kommt niemand hinein.
`,
    }),
    account: (url: string) => ({
      subject: 'Ihr Konto bei SmartPresence',
      text: `Ein Administrator von SmartPresence hat diesen Link für Sie erstellt. Öffnen Sie ihn, um Passwort und zweiten Faktor
festzulegen. Er gilt einmal, ${HOURS} Stunden lang:

${url}
`,
    }),
  },
} as const;

export function linkMail(
  kind: 'person' | 'account',
  language: string | null,
  url: string,
): { subject: string; text: string } {
  const primary = language?.toLowerCase().split('-')[0];
  return TEXTS[primary === 'de' ? 'de' : 'en'][kind](url);
}
