import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SafeStorage } from 'electron';
import { readIfThere, replaceFile, syncFolder } from '../../sync/disk/replace.ts';
import { Problem } from '../../sync/errors/problem.ts';
import { hasCredential, readDeviceSecret as readCredential } from '../core/keys/credential.ts';
import { deviceSecretFile } from '../core/keys/device-secret.ts';

/** The part of Electron's safeStorage that is used: only the asynchronous one, since Electron 46 has no other. */
export type Keystore = Pick<
  SafeStorage,
  'isAsyncEncryptionAvailable' | 'getSelectedStorageBackend' | 'encryptStringAsync' | 'decryptStringAsync'
>;

const FILE = 'device-secret.sealed';

export interface SecretPlaces {
  readonly keystore: Keystore;
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  /** Whether the operator explicitly allowed a 0600 file if nothing else keeps the secret. */
  readonly allowFile: boolean;
}

/**
 * Whether the system keeps keys for us. On Linux, `basic_text` is a password in Chromium's source code, and safeStorage reports
 * `unknown` before it has chosen: both count as none.
 */
export async function hasKeystore(keystore: Keystore, platform: NodeJS.Platform): Promise<boolean> {
  if (!(await keystore.isAsyncEncryptionAvailable())) return false;
  if (platform !== 'linux') return true;
  return !['basic_text', 'unknown'].includes(keystore.getSelectedStorageBackend());
}

/**
 * Returns the device secret as base64: unsealed from its file, given by systemd, or created and sealed at the first start. Null:
 * it is in a 0600 file that the core keeps, by the operator's explicit wish. The place used when the store was created takes
 * precedence, so that nothing that appears later (a keyring, a credential) locks it.
 *
 * @throws Problem `device-secret-missing` (nothing keeps it, no wish), `device-secret-bad` (a credential of another length) or
 *   `device-secret-unreadable` (sealed by another keystore)
 */
export async function readDeviceSecret({
  keystore,
  platform,
  env,
  home,
  allowFile,
}: SecretPlaces): Promise<string | null> {
  // A store created with the file (by `npm start`) can only be opened with it, whether there is a keystore or not.
  if (allowFile && existsSync(deviceSecretFile(home))) return null;
  const file = join(home, FILE);
  const sealed = readIfThere(file);
  if (!sealed && hasCredential(env)) return readCredential(env, false);
  if (!(await hasKeystore(keystore, platform))) {
    if (allowFile && !sealed) return null;
    throw new Problem('device-secret-missing', {
      reason: sealed ? 'the keystore that sealed it is missing' : 'this system has no keystore',
    });
  }
  if (sealed) return unseal(keystore, sealed, file);
  const secret = randomBytes(32).toString('base64');
  writeOnce(file, await keystore.encryptStringAsync(secret));
  return secret;
}

async function unseal(keystore: Keystore, sealed: Buffer, file: string): Promise<string> {
  let found: Awaited<ReturnType<Keystore['decryptStringAsync']>>;
  try {
    found = await keystore.decryptStringAsync(sealed);
  } catch (cause) {
    throw unreadable({ cause });
  }
  // Never replaced: a new secret would lock the store for good, whereas the old keyring may still come back.
  if (Buffer.from(found.result, 'base64').byteLength !== 32) throw unreadable();
  // The keystore has a newer key, so the secret is sealed again and the old key may be deleted.
  if (found.shouldReEncrypt) replaceFile(file, await keystore.encryptStringAsync(found.result));
  return found.result;
}

const unreadable = (options: ErrorOptions = {}): Problem => new Problem('device-secret-unreadable', options);

/**
 * Writes a file atomically, since half a secret would lock the store for good. Fails if it exists: two simultaneous first starts
 * must not end with one secret sealed and the other in use.
 */
function writeOnce(file: string, content: Buffer): void {
  const draft = `${file}.${process.pid}`;
  replaceFile(draft, content);
  try {
    linkSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
  syncFolder(dirname(file));
}
