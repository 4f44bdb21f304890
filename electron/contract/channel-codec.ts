import { Decoder, Encoder } from '@msgpack/msgpack';
import { MAX_MESSAGE_BYTES, MAX_MESSAGE_ITEMS, RefusedMessage } from './channel.ts';
import { inspectMsgpack } from './channel-limits.ts';

const encoder = new Encoder({ maxDepth: 32, ignoreUndefined: true });
/** `keyDecoder: null`: the shared decoder caches every key it has seen, including keys that an attacker chose. */
const decoder = new Decoder({
  maxStrLength: 65_536,
  maxBinLength: MAX_MESSAGE_BYTES,
  maxArrayLength: MAX_MESSAGE_ITEMS,
  maxMapLength: MAX_MESSAGE_ITEMS,
  maxExtLength: 0,
  keyDecoder: null,
});

/** One message as msgpack bytes. Throws for what msgpack can't hold (functions, bigint, deeper than 32). */
export const encodeMessage = (message: unknown): Uint8Array<ArrayBuffer> => encoder.encode(message);

/** The message in these bytes, or why it was refused; never throws, never allocates more than the limits allow. */
export function decodeMessage(bytes: Uint8Array): unknown {
  const wrong = inspectMsgpack(bytes);
  if (wrong) return new RefusedMessage(wrong);
  try {
    return decoder.decode(bytes);
  } catch {
    // What remains: a `__proto__` key, a key that is not a string, or a string over 64 KiB. All are the sender's fault.
    return new RefusedMessage('message-not-decodable');
  }
}
