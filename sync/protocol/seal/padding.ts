import { Problem } from '../../errors/problem.ts';
import { MAX_PLAIN_BYTES } from '../wire/batch.ts';
import type { Noun } from './message.ts';

/** Smallest bucket, bytes. Buckets are the powers of two from here to MAX_PLAIN_BYTES. */
export const MIN_BUCKET = 2048;
const LENGTH_BYTES = 4;

/**
 * Pads to a bucket size, so that the carrier learns a message's size only to a factor of two. Layout: 32-bit big-endian length ‖
 * content ‖ zeros.
 *
 * @param limit maximum size of the padded result, bytes; a bucket
 * @throws Problem `batch-too-large` (or with the other `noun`) if it does not fit
 */
export function pad(content: Uint8Array, limit = MAX_PLAIN_BYTES, noun: Noun = 'batch'): Uint8Array {
  const needed = content.length + LENGTH_BYTES;
  if (needed > limit) throw new Problem(`${noun}-too-large`);
  let bucket = MIN_BUCKET;
  while (bucket < needed) bucket *= 2;
  const padded = new Uint8Array(bucket);
  new DataView(padded.buffer).setUint32(0, content.length);
  padded.set(content, LENGTH_BYTES);
  return padded;
}

/** Reverses `pad`. Rejects anything that `pad` would not have produced, with `bad-padding`. */
export function unpad(padded: Uint8Array): Uint8Array {
  const refuse = (reason: string) => new Problem('bad-padding', { reason });
  if (padded.length < MIN_BUCKET || padded.length > MAX_PLAIN_BYTES) throw refuse('the padded size is no bucket');
  const length = new DataView(padded.buffer, padded.byteOffset, padded.byteLength).getUint32(0);
  if (length + LENGTH_BYTES > padded.length) throw refuse('the stated length does not fit');
  const content = padded.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
  let bucket = MIN_BUCKET;
  while (bucket < length + LENGTH_BYTES) bucket *= 2;
  if (bucket !== padded.length) throw refuse('the padded size is not the bucket of this content');
  const rest = padded.subarray(LENGTH_BYTES + length);
  if (Buffer.compare(rest, Buffer.alloc(rest.length)) !== 0) throw refuse('the padding is not zero');
  return content;
}
