import { createHash, createHmac, hkdfSync } from 'node:crypto';
import { Problem } from '../../../errors/problem.ts';
import { decryptGcm, encryptGcm } from '../../../protocol/seal/aes-gcm.ts';
import { canonicalBytes } from '../../../protocol/seal/chain.ts';
import { below, find, insertNew, remove, update } from '../database/rows.ts';
import type { Tx } from '../database/schema.ts';

/**
 * Writes that may be sent again (header `Idempotency-Key`): the first does it and keeps its answer for a day, in the same
 * transaction; the others get that answer. Answers hold personal values, so each is sealed under a key that is derived from
 * the client's own key: the table keeps its hash alone, and nobody who has database and server keys opens one.
 */

/** How long an answer is kept, ms. */
export const KEEP_MS = 24 * 60 * 60 * 1000;

/** A UUID, or as much randomness in another form. */
const KEY = /^[A-Za-z0-9_-]{22,128}$/;

export interface KeptAnswer {
  readonly status: number;
  readonly body: unknown;
  /** The people it shows: a repeat is a reading of its own. */
  readonly subjects: readonly string[];
}

export interface Claim {
  /** What was answered before; null: this is the first. */
  readonly kept: KeptAnswer | null;
  keep(answer: KeptAnswer): Promise<void>;
  /** Releases the key: there is nothing to repeat. */
  release(): Promise<void>;
}

/** @throws Problem `idempotency-key-malformed` */
export function readIdempotencyKey(header: string | readonly string[] | undefined): string | null {
  if (header === undefined) return null;
  if (typeof header === 'string' && KEY.test(header)) return header;
  throw new Problem('idempotency-key-malformed');
}

/**
 * Takes the key for this transaction. A caller with the same key meanwhile waits for its end.
 *
 * @param owner account or person: keys of different people are different
 * @param request whatever must be equal for two requests to be one
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
