import { RpcError } from '../../../electron/contract/rpc-error.ts';
import { waitOf } from '../../shared/i18n.ts';
import type { RefusedArrival } from '../arrivals.ts';
import { hasSentence, keyOr, t } from '../i18n.ts';

/** The sentence for what a call was rejected with, in the screen's language; one that has none carries its code. */
export function errorTextOf(error: unknown): string {
  const code = error instanceof RpcError ? error.code : 'internal';
  return t(keyOr(`error.${code}`, 'error.other'), { code });
}

/** The sentence of a standing condition; one that has none carries its code. */
export function noticeText(code: string): string {
  const key = `status.notice.${code}`;
  return hasSentence(key) ? t(key) : t('status.notice.other', { code });
}

/** What keeps the kiosk from its server: a sentence, where there is one, and the code. */
export function serverProblemText(code: string): string {
  const key = `setup.trouble.${code}.why`;
  return hasSentence(key) ? `${t(key)} (${code})` : code;
}

/** What to do about an error of the core: in the screen's language if it has a text, else in the core's words. */
export function nextStepOf(code: string, fallback: string): string {
  const key = `coreError.${code}.next`;
  return hasSentence(key) ? t(key) : fallback;
}

/** What someone hears whose code or badge did not do. Unknown and revoked are the same, by intent. */
export function readErrorText({ code, seconds }: Pick<RefusedArrival, 'code' | 'seconds'>): string {
  if (code === 'locked' && seconds !== null) return t('error.locked-for', { time: waitOf(seconds) });
  return t(keyOr(`error.${code}`, 'error.other'), { code });
}
