import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { CompactEncrypt, CompactSign } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { MemoryOutbox } from '../../../test/kit/outbox.ts';
import { Problem } from '../../errors/problem.ts';
import type { Ack } from '../wire/ack.ts';
import { type Ed25519PublicJwk, MAX_SEALED_BYTES, PROTOCOL_VERSION, TYP } from '../wire/batch.ts';
import type { WireEvent } from '../wire/event.ts';
import { openAck, signAck } from './ack.ts';
import { openBatch, sealBatch } from './batch.ts';
import { agreementKey, keyId, newSealingKey, newSigningKey, publicHalf, signatureKey } from './keys.ts';
import { MIN_BUCKET, pad, unpad } from './padding.ts';

const SERVER = '11111111-1111-4111-8111-111111111111';
const NOW = '2026-01-02T03:04:05.678Z';
const device = newSigningKey();
const stranger = newSigningKey();
const sealing = newSealingKey();
const serverKey = newSigningKey();
let outbox: MemoryOutbox;
let events: WireEvent[];
let sealed: string;

const seal = (
  batch: readonly WireEvent[] = events,
  signing = device,
  server = publicHalf(sealing),
  serverId = SERVER,
) => sealBatch(batch, { signing, server, serverId }, NOW);
const open = (message: string, expected = outbox.device, registered: Ed25519PublicJwk | null = publicHalf(device)) =>
  openBatch(
    message,
    {
      sealing: async (kid) => (kid === (await keyId(publicHalf(sealing))) ? sealing : null),
      device: async () => registered,
    },
    { serverId: SERVER, device: expected },
  );
/** Returns the code of the rejection. Fails if there was none, or on anything but a coded Problem. */
const codeOf = async (attempt: Promise<unknown>): Promise<string> => {
  const outcome = await attempt.then(
    () => 'TAKEN',
    (error: unknown) => (error instanceof Problem ? error.code : `UNCODED ${String(error)}`),
  );
  return outcome;
};
/** Seals a JWS from another source. */
const sealRaw = async (signed: string, header: Record<string, unknown> = {}) =>
  new CompactEncrypt(pad(new TextEncoder().encode(signed)))
    .setProtectedHeader({
      alg: 'ECDH-ES',
      enc: 'A256GCM',
      typ: TYP.sealedBatch,
      cty: TYP.batch,
      kid: await keyId(publicHalf(sealing)),
      ...header,
    })
    .encrypt(await agreementKey(publicHalf(sealing)));
const batchHeader = () => ({
  alg: 'EdDSA',
  typ: TYP.batch,
  iss: outbox.device,
  aud: SERVER,
  epoch: outbox.epoch,
  first: 1,
  last: events.length,
  spv: PROTOCOL_VERSION,
});
const signRaw = async (header: Record<string, unknown>, key = device, body: unknown = { sentAt: NOW, events }) =>
  new CompactSign(new TextEncoder().encode(JSON.stringify(body)))
    .setProtectedHeader(header as { alg: string })
    .sign(await signatureKey(key));

beforeAll(async () => {
  outbox = new MemoryOutbox();
  const person = outbox.person('Ada Lovelace');
  outbox.checkin(person);
  outbox.checkin(person, 'out');
  events = [...outbox.events];
  sealed = await seal();
});

describe('a sealed batch', () => {
  test('opens to what was sealed', async () => {
    const { header, body } = await open(sealed);
    expect(header).toEqual(batchHeader());
    expect(body).toEqual({ sentAt: NOW, events });
  });

  test('shows the carrier no plaintext, and always one of the bucket sizes', async () => {
    for (const part of sealed.split('.'))
      expect(Buffer.from(part, 'base64url').toString('latin1')).not.toContain('Lovelace');
    const sizes = new Set<number>();
    for (let count = 1; count <= events.length; count++)
      sizes.add(Buffer.from((await seal(events.slice(0, count))).split('.')[3]!, 'base64url').length);
    for (const size of sizes) expect(Math.log2(size / MIN_BUCKET) % 1).toBe(0);
  });

  test('is rejected with a code if any bit is flipped', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length - 1), fc.integer({ min: 0, max: 7 }), async (at, bit) => {
        const bytes = Buffer.from(sealed, 'latin1');
        bytes[at]! ^= 1 << bit;
        const code = await codeOf(open(bytes.toString('latin1')));
        expect(['batch-malformed', 'batch-undecryptable', 'unknown-sealing-key']).toContain(code);
      }),
      { numRuns: 400 },
    );
  });

  test('is rejected if the last, partly unused, character of any part is changed', async () => {
    const parts = sealed.split('.');
    for (const i of [0, 2, 3, 4]) {
      const last = parts[i]!.at(-1)!;
      for (const other of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
        if (other === last) continue;
        const changed = parts.with(i, parts[i]!.slice(0, -1) + other).join('.');
        expect(await codeOf(open(changed))).not.toBe('TAKEN');
      }
    }
  });

  test('is rejected with a code if truncated, extended or replaced', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.nat(sealed.length - 1).map((n) => sealed.slice(0, n)),
          fc.string(),
          fc.string().map((s) => `${sealed}${s || '.'}`),
          fc.base64String().map((s) => `${s}.${s}.${s}.${s}.${s}`),
        ),
        async (message) => {
          expect(await codeOf(open(message))).toMatch(/^(batch-|unknown-)/);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('is rejected before decryption if it is too large', async () => {
    const asked: string[] = [];
    const attempt = openBatch(
      sealed.padEnd(MAX_SEALED_BYTES + 1, 'A'),
      { sealing: async (kid) => (asked.push(kid) > 0 ? sealing : null), device: async () => publicHalf(device) },
      { serverId: SERVER, device: outbox.device },
    );
    expect(await codeOf(attempt)).toBe('batch-too-large');
    expect(asked).toEqual([]);
  });

  test('from a device other than the transport’s authenticated one is rejected', async () => {
    const other = new MemoryOutbox();
    other.person('Mallory');
    expect(await codeOf(open(await seal(other.events)))).toBe('wrong-issuer');
  });

  test('in the name of a device but signed by another key is rejected', async () => {
    expect(await codeOf(open(await seal(events, stranger)))).toBe('bad-signature');
  });

  test('of an unregistered device is rejected', async () => {
    expect(await codeOf(open(sealed, outbox.device, null))).toBe('unknown-device');
  });

  test('for another server, or sealed to an unknown key, is rejected', async () => {
    expect(
      await codeOf(open(await seal(events, device, publicHalf(sealing), '22222222-2222-4222-8222-222222222222'))),
    ).toBe('wrong-audience');
    expect(await codeOf(open(await seal(events, device, publicHalf(newSealingKey()))))).toBe('unknown-sealing-key');
  });

  test.each([
    ['another signature algorithm', { alg: 'Ed25519' }],
    ['no algorithm', { alg: undefined }],
    ['"none"', { alg: 'none' }],
    ['a symmetric algorithm', { alg: 'HS256' }],
    ['a key', { jwk: publicHalf(stranger) }],
    ['the address of a key', { jku: 'https://attacker.example/keys' }],
    ['a certificate', { x5c: ['AAAA'] }],
    ['a critical extension', { crit: ['b64'], b64: false }],
    ['another type', { typ: TYP.ack }],
    ['a reversed range', { first: 3, last: 1 }],
    ['more than the protocol allows', { last: 1_000_000 }],
  ])('whose inner header names %s is rejected', async (_what, change) => {
    const header = Buffer.from(JSON.stringify({ ...batchHeader(), ...change })).toString('base64url');
    const [, payload, signature] = (await signRaw(batchHeader())).split('.');
    expect(await codeOf(open(await sealRaw(`${header}.${payload}.${signature}`)))).toBe('batch-malformed');
  });

  test('with a key in its inner header is rejected, even if correctly signed with that key', async () => {
    const signed = await signRaw({ ...batchHeader(), jwk: publicHalf(stranger) }, stranger);
    expect(await codeOf(open(await sealRaw(signed)))).toBe('batch-malformed');
  });

  test('of another protocol version is rejected with that reason', async () => {
    expect(await codeOf(open(await sealRaw(await signRaw({ ...batchHeader(), spv: PROTOCOL_VERSION + 1 }))))).toBe(
      'unsupported-protocol',
    );
  });

  test('with more or fewer events than its range is rejected although correctly signed', async () => {
    for (const last of [2, 4])
      expect(await codeOf(open(await sealRaw(await signRaw({ ...batchHeader(), last }))))).toBe('batch-malformed');
    expect(await codeOf(open(await sealRaw(await signRaw(batchHeader(), device, { sentAt: NOW, events: [] }))))).toBe(
      'batch-malformed',
    );
  });

  test.each([
    ['a symmetric key wrap', { alg: 'ECDH-ES+A256KW' }],
    ['a weaker cipher', { enc: 'A128GCM' }],
    ['CBC', { enc: 'A256CBC-HS512' }],
  ])('whose outer header asks for %s is rejected', async (_what, change) => {
    expect(await codeOf(open(await sealRaw(await signRaw(batchHeader()), change)))).toBe('batch-malformed');
  });

  test.each([
    ['compression', { zip: 'DEF' }],
    ['an embedded key', { jwk: publicHalf(stranger) }],
    ['party information', { apu: 'AAAA' }],
  ])('whose outer header carries %s is rejected', async (_what, change) => {
    const parts = sealed.split('.');
    const header = { ...JSON.parse(Buffer.from(parts[0]!, 'base64url').toString()), ...change };
    expect(await codeOf(open(parts.with(0, Buffer.from(JSON.stringify(header)).toString('base64url')).join('.')))).toBe(
      'batch-malformed',
    );
  });

  test('is not created from events with a gap, of two epochs, or from none', async () => {
    const stray = structuredClone(events[1]!);
    stray.header.epoch = '33333333-3333-4333-8333-333333333333';
    for (const wrong of [[], [events[0]!, events[2]!], [events[0]!, stray]])
      expect(await codeOf(seal(wrong))).toBe('batch-not-consecutive');
  });
});

describe('padding', () => {
  test('is reversible, and its size is a power of two', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 9000 }), (content) => {
        const padded = pad(content);
        expect(Math.log2(padded.length / MIN_BUCKET) % 1).toBe(0);
        expect(Buffer.from(unpad(padded)).equals(content)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test('rejects what it would not have produced', () => {
    const good = pad(new Uint8Array([1, 2, 3]));
    const dirty = good.slice();
    dirty[good.length - 1] = 1;
    const long = good.slice();
    new DataView(long.buffer).setUint32(0, good.length);
    const loose = new Uint8Array(good.length * 2);
    loose.set(good);
    for (const bad of [dirty, long, loose, new Uint8Array(3), new Uint8Array(MIN_BUCKET + 1)]) {
      expect(() => unpad(bad)).toThrowError(expect.objectContaining({ code: 'bad-padding' }));
    }
  });
});

describe('an ack', () => {
  const ack: Ack = { device: SERVER, epoch: SERVER, committed: 12, safe: 0, logEpoch: SERVER, serverTime: NOW };
  const expected = { device: ack.device, epoch: ack.epoch };

  test('opens to what was signed', async () => {
    expect(await openAck(await signAck(ack, serverKey), [publicHalf(serverKey)], expected)).toEqual(ack);
  });

  test('is rejected with a code if any bit is flipped', async () => {
    const signed = await signAck(ack, serverKey);
    await fc.assert(
      fc.asyncProperty(fc.nat(signed.length - 1), fc.integer({ min: 0, max: 7 }), async (at, bit) => {
        const bytes = Buffer.from(signed, 'latin1');
        bytes[at]! ^= 1 << bit;
        const code = await codeOf(openAck(bytes.toString('latin1'), [publicHalf(serverKey)], expected));
        expect(['ack-malformed', 'bad-ack-signature', 'unknown-server-key', 'unsupported-protocol']).toContain(code);
      }),
      { numRuns: 400 },
    );
  });

  test('of another key, for another device or epoch, oversized, or with impossible marks is rejected', async () => {
    const other = '44444444-4444-4444-8444-444444444444';
    const signed = await signAck(ack, serverKey);
    expect(await codeOf(openAck(await signAck(ack, stranger), [publicHalf(serverKey)], expected))).toBe(
      'unknown-server-key',
    );
    expect(await codeOf(openAck(signed, [publicHalf(serverKey)], { ...expected, device: other }))).toBe(
      'ack-of-another',
    );
    expect(await codeOf(openAck(signed, [publicHalf(serverKey)], { ...expected, epoch: other }))).toBe(
      'ack-of-another',
    );
    expect(await codeOf(openAck(signed.padEnd(5000, 'A'), [publicHalf(serverKey)], expected))).toBe('ack-too-large');
    expect(
      await codeOf(openAck(await signAck({ ...ack, safe: 13 }, serverKey), [publicHalf(serverKey)], expected)),
    ).toBe('ack-malformed');
  });

  test('can’t be forged with the known kid and another key’s signature', async () => {
    const [, payload] = (await signAck(ack, stranger)).split('.');
    const header = { alg: 'EdDSA', typ: TYP.ack, kid: await keyId(publicHalf(serverKey)), spv: 1 };
    const forged = await new CompactSign(Buffer.from(payload!, 'base64url'))
      .setProtectedHeader(header)
      .sign(await signatureKey(stranger));
    expect(await codeOf(openAck(forged, [publicHalf(serverKey)], expected))).toBe('bad-ack-signature');
  });

  test('can’t be a batch', async () => {
    const signed = await signRaw(batchHeader(), serverKey);
    expect(await codeOf(openAck(signed, [publicHalf(serverKey)], expected))).toBe('ack-malformed');
  });
});

test('a key id is the RFC 7638 thumbprint (vector of RFC 8037, appendix A.3)', async () => {
  const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
  expect(await keyId({ kty: 'OKP', crv: 'Ed25519', x })).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  expect(createHash('sha256').update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest('base64url')).toBe(
    'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
  );
});
