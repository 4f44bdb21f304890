import { RpcError } from '../../../electron/contract/rpc-error.ts';
import { hasSentence, t } from '../../shared/i18n.ts';

/** The sentence for what a call was rejected with, in the screen's language; one that has none carries its code. */
export function errorTextOf(error: unknown): string {
  const code = error instanceof RpcError ? error.code : 'internal';
  const key = `error.${code}`;
  return t(hasSentence(key) ? key : 'error.other', { code });
}
