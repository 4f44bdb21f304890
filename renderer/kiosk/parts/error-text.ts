import { RpcError } from '../../../electron/contract/rpc-error.ts';
import { waitOf } from '../../shared/i18n.ts';
import type { RefusedArrival } from '../arrivals.ts';
import { hasSentence, keyOr, t } from '../i18n.ts';

/** Returns the text for a failed call in the screen's language. An error without a text of its own shows its code. */
export function errorTextOf(error: unknown): string {
  const code = error instanceof RpcError ? error.code : 'internal';
  return t(keyOr(`error.${code}`, 'error.other'), { code });
}

/** Returns the text for a lasting condition. One without a text of its own shows its code. */
export function noticeText(code: string): string {
  const key = `status.notice.${code}`;
  return hasSentence(key) ? t(key) : t('status.notice.other', { code });
}

/** Returns why the kiosk can't reach its server: a text, if there is one, and the code. */
export function serverProblemText(code: string): string {
  const key = `setup.trouble.${code}.why`;
  return hasSentence(key) ? `${t(key)} (${code})` : code;
}

/** Returns what to do about an error of the core: in the screen's language if it has a text, else the core's own text. */
export function nextStepOf(code: string, fallback: string): string {
  const key = `coreError.${code}.next`;
  return hasSentence(key) ? t(key) : fallback;
}

/** Returns the text for a refused code or badge. Unknown and revoked are deliberately the same. */
export function readErrorText({ code, seconds }: Pick<RefusedArrival, 'code' | 'seconds'>): string {
  if (code === 'locked' && seconds !== null) return t('error.locked-for', { time: waitOf(seconds) });
  return t(keyOr(`error.${code}`, 'error.other'), { code });
}
