import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { newDataKey, openStream, type StreamName, sealStream } from './stream.ts';

const NAME: StreamName = { kind: 'database', id: '20270301T080000Z-1f2e3d4c' };
const MIB = 1024 * 1024;

async function* stream(bytes: Uint8Array, step = 70_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

async function all(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Splits a sealed stream into chunks, each including its length prefix. */
function chunksOf(sealed: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < sealed.length; ) {
    const end = at + 4 + (sealed.readUInt32BE(at) & 0x7fff_ffff);
    chunks.push(sealed.subarray(at, end));
    at = end;
  }
  return chunks;
}

describe('a sealed stream', () => {
  const key = newDataKey();
  const plain = randomBytes(3 * MIB + 5);
  const open = (sealed: Uint8Array, name = NAME, k: Uint8Array = key) =>
    all(openStream(k, name, stream(sealed, 123_457)));
  const refused = (sealed: Uint8Array, name = NAME, k: Uint8Array = key) =>
    expect(open(sealed, name, k)).rejects.toMatchObject({ code: 'backup-broken' });

  test('decrypts to the original, whatever its length', async () => {
    for (const length of [0, 1, MIB - 1, MIB, MIB + 1, 2 * MIB, 3 * MIB + 5]) {
      const part = plain.subarray(0, length);
      const sealed = await all(sealStream(key, NAME, stream(part)));
      expect((await open(sealed)).equals(part)).toBe(true);
      expect(sealed.length).toBe(length + 20 * Math.max(1, Math.ceil(length / MIB)));
    }
  });

  test('refuses a chunk that is missing, repeated, moved, altered or from another stream, and a stream cut at a chunk', async () => {
    const sealed = await all(sealStream(key, NAME, stream(plain)));
    const [a, b, c, d] = chunksOf(sealed) as [Buffer, Buffer, Buffer, Buffer];
    expect((await open(Buffer.concat([a, b, c, d]))).equals(plain)).toBe(true);
    for (const other of [[b, a, c, d], [a, a, b, c, d], [a, c, d], [a, b, c], [a, b, d], [d], [a, b, c, d, d], []])
      await refused(Buffer.concat(other));
    const turned = Buffer.from(sealed);
    turned[MIB]! ^= 4;
    await refused(turned);
    // The nonce contains whether a chunk is the last, so setting the flag alone is not enough.
    const last = Buffer.from(c);
    last.writeUInt32BE((last.readUInt32BE(0) | 0x8000_0000) >>> 0, 0);
    await refused(Buffer.concat([a, b, last]));
    const twin = chunksOf(await all(sealStream(newDataKey(), NAME, stream(plain)))) as [Buffer, Buffer, Buffer, Buffer];
    await refused(Buffer.concat([a, twin[1], c, d]));
  });

  test('a stream of another kind, of another backup or under another key does not open', async () => {
    const sealed = await all(sealStream(key, NAME, stream(plain.subarray(0, 10))));
    await refused(sealed, { ...NAME, kind: 'keyring' });
    await refused(sealed, { ...NAME, id: '20270302T080000Z-1f2e3d4c' });
    await refused(sealed, NAME, newDataKey());
  });
});
