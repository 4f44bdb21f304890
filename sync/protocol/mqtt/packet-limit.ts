import type { Duplex } from 'node:stream';
import { Problem } from '../../errors/problem.ts';

/** Maximum bytes of the length field of an MQTT packet (§1.5.5 of MQTT 5, §2.2.3 of 3.1.1). */
const LENGTH_BYTES = 4;

/**
 * Destroys a stream as soon as the other side announces a packet longer than `max`. The parsers of mqtt.js and aedes buffer
 * packets of up to 256 MB before passing them on; this reads the fixed headers as they arrive. Attach it before the parser.
 *
 * @param max longest packet after its fixed header, bytes
 */
export function limitPackets(stream: Duplex, max: number): void {
  let body = 0;
  let length = 0;
  let lengthBytes = -1;
  stream.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; ) {
      if (body > 0) {
        const skip = Math.min(body, chunk.length - at);
        body -= skip;
        at += skip;
      } else if (lengthBytes === -1) {
        // The type of the next packet; its length follows.
        lengthBytes = 0;
        length = 0;
        at += 1;
      } else {
        const byte = chunk[at++]!;
        length += (byte & 0x7f) * 128 ** lengthBytes;
        lengthBytes += 1;
        if (byte >= 0x80 && lengthBytes < LENGTH_BYTES) continue;
        if (byte >= 0x80 || length > max) {
          stream.destroy(new Problem('packet-too-large'));
          return;
        }
        body = length;
        lengthBytes = -1;
      }
    }
  });
}
