import { createHash } from 'node:crypto';

/**
 * All error pages of the loopback server: HTTP status, and a sentence in English and German. People at the kiosk never see
 * them: they are answers to a browser other than the kiosk's own.
 */
export const ERROR_PAGES = {
  'wrong-host': [421, 'This address is not the kiosk’s own.', 'Diese Adresse gehört nicht zum Kiosk.'],
  'wrong-origin': [403, 'Another page tried to use this kiosk.', 'Eine andere Seite wollte diesen Kiosk benutzen.'],
  'no-session': [
    403,
    'Only the kiosk’s own browser may open this page.',
    'Nur der eigene Browser des Kiosks darf diese Seite öffnen.',
  ],
  'token-unknown': [403, 'This link is not valid.', 'Dieser Link ist ungültig.'],
  'token-used': [403, 'This link has already been used.', 'Dieser Link wurde bereits verwendet.'],
  'token-expired': [403, 'This link has expired.', 'Dieser Link ist abgelaufen.'],
  'bad-request': [400, 'The request was not understood.', 'Die Anfrage wurde nicht verstanden.'],
  'not-found': [404, 'There is nothing at this address.', 'Unter dieser Adresse gibt es nichts.'],
  'wrong-method': [405, 'This can’t be done at this address.', 'Das ist an dieser Adresse nicht möglich.'],
  'core-not-ready': [503, 'The kiosk is not ready yet.', 'Der Kiosk ist noch nicht bereit.'],
} as const satisfies Record<string, readonly [number, string, string]>;
export type ErrorPageCode = keyof typeof ERROR_PAGES;

const NEXT = ['Restart the kiosk.', 'Starten Sie den Kiosk neu.'] as const;
/** Anyone with a browser of their own is usually looking for the console. */
const NEXT_ELSEWHERE = [
  'Looking for records or settings? Open the server’s address. Is this the kiosk? Restart it.',
  'Sie suchen Buchungen oder Einstellungen? Öffnen Sie die Adresse des Servers. Ist dies der Kiosk? Starten Sie ihn neu.',
] as const;

/** Returns an error page with its code. The text is fixed and repeats nothing of the request. */
export function errorPage(code: ErrorPageCode): string {
  const [, english, german] = ERROR_PAGES[code];
  const [next, nextGerman] = code === 'no-session' ? NEXT_ELSEWHERE : NEXT;
  return page(
    `<h1>${english}</h1><p>${next}</p><p lang="de">${german} ${nextGerman}</p><p><code>${code}</code></p>`,
    'SmartPresence',
  );
}

const SUBMIT = 'document.forms[0].submit()';

/**
 * Returns the bootstrap page: a local file that posts the token, so that it is neither in argv nor in a URL (and so not in
 * the history, nor in a Referer).
 *
 * @param origin the loopback server's, e.g. `http://127.0.0.1:41234`
 * @param token base64url
 */
export function bootstrapPage(origin: string, token: string): string {
  const script = createHash('sha256').update(SUBMIT).digest('base64');
  const policy = `default-src 'none'; script-src 'sha256-${script}'; form-action ${origin}`;
  return page(
    `<form method="post" action="${origin}/enter"><input type="hidden" name="token" value="${token}"><noscript><button>SmartPresence</button></noscript></form><script>${SUBMIT}</script>`,
    'SmartPresence',
    `<meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="referrer" content="no-referrer">`,
  );
}

const page = (body: string, title: string, head = ''): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8">${head}<title>${title}</title></head><body>${body}</body></html>\n`;
