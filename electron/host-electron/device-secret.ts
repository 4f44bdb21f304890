import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SafeStorage } from 'electron';
import { readIfThere, replaceFile, syncFolder } from '../../sync/disk/replace.ts';
import { Problem } from '../contract/problem.ts';

/** The part of Electron's safeStorage that is used. */
export type Keystore = Pick<
  SafeStorage,
  'isEncryptionAvailable' | 'getSelectedStorageBackend' | 'encryptString' | 'decryptString'
>;

const FILE = 'device-secret.sealed';
const FILE_OF_CORE = 'device-secret';

/**
 * True when the system keeps keys for us. On Linux, `basic_text` is a password that stands in Chromium's source, and
 * `unknown` is what safeStorage says before it has chosen: both count as none.
 */
export function hasKeystore(keystore: Keystore, platform: NodeJS.Platform): boolean {
  if (!keystore.isEncryptionAvailable()) return false;
  if (platform !== 'linux') return true;
  return !['basic_text', 'unknown'].includes(keystore.getSelectedStorageBackend());
}

/**
 * The device secret as base64: unsealed from its file, or made and sealed at the first start. Null: it lives in a
 * 0600 file that the core keeps, by the operator's explicit wish.
 *
 * @throws Problem `device-secret-missing` (no keystore, no wish) or `device-secret-unreadable` (sealed by another one)
 */
export function readDeviceSecret(
  keystore: Keystore,
  platform: NodeJS.Platform,
  home: string,
  allowFile: boolean,
): string | null {
  // A store that was made with the file (by `npm start`) opens with the file alone, keystore or not.
  if (allowFile && existsSync(join(home, FILE_OF_CORE))) return null;
  if (!hasKeystore(keystore, platform)) {
    if (allowFile) return null;
    throw new Problem(
      'device-secret-missing',
      'This system has no keystore for the kiosk’s device secret.',
      'Set up a keyring (GNOME Keyring or KWallet), or allow a plain file with --secret-in-file.',
    );
  }
  const file = join(home, FILE);
  const sealed = readIfThere(file);
  if (sealed) return unseal(keystore, sealed);
  const secret = randomBytes(32).toString('base64');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  writeOnce(file, keystore.encryptString(secret));
  return secret;
}

function unseal(keystore: Keystore, sealed: Buffer): string {
  let secret: string;
  try {
    secret = keystore.decryptString(sealed);
  } catch (cause) {
    throw unreadable({ cause });
  }
  // Never made anew: a new secret would lock the store for good, where the old keyring may still come back.
  if (Buffer.from(secret, 'base64').byteLength !== 32) throw unreadable();
  return secret;
}

const unreadable = (options?: ErrorOptions): Problem =>
  new Problem(
    'device-secret-unreadable',
    'The device secret was sealed by another keystore.',
    'Log in as the kiosk’s own user, or recover the store with its recovery key.',
    options,
  );

/**
 * Whole or not at all, since half a secret would lock the store for good. Fails when the file exists: two first starts at once
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
