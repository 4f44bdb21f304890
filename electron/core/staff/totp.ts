import { createHmac } from 'node:crypto';
import { APP_DIGITS, STEP_MS } from '../../../sync/protocol/seal/technician-code.ts';

/**
 * Time-based one-time passwords (RFC 6238) as all authenticator apps use them: HMAC-SHA-1, 6 digits, 30 s. Pure; the caller
 * passes the time, ms since 1970.
 */

/** Returns the code of one time step (RFC 4226 §5.3). */
export function codeAt(secret: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const at = mac.at(-1)! & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 10 ** APP_DIGITS).padStart(APP_DIGITS, '0');
}

/** Returns the steps whose codes are accepted at this time: the current one and its neighbours, for a clock 30 s off. */
export function stepsAround(now: number): readonly number[] {
  const step = Math.floor(now / STEP_MS);
  return [step - 1, step, step + 1];
}
