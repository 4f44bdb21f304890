import { isIPv6 } from 'node:net';
import type { Kysely } from 'kysely';
import { Problem } from '../../../errors/problem.ts';
import { inTransaction } from '../database/retry.ts';
import { remove, update } from '../database/rows.ts';
import type { Db, Tables } from '../database/schema.ts';
import type { Keys } from '../keys/envelope.ts';

/**
 * Backoff for whatever is guessed. An attempt is charged before it is judged, so that a hundred at once are a hundred; a
 * success takes the charge back. Kept in the database under keyed hashes: a restart, or another replica, forgets nothing,
 * and an address that has no account is treated as one that has.
 */

export interface Allowance {
  /** Attempts before the first pause. */
  readonly free: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** In this time one attempt is forgotten: what a whole office mistypes in a day must not lock it out. */
  readonly forgetMs: number;
}

const [SECOND, MINUTE] = [1000, 60_000];

export const ALLOWANCES = {
  /** By account. In the long run an attacker has 96 guesses a day, each with a code beside the password. */
  account: { free: 5, firstPauseMs: 15 * SECOND, longestPauseMs: 15 * MINUTE, forgetMs: 15 * MINUTE },
  /** By network address: offices share one. */
  address: { free: 30, firstPauseMs: 15 * SECOND, longestPauseMs: 15 * MINUTE, forgetMs: MINUTE },
  /** Links asked for one address: mail bombing. */
  mail: { free: 3, firstPauseMs: 10 * MINUTE, longestPauseMs: 240 * MINUTE, forgetMs: 60 * MINUTE },
  /** Links asked from one network address. */
  mails: { free: 100, firstPauseMs: 5 * SECOND, longestPauseMs: MINUTE, forgetMs: 10 * SECOND },
} as const satisfies Record<string, Allowance>;
export type AllowanceName = keyof typeof ALLOWANCES;

/** After so long nothing is left of any attempt, ms. */
export const LONGEST_MEMORY_MS = 24 * 60 * MINUTE;

/** Pause after this many failures, ms. Pure. */
export function pauseMs({ free, firstPauseMs, longestPauseMs }: Allowance, failures: number): number {
  if (failures < free) return 0;
  return Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(30, failures - free));
}

/** @param what e.g. a blind index, or an address of the network */
export function throttleKey(keys: Keys, name: AllowanceName, what: string | Uint8Array): Buffer {
  return keys.hashToken(
    `throttle\0${name}\0${typeof what === 'string' ? what : Buffer.from(what).toString('base64url')}`,
  );
}

/** A subscriber has a whole /64 of IPv6. */
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
 * Charges an attempt, unless it comes within a pause. In a transaction of its own: what is charged must stay charged
 * although the attempt fails.
 *
 * @returns ms to wait; 0: the attempt may be judged
 */
export function charge(db: Db, key: Buffer, name: AllowanceName, now: Date): Promise<number> {
  return inTransaction(db, async (tx) => {
    // In one statement: between two, a success may forgive, and the row be gone.
    const row = await tx
      .insertInto('sign_in_attempt')
      .values({ key, failures: 0, last_at: now })
      // A clock that was set back must not lock anyone out: a failure in the future counts as one now.
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

/** After a success. */
export async function forgive(db: Kysely<Tables>, key: Buffer): Promise<void> {
  await remove(db, 'sign_in_attempt', { key });
}

/** Takes one charge back, and no more: a person with one account must not wash away what else came from an address. */
export async function uncharge(db: Kysely<Tables>, key: Buffer): Promise<void> {
  await db
    .updateTable('sign_in_attempt')
    .set((e) => ({ failures: e('failures', '-', 1) }))
    .where('key', '=', key)
    .where('failures', '>', 0)
    .execute();
}

/** Charges each of these; throws when one of them has to wait. @throws Problem `attempts-paused` with `seconds` */
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
