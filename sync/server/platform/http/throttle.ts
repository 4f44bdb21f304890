import { isIPv6 } from 'node:net';
import type { Kysely } from 'kysely';
import { Problem } from '../../../errors/problem.ts';
import { inTransaction } from '../database/retry.ts';
import { remove, update } from '../database/rows.ts';
import type { Db, Tables } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';

/**
 * Backoff for anything that can be guessed. Attempts are charged before they are checked, so that parallel attempts all
 * count; a success refunds the charge. Stored in the database under keyed hashes, so restarts and replicas don't matter, and
 * an address without an account is treated like one with an account.
 */

export interface Allowance {
  /** Attempts before the first pause. */
  readonly free: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** One attempt is forgotten per this time, so that a day's typos don't lock out a whole office. */
  readonly forgetMs: number;
}

const [SECOND, MINUTE] = [1000, 60_000];

export const ALLOWANCES = {
  /** Per account. In the long run an attacker has 96 guesses per day, and each needs a code as well as the password. */
  account: { free: 5, firstPauseMs: 15 * SECOND, longestPauseMs: 15 * MINUTE, forgetMs: 15 * MINUTE },
  /** Per network address, which an office shares. */
  address: { free: 30, firstPauseMs: 15 * SECOND, longestPauseMs: 15 * MINUTE, forgetMs: MINUTE },
  /** Links requested for one e-mail address, against mail bombing. */
  mail: { free: 3, firstPauseMs: 10 * MINUTE, longestPauseMs: 240 * MINUTE, forgetMs: 60 * MINUTE },
  /** Links requested from one network address. */
  mails: { free: 100, firstPauseMs: 5 * SECOND, longestPauseMs: MINUTE, forgetMs: 10 * SECOND },
} as const satisfies Record<string, Allowance>;
export type AllowanceName = keyof typeof ALLOWANCES;

/** After this time every attempt is forgotten, ms. */
export const LONGEST_MEMORY_MS = 24 * 60 * MINUTE;

/** Returns the pause after this many failures, ms. Pure. */
export function pauseMs({ free, firstPauseMs, longestPauseMs }: Allowance, failures: number): number {
  if (failures < free) return 0;
  return Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(30, failures - free));
}

/** Returns the key of a counter. @param what e.g. a blind index, or a network address */
export function throttleKey(keys: Keys, name: AllowanceName, what: string | Uint8Array): Buffer {
  return keys.hashToken(
    `throttle\0${name}\0${typeof what === 'string' ? what : Buffer.from(what).toString('base64url')}`,
  );
}

/** Returns the network that counts as one client: the /64 of an IPv6 address, since a subscriber has all of it. */
export function networkOf(ip: string): string {
  if (!isIPv6(ip)) return ip;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip);
  if (mapped) return mapped[1]!;
  const [head = '', tail] = ip.toLowerCase().split('%')[0]!.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((g) => g.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}

/**
 * Charges an attempt, unless it is made during a pause. Uses its own transaction, so that the charge remains if the attempt
 * fails.
 *
 * @returns ms to wait, or 0 if the attempt may be checked
 */
export function charge(db: Db, key: Buffer, name: AllowanceName, now: Date): Promise<number> {
  return inTransaction(db, async (tx) => {
    // One statement, because between two of them a success could delete the row.
    const row = await tx
      .insertInto('sign_in_attempt')
      .values({ key, failures: 0, last_at: now })
      // A clock that was set back must not lock anyone out, so a failure in the future counts as one now.
      .onConflict((c) =>
        c.column('key').doUpdateSet((e) => ({
          last_at: e.fn<Date>('least', [e.ref('sign_in_attempt.last_at'), e.ref('excluded.last_at')]),
        })),
      )
      .returningAll()
      .executeTakeFirstOrThrow();
    const since = now.getTime() - row.last_at.getTime();
    const allowance = ALLOWANCES[name];
    const wait = pauseMs(allowance, row.failures) - since;
    if (wait > 0) return wait;
    const left = Math.max(0, row.failures - Math.floor(since / allowance.forgetMs));
    await update(tx, 'sign_in_attempt', { key }, { failures: left + 1, last_at: now });
    return 0;
  });
}

/** Deletes all charges after a success. */
export async function forgive(db: Kysely<Tables>, key: Buffer): Promise<void> {
  await remove(db, 'sign_in_attempt', { key });
}

/** Refunds only one charge: signing in to one account must not erase other failures from the same address. */
export async function uncharge(db: Kysely<Tables>, key: Buffer): Promise<void> {
  await db
    .updateTable('sign_in_attempt')
    .set((e) => ({ failures: e('failures', '-', 1) }))
    .where('key', '=', key)
    .where('failures', '>', 0)
    .execute();
}

/** Charges each of these, until one has to wait. @throws Problem `attempts-paused` with `seconds` */
export async function chargeAll(
  db: Db,
  charges: readonly { readonly key: Buffer; readonly name: AllowanceName }[],
  now: Date,
): Promise<void> {
  for (const { key, name } of charges) {
    const wait = await charge(db, key, name, now);
    if (wait > 0) throw paused(wait);
  }
}

export function paused(waitMs: number): Problem {
  const seconds = Math.ceil(waitMs / 1000);
  return new Problem('attempts-paused', { seconds });
}
