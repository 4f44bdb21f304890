import { join } from 'node:path';
import { readIfThere, replaceFile } from '../../../sync/disk/replace.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { KEY_BYTES, requireStrong } from './derive.ts';
import type { Random } from './envelope.ts';
import { requirePrivate } from './private-file.ts';

export interface StoreKeys {
  /** 32 bytes from the host's keystore; null for a 0600 file `device-secret` in the kiosk's folder. */
  readonly deviceSecret: Uint8Array | null;
  /** 32 bytes that the server sent at provisioning; null for the 0600 file `provisioning-secret`, if it exists. */
  readonly provisioningSecret?: Uint8Array | null;
  /** Lets `createStore` create the file `device-secret` if the host has no keystore. */
  readonly allowSecretFile?: boolean;
  /** Machine id that replaces this machine's own; for tests. */
  readonly machineId?: string;
}

export interface Secrets {
  readonly device: Uint8Array;
  readonly provisioning: Uint8Array | null;
}

export const deviceSecretFile = (home: string): string => join(home, 'device-secret');
export const provisioningSecretFile = (home: string): string => join(home, 'provisioning-secret');

/**
 * Reads the secrets of the key slots.
 *
 * @param create whether a missing device secret may be created now (only with `allowSecretFile`)
 * @throws Problem `device-secret-missing`, `secret-malformed`, `secret-weak`, `secret-file-exposed`
 */
export function readSecrets(home: string, keys: StoreKeys, create: boolean, random: Random): Secrets {
  const device =
    keys.deviceSecret ?? secretFromFile(deviceSecretFile(home)) ?? (create ? makeSecret(home, keys, random) : null);
  if (!device)
    throw new Problem('device-secret-missing', { reason: 'there is neither a keystore nor the file device-secret' });
  requireStrong(device, 'device secret');
  const provisioning = keys.provisioningSecret ?? secretFromFile(provisioningSecretFile(home));
  if (provisioning) requireStrong(provisioning, 'provisioning secret');
  return { device, provisioning };
}

function secretFromFile(file: string): Uint8Array | null {
  const bytes = readIfThere(file);
  if (!bytes) return null;
  requirePrivate(file);
  return bytes;
}

function makeSecret(home: string, keys: StoreKeys, random: Random): Uint8Array | null {
  if (!keys.allowSecretFile) return null;
  const secret = random(KEY_BYTES);
  requireStrong(secret, 'device secret');
  replaceFile(deviceSecretFile(home), secret);
  return secret;
}
