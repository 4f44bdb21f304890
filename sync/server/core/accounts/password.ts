import { hash, type Options, verify } from '@node-rs/argon2';
import { Problem } from '../../../errors/problem.ts';

// 2 is argon2id; the package has it as a const enum, which single-file compilation can't read.
/** argon2id as recommended by OWASP (Password Storage Cheat Sheet): 19 MiB, 2 passes, 1 lane. */
export const ARGON2: Options = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Shortest and longest password, in Unicode code points (NIST SP 800-63B §5.1.1.2). */
export const PASSWORD_LENGTH = { min: 12, max: 128 } as const;

/** Hashes computed at once: each takes 19 MiB and a core for tens of milliseconds, and anyone can request one. */
const AT_ONCE = 2;
/** Most callers that may wait. Further ones are refused. */
const WAITING = 50;

let running = 0;
const waiting: (() => void)[] = [];

async function exclusive<T>(work: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE) {
    if (waiting.length >= WAITING) throw new Problem('too-many-requests');
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else {
    running += 1;
  }
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}

/** Normalises to NFC, so that a password typed on different keyboards is the same (RFC 8265). */
const bytesOf = (password: string): Buffer => Buffer.from(password.normalize('NFC'), 'utf8');

/** @returns PHC string. Slow by design: never call it inside a transaction */
export const hashPassword = (password: string): Promise<string> => exclusive(() => hash(bytesOf(password), ARGON2));

/** Hash of a password that nobody knows. Checked if there is no account, so that both cases take the same time. */
let decoy: Promise<string> | null = null;

/** @param stored PHC string; null: no such account, or it has no password */
export async function checkPassword(stored: string | null, password: string): Promise<boolean> {
  decoy ??= hashPassword(crypto.randomUUID()).catch((error: unknown) => {
    // Refused because too many were waiting. The next sign-in makes it.
    decoy = null;
    throw error;
  });
  const against = stored ?? (await decoy);
  const right = await exclusive(() => verify(against, bytesOf(password)));
  return right && stored !== null;
}

/** The most common leaked passwords: a common word or a run of keys, padded with digits and signs. */
const COMMON =
  /^[\W\d_]*(pass(word|wort|phrase)?|admin(istrator)?|welcome|willkommen|letmein|login|secret|geheim|qwert[yz](uiop)?|asdf(ghjkl)?|iloveyou|abc(def)?|test|changeme|summer|sommer|winter|monkey|dragon|master|hallo|hello)+[\W\d_]*$|^(\d|[^\p{L}\d])+$/iu;

/**
 * Checks a password locally: its length, and that it is not common, nor a few repeated characters, nor contains the name of
 * the account or product. @throws Problem `password-weak`
 */
export function checkStrength(password: string, email: string | null): void {
  const characters = [...password.normalize('NFC')];
  const refuse = (why: string) => new Problem('password-weak', { reason: why, min: PASSWORD_LENGTH.min });
  if (characters.length < PASSWORD_LENGTH.min) throw refuse(`is shorter than ${PASSWORD_LENGTH.min} characters`);
  if (characters.length > PASSWORD_LENGTH.max) throw refuse(`is longer than ${PASSWORD_LENGTH.max} characters`);
  if (new Set(characters).size < 5) throw refuse('repeats a few characters');
  if (COMMON.test(password)) throw refuse('is one that many people use');
  const plain = password.toLowerCase();
  const user = email?.toLowerCase().split('@')[0];
  if (user && user.length > 3 && plain.includes(user)) throw refuse('contains the name of the account');
  if (plain.includes('smartpresence')) throw refuse('contains the name of the product');
}
