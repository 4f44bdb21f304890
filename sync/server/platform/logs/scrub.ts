/**
 * Removes possible personal data and secrets from a text: anything in quotes (libraries quote the invalid value), e-mail
 * addresses, telephone numbers, coordinates, and anything long enough to be a key or a token. Pure.
 *
 * @param o `quotes`: false for our own texts, which quote names of variables and commands
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
/** Hexadecimal and base64 of 128 bits or more, including ids. Slashes don't match, so file paths are kept. */
const LONG = /[A-Za-z0-9+_=-]{22,}/g;
/** Names of variables and codes. */
const PLAIN_NAME = /^([A-Z_]+|[a-z-]+)$/;
const PHONE = /\+?\d[\d ()-]{6,}\d/g;
const DATE = /^\d{4}-\d\d-\d\d$/;
const COORDINATE = /-?\d{1,3}[.,]\d{4,}/g;
