import { readFileSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import type { RoleName, Signer } from '../../../build/release/documents.ts';
import { type ClosedKey, findKeys, requirePassphrase } from '../../../build/release/key-file.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { requirePrivate } from '../../core/keys/private-file.ts';
import { password } from '../ask.ts';

const TRIES = 3;
const INSTEAD = { secret: 'a passphrase', instead: 'Give it in a file of mode 600, with --passphrase-file.' };

/**
 * Source of passphrases: a file, or the person at the terminal. They are never arguments, which every process can read.
 */
export interface Passphrases {
  fresh(what: string): Promise<string>;
  open(key: ClosedKey): Promise<Signer>;
}

/** @throws Problem `secret-file-exposed`, `release-passphrase-file` */
export function passphrases(file: string | undefined): Passphrases {
  if (file) {
    const passphrase = fromFile(file);
    return { fresh: async () => passphrase, open: async (key) => key.open(passphrase) };
  }
  /** Passphrases that have opened a key in this run, since one person often holds several keys. */
  const known: string[] = [];
  return {
    async fresh(what) {
      for (;;) {
        const typed = await password(`New passphrase for ${what}: `, INSTEAD);
        requirePassphrase(typed);
        if (typed === (await password('Repeat it: ', INSTEAD))) return typed;
        process.stderr.write('The passphrases differ.\n');
      }
    },
    async open(key) {
      for (const passphrase of known) {
        const signer = attempt(key, passphrase);
        if (signer) return signer;
      }
      for (let left = TRIES; left > 0; left--) {
        const typed = await password(`Passphrase of the ${key.role} key ${key.keyid.slice(0, 12)}: `, INSTEAD);
        const signer = attempt(key, typed);
        if (signer) {
          known.push(typed);
          return signer;
        }
        process.stderr.write('Wrong passphrase.\n');
      }
      throw new Problem('release-key-not-opened', { file: key.file });
    },
  };
}

function attempt(key: ClosedKey, passphrase: string): Signer | null {
  try {
    return key.open(passphrase);
  } catch (cause) {
    if ((cause as Problem).code === 'release-passphrase-wrong') return null;
    throw cause;
  }
}

function fromFile(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Problem('release-passphrase-file', { file, cause });
  }
  // A systemd credential is only accessible to its service. Its mode bits reflect an access list.
  const credentials = process.env.CREDENTIALS_DIRECTORY;
  if (!credentials || !resolve(file).startsWith(resolve(credentials) + sep)) requirePrivate(file);
  return text.split('\n')[0]!.trim();
}

/**
 * Opens the requested keys in some folders.
 *
 * @param roles roles whose keys are considered
 * @param asked names of keys that can sign something
 */
export async function openKeys(
  folders: readonly string[],
  roles: readonly RoleName[],
  asked: ReadonlySet<string>,
  from: Passphrases,
): Promise<Signer[]> {
  const signers: Signer[] = [];
  for (const key of folders.flatMap((folder) => findKeys(folder)))
    if (roles.includes(key.role) && asked.has(key.keyid)) signers.push(await from.open(key));
  return signers;
}
