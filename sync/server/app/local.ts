import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { replaceFile } from '../../disk/replace.ts';
import { Problem } from '../../errors/problem.ts';
import { lockHome } from '../platform/database/lock.ts';
import { makeServerHome } from '../platform/home.ts';

/**
 * A server for evaluation on this very machine. Its keys are in a 0600 file beside its data, which a production
 * server's never do: that one takes them from its environment.
 */

const KEYS = ['ENCRYPTION_KEY', 'SECRET_KEY'] as const;
/** As they were, while an operator rotates them: they are in the same file then. */
const PREVIOUS = ['ENCRYPTION_KEY_PREVIOUS', 'SECRET_KEY_PREVIOUS'] as const;
type DemoKeys = Record<(typeof KEYS)[number], string> & Partial<Record<(typeof PREVIOUS)[number], string>>;

/**
 * Makes the server home and its demo keys unless they are there. Keys that `env` already has win, and nothing is written.
 *
 * @returns what the server process and its operator's commands need in their environment
 * @throws Problem `server-home-not-usable`, `demo-keys-unreadable`, `database-in-use` when another process begins here at this moment
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

/** Only once: of two that start at the same moment, one would otherwise use keys that the other's have replaced. */
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
    // Not made again: the data beside it would be lost.
    throw new Problem('demo-keys-unreadable', { path });
  }
  const previous = PREVIOUS.flatMap((name) => (values[name] ? [[name, values[name]]] : []));
  return { ENCRYPTION_KEY, SECRET_KEY, ...Object.fromEntries(previous) };
}
