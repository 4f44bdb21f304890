import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { hash } from '@node-rs/argon2';
import { cardHash, writeCardCode } from '../../sync/protocol/seal/card-code.ts';
import { sealCardTemplates, writeTemplateCard } from '../../sync/protocol/seal/card-template.ts';
import { canonicalBytes, commit, headerHash } from '../../sync/protocol/seal/chain.ts';
import { keyId, publicHalf } from '../../sync/protocol/seal/keys.ts';
import { writeOwnCode } from '../../sync/protocol/seal/own-code.ts';
import { pad } from '../../sync/protocol/seal/padding.ts';
import { pinCodeHash } from '../../sync/protocol/seal/pin-code.ts';
import { pinPepperId } from '../../sync/protocol/seal/pin-pepper.ts';
import { messageDigest } from '../../sync/protocol/seal/rejection.ts';
import { paperHash } from '../../sync/protocol/seal/technician-code.ts';
import { PROTOCOL_VERSION, TYP } from '../../sync/protocol/wire/batch.ts';
import { GENESIS, type WireEvent } from '../../sync/protocol/wire/event.ts';
import { FAREWELL_TYP, LOGS_TYP } from '../../sync/protocol/wire/farewell.ts';
import { asyncApi } from './asyncapi.ts';
import { joining, photo, position } from './joining.ts';
import {
  DEVICE,
  EPHEMERAL,
  EPOCH,
  JTI,
  KEYS,
  LOG,
  NONCE,
  NOW,
  PERSON,
  REQUEST,
  SERVER,
  seal,
  sealed,
  sign,
} from './material.ts';
import { schemas } from './schemas.ts';

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
  version: string;
};

/**
 * Test vectors of docs/develop/protocol.md, for authors of other clients. Everything is fixed here, including the sender's
 * ephemeral key and nonce, so that each message can be reproduced bit by bit. Never use these keys, and never fix an ephemeral
 * key or a nonce, outside a test.
 *
 * `node test/vectors/make.ts` writes the files beside this one and docs/schemas; vectors.test.ts checks them against the code.
 */

const PIN = '5830';
const PEPPER = createHash('sha256').update('pepper').digest();
const PIN_SALT = Buffer.from('101112131415161718191a1b1c1d1e1f', 'hex');
/** 2 is argon2id in the library's enum, which type stripping can't import. */
const hashOfPin = () =>
  hash(PIN, { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1, secret: PEPPER, salt: PIN_SALT });

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
  // Value and salt are deleted together. The commitment is kept, and so the chain is intact.
  return [person, checkin, { ...erased, personal: {} }];
}

async function messages() {
  const kid = await keyId(publicHalf(KEYS.serverSigning));
  const fromServer = { kid, spv: PROTOCOL_VERSION };
  const batch = await sealed(
    { typ: TYP.batch, iss: DEVICE, aud: SERVER, epoch: EPOCH, first: 1, last: 3, spv: PROTOCOL_VERSION } as {
      typ: string;
    },
    { sentAt: NOW, trusts: [kid], events: events() },
    KEYS.deviceSigning,
    KEYS.serverSealing,
  );
  const ask = await sealed(
    { typ: TYP.ask, iss: DEVICE, aud: SERVER, spv: PROTOCOL_VERSION, jti: JTI } as { typ: string },
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
  const pageOfSite = await sealed(
    { typ: TYP.page, kid, spv: PROTOCOL_VERSION } as { typ: string },
    {
      what: 'changes',
      device: DEVICE,
      jti: JTI,
      whole: false,
      changes: [],
      cursor: 'opaque',
      more: false,
      presence: [{ person: EPOCH, direction: 'out', at: NOW }],
      kiosks: [
        { device: DEVICE, name: 'Empfang', heardAt: NOW },
        { device: REQUEST, name: 'Laderampe', heardAt: null },
      ],
      ack,
    },
    KEYS.serverSigning,
    KEYS.deviceSealing,
  );
  const report = {
    version: '1.4.0',
    commit: '0123456789abcdef0123456789abcdef01234567',
    host: 'browser',
    models: { detector: 'short_range@0123456789ab', embedder: 'fr_feature@0123456789ab' },
    uptimeSeconds: 86_400,
    diskFree: 12_000_000_000,
    diskTotal: 32_000_000_000,
    camera: 'ok',
    clockOffsetMs: -12,
    queued: 0,
    photosWaiting: 2,
    temperature: 51.5,
    storeSchema: 7,
    configRevision: 3,
    configProblem: null,
    slots: { current: '1.4.0', previous: '1.3.2', trial: false },
  };
  const askWithReport = await sealed(
    { typ: TYP.ask, iss: DEVICE, aud: SERVER, spv: PROTOCOL_VERSION, jti: JTI } as { typ: string },
    {
      what: 'changes',
      epoch: EPOCH,
      cursor: 'opaque',
      limit: 200,
      trusts: [kid],
      presenceAfter: NOW,
      heard: NOW,
      report,
    },
    KEYS.deviceSigning,
    KEYS.serverSealing,
  );
  const pageOfDevice = await sealed(
    { typ: TYP.page, kid, spv: PROTOCOL_VERSION } as { typ: string },
    {
      what: 'changes',
      device: DEVICE,
      jti: JTI,
      whole: false,
      changes: [
        {
          kind: 'update',
          update: {
            rollout: REQUEST,
            action: 'install',
            version: '1.5.0',
            window: { from: '22:00', to: '04:30', zone: 'Europe/Berlin' },
            trialMinutes: 10,
            retry: 0,
          },
        },
        { kind: 'config', revision: 4, config: { name: 'Empfang', direction: 'in', volume: 40, low: true } },
        { kind: 'command', id: EPOCH, what: 'restart', expires: NOW },
        {
          kind: 'pinCode',
          person: PERSON,
          code: { id: REQUEST, hash: pinCodeHash(PERSON, '402715938264'), expires: NOW },
        },
        { kind: 'pinPeppers', peppers: [PEPPER.toString('base64url')] },
        { kind: 'pin', person: PERSON, pin: { id: REQUEST, pepper: pinPepperId(PEPPER), hash: await hashOfPin() } },
        {
          kind: 'staff',
          staff: [
            {
              id: REQUEST,
              name: 'Kim Öz',
              role: 'technician',
              pin: { id: PERSON, pepper: pinPepperId(PEPPER), hash: await hashOfPin(), start: true },
              badge: '0004711815',
              factor: {
                secret: Buffer.from('12345678901234567890').toString('base64url'),
                paper: [{ n: 2, hash: paperHash('4027159382') }],
              },
            },
          ],
        },
        { kind: 'reenrol', people: [{ person: PERSON, reason: 'score-falls' }] },
      ],
      cursor: 'opaque',
      more: false,
      presence: [],
      ack,
    },
    KEYS.serverSigning,
    KEYS.deviceSealing,
  );
  const fromDevice = { iss: DEVICE, aud: SERVER, spv: PROTOCOL_VERSION };
  const gz = gzipSync('{"at":"2026-03-02T07:58:01.123Z","message":"host: the core is ready"}\n').toString('base64');
  const logs = await sealed(
    { typ: LOGS_TYP.logs, ...fromDevice } as { typ: string },
    { command: REQUEST, gz },
    KEYS.deviceSigning,
    KEYS.serverSealing,
  );
  const farewellHeader = { alg: 'EdDSA', typ: FAREWELL_TYP, ...fromDevice };
  const farewellBody = { command: REQUEST, what: 'wipe', key: null };
  const farewell = {
    header: farewellHeader,
    body: farewellBody,
    signed: await sign(farewellHeader, farewellBody, KEYS.deviceSigning),
  };
  const rejectionBody = { device: DEVICE, digest: messageDigest(batch.sealed), code: 'bad-padding', serverTime: NOW };
  const fromServerSigned = async (typ: string, body: object) => ({
    header: { alg: 'EdDSA', typ, ...fromServer },
    body,
    signed: await sign({ alg: 'EdDSA', typ, ...fromServer }, body, KEYS.serverSigning),
  });
  return {
    batch,
    ask,
    page,
    pageOfSite,
    askWithReport,
    pageOfDevice,
    logs,
    farewell,
    ack: await fromServerSigned(TYP.ack, ackBody),
    rejection: await fromServerSigned(TYP.rejection, rejectionBody),
  };
}

/** Returns batches that a server must refuse, each with exactly one fault, and the error code. */
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

/** Returns the codes that people show. */
async function checkinMethods() {
  const card = { person: PERSON, card: REQUEST, key: createHash('sha256').update('card key').digest() };
  const secret = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
  const vector = Float32Array.from({ length: 512 }, (_, i) => (i % 2 === 0 ? 0.0625 : -0.0625));
  const issuedAt = Date.parse('2026-03-02T07:58:01.000Z');
  const text = writeCardCode(secret);
  return {
    ownCode: {
      issuer: KEYS.serverSigning,
      person: PERSON,
      issuedAt: new Date(issuedAt).toISOString(),
      nonceHex: NONCE.subarray(0, 8).toString('hex'),
      text: writeOwnCode({ person: PERSON, issuedAt, nonce: NONCE }, KEYS.serverSigning),
    },
    card: { secretHex: secret.toString('hex'), text, hash: cardHash(text) },
    pinCode: { person: PERSON, code: '402715938264', hash: pinCodeHash(PERSON, '402715938264') },
    pin: {
      pin: PIN,
      pepperHex: PEPPER.toString('hex'),
      saltHex: PIN_SALT.toString('hex'),
      pepper: pinPepperId(PEPPER),
      hash: await hashOfPin(),
    },
    templateCard: {
      person: card.person,
      card: card.card,
      keyHex: card.key.toString('hex'),
      text: writeTemplateCard(card),
      model: 'fr_feature@0123456789ab',
      vectors: [Buffer.from(vector.buffer).toString('base64url')],
      nonceHex: NONCE.toString('hex'),
      sealed: sealCardTemplates(card, 'fr_feature@0123456789ab', [vector], NONCE),
    },
  };
}

/** Returns every file and its content. */
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
    'joining.json': await joining(),
    'personal.json': { position: await position(), photo: photo() },
    'checkin-methods.json': await checkinMethods(),
    '../../docs/schemas/wire.json': schemas(),
    '../../docs/schemas/asyncapi.json': asyncApi(version),
  };
}

if (import.meta.main) {
  // The whole server: imported only here, since the test of the vectors needs none of it. every-route.test.ts checks it against
  // the code.
  const { SERVED } = await import('../../sync/server/app/served.ts');
  const openapi = SERVED.find(({ path }) => path === '/api/openapi.json')!;
  const { paths, ...rest } = (await openapi.handle({} as never)) as { paths: object };
  // One line per path: fully expanded it would be three times as long.
  const lines = Object.entries(paths).map(([path, methods]) => `${JSON.stringify(path)}: ${JSON.stringify(methods)}`);
  const text = JSON.stringify(rest, null, 2).replace(/\n}$/, () => `,\n"paths": {\n${lines.join(',\n')}\n}\n}\n`);
  writeFileSync(join(import.meta.dirname, '../../docs/schemas/openapi.json'), text);
  for (const [name, content] of Object.entries(await vectors()))
    writeFileSync(join(import.meta.dirname, name), `${JSON.stringify(content, null, 2)}\n`);
}
