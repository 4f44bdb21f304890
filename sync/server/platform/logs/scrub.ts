/**
 * Takes out of a sentence what may be about a person or be a secret: what is in quotes (libraries quote the value that
 * they trip over), e-mail addresses, telephone numbers, coordinates, and anything long enough to be a key or a token. Pure.
 *
 * @param o `quotes`: false for our own sentences, which quote names of variables and commands
 */
export function scrub(text: string, { quotes = true }: { readonly quotes?: boolean } = {}): string {
  const bare = quotes ? text.replace(QUOTED, '‹…›') : text;
  return bare
    .replace(EMAIL, '‹e-mail›')
    .replace(LONG, (run) => (PLAIN_NAME.test(run) ? run : '‹opaque›'))
    .replace(PHONE, (digits) => (DATE.test(digits) ? digits : '‹number›'))
    .replace(COORDINATE, '‹number›')
    .slice(0, LONGEST);
}

const LONGEST = 1000;
const QUOTED = /"[^"]*"?|'[^']*'|‘[^’]*’|“[^”]*”|`[^`]*`/g;
const EMAIL = /[^\s<>"'(),;:]+@[^\s<>"'(),;:]+/g;
/** Hexadecimal and base64 from 128 bits on, ids included; slashes end it, so that paths of files stay. */
const LONG = /[A-Za-z0-9+_=-]{22,}/g;
/** Names of variables and codes. */
const PLAIN_NAME = /^([A-Z_]+|[a-z-]+)$/;
const PHONE = /\+?\d[\d ()-]{6,}\d/g;
const DATE = /^\d{4}-\d\d-\d\d$/;
const COORDINATE = /-?\d{1,3}[.,]\d{4,}/g;
