import { createHash, createPrivateKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CompactEncrypt, CompactSign, importJWK } from 'jose';
import { canonicalBytes, commit, headerHash } from '../../sync/protocol/seal/chain.ts';
import { agreementKey, keyId, publicHalf, signatureKey } from '../../sync/protocol/seal/keys.ts';
import { pad } from '../../sync/protocol/seal/padding.ts';
import { messageDigest } from '../../sync/protocol/seal/signal.ts';
import { type Ed25519PrivateJwk, TYP, type X25519PrivateJwk } from '../../sync/protocol/wire/batch.ts';
import { GENESIS, type WireEvent } from '../../sync/protocol/wire/event.ts';

/**
 * Test vectors of docs/protocol.md, for whoever writes another client. Everything is fixed here, the sender's ephemeral key
 * and nonce too, so that each message can be made again bit by bit. Never use these keys, and never fix an ephemeral key or
 * a nonce, outside a test.
 *
 * `node test/vectors/make.ts` writes the files beside this one; vectors.test.ts holds them against the code.
 */

/** A private key out of a name: SHA-256("smartpresence vector: " ‖ name) is the seed (RFC 8032) or scalar (RFC 7748). */
function key(crv: 'Ed25519', name: string): Ed25519PrivateJwk;
function key(crv: 'X25519', name: string): X25519PrivateJwk;
function key(crv: 'Ed25519' | 'X25519', name: string): Ed25519PrivateJwk | X25519PrivateJwk {
  const seed = createHash('sha256').update(`smartpresence vector: ${name}`).digest();
  // PKCS #8 of RFC 8410: the only way in which Node takes a bare seed.
  const oid = crv === 'Ed25519' ? '2b6570' : '2b656e';
  const der = Buffer.concat([Buffer.from(`302e020100300506032b65${oid.slice(4)}04220420`, 'hex'), seed]);
  const { x, d } = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' });
  return { kty: 'OKP', crv, x: x!, d: d! } as Ed25519PrivateJwk | X25519PrivateJwk;
}

const KEYS = {
  deviceSigning: key('Ed25519', 'device signing'),
  deviceSealing: key('X25519', 'device sealing'),
  serverSigning: key('Ed25519', 'server signing'),
  serverSealing: key('X25519', 'server sealing'),
};
const EPHEMERAL = key('X25519', 'ephemeral');
const NONCE = Buffer.from('000102030405060708090a0b', 'hex');

const DEVICE = '11111111-1111-4111-8111-111111111111';
const SERVER = '22222222-2222-4222-8222-222222222222';
const EPOCH = '33333333-3333-4333-8333-333333333333';
const PERSON = '44444444-4444-4444-8444-444444444444';
const JTI = '55555555-5555-4555-8555-555555555555';
const LOG = '66666666-6666-4666-8666-666666666666';
const REQUEST = '77777777-7777-4777-8777-777777777777';
const NOW = '2026-03-02T07:58:01.123Z';
const SALTS = ['AAAAAAAAAAAAAAAAAAAAAA', 'AQIDBAUGBwgJCgsMDQ4PEA', '_____________________w'];

function event(
  seq: number,
  prev: string,
  type: WireEvent['header']['type'],
  open: Record<string, unknown>,
  values: Record<string, unknown>,
): WireEvent {
  const personal = Object.fromEntries(
    Object.entries(values).map(([field, value], i) => [field, { salt: SALTS[i]!, value }]),
  );
  return {
    header: {
      v: 1,
      id: `018e0000-0000-7000-8000-00000000000${seq}`,
      device: DEVICE,
      epoch: EPOCH,
      seq,
      at: { utc: NOW, monotonic: 1000.5 * seq, bootId: 'boot', offset: -12 },
      type,
      open,
      commitments: Object.fromEntries(
        Object.entries(personal).map(([field, { salt, value }]) => [field, commit(salt, value)]),
      ),
      prev,
    },
    personal,
  };
}

function events(): WireEvent[] {
  const person = event(
    1,
    GENESIS,
    'person',
    { change: 'added' },
    { person: PERSON, name: 'Zoë Müller', number: '1001' },
  );
  const checkin = event(
    2,
    headerHash(person.header),
    'checkin',
    { direction: 'in', method: 'face', liveness: 'passed', threshold: 0.5 },
    { person: PERSON, score: 0.83, second: null },
  );
  const erased = event(3, headerHash(checkin.header), 'erasureDone', { request: REQUEST }, { person: PERSON });
  // Value and salt are gone together: the commitment stays, and the chain with it.
  return [person, checkin, { ...erased, personal: {} }];
}

async function sign(header: object, body: unknown, signing: Ed25519PrivateJwk): Promise<string> {
  return new CompactSign(new TextEncoder().encode(JSON.stringify(body)))
    .setProtectedHeader(header as { alg: string })
    .sign(await signatureKey(signing));
}

async function seal(signed: string, typ: string, cty: string, to: X25519PrivateJwk): Promise<string> {
  const epk = (await importJWK(EPHEMERAL, 'ECDH-ES', { extractable: true })) as CryptoKey;
  return new CompactEncrypt(pad(new TextEncoder().encode(signed)))
    .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', typ, cty, kid: await keyId(publicHalf(to)) })
    .setKeyManagementParameters({ epk })
    .setInitializationVector(NONCE)
    .encrypt(await agreementKey(publicHalf(to)));
}

/** A sealed message with everything that it goes through. */
async function sealed(
  header: { typ: string },
  body: unknown,
  signing: Ed25519PrivateJwk,
  to: X25519PrivateJwk,
): Promise<{ header: object; body: unknown; signed: string; sealed: string }> {
  const signed = await sign({ alg: 'EdDSA', ...header }, body, signing);
  return {
    header: { alg: 'EdDSA', ...header },
    body,
    signed,
    sealed: await seal(signed, header.typ.replace('+jws', '+jwe'), header.typ, to),
  };
}

async function messages() {
  const kid = await keyId(publicHalf(KEYS.serverSigning));
  const fromServer = { kid, spv: 1 };
  const batch = await sealed(
    { typ: TYP.batch, iss: DEVICE, aud: SERVER, epoch: EPOCH, first: 1, last: 3, spv: 1 } as { typ: string },
    { sentAt: NOW, trusts: [kid], events: events() },
    KEYS.deviceSigning,
    KEYS.serverSealing,
  );
  const ask = await sealed(
    { typ: TYP.ask, iss: DEVICE, aud: SERVER, spv: 1, jti: JTI } as { typ: string },
    { what: 'changes', epoch: EPOCH, cursor: '', limit: 200, trusts: [kid], presenceAfter: null },
    KEYS.deviceSigning,
    KEYS.serverSealing,
  );
  const ackBody = { device: DEVICE, epoch: EPOCH, committed: 3, safe: 1, logEpoch: LOG, serverTime: NOW };
  const ack = await sign({ alg: 'EdDSA', typ: TYP.ack, ...fromServer }, ackBody, KEYS.serverSigning);
  const page = await sealed(
    { typ: TYP.page, ...fromServer } as { typ: string },
    {
      what: 'changes',
      device: DEVICE,
      jti: JTI,
      whole: true,
      first: true,
      changes: [
        { kind: 'policy', policy: { leaseDays: 30 } },
        { kind: 'erase', request: REQUEST, person: PERSON },
        { kind: 'person', person: EPOCH, name: 'Zoë Müller', number: '1001', language: 'de', gpsOptOut: false },
      ],
      cursor: 'opaque',
      more: false,
      presence: [{ person: EPOCH, direction: 'in', at: NOW }],
      ack,
    },
    KEYS.serverSigning,
    KEYS.deviceSealing,
  );
  const refusalBody = { device: DEVICE, digest: messageDigest(batch.sealed), code: 'bad-padding', serverTime: NOW };
  const nudgeBody = { device: DEVICE, serverTime: NOW };
  const fromServerSigned = async (typ: string, body: object) => ({
    header: { alg: 'EdDSA', typ, ...fromServer },
    body,
    signed: await sign({ alg: 'EdDSA', typ, ...fromServer }, body, KEYS.serverSigning),
  });
  return {
    batch,
    ask,
    page,
    ack: await fromServerSigned(TYP.ack, ackBody),
    refusal: await fromServerSigned(TYP.refusal, refusalBody),
    nudge: await fromServerSigned(TYP.nudge, nudgeBody),
  };
}

/** Batches that a server must refuse, each for one fault alone, and with which code. */
async function refused(ask: string, good: { header: object; body: unknown; signed: string; sealed: string }) {
  const outer = JSON.parse(Buffer.from(good.sealed.split('.')[0]!, 'base64url').toString());
  const withOuter = (change: object) =>
    good.sealed
      .split('.')
      .with(0, Buffer.from(JSON.stringify({ ...outer, ...change })).toString('base64url'))
      .join('.');
  const resealed = (signed: string) => seal(signed, TYP.sealedBatch, TYP.batch, KEYS.serverSealing);
  const resigned = async (change: object, by = KEYS.deviceSigning, body = good.body) =>
    resealed(await sign({ ...good.header, ...change }, body, by));
  const [, payload, signature] = good.signed.split('.');
  const forgedHead = (change: object) =>
    resealed(
      [Buffer.from(JSON.stringify({ ...good.header, ...change })).toString('base64url'), payload, signature].join('.'),
    );
  const tag = good.sealed.split('.')[4]!;
  return [
    { why: 'compressed', code: 'batch-malformed', sealed: withOuter({ zip: 'DEF' }) },
    { why: 'another content encryption', code: 'batch-malformed', sealed: withOuter({ enc: 'A128GCM' }) },
    { why: 'a key wrap', code: 'batch-malformed', sealed: withOuter({ alg: 'ECDH-ES+A256KW' }) },
    { why: 'sealed to an unknown key', code: 'unknown-sealing-key', sealed: withOuter({ kid: 'A'.repeat(43) }) },
    {
      why: 'another kind of message',
      code: 'batch-malformed',
      sealed: withOuter({ typ: TYP.sealedAsk, cty: TYP.ask }),
    },
    {
      why: 'base64url that is not canonical',
      code: 'batch-malformed',
      // 16 bytes leave four unused bits in the last of 22 characters: A, Q, g and w are the canonical ones.
      sealed: good.sealed
        .split('.')
        .with(4, `${tag.slice(0, -1)}${tag.endsWith('B') ? 'C' : 'B'}`)
        .join('.'),
    },
    {
      why: 'altered ciphertext',
      code: 'batch-undecryptable',
      sealed: good.sealed.split('.').with(4, 'A'.repeat(22)).join('.'),
    },
    { why: 'signed by another key', code: 'bad-signature', sealed: await resigned({}, KEYS.serverSigning) },
    { why: 'no signature algorithm', code: 'batch-malformed', sealed: await forgedHead({ alg: 'none' }) },
    {
      why: 'brings its own key',
      code: 'batch-malformed',
      sealed: await forgedHead({ jwk: publicHalf(KEYS.serverSigning) }),
    },
    { why: 'of another device', code: 'wrong-issuer', sealed: await resigned({ iss: PERSON }) },
    { why: 'for another server', code: 'wrong-audience', sealed: await resigned({ aud: PERSON }) },
    { why: 'of a version to come', code: 'unsupported-protocol', sealed: await resigned({ spv: 9 }) },
    { why: 'fewer events than its range', code: 'batch-malformed', sealed: await resigned({ last: 4 }) },
    { why: 'a signed ask inside', code: 'batch-malformed', sealed: await resealed(ask) },
  ];
}

/** Every file and what stands in it. */
export async function vectors(): Promise<Record<string, unknown>> {
  const made = await messages();
  const thumbprints = Object.fromEntries(
    await Promise.all(
      Object.entries(KEYS).map(async ([name, k]) => [name, await keyId(publicHalf(k as never))] as const),
    ),
  );
  const sizes = [0, 1, 2044, 2045, 4092, 4093, 1_048_572];
  return {
    'keys.json': {
      ids: { device: DEVICE, server: SERVER, epoch: EPOCH },
      keys: KEYS,
      ephemeral: EPHEMERAL,
      thumbprints,
    },
    'chain.json': {
      commitments: [{ b: 1, a: 'é' }, 'Zoë Müller', 0.83, null, 1e21, ['x', { y: [] }]].map((value, i) => {
        const salt = SALTS[i % SALTS.length]!;
        return { salt, value, canonical: canonicalBytes(value).toString('utf8'), commitment: commit(salt, value) };
      }),
      events: events().map((e) => ({ event: e, headerHash: headerHash(e.header) })),
    },
    'padding.json': {
      contentHex: '010203',
      paddedSha256: createHash('sha256')
        .update(pad(new Uint8Array([1, 2, 3])))
        .digest('hex'),
      buckets: sizes.map((content) => ({ content, padded: pad(new Uint8Array(content)).length })),
    },
    'messages.json': { nonceHex: NONCE.toString('hex'), ...made },
    'refused.json': await refused(made.ask.signed, made.batch),
  };
}

if (import.meta.main)
  for (const [name, content] of Object.entries(await vectors()))
    writeFileSync(join(import.meta.dirname, name), `${JSON.stringify(content, null, 2)}\n`);
