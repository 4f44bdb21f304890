import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { CompactEncrypt, CompactSign } from 'jose';
import { describe, expect, test } from 'vitest';
import { MemoryOutbox } from '../../../test/kit/outbox.ts';
import { Problem } from '../../errors/problem.ts';
import type { Ack } from '../wire/ack.ts';
import { PROTOCOL_VERSION, TYP, understoodVersions } from '../wire/batch.ts';
import { type Ask, MAX_ASK_BYTES, MAX_PAGE_BYTES, type Page } from '../wire/changes.ts';
import { openAck, signAck } from './ack.ts';
import { openAsk, sealAsk } from './ask.ts';
import { openBatch, sealBatch } from './batch.ts';
import { agreementKey, keyId, newSealingKey, newSigningKey, publicHalf, signatureKey } from './keys.ts';
import { pad } from './padding.ts';
import { openPage, sealPage } from './page.ts';
import { messageDigest, openRejection, signRejection } from './rejection.ts';

const SERVER = randomUUID();
const NOW = '2026-01-02T03:04:05.678Z';
const device = { id: randomUUID(), signing: newSigningKey(), sealing: newSealingKey() };
const server = { signing: newSigningKey(), sealing: newSealingKey() };
const stranger = { signing: newSigningKey(), sealing: newSealingKey() };
const trusted = [publicHalf(server.signing)];
const epoch = randomUUID();
const jti = randomUUID();
const kidOf = (key: typeof server.signing | typeof server.sealing) => keyId(publicHalf(key as typeof server.signing));

const ask: Ask = {
  what: 'changes',
  epoch,
  cursor: '',
  limit: 200,
  trusts: [await kidOf(server.signing)],
  presenceAfter: null,
};
const ack: Ack = { device: device.id, epoch, committed: 3, safe: 1, logEpoch: randomUUID(), serverTime: NOW };
const page: Page = {
  what: 'changes',
  device: device.id,
  jti,
  whole: true,
  changes: [
    { kind: 'person', person: randomUUID(), name: 'Ada Lovelace', number: '1001', language: 'en', gpsOptOut: false },
  ],
  cursor: 'here',
  more: false,
  presence: [],
  ack: 'signed',
};
const askKeys = {
  device: device.id,
  signing: device.signing,
  server: publicHalf(server.sealing),
  serverId: SERVER,
};
const pageKeys = { signing: server.signing, device: publicHalf(device.sealing) };
const atServer = {
  sealing: async (kid: string) => (kid === (await kidOf(server.sealing)) ? server.sealing : null),
  device: async () => publicHalf(device.signing),
};
const sender = { serverId: SERVER, device: device.id };
const atDevice = { sealing: device.sealing, trusted };
const answer = { device: device.id, jti };
const sealedPage = await sealPage(page, pageKeys);
const digest = messageDigest(sealedPage);

/** Every kind: a valid message, and how its reader opens it. */
const outbox = new MemoryOutbox(device.id);
outbox.epoch = epoch;
outbox.person('Ada Lovelace');
const KINDS = {
  batch: {
    message: await sealBatch(
      outbox.events,
      { signing: device.signing, server: publicHalf(server.sealing), serverId: SERVER, trusts: ask.trusts },
      NOW,
    ),
    open: (m: string) => openBatch(m, atServer, sender),
  },
  ask: { message: await sealAsk(ask, askKeys, jti), open: (m: string) => openAsk(m, atServer, sender) },
  page: { message: sealedPage, open: (m: string) => openPage(m, atDevice, answer) },
  ack: {
    message: await signAck(ack, server.signing),
    open: (m: string) => openAck(m, trusted, { device: device.id, epoch }),
  },
  rejection: {
    message: await signRejection(
      { device: device.id, digest, code: 'bad-padding', serverTime: NOW },
      server.signing,
      PROTOCOL_VERSION,
    ),
    open: (m: string) => openRejection(m, trusted, { device: device.id, digest }),
  },
} as const;
type Name = keyof typeof KINDS;
const NAMES = Object.keys(KINDS) as Name[];
const SEALED = { batch: server.sealing, ask: server.sealing, page: device.sealing } as const;

/** Returns the code of the rejection; `TAKEN` if there was none. Fails on anything but a coded Problem. */
const codeOf = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'TAKEN',
    (error: unknown) => (error instanceof Problem ? error.code : `UNCODED ${String(error)}`),
  );
const signRaw = async (header: object, body: unknown, key = device.signing) =>
  new CompactSign(new TextEncoder().encode(JSON.stringify(body)))
    .setProtectedHeader(header as { alg: string })
    .sign(await signatureKey(key));
/** Seals a JWS from another source. */
const sealRaw = async (name: keyof typeof SEALED, signed: string, header: object = {}) =>
  new CompactEncrypt(pad(new TextEncoder().encode(signed)))
    .setProtectedHeader({
      alg: 'ECDH-ES',
      enc: 'A256GCM',
      typ: `sp-${name}+jwe`,
      cty: `sp-${name}+jws`,
      kid: await kidOf(SEALED[name]),
      ...header,
    })
    .encrypt(await agreementKey(publicHalf(SEALED[name])));
const askHeader = { alg: 'EdDSA', typ: TYP.ask, iss: device.id, aud: SERVER, spv: 1, jti };
const pageHeader = async () => ({ alg: 'EdDSA', typ: TYP.page, kid: await kidOf(server.signing), spv: 1 });

describe.each(NAMES)('a message of the kind %s', (name) => {
  const { message, open } = KINDS[name];

  test('opens', async () => {
    expect(await codeOf(open(message))).toBe('TAKEN');
  });

  test('is rejected with a code if any bit of any part is flipped', async () => {
    const parts = message.split('.');
    const filled = parts.flatMap((part, i) => (part ? [i] : []));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...filled),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 0, max: 7 }),
        async (i, at, bit) => {
          const bytes = Buffer.from(parts[i]!, 'latin1');
          bytes[Math.floor(at * bytes.length)]! ^= 1 << bit;
          const code = await codeOf(open(parts.with(i, bytes.toString('latin1')).join('.')));
          expect(code).toMatch(new RegExp(`^(${name}-(malformed|undecryptable)|unknown-s|unsupported|bad-)`));
        },
      ),
      { numRuns: 200 },
    );
  });

  test('never opens as another kind, and only fails as malformed', async () => {
    for (const other of NAMES.filter((n) => n !== name)) {
      expect(await codeOf(KINDS[other].open(message))).toMatch(/-(malformed|too-large)$/);
    }
  });

  test('of an unknown version is rejected, of a known one accepted', async () => {
    expect(understoodVersions(1)).toEqual([1]);
    expect(understoodVersions(5)).toEqual([5, 4, 3]);
    const as = (versions: readonly number[]) =>
      ({
        batch: () => openBatch(message, atServer, { ...sender, versions }),
        ask: () => openAsk(message, atServer, { ...sender, versions }),
        page: () => openPage(message, atDevice, { ...answer, versions }),
        ack: () => openAck(message, trusted, { device: device.id, epoch, versions }),
        rejection: () => openRejection(message, trusted, { device: device.id, digest, versions }),
      })[name]();
    // A build that writes two versions later can read it; one that writes three later can't.
    expect(await codeOf(as(understoodVersions(PROTOCOL_VERSION + 2)))).toBe('TAKEN');
    expect(await codeOf(as(understoodVersions(PROTOCOL_VERSION + 3)))).toBe('unsupported-protocol');
  });
});

describe.each(Object.keys(SEALED) as (keyof typeof SEALED)[])('a sealed %s', (name) => {
  test('shows the carrier no plaintext, only a bucket size, and is different each time', async () => {
    const { message } = KINDS[name];
    for (const part of message.split('.')) {
      const bytes = Buffer.from(part, 'base64url').toString('latin1');
      for (const secret of ['Ada', device.id, epoch]) expect(bytes).not.toContain(secret);
    }
    expect(Math.log2(Buffer.from(message.split('.')[3]!, 'base64url').length) % 1).toBe(0);
    expect(await sealAsk(ask, askKeys, jti)).not.toBe(await sealAsk(ask, askKeys, jti));
  });

  test.each([
    ['compression', { zip: 'DEF' }],
    ['an embedded key', { jwk: publicHalf(stranger.sealing) }],
    ['another kind', { typ: 'JWE' }],
    ['other content', { cty: TYP.ack }],
    ['a weaker cipher', { enc: 'A128GCM' }],
    ['a key wrap', { alg: 'ECDH-ES+A256KW' }],
    ['a critical extension', { crit: ['b64'] }],
  ])('whose outer header names %s is rejected before decryption', async (_what, change) => {
    const parts = KINDS[name].message.split('.');
    const header = { ...JSON.parse(Buffer.from(parts[0]!, 'base64url').toString()), ...change };
    const forged = parts.with(0, Buffer.from(JSON.stringify(header)).toString('base64url')).join('.');
    expect(await codeOf(KINDS[name].open(forged))).toBe(`${name}-malformed`);
  });

  test('with a signed message of another kind inside is rejected', async () => {
    for (const inner of ['ack', 'rejection'] as const)
      expect(await codeOf(KINDS[name].open(await sealRaw(name, KINDS[inner].message)))).toBe(`${name}-malformed`);
  });

  test('is rejected before decryption if it is too large', async () => {
    const limit = { batch: 1_400_151, ask: MAX_ASK_BYTES + 1, page: MAX_PAGE_BYTES + 1 }[name];
    expect(await codeOf(KINDS[name].open(KINDS[name].message.padEnd(limit, 'A')))).toBe(`${name}-too-large`);
  });
});

describe('an ask', () => {
  test('of another device, for another server, or signed by another key is rejected', async () => {
    const attempt = async (change: Partial<typeof askKeys>) =>
      codeOf(openAsk(await sealAsk(ask, { ...askKeys, ...change }, jti), atServer, sender));
    expect(await attempt({ device: randomUUID() })).toBe('wrong-issuer');
    expect(await attempt({ serverId: randomUUID() })).toBe('wrong-audience');
    expect(await attempt({ signing: stranger.signing })).toBe('bad-signature');
    expect(await attempt({ server: publicHalf(stranger.sealing) })).toBe('unknown-sealing-key');
    expect(await codeOf(openAsk(KINDS.ask.message, { ...atServer, device: async () => null }, sender))).toBe(
      'unknown-device',
    );
  });

  test.each([
    ['"none"', { alg: 'none' }],
    ['a symmetric algorithm', { alg: 'HS256' }],
    ['a key of its own', { jwk: publicHalf(stranger.signing) }],
    ['the address of a key', { jku: 'https://attacker.example/keys' }],
    ['no question id', { jti: undefined }],
    ['an unknown field', { exp: 1 }],
  ])('whose signed header names %s is rejected', async (_what, change) => {
    const [, payload, signature] = (await signRaw(askHeader, ask)).split('.');
    const header = Buffer.from(JSON.stringify({ ...askHeader, ...change })).toString('base64url');
    expect(await codeOf(openAsk(await sealRaw('ask', `${header}.${payload}.${signature}`), atServer, sender))).toBe(
      'ask-malformed',
    );
  });

  test('with an unknown request or an excessive limit is rejected although correctly signed', async () => {
    for (const body of [{ ...ask, what: 'everything' }, { ...ask, limit: 10_000 }, { ...ask, more: 1 }, 7, null])
      expect(await codeOf(openAsk(await sealRaw('ask', await signRaw(askHeader, body)), atServer, sender))).toBe(
        'ask-malformed',
      );
  });
});

describe('a page', () => {
  test('opens to what was sealed', async () => {
    expect(await openPage(sealedPage, atDevice, answer)).toEqual(page);
  });

  test('for another device or another ask is rejected', async () => {
    expect(await codeOf(openPage(sealedPage, atDevice, { ...answer, device: randomUUID() }))).toBe('page-of-another');
    expect(await codeOf(openPage(sealedPage, atDevice, { ...answer, jti: randomUUID() }))).toBe('page-of-another');
    expect(await codeOf(openPage(sealedPage, { ...atDevice, sealing: stranger.sealing }, answer))).toBe(
      'unknown-sealing-key',
    );
  });

  test('signed by a key that the kiosk does not trust is rejected, even with the kid of a trusted one', async () => {
    expect(
      await codeOf(openPage(await sealPage(page, { ...pageKeys, signing: stranger.signing }), atDevice, answer)),
    ).toBe('unknown-server-key');
    const forged = await sealRaw('page', await signRaw(await pageHeader(), page, stranger.signing));
    expect(await codeOf(openPage(forged, atDevice, answer))).toBe('bad-page-signature');
  });

  test('signed by the device itself is rejected', async () => {
    const own = { ...(await pageHeader()), kid: await kidOf(device.signing) };
    const forged = await sealRaw('page', await signRaw(own, page, device.signing));
    expect(await codeOf(openPage(forged, atDevice, answer))).toBe('unknown-server-key');
  });

  test('too large for its bucket is not created', async () => {
    const templates = Array.from({ length: 40 }, () => ({ id: randomUUID(), pose: 'front', vector: 'A'.repeat(2731) }));
    const changes = Array.from({ length: 10 }, () => ({
      kind: 'templates' as const,
      person: randomUUID(),
      model: 'm',
      templates,
    }));
    expect(await codeOf(sealPage({ ...page, changes }, pageKeys))).toBe('page-too-large');
  });
});

describe('a rejection', () => {
  test('is rejected if it is for another device or message, or not signed by a trusted key', async () => {
    const { rejection } = KINDS;
    const other = randomUUID();
    expect(await codeOf(openRejection(rejection.message, trusted, { device: other, digest }))).toBe(
      'rejection-of-another',
    );
    expect(
      await codeOf(openRejection(rejection.message, trusted, { device: device.id, digest: messageDigest('x') })),
    ).toBe('rejection-of-another');
    const theirs = [publicHalf(stranger.signing)];
    expect(await codeOf(openRejection(rejection.message, theirs, { device: device.id, digest }))).toBe(
      'unknown-server-key',
    );
  });

  test('that is too large is rejected unread', async () => {
    expect(await codeOf(KINDS.rejection.open(KINDS.rejection.message.padEnd(3000, 'A')))).toBe('rejection-too-large');
  });
});

test('any one of several trusted keys may sign', async () => {
  const both = [publicHalf(stranger.signing), publicHalf(server.signing)];
  expect(await codeOf(openPage(sealedPage, { ...atDevice, trusted: both }, answer))).toBe('TAKEN');
});
