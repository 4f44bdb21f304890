import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { Problem } from '../../../../errors/problem.ts';

/**
 * Encrypts a stream of any length with one key (the STREAM construction of Hoang, Reyhanitabar, Rogaway, Vizár 2015). Each
 * chunk is AES-256-GCM. Its nonce is the chunk's number and whether it is the last one; its associated data is the stream's
 * name. So decryption fails if a chunk was altered, removed, repeated or moved, or if the stream was truncated or replaced
 * by another one.
 *
 * Chunk: length of the rest (4, big-endian; top bit set on the last chunk) ‖ ciphertext ‖ tag (16).
 */

const CHUNK = 1024 * 1024;
const TAG = 16;
const LAST = 0x8000_0000;

/** Identifies a stream, e.g. the `database` of backup 2026…. Bound to the key and to every chunk. */
export interface StreamName {
  readonly kind: 'database' | 'keyring' | 'manifest';
  readonly id: string;
}

export const newDataKey = () => randomBytes(32);

/** Derives a separate key for each stream, so that nonces, which are counters, never repeat under one key. */
function streamKey(dataKey: Uint8Array, { kind, id }: StreamName): Buffer {
  return Buffer.from(hkdfSync('sha256', dataKey, new Uint8Array(0), `smartpresence/backup/v1/${kind}/${id}`, 32));
}

function nonce(number: number, last: boolean): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt8(last ? 1 : 0, 0);
  bytes.writeBigUInt64BE(BigInt(number), 4);
  return bytes;
}

/** Encrypts a stream. Each name may be used only once per data key. */
export async function* sealStream(
  dataKey: Uint8Array,
  name: StreamName,
  plain: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer> {
  const key = streamKey(dataKey, name);
  const bound = Buffer.from(`${name.kind}\0${name.id}`, 'utf8');
  let number = 0;
  const seal = (bytes: Uint8Array, last: boolean): Buffer => {
    const cipher = createCipheriv('aes-256-gcm', key, nonce(number, last), { authTagLength: TAG });
    cipher.setAAD(bound);
    number += 1;
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32BE(((bytes.length + TAG) | (last ? LAST : 0)) >>> 0, 0);
    return Buffer.concat([prefix, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  };
  let held: Uint8Array[] = [];
  let length = 0;
  for await (let piece of plain) {
    // A full chunk is held back until more data arrives, because it may be the last.
    while (length + piece.length > CHUNK) {
      const fits = CHUNK - length;
      yield seal(Buffer.concat([...held, piece.subarray(0, fits)]), false);
      piece = piece.subarray(fits);
      held = [];
      length = 0;
    }
    held.push(piece);
    length += piece.length;
  }
  yield seal(Buffer.concat(held), true);
}

/** Decrypts a stream. @throws Problem `backup-broken`: altered, truncated, reordered, of another backup or under another key */
export async function* openStream(
  dataKey: Uint8Array,
  name: StreamName,
  sealed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer> {
  const key = streamKey(dataKey, name);
  const bound = Buffer.from(`${name.kind}\0${name.id}`, 'utf8');
  let number = 0;
  let held = Buffer.alloc(0);
  let pieces: Uint8Array[] = [];
  let length = 0;
  let needed = 4;
  let ended = false;
  for await (const piece of sealed) {
    pieces.push(piece);
    length += piece.length;
    if (length < needed) continue;
    held = Buffer.concat(pieces);
    while (held.length >= 4) {
      if (ended) throw broken('something follows its end');
      const word = held.readUInt32BE(0);
      const last = (word & LAST) !== 0;
      const size = (word & ~LAST) >>> 0;
      if (size < TAG || size > CHUNK + TAG) throw broken('a chunk has an impossible length');
      needed = 4 + size;
      if (held.length < needed) break;
      yield open(held.subarray(4, needed), last);
      held = held.subarray(needed);
      needed = 4;
      ended = last;
    }
    pieces = [held];
    length = held.length;
  }
  if (!ended || length > 0) throw broken('it is cut off');

  function open(chunk: Buffer, last: boolean): Buffer {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce(number, last), { authTagLength: TAG });
    decipher.setAAD(bound);
    decipher.setAuthTag(chunk.subarray(chunk.length - TAG));
    try {
      const plain = Buffer.concat([decipher.update(chunk.subarray(0, chunk.length - TAG)), decipher.final()]);
      number += 1;
      return plain;
    } catch (cause) {
      throw broken(`chunk ${number} was altered or is in the wrong place, or the key is another`, cause);
    }
  }
}

const broken = (why: string, cause?: unknown): Problem => new Problem('backup-broken', { reason: why, cause });

/** Compresses with zstd's level 1, which halves the rows: they are mostly ciphertext in hexadecimal. */
export const compressed = (plain: AsyncIterable<Uint8Array>) =>
  through(plain, createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } }));

export const decompressed = (packed: AsyncIterable<Uint8Array>) => through(packed, createZstdDecompress());

async function* through(source: AsyncIterable<Uint8Array>, transform: Transform): AsyncGenerator<Uint8Array> {
  const done = pipeline(Readable.from(source, { highWaterMark: 2 }), transform);
  // Reported below, or by the iteration itself.
  done.catch(() => undefined);
  yield* transform as AsyncIterable<Uint8Array>;
  await done;
}
