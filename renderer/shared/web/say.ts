import type { ApiError } from './api.ts';
import { hasSentence, t } from './i18n.ts';

/**
 * Returns an error as sentences: what happened, and what to do. In the reader's language if there is `problem.CODE`, else the
 * server's English text, marked as such for screen readers.
 */
export function errorText({ code, title, nextStep, params }: ApiError): {
  title: string;
  next: string;
  lang: string | undefined;
} {
  const [what, todo] = [`problem.${code}.title`, `problem.${code}.next`];
  return hasSentence(what) && hasSentence(todo)
    ? { title: t(what, params), next: t(todo, params), lang: undefined }
    : { title, next: nextStep, lang: 'en' };
}
