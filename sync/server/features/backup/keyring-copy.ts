import type { Keys } from '../../platform/keys/envelope.ts';
import { labelOf, type Place, placeOf } from '../../platform/keys/gcm.ts';
import { malformed } from '../../platform/objects/sealed/frames.ts';
import { newDataKey, openStream, sealStream } from '../../platform/objects/sealed/stream.ts';

/**
 * A copy of schema `keyring`, under its own sub-key: backup id (25 bytes) ‖ length of the envelope (2, big-endian) ‖ envelope
 * of its data key ‖ sealed stream. It is one object, so that each of its versions is a complete copy. The backups' key can't
 * open it.
 */

const place = (id: string): Place => placeOf('keyring-backup.key', id);
const ID_BYTES = 25;

/** Encrypts a copy. @param id of its backup; written first, since the object's name is always the same */
export async function* sealKeyring(keys: Keys, id: string, plain: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const dataKey = newDataKey();
  const envelope = keys.seal('keyring-backup', place(id), dataKey);
  const prefix = Buffer.alloc(2);
  prefix.writeUInt16BE(envelope.length, 0);
  yield Buffer.concat([Buffer.from(id, 'latin1'), prefix, envelope]);
  yield* sealStream(dataKey, { kind: 'keyring', id }, plain);
}

/** Decrypts a copy. @throws Problem `backup-malformed`, `backup-broken`, `envelope-unknown-version`, `envelope-broken` */
export async function* openKeyring(keys: Keys, sealed: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const source = sealed[Symbol.asyncIterator]();
  let held = Buffer.alloc(0);
  const atLeast = async (bytes: number) => {
    while (held.length < bytes) {
      const { done, value } = await source.next();
      if (done) throw malformed('the copy of the keyring is cut off');
      held = Buffer.concat([held, value]);
    }
  };
  await atLeast(ID_BYTES + 2);
  const id = held.subarray(0, ID_BYTES).toString('latin1');
  const length = held.readUInt16BE(ID_BYTES);
  await atLeast(ID_BYTES + 2 + length);
  const envelope = held.subarray(ID_BYTES + 2, ID_BYTES + 2 + length);
  if (!labelOf(envelope)) throw malformed('the copy of the keyring does not begin with its key');
  const dataKey = keys.open('keyring-backup', place(id), envelope);
  async function* rest() {
    yield held.subarray(ID_BYTES + 2 + length);
    for (;;) {
      const { done, value } = await source.next();
      if (done) return;
      yield value;
    }
  }
  yield* openStream(dataKey, { kind: 'keyring', id }, rest());
}
