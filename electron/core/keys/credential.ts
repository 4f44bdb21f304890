import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../../../sync/errors/problem.ts';

/** The credential's name in the kiosk's systemd unit: `LoadCredentialEncrypted=smartpresence-device-secret:…`. */
const CREDENTIAL = 'smartpresence-device-secret';

/** Returns whether systemd has given this process the credential with the device secret. */
export const hasCredential = (env: NodeJS.ProcessEnv): boolean =>
  Boolean(env.CREDENTIALS_DIRECTORY) && existsSync(join(env.CREDENTIALS_DIRECTORY!, CREDENTIAL));

/**
 * Returns the device secret as base64, from systemd's credential store (sealed by the TPM or the machine's own key:
 * https://systemd.io/CREDENTIALS/), or null if it should be kept in a file.
 *
 * @param inFile explicitly requests a 0600 file, whatever credentials exist; the screens then keep showing a notice
 * @throws Problem `device-secret-missing` or `device-secret-bad`
 */
export function readDeviceSecret(env: NodeJS.ProcessEnv, inFile: boolean): string | null {
  if (inFile) return null;
  const folder = env.CREDENTIALS_DIRECTORY;
  if (!folder) {
    throw new Problem('device-secret-missing', { reason: 'this kiosk has no keystore' });
  }
  let secret: Buffer;
  try {
    secret = readFileSync(join(folder, CREDENTIAL));
  } catch (cause) {
    throw new Problem('device-secret-missing', { reason: `the credential ${CREDENTIAL} can’t be read`, cause });
  }
  if (secret.byteLength !== 32) {
    throw new Problem('device-secret-bad', { credential: CREDENTIAL, bytes: secret.byteLength });
  }
  return secret.toString('base64');
}

/**
 * Returns the device secret for a command line, which is not given its location: 32 bytes of the credential if this process
 * received it, else null for the file.
 *
 * @throws Problem `device-secret-bad`
 */
export function givenDeviceSecret(env: NodeJS.ProcessEnv): Uint8Array | null {
  const secret = readDeviceSecret(env, !hasCredential(env));
  return secret === null ? null : Buffer.from(secret, 'base64');
}
