import { createHash, createHmac, hkdfSync } from 'node:crypto';
import { Problem } from '../../../errors/problem.ts';
import { decryptGcm, encryptGcm } from '../../../protocol/seal/aes-gcm.ts';
import { canonicalBytes } from '../../../protocol/seal/chain.ts';
import { below, find, insertNew, remove, update } from '../database/rows.ts';
import type { Tx } from '../database/schema.ts';

/**
 * Makes writes safe to repeat (header `Idempotency-Key`): the first request does the work and stores its answer for a day, in
 * the same transaction; repetitions get that answer. Answers contain personal data, so each is encrypted with a key derived from
 * the client's key. The table only has its hash, so database and server keys together can't decrypt an answer.
 */

/** How long an answer is kept, ms. */
export const KEEP_MS = 24 * 60 * 60 * 1000;

/** A UUID, or at least as much randomness in another form. */
const KEY = /^[A-Za-z0-9_-]{22,128}$/;

export interface KeptAnswer {
  readonly status: number;
  readonly body: unknown;
  /** The people it shows. Repeating it counts as reading their data again. */
  readonly subjects: readonly string[];
}

export interface Claim {
  /** The earlier answer. Null if this is the first request. */
  readonly kept: KeptAnswer | null;
  keep(answer: KeptAnswer): Promise<void>;
  /** Releases the key, because there is no answer to repeat. */
  release(): Promise<void>;
}

/** Returns null if there is no header. @throws Problem `idempotency-key-malformed` */
export function readIdempotencyKey(header: string | readonly string[] | undefined): string | null {
  if (header === undefined) return null;
  if (typeof header === 'string' && KEY.test(header)) return header;
  throw new Problem('idempotency-key-malformed');
}

/**
 * Claims the key for this transaction. Another request with the same key waits until it ends.
 *
 * @param owner account or person; the same key of two owners counts as two keys
 * @param request everything that must be equal for a request to count as a repetition
 * @throws Problem `idempotency-key-reused`
 */
export async function claim(
  tx: Tx,
  key: string,
  owner: string,
  request: readonly unknown[],
  now: Date,
): Promise<Claim> {
  const id = createHash('sha256').update(`${owner}\0${key}`).digest();
  const digest = createHmac('sha256', key).update(canonicalBytes(request)).digest();
  await remove(tx, 'idempotency', { key: id, made_at: below(new Date(now.getTime() - KEEP_MS)) });
  const isNew = (await insertNew(tx, 'idempotency', { key: id, digest, made_at: now })) > 0;
  const claimed = {
    async keep({ status, ...answer }: KeptAnswer) {
      const sealed = encryptGcm(sealKey(key), Buffer.from(owner), Buffer.from(JSON.stringify(answer)));
      await update(tx, 'idempotency', { key: id }, { status, answer: sealed });
    },
    async release() {
      await remove(tx, 'idempotency', { key: id });
    },
  };
  if (isNew) return { kept: null, ...claimed };
  const row = await find(tx, 'idempotency', { key: id });
  if (!row || !Buffer.from(row.digest).equals(digest) || !row.answer) throw new Problem('idempotency-key-reused');
  const opened = decryptGcm(sealKey(key), Buffer.from(owner), row.answer);
  const answer = JSON.parse(opened.toString('utf8')) as Omit<KeptAnswer, 'status'>;
  return { kept: { status: row.status!, ...answer }, ...claimed };
}

const sealKey = (key: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key, '', 'smartpresence/v1/idempotency-answer', 32));
