import { RpcError } from '../../../electron/contract/rpc-error.ts';
import { keyOr, t } from '../i18n.ts';

/** The sentence for what a call was rejected with, in the screen's language; one that has none carries its code. */
export function errorTextOf(error: unknown): string {
  const code = error instanceof RpcError ? error.code : 'internal';
  return t(keyOr(`error.${code}`, 'error.other'), { code });
}
