import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { Problem } from '../../sync/errors/problem.ts';
import { keyId, newSealingKey, newSigningKey, publicHalf } from '../../sync/protocol/seal/keys.ts';
import { MAX_SEALED_BYTES, PROTOCOL_VERSION, TYP } from '../../sync/protocol/wire/batch.ts';
import { revokeDevice } from '../../sync/server/core/devices/registry.ts';
import { isClientError } from '../../sync/server/platform/http/problem.ts';
import { ONE_DATABASE } from '../kit/databases.ts';
import { withDatabase } from '../kit/suite.ts';
import { flipped, json, jweOfSecret, padded, rawJwe, rawJws } from './raw-messages.ts';
import { type Kiosk, Target } from './target.ts';

/**
 * An attacker with the network, the broker or another kiosk, against the server's one message handler: nothing of an
 * attack is stored, nothing else is disturbed, and each attack ends in an error code.
 */

let target: Target;
/** The attacked kiosk; it has two events to send. */
let kiosk: Kiosk;
/** Whether the kiosk was revoked and must be replaced. */
let stale = false;
/** Another kiosk, which must keep working. */
let other: Kiosk;

const b64 = (bytes: Uint8Array | string) => Buffer.from(bytes as Uint8Array).toString('base64url');
/** Returns the kiosk's events of the present epoch. */
const events = (k = kiosk) => k.box.events.filter((e) => e.header.epoch === k.box.epoch);
const good = (k = kiosk) => target.batch(k, events(k));
const parts = (message: string) => message.split('.');
/** Replaces one part of a compact message. */
const withPart = (message: string, index: number, text: string) => parts(message).with(index, text).join('.');
const sealed = (change: Parameters<Target['jws']>[2]) => target.seal(target.jws(kiosk, events(), change));
const inJws = (more: Record<string, unknown>) => () => sealed({ header: (h) => ({ ...h, ...more }) });
const inJwe = (more: Record<string, unknown>) => async () =>
  rawJwe(padded(target.jws(kiosk, events())), target.sealing, { header: (h) => ({ ...h, ...more }) });
const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const plain = (bytes: Uint8Array) => rawJwe(bytes, target.sealing);
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p256Jwk = p256.publicKey.export({ format: 'jwk' });

/**
 * Points of small order on Curve25519 and its twist, little-endian, and their non-canonical forms (cr.yp.to/ecdh.html,
 * "small order"; RFC 7748 §6.1 requires a check for the all-zero secret that they all give).
 */
const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'cdeb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880',
  '4c9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7',
  'd9ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'daffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'dbffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
];

/** Order of the Ed25519 group (RFC 8032 §5.1). Adding it, little-endian, makes a signature's twin. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
function twin(jws: string): string {
  const signature = Buffer.from(parts(jws)[2]!, 'base64url');
  let s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + L;
  for (let i = 32; i < 64; i++, s >>= 8n) signature[i] = Number(s & 255n);
  return withPart(jws, 2, b64(signature));
}

/** Returns the path of each leaf of a JSON value, and the whole value with one bit of it flipped: still JSON of the same type. */
function eachFieldFlipped(value: unknown): [path: string, altered: unknown][] {
  if (typeof value !== 'object' || value === null) return [['', flippedLeaf(value)]];
  const entries = Object.entries(value);
  return entries.flatMap(([key, inner]) =>
    eachFieldFlipped(inner).map(([path, altered]): [string, unknown] => [
      path === '' ? key : `${key}.${path}`,
      Array.isArray(value) ? value.with(Number(key), altered) : { ...value, [key]: altered },
    ]),
  );
}

function flippedLeaf(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? value ^ 1 : value + 2 ** -20;
  if (typeof value === 'boolean' || value === null) return !value;
  const text = String(value);
  const at = text.length - 1;
  const flips = [1, 2, 4, 8, 16, 32, 64].map((bit) => String.fromCharCode(text.charCodeAt(at) ^ bit));
  // Hexadecimal digits stay hexadecimal, so a UUID stays a UUID; base64url stays base64url.
  const other = flips.find((c) => /[0-9a-f]/.test(c)) ?? flips.find((c) => /[\w-]/.test(c)) ?? flips[0];
  return text.slice(0, at) + other;
}

interface Attack {
  readonly name: string;
  readonly code: string | RegExp;
  readonly make: () => string | Promise<string>;
  readonly kind?: 'batch' | 'ask';
  readonly before?: () => Promise<unknown>;
}
const attack = (name: string, code: Attack['code'], make: Attack['make'], more: Partial<Attack> = {}): Attack => ({
  name,
  code,
  make,
  ...more,
});

const ATTACKS: Attack[] = [
  // Downgraded and foreign algorithms.
  ...['none', 'HS256', 'RS256', 'ES256', 'PS256', 'Ed25519', 'eddsa', ''].map((alg) =>
    attack(`a signature by "${alg}"`, 'batch-malformed', inJws({ alg })),
  ),
  attack('no signature at all', 'batch-malformed', () => sealed({ key: null })),
  attack('alg none and no signature', 'batch-malformed', () =>
    sealed({ key: null, header: (h) => ({ ...h, alg: 'none' }) }),
  ),
  attack('HS256 with the public key as its secret', 'batch-malformed', async () => {
    const [header, body] = parts(target.jws(kiosk, events(), { header: (h) => ({ ...h, alg: 'HS256' }) }));
    const secret = Buffer.from(kiosk.secret.signing.x, 'base64url');
    const mac = createHmac('sha256', secret).update(`${header}.${body}`).digest();
    return target.seal(`${header}.${body}.${b64(mac)}`);
  }),
  ...['PBES2-HS256+A128KW', 'dir', 'A256KW', 'ECDH-ES+A256KW', 'RSA-OAEP', 'RSA1_5', 'none'].map((alg) =>
    attack(`a seal by "${alg}"`, 'batch-malformed', inJwe({ alg, p2c: 2_000_000, p2s: 'AAAA' })),
  ),
  ...['A128GCM', 'A192GCM', 'A128CBC-HS256', 'A256CBC-HS512', 'a256gcm'].map((enc) =>
    attack(`content encryption by "${enc}"`, 'batch-malformed', inJwe({ enc })),
  ),
  // Keys and references to keys in the header.
  ...Object.entries({
    zip: 'DEF',
    crit: ['exp'],
    b64: false,
    jwk: p256Jwk,
    jku: 'https://keys.example/',
    x5c: ['MIIB'],
    x5u: 'https://keys.example/',
    x5t: 'AAAA',
    apu: 'AAAA',
    apv: 'AAAA',
    nonce: 'x',
  }).flatMap(([name, value]) => [
    attack(`"${name}" in the seal's header`, 'batch-malformed', inJwe({ [name]: value })),
    attack(`"${name}" in the signature's header`, 'batch-malformed', inJws({ [name]: value })),
  ]),
  attack('a kid in the signature’s header', 'batch-malformed', inJws({ kid: 'A'.repeat(43) })),
  attack('an own key in the header, signed by it', 'batch-malformed', async () => {
    const mine = newSigningKey();
    return sealed({ key: mine, header: (h) => ({ ...h, jwk: publicHalf(mine) }) });
  }),
  attack('"__proto__" in the signature’s header', 'batch-malformed', () =>
    sealed({ header: (h) => JSON.stringify(h).replace('{', '{"__proto__":{"alg":"none"},') }),
  ),
  attack('"__proto__" in the seal’s header', 'batch-malformed', () =>
    rawJwe(padded(target.jws(kiosk, events())), target.sealing, {
      header: (h) => JSON.stringify(h).replace('{', '{"__proto__":{"zip":"DEF"},'),
    }),
  ),
  attack('a private half in epk', 'batch-malformed', async () =>
    rawJwe(padded(target.jws(kiosk, events())), target.sealing, {
      header: (h) => ({ ...h, epk: { ...(h.epk as object), d: 'A'.repeat(43) } }),
    }),
  ),
  attack('epk of P-256', 'batch-malformed', inJwe({ epk: p256Jwk })),
  ...['X448', 'Ed25519', 'P-256', 'x25519'].map((crv) =>
    attack(`epk that calls itself ${crv}`, 'batch-malformed', async () =>
      rawJwe(padded(target.jws(kiosk, events())), target.sealing, {
        header: (h) => ({ ...h, epk: { ...(h.epk as object), crv } }),
      }),
    ),
  ),
  ...SMALL_ORDER.map((point) =>
    attack(`epk of small order ${point.slice(0, 8)}…${point.slice(-4)}`, 'batch-undecryptable', async () =>
      jweOfSecret(padded(target.jws(kiosk, events())), Buffer.alloc(32), {
        alg: 'ECDH-ES',
        enc: 'A256GCM',
        typ: TYP.sealedBatch,
        cty: TYP.batch,
        kid: await keyId(target.sealing),
        epk: { kty: 'OKP', crv: 'X25519', x: b64(Buffer.from(point, 'hex')) },
      }),
    ),
  ),
  attack('kid of a key that the server never had', 'unknown-sealing-key', inJwe({ kid: 'A'.repeat(43) })),
  attack('sealed to another key', 'unknown-sealing-key', async () =>
    rawJwe(padded(target.jws(kiosk, events())), publicHalf(newSealingKey())),
  ),
  attack('sealed to another key under the name of ours', 'batch-undecryptable', async () =>
    rawJwe(padded(target.jws(kiosk, events())), publicHalf(newSealingKey()), {
      header: (h) => ({ ...h, kid: null }),
    }).then(async (jwe) => {
      const header = JSON.parse(Buffer.from(parts(jwe)[0]!, 'base64url').toString());
      return withPart(jwe, 0, b64(JSON.stringify({ ...header, kid: await keyId(target.sealing) })));
    }),
  ),
  // One kind of message for another.
  attack('a signature without a seal', 'batch-malformed', () => target.jws(kiosk, events())),
  attack('a seal without a signature', 'batch-malformed', async () =>
    plain(padded(JSON.stringify({ sentAt: new Date().toISOString(), events: events() }))),
  ),
  attack('a seal inside a seal', 'batch-malformed', async () => plain(padded(await good()))),
  attack('a batch as an ask', 'ask-malformed', async () => target.seal(target.jws(kiosk, [events()[0]!])), {
    kind: 'ask',
  }),
  attack('an ask as a batch', 'batch-malformed', () => target.ask(kiosk)),
  attack('an ask inside a batch’s seal', 'batch-malformed', async () =>
    plain(padded(rawJws({ ...target.header(kiosk, events()), typ: TYP.ask }, json({}), kiosk.secret.signing))),
  ),
  attack(
    'a batch inside an ask’s seal',
    'ask-malformed',
    () => target.seal(target.jws(kiosk, [events()[0]!]), { typ: TYP.sealedAsk, cty: TYP.ask }),
    { kind: 'ask' },
  ),
  attack('the server’s own ack', 'batch-malformed', async () => {
    const signed = await target.take(other, await target.batch(other, events(other)));
    return plain(padded(signed));
  }),
  // The sender and the recipient.
  attack('signed by another registered device', 'bad-signature', () => sealed({ key: other.secret.signing })),
  attack('signed by an unknown key', 'bad-signature', () => sealed({ key: newSigningKey() })),
  attack('signed by another device under its own name', 'wrong-issuer', () => good(other)),
  attack('for another server', 'wrong-audience', inJws({ aud: crypto.randomUUID() })),
  attack('no audience', 'batch-malformed', inJws({ aud: undefined })),
  attack('several audiences', 'batch-malformed', async () =>
    inJws({ aud: [target.keyring.serverId, crypto.randomUUID()] })(),
  ),
  attack('of a device that was revoked', 'device-revoked', () => good(), {
    before: () => revokeDevice(target.database.db, kiosk.box.device, new Date()),
  }),
  attack('of a device that is pending', 'device-not-approved', () => good(), {
    before: () =>
      target.database.db.updateTable('device').set({ status: 'pending' }).where('id', '=', kiosk.box.device).execute(),
  }),
  attack('a signature of another batch', 'bad-signature', async () => {
    const [header, body] = parts(target.jws(kiosk, events()));
    const [, , signature] = parts(target.jws(kiosk, [events()[0]]));
    return target.seal([header, body, signature].join('.'));
  }),
  attack('the twin of a signature (S + L)', 'bad-signature', () => target.seal(twin(target.jws(kiosk, events())))),
  attack('a signature of zeros', 'bad-signature', () =>
    target.seal(withPart(target.jws(kiosk, events()), 2, b64(Buffer.alloc(64)))),
  ),
  ...[0, 32, 63, 65, 128].map((length) =>
    attack(`a signature of ${length} bytes`, /^(bad-signature|batch-malformed)$/, () =>
      target.seal(withPart(target.jws(kiosk, events()), 2, b64(Buffer.alloc(length, 1)))),
    ),
  ),
  // Versions, ranges and counts.
  ...[0, -1, 1.5, '1', null, true, [1]].map((spv) =>
    attack(`protocol version ${JSON.stringify(spv)}`, 'batch-malformed', inJws({ spv })),
  ),
  attack('protocol version 1e400', 'batch-malformed', () =>
    sealed({ header: (h) => JSON.stringify(h).replace(/"spv":\d+/, '"spv":1e400') }),
  ),
  ...[PROTOCOL_VERSION + 1, 99, Number.MAX_SAFE_INTEGER].map((spv) =>
    attack(`protocol version ${spv}`, 'unsupported-protocol', inJws({ spv })),
  ),
  ...[
    [2, 1],
    [0, 1],
    [-1, 0],
    [1, 3],
    [1, 1],
    [1, 501],
    [1.5, 2.5],
    [1, Number.MAX_SAFE_INTEGER],
    [2 ** 53, 2 ** 53 + 1],
  ].map(([first, last]) =>
    attack(`a range ${first}..${last} over two events`, 'batch-malformed', inJws({ first, last })),
  ),
  attack('501 events', 'batch-malformed', () =>
    sealed({
      header: (h) => ({ ...h, last: 501 }),
      body: (b) => ({ ...b, events: Array.from({ length: 501 }, () => 1) }),
    }),
  ),
  attack('no events', 'batch-malformed', () => sealed({ body: (b) => ({ ...b, events: [] }) })),
  // Bodies.
  ...[
    ['a text', '"events"'],
    ['null', 'null'],
    ['a list', '[]'],
    ['no JSON', '{"events":'],
    ['nothing', ''],
    ['a list of 10,000 levels', nested(10_000)],
    ['a list of 200,000 levels', nested(200_000)],
    ['an object of 50,000 levels', `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`],
    ['a NUL before it', '\0{}'],
  ].map(([name, body]) =>
    attack(`a body that is ${name}`, 'batch-malformed', () => sealed({ body: () => Buffer.from(body!) })),
  ),
  attack('a body that is no UTF-8', 'batch-malformed', () =>
    sealed({ body: (b) => Buffer.from(JSON.stringify({ ...b, trusts: ['\u00ff'] }), 'latin1') }),
  ),
  attack('a body with an unknown field', 'batch-malformed', () => sealed({ body: (b) => ({ ...b, more: 1 }) })),
  attack('a body with "__proto__"', 'batch-malformed', () =>
    sealed({ body: (b) => json(JSON.stringify(b).replace('{', '{"__proto__":{"events":[]},')) }),
  ),
  attack('a body sent at no time', 'batch-malformed', () => sealed({ body: (b) => ({ ...b, sentAt: 'yesterday' }) })),
  attack('a body that trusts five keys', 'batch-malformed', () =>
    sealed({ body: (b) => ({ ...b, trusts: Array(5).fill('A'.repeat(43)) }) }),
  ),
  // Padding.
  ...(
    [
      ['none', (jws) => Buffer.from(jws)],
      ['a length beyond the end', (jws) => Buffer.concat([Buffer.from('7fffffff', 'hex'), padded(jws).subarray(4)])],
      [
        'a length with its highest bit',
        (jws) => Buffer.concat([Buffer.from('ffffffff', 'hex'), padded(jws).subarray(4)]),
      ],
      ['a length too short', (jws) => Buffer.concat([Buffer.from('00000010', 'hex'), padded(jws).subarray(4)])],
      ['a length of nothing', (jws) => Buffer.concat([Buffer.alloc(4), padded(jws).subarray(4)])],
      ['the next larger bucket', (jws) => Buffer.concat([padded(jws), Buffer.alloc(padded(jws).length)])],
      ['a bucket of 3 KiB', (jws) => Buffer.concat([padded(jws), Buffer.alloc(1024)])],
      ['one byte more', (jws) => Buffer.concat([padded(jws), Buffer.alloc(1)])],
      ['padding that is not zero', (jws) => Buffer.concat([padded(jws).subarray(0, -1), Buffer.from([1])])],
      ['nothing but zeros', () => Buffer.alloc(2048)],
      ['an empty text', () => Buffer.alloc(0)],
    ] as [string, (jws: string) => Buffer][]
  ).map(([name, lie]) =>
    attack(`padding: ${name}`, /^(bad-padding|batch-malformed)$/, () => plain(lie(target.jws(kiosk, events())))),
  ),
  // The compact form.
  ...[0, 2, 3, 4].flatMap((index) => [
    attack(`"=" at the end of part ${index}`, 'batch-malformed', async () => {
      const message = await good();
      return withPart(message, index, `${parts(message)[index]}=`);
    }),
    attack(`a line break in part ${index}`, 'batch-malformed', async () => {
      const message = await good();
      const part = parts(message)[index]!;
      return withPart(message, index, `${part.slice(0, 5)}\n${part.slice(5)}`);
    }),
    attack(`an empty part ${index}`, 'batch-malformed', async () => withPart(await good(), index, '')),
  ]),
  attack('stray bits in the last character of the tag', 'batch-malformed', async () => {
    const message = await good();
    const tag = parts(message)[4]!;
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    return withPart(message, 4, tag.slice(0, -1) + alphabet[alphabet.indexOf(tag.at(-1)!) ^ 1]);
  }),
  attack('stray bits in the last character of the signature', 'batch-malformed', async () => {
    const jws = target.jws(kiosk, events());
    const signature = parts(jws)[2]!;
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    return target.seal(withPart(jws, 2, signature.slice(0, -1) + alphabet[alphabet.indexOf(signature.at(-1)!) ^ 1]));
  }),
  attack('the alphabet of plain base64', 'batch-malformed', async () =>
    withPart(await good(), 3, Buffer.alloc(3000, 251).toString('base64')),
  ),
  ...['\u0430', '\uff21', '\u2024', '\u200b', '\ud800', '\0', '\ufeff', ' '].map((mark) =>
    attack(`a character U+${mark.charCodeAt(0).toString(16)} in it`, 'batch-malformed', async () => {
      const message = await good();
      return message.slice(0, 20) + mark + message.slice(21);
    }),
  ),
  attack('an encrypted key where there must be none', 'batch-malformed', async () => withPart(await good(), 1, 'AAAA')),
  attack('six parts', 'batch-malformed', async () => `${await good()}.AAAA`),
  attack('four parts', 'batch-malformed', async () =>
    parts(await good())
      .slice(0, 4)
      .join('.'),
  ),
  attack('the JSON form of a JWE', 'batch-malformed', async () => {
    const [header, , iv, ciphertext, tag] = parts(await good());
    return JSON.stringify({ protected: header, iv, ciphertext, tag });
  }),
  attack('an iv of 8 bytes', /^batch-(undecryptable|malformed)$/, async () =>
    withPart(await good(), 2, b64(Buffer.alloc(8))),
  ),
  attack('a tag of 4 bytes', /^batch-(undecryptable|malformed)$/, async () => {
    const message = await good();
    return withPart(message, 4, b64(Buffer.from(parts(message)[4]!, 'base64url').subarray(0, 4)));
  }),
  ...[
    ['no JSON', 'alg'],
    ['null', 'null'],
    ['a list of 100,000 levels', nested(100_000)],
    ['a number', '1e400'],
  ].flatMap(([name, header]) => [
    attack(`a seal's header that is ${name}`, 'batch-malformed', async () => withPart(await good(), 0, b64(header!))),
    attack(`a signature's header that is ${name}`, 'batch-malformed', () => sealed({ header: () => header })),
  ]),
  attack('a header with a byte-order mark', 'batch-malformed', () =>
    sealed({ header: (h) => `\ufeff${JSON.stringify(h)}` }),
  ),
  attack('two "alg", the last of which is none', 'batch-malformed', () =>
    sealed({ header: (h) => JSON.stringify(h).replace(/}$/, ',"alg":"none"}') }),
  ),
  // Sizes.
  attack('nothing', 'batch-malformed', () => ''),
  attack('dots', 'batch-malformed', () => '....'),
  attack('a million dots', 'batch-malformed', () => '.'.repeat(1_000_000)),
  attack('one byte more than the most', 'batch-too-large', () => 'A'.repeat(MAX_SEALED_BYTES + 1)),
  attack('the most, of noise', 'batch-malformed', () => randomBytes(MAX_SEALED_BYTES).toString('latin1')),
  attack('an ask larger than an ask may be', 'ask-too-large', async () => plain(Buffer.alloc(32_768)), { kind: 'ask' }),
  ...[1, 2, 4, 5, 6, 7].map((eighths) =>
    attack(`${eighths} eighths of it`, /^batch-(malformed|undecryptable)$/, async () => {
      const message = await good();
      return message.slice(0, Math.floor((message.length * eighths) / 8));
    }),
  ),
  attack('all but its last character', /^batch-(malformed|undecryptable)$/, async () => (await good()).slice(0, -1)),
];

describe.each(ONE_DATABASE)('on $name', (kind) => {
  withDatabase(kind, async (database) => {
    target = await Target.open(database);
    [kiosk, other] = [await target.kiosk(), await target.kiosk()];
  });
  beforeEach(async () => {
    // A new kiosk per attack would cost more than all the attacks; a new epoch suffices.
    if (stale) kiosk = await target.kiosk();
    stale = false;
    for (const { box } of [kiosk, other]) {
      box.newEpoch();
      box.checkin(box.person('Ada Lovelace'));
    }
  });

  /** Delivers a message and returns the error code that it ended with. */
  async function rejection(message: string, kind: 'batch' | 'ask' = 'batch', k = kiosk): Promise<string> {
    try {
      await target.take(k, message, kind);
    } catch (cause) {
      if (!(cause instanceof Problem)) throw cause;
      expect(isClientError(cause.code), `${cause.code} would leave the server as a failure of its own`).toBe(true);
      if (message.length > 60) expect(cause.message).not.toContain(message.slice(20, 60));
      return cause.code;
    }
    return 'TAKEN';
  }

  test.each(ATTACKS)('refuses $name with a code, and keeps running', async ({ make, code, kind, before: prepare }) => {
    const message = await make();
    await prepare?.();
    stale = prepare !== undefined;
    const before = await target.rows();
    const outcome = await rejection(message, kind);
    if (typeof code === 'string') expect(outcome).toBe(code);
    else expect(outcome).toMatch(code);
    expect(await target.rows(), 'nothing of it was taken').toEqual(before);
    expect(await target.openAck(other, await target.take(other, await good(other)))).toMatchObject({ committed: 2 });
    if (prepare) return;
    expect(await target.openAck(kiosk, await target.take(kiosk, await good()))).toMatchObject({ committed: 2 });
    expect(await target.held(kiosk)).toEqual({ events: [1, 2], quarantined: [] });
  });

  test('answers a replayed batch with the same marks, and takes nothing new', async () => {
    const message = await good();
    const first = await target.openAck(kiosk, await target.take(kiosk, message));
    const before = await target.rows();
    for (let i = 0; i < 3; i++) {
      const { serverTime: _, ...again } = await target.openAck(kiosk, await target.take(kiosk, message));
      expect(first).toMatchObject(again);
    }
    expect(await target.rows()).toEqual(before);
  });

  test('answers a replayed ask only with a page that only the device can open', async () => {
    const message = await target.ask(kiosk);
    const [one, two] = [await target.take(kiosk, message, 'ask'), await target.take(kiosk, message, 'ask')];
    expect(two).not.toBe(one);
    expect(Buffer.from(parts(two)[0]!, 'base64url').toString()).toContain(
      await keyId(publicHalf(kiosk.secret.sealing)),
    );
  });

  test.each(['batch', 'ask'] as const)('refuses a sealed %s with any one bit flipped', async (kind) => {
    const message = kind === 'batch' ? await good() : await target.ask(kiosk);
    const header = parts(message)[0]!.length;
    const before = await target.rows();
    const codes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        // Half of the flips are in the header, where a change could alter the meaning.
        fc.oneof(fc.nat(header * 8 - 1), fc.nat(message.length * 8 - 1)),
        async (bit) => {
          const code = await rejection(flipped(message, bit), kind);
          expect(code).toMatch(new RegExp(`^(${kind}-malformed|${kind}-undecryptable|unknown-sealing-key)$`));
          codes.add(code);
        },
      ),
      { numRuns: 300 },
    );
    expect(codes.size).toBeGreaterThan(1);
    expect(await target.rows()).toEqual(before);
    expect(await rejection(message, kind)).toBe('TAKEN');
  });

  test('refuses a signed batch with any one bit flipped, re-encrypted by someone with only the public keys', async () => {
    const jws = target.jws(kiosk, events());
    const [header, body] = parts(jws).map((part) => part.length) as [number, number, number];
    const before = await target.rows();
    const codes = new Set<string>();
    const everywhere = fc.nat(jws.length * 8 - 1).map((bit) => flipped(jws, bit));
    // Flips in the decoded bytes give valid base64url, and often valid JSON.
    const decoded = (index: number, bytes: number) =>
      fc.nat(bytes * 8 - 1).map((bit) => {
        const text = Buffer.from(parts(jws)[index]!, 'base64url').toString('latin1');
        return withPart(jws, index, b64(Buffer.from(flipped(text, bit), 'latin1')));
      });
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          everywhere,
          decoded(0, Math.floor((header * 3) / 4)),
          decoded(1, Math.floor((body * 3) / 4)),
          decoded(2, 64),
        ),
        async (altered) => {
          const code = await rejection(await target.seal(altered));
          expect(code).toMatch(/^(batch-malformed|bad-signature|wrong-issuer|wrong-audience|unsupported-protocol)$/);
          codes.add(code);
        },
      ),
      { numRuns: 300 },
    );
    expect(codes).toContain('bad-signature');
    expect(await target.rows()).toEqual(before);
  });

  test('refuses one bit flipped in any field of the encryption header, the signature header, or the signed content', async () => {
    const before = await target.rows();
    const message = await good();
    const jws = target.jws(kiosk, events());
    const flippedIn = (whole: string, part: number) => {
      const value: unknown = JSON.parse(Buffer.from(parts(whole)[part]!, 'base64url').toString());
      return eachFieldFlipped(value).map(
        ([path, altered]) => [path, withPart(whole, part, b64(json(altered)))] as const,
      );
    };
    const codes = new Map<string, string>();
    for (const [path, altered] of flippedIn(message, 0)) codes.set(`seal ${path}`, await rejection(altered));
    for (const part of [0, 1])
      for (const [path, altered] of flippedIn(jws, part))
        codes.set(`${part === 0 ? 'header' : 'body'} ${path}`, await rejection(await target.seal(altered)));
    expect(Object.fromEntries(codes)).toMatchObject({
      'seal alg': 'batch-malformed',
      'seal kid': 'unknown-sealing-key',
      'seal epk.x': 'batch-undecryptable',
      'header aud': 'wrong-audience',
      'header iss': 'wrong-issuer',
      'header epoch': 'bad-signature',
    });
    const signed = [...codes].filter(([path]) => path.startsWith('body '));
    expect(signed.length).toBeGreaterThan(40);
    expect(signed.filter(([, code]) => code !== 'bad-signature')).toEqual([]);
    expect([...codes.values()]).not.toContain('TAKEN');
    expect(await target.rows()).toEqual(before);
  });

  test('refuses noise of any kind and length', async () => {
    const before = await target.rows();
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 3000 }),
          fc.string({ unit: fc.constantFrom('.', 'e', '30', 'ey') }),
        ),
        fc.constantFrom('batch' as const, 'ask' as const),
        async (noise, kind) => {
          expect(await rejection(noise, kind)).toBe(`${kind}-malformed`);
        },
      ),
      { numRuns: 100 },
    );
    expect(await target.rows()).toEqual(before);
  });
});
