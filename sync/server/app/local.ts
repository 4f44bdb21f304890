import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { replaceFile } from '../../disk/replace.ts';
import { Problem } from '../../errors/problem.ts';
import { lockHome } from '../platform/database/lock.ts';
import { makeServerHome } from '../platform/home.ts';

/**
 * A server for evaluation on this machine. Its keys are in a 0600 file beside its data. A production server's never are: it
 * takes them from its environment.
 */

const KEYS = ['ENCRYPTION_KEY', 'SECRET_KEY'] as const;
/** Previous keys, in the same file while an operator rotates the keys. */
const PREVIOUS = ['ENCRYPTION_KEY_PREVIOUS', 'SECRET_KEY_PREVIOUS'] as const;
type DemoKeys = Record<(typeof KEYS)[number], string> & Partial<Record<(typeof PREVIOUS)[number], string>>;

/**
 * Makes the server home and its demo keys if missing. If `env` already has keys, these are used and no keys are written.
 *
 * @returns environment for the server process and its operator's commands
 * @throws Problem `server-home-not-usable`, `demo-keys-unreadable`, `database-in-use` if another process is starting here now
 */
export function initServer(
  serverHome: string,
  env: Readonly<Record<string, string | undefined>> = {},
): Record<string, string> {
  makeServerHome(serverHome);
  const given = KEYS.every((name) => env[name]);
  const keys = given
    ? { ENCRYPTION_KEY: env.ENCRYPTION_KEY!, SECRET_KEY: env.SECRET_KEY! }
    : demoKeys(join(serverHome, 'keys.env'));
  return { SMARTPRESENCE_SERVER_HOME: serverHome, ...keys };
}

/** Makes the demo keys under a lock: otherwise, of two processes starting at once, one would use keys that the other replaced. */
function makeDemoKeys(path: string): void {
  const letGo = lockHome(dirname(path));
  try {
    if (existsSync(path)) return;
    const lines = KEYS.map((name) => `${name}=${randomBytes(32).toString('base64')}`);
    const warning = '# Keys of this evaluation server. Anyone who has this file can read its data.';
    replaceFile(path, `${warning}\n${lines.join('\n')}\n`, { byMany: true });
  } finally {
    letGo();
  }
}

function demoKeys(path: string): DemoKeys {
  if (!existsSync(path)) makeDemoKeys(path);
  const values = Object.fromEntries(
    [...readFileSync(path, 'utf8').matchAll(/^([A-Z_]+)=(\S+)$/gm)].map((m) => [m[1], m[2]]),
  );
  const [ENCRYPTION_KEY, SECRET_KEY] = KEYS.map((name) => values[name]);
  if (!ENCRYPTION_KEY || !SECRET_KEY) {
    // New keys are not made, since the existing data would be lost.
    throw new Problem('demo-keys-unreadable', { path });
  }
  const previous = PREVIOUS.flatMap((name) => (values[name] ? [[name, values[name]]] : []));
  return { ENCRYPTION_KEY, SECRET_KEY, ...Object.fromEntries(previous) };
}
