import { hasSentence, t } from '../../shared/i18n.ts';

/** A code of the server in words; one that this page does not know yet, as it is. */
export const codeWords = (under: string, code: string): string => {
  const key = `${under}.${code}`;
  return hasSentence(key) ? t(key) : code;
};
