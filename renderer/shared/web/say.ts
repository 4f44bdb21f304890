import { hasSentence, t } from '../i18n.ts';
import type { ApiError } from './api.ts';

/**
 * A refusal as sentences: what happened, and what to do. In the reader's language where `problem.CODE` has them, else the
 * server's own English ones, marked as such for screen readers.
 */
export function errorText({ code, title, nextStep, params }: ApiError): {
  title: string;
  next: string;
  lang: string | undefined;
} {
  const known = hasSentence(`problem.${code}.title`);
  return known
    ? { title: t(`problem.${code}.title`, params), next: t(`problem.${code}.next`, params), lang: undefined }
    : { title, next: nextStep, lang: 'en' };
}
