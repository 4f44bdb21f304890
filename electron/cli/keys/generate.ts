import { randomBytes } from 'node:crypto';
import { readKey } from '../../../sync/server/platform/keys/strength.ts';

/** Generates a new pair of keys for the server's environment, base64. */
export function generateKeys(): { readonly ENCRYPTION_KEY: string; readonly SECRET_KEY: string } {
  return { ENCRYPTION_KEY: key(), SECRET_KEY: key() };
}

/** Generates a key. One that the server would refuse by chance (under 2⁻⁴⁰) is drawn again. */
function key(): string {
  for (;;) {
    const text = randomBytes(32).toString('base64');
    if (typeof readKey(text) !== 'string') return text;
  }
}
