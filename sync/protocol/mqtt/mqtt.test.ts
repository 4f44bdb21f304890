import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { limitPackets } from './packet-limit.ts';
import { typOf } from './payload.ts';

/** An MQTT packet of this type with a body of `length` bytes. */
function packet(length: number, type = 0x30): Buffer {
  const header = [type];
  let left = length;
  do {
    header.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    left >>>= 7;
  } while (left > 0);
  return Buffer.concat([Buffer.from(header), Buffer.alloc(length, 7)]);
}

async function outcome(bytes: Buffer, max: number, step: number): Promise<string> {
  const stream = new PassThrough();
  let ended = '';
  stream.on('error', (e: Error & { code?: string }) => {
    ended = e.code!;
  });
  limitPackets(stream, max);
  for (let at = 0; at < bytes.length && !stream.destroyed; at += step) {
    stream.write(bytes.subarray(at, at + step));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return ended || 'passed';
}

describe('the limit of MQTT packets', () => {
  test.each([1, 2, 3, 7, 1000])('applies regardless of chunk size (%i bytes)', async (step) => {
    const fine = Buffer.concat([packet(0, 0xc0), packet(127), packet(128), packet(300), packet(0, 0xd0), packet(300)]);
    expect(await outcome(fine, 300, step)).toBe('passed');
    expect(await outcome(Buffer.concat([fine, packet(301)]), 300, step)).toBe('packet-too-large');
  });

  test('ends the stream at the announced length, before the body arrives', async () => {
    expect(await outcome(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]), 1000, 5)).toBe('packet-too-large');
  });

  test('ends the stream at an endless length field', async () => {
    expect(await outcome(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80, 0x01]), 1000, 6)).toBe('packet-too-large');
  });
});

test('reads a payload’s stated type, only for types of this protocol; null for junk', () => {
  const say = (header: unknown) => `${Buffer.from(JSON.stringify(header)).toString('base64url')}.a.b`;
  expect(typOf(say({ typ: 'sp-ack+jws' }))).toBe('sp-ack+jws');
  for (const junk of [
    '',
    '.',
    'x',
    'é.é',
    say({ typ: 'JWT' }),
    say(null),
    say([1]),
    `${'A'.repeat(5000)}.x`,
    '\u0000.\u0000',
  ])
    expect(typOf(junk), junk.slice(0, 20)).toBeNull();
});
