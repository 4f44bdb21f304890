import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { Problem } from '../../../errors/problem.ts';
import { canonicalBytes } from '../../../protocol/seal/chain.ts';
import { find, remove, update } from '../database/rows.ts';
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
const NONCE = 12;
const TAG = 16;

export interface KeptAnswer {
  readonly status: number;
  readonly body: unknown;
  /** Who it shows: a repeat is a reading of its own. */
  readonly subjects: readonly string[];
}

export interface Claim {
  /** What was answered before; null: this is the first. */
  readonly kept: KeptAnswer | null;
  keep(answer: KeptAnswer): Promise<void>;
  /** Gives the key back: what was done is nothing to repeat. */
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
  await tx
    .deleteFrom('idempotency')
    .where('key', '=', id)
    .where('made_at', '<', new Date(now.getTime() - KEEP_MS))
    .execute();
  const made = await tx
    .insertInto('idempotency')
    .values({ key: id, digest, made_at: now })
    .onConflict((c) => c.doNothing())
    .executeTakeFirst();
  const claimed = {
    async keep({ status, ...answer }: KeptAnswer) {
      const sealed = seal(key, owner, Buffer.from(JSON.stringify(answer)));
      await update(tx, 'idempotency', { key: id }, { status, answer: sealed });
    },
    async release() {
      await remove(tx, 'idempotency', { key: id });
    },
  };
  if (made.numInsertedOrUpdatedRows) return { kept: null, ...claimed };
  const row = await find(tx, 'idempotency', { key: id });
  if (!row || !Buffer.from(row.digest).equals(digest) || !row.answer) throw new Problem('idempotency-key-reused');
  const answer = JSON.parse(open(key, owner, row.answer).toString('utf8')) as Omit<KeptAnswer, 'status'>;
  return { kept: { status: row.status!, ...answer }, ...claimed };
}

const sealKey = (key: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key, '', 'smartpresence/v1/idempotency-answer', 32));

function seal(key: string, owner: string, plain: Buffer): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', sealKey(key), nonce, { authTagLength: TAG });
  cipher.setAAD(Buffer.from(owner));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function open(key: string, owner: string, sealed: Uint8Array): Buffer {
  const bytes = Buffer.from(sealed);
  const decipher = createDecipheriv('aes-256-gcm', sealKey(key), bytes.subarray(0, NONCE), { authTagLength: TAG });
  decipher.setAAD(Buffer.from(owner));
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG));
  return Buffer.concat([decipher.update(bytes.subarray(NONCE, bytes.length - TAG)), decipher.final()]);
}
