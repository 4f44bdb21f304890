import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { createDeviceIdentity, type DeviceSecret } from '../../sync/edge/identity.ts';
import { openAck, signAck } from '../../sync/protocol/seal/ack.ts';
import { keyId, newSealingKey, newSigningKey, publicHalf } from '../../sync/protocol/seal/keys.ts';
import { openPage, sealPage } from '../../sync/protocol/seal/page.ts';
import { messageDigest, openRejection, signRejection } from '../../sync/protocol/seal/rejection.ts';
import { TYP } from '../../sync/protocol/wire/batch.ts';
import type { Page } from '../../sync/protocol/wire/changes.ts';
import { codeOf } from '../kit/client.ts';
import { flipped, json, padded, rawJwe, rawJws } from './raw-messages.ts';

/** An attacker who poses as a kiosk's server: the kiosk accepts only what its server made, for this kiosk, now. */

const DEVICE = randomUUID();
const EPOCH = randomUUID();
const JTI = randomUUID();
const TIME = '2026-01-01T00:00:00.000Z';
const MESSAGE = 'what.was.sent';
const server = newSigningKey();
const stranger = newSigningKey();
const trusted = [publicHalf(server)];
let device: DeviceSecret;
beforeAll(async () => {
  device = await createDeviceIdentity(DEVICE);
});

const ack = { device: DEVICE, epoch: EPOCH, committed: 7, safe: 3, logEpoch: randomUUID(), serverTime: TIME };
const page: Page = {
  what: 'changes',
  device: DEVICE,
  jti: JTI,
  whole: true,
  changes: [{ kind: 'removed', person: randomUUID() }],
  cursor: 'c1',
  more: false,
  presence: [],
  ack: 'x',
};
const rejection = { device: DEVICE, digest: messageDigest(MESSAGE), code: 'device-revoked', serverTime: TIME };

interface Kind {
  readonly noun: string;
  readonly typ: string;
  readonly body: Record<string, unknown>;
  readonly most: number;
  /** Opens the message as the kiosk does. */
  readonly open: (message: string) => Promise<unknown>;
  /** Turns a signed text into what is sent over the wire. */
  readonly wrap: (jws: string) => string | Promise<string>;
  readonly good: () => Promise<string>;
}
const KINDS: Kind[] = [
  {
    noun: 'ack',
    typ: TYP.ack,
    body: ack,
    most: 4096,
    open: (m) => openAck(m, trusted, { device: DEVICE, epoch: EPOCH }),
    wrap: (jws) => jws,
    good: () => signAck(ack, server),
  },
  {
    noun: 'page',
    typ: TYP.page,
    body: page,
    most: 800_000,
    open: (m) => openPage(m, { sealing: device.sealing, trusted }, { device: DEVICE, jti: JTI }),
    wrap: (jws) => rawJwe(padded(jws), publicHalf(device.sealing), { typ: TYP.sealedPage, cty: TYP.page }),
    good: () => sealPage(page, { signing: server, device: publicHalf(device.sealing) }),
  },
  {
    noun: 'rejection',
    typ: TYP.rejection,
    body: rejection,
    most: 2048,
    open: (m) => openRejection(m, trusted, { device: DEVICE, digest: messageDigest(MESSAGE) }),
    wrap: (jws) => jws,
    good: () => signRejection(rejection, server),
  },
];

describe.each(KINDS)('a $noun', ({ noun, typ, body, most, open, wrap, good }) => {
  const header = async (more: Record<string, unknown> = {}) => ({
    alg: 'EdDSA',
    typ,
    kid: await keyId(publicHalf(server)),
    spv: 1,
    ...more,
  });
  const made = async (
    options: { header?: Record<string, unknown>; body?: unknown; key?: typeof server | null } = {},
  ): Promise<string> =>
    wrap(
      rawJws(
        await header(options.header),
        json(options.body ?? body),
        options.key === undefined ? server : options.key,
      ),
    );
  const malformed = `${noun}-malformed`;

  test('from the server to this kiosk is accepted', async () => {
    expect(await open(await good())).toEqual(body);
    expect(await open(await made())).toEqual(body);
  });

  test.each<[string, string | RegExp, () => Promise<string> | string]>([
    ['signed by a stranger under the server’s name', `bad-${noun}-signature`, () => made({ key: stranger })],
    [
      'signed by a stranger under its own name',
      'unknown-server-key',
      async () => made({ key: stranger, header: { kid: await keyId(publicHalf(stranger)) } }),
    ],
    ['that brings its own key', malformed, () => made({ key: stranger, header: { jwk: publicHalf(stranger) } })],
    ['without a signature', malformed, () => made({ key: null })],
    ['with the algorithm none', malformed, () => made({ key: null, header: { alg: 'none' } })],
    ['with HS256', malformed, () => made({ header: { alg: 'HS256' } })],
    ['with a critical extension', malformed, () => made({ header: { crit: ['x'], x: 1 } })],
    ['without a kid', malformed, () => made({ header: { kid: undefined } })],
    ['of protocol version 99', 'unsupported-protocol', () => made({ header: { spv: 99 } })],
    ['of protocol version 0', malformed, () => made({ header: { spv: 0 } })],
    ['for another device', `${noun}-of-another`, () => made({ body: { ...body, device: randomUUID() } })],
    ['with an unknown field', malformed, () => made({ body: { ...body, more: 1 } })],
    ['with "__proto__"', malformed, () => made({ body: JSON.stringify(body).replace('{', '{"__proto__":{},') })],
    ['whose body is not an object', malformed, () => made({ body: [body] })],
    ['whose body is nested 500 levels', malformed, () => made({ body: '['.repeat(500) + ']'.repeat(500) })],
    ['with an invalid time', malformed, () => made({ body: { ...body, serverTime: '1 January', jti: 'x' } })],
    ['that is empty', malformed, () => ''],
    ['that is noise', malformed, () => 'a.b.c.d.e'],
    ['that is over the size limit', `${noun}-too-large`, () => 'A'.repeat(most + 1)],
    ['that was cut off', /-(malformed|undecryptable|signature)$/, async () => (await good()).slice(0, -8)],
  ])('%s is refused', async (_what, code, make) => {
    const found = await codeOf(open(await make()));
    if (typeof code === 'string') expect(found).toBe(code);
    else expect(found).toMatch(code);
  });

  test('is never mistaken for another kind', async () => {
    for (const other of KINDS.filter((k) => k.noun !== noun))
      expect(await codeOf(open(await other.good())), other.noun).toMatch(new RegExp(`^${noun}-(malformed|too-large)$`));
  });

  test('with any one bit flipped is refused', async () => {
    const message = await good();
    await fc.assert(
      fc.asyncProperty(fc.nat(message.length * 8 - 1), async (bit) => {
        expect(await codeOf(open(flipped(message, bit)))).toMatch(
          new RegExp(
            `^(${malformed}|bad-${noun}-signature|unknown-server-key|unsupported-protocol|unknown-sealing-key|${noun}-undecryptable)$`,
          ),
        );
      }),
      { numRuns: 200 },
    );
  });

  test('with any one signed bit flipped is refused', async () => {
    const jws = rawJws(await header(), json(body), server);
    const parts = jws.split('.');
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom(0, 1, 2), async (bit, index) => {
        const bytes = Buffer.from(parts[index]!, 'base64url').toString('latin1');
        const changed = Buffer.from(flipped(bytes, bit % (bytes.length * 8)), 'latin1').toString('base64url');
        expect(await codeOf(open(await wrap(parts.with(index, changed).join('.'))))).toMatch(
          new RegExp(`^(${malformed}|bad-${noun}-signature|unknown-server-key|unsupported-protocol)$`),
        );
      }),
      { numRuns: 150 },
    );
  });
});

test('an ack of another epoch, or with safe above committed, is refused', async () => {
  const open = (m: string) => openAck(m, trusted, { device: DEVICE, epoch: EPOCH });
  expect(await codeOf(open(await signAck({ ...ack, epoch: randomUUID() }, server)))).toBe('ack-of-another');
  expect(await codeOf(open(await signAck({ ...ack, safe: 8 }, server)))).toBe('ack-malformed');
  for (const committed of [-1, 1.5, '7', 1e300])
    expect(
      await codeOf(
        open(
          rawJws(
            { alg: 'EdDSA', typ: TYP.ack, kid: await keyId(publicHalf(server)), spv: 1 },
            json({ ...ack, committed }),
            server,
          ),
        ),
      ),
      String(committed),
    ).toBe('ack-malformed');
});

test('a page that answers another ask, or is sealed to another kiosk, is refused', async () => {
  const open = (m: string) => openPage(m, { sealing: device.sealing, trusted }, { device: DEVICE, jti: JTI });
  const to = publicHalf(device.sealing);
  expect(await codeOf(open(await sealPage({ ...page, jti: randomUUID() }, { signing: server, device: to })))).toBe(
    'page-of-another',
  );
  expect(await codeOf(open(await sealPage(page, { signing: server, device: publicHalf(newSealingKey()) })))).toBe(
    'unknown-sealing-key',
  );
  // A person who knows only the kiosk's public key can encrypt, but not sign.
  expect(await codeOf(open(await sealPage(page, { signing: stranger, device: to })))).toBe('unknown-server-key');
});

describe('the part of a page for this device only', () => {
  const vectors = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors/messages.json'), 'utf8'));
  const notified = vectors.pageOfDevice.body.changes as Record<string, unknown>[];
  const taken = async (changes: unknown[]) => {
    const header = { alg: 'EdDSA', typ: TYP.page, kid: await keyId(publicHalf(server)), spv: 1 };
    const jws = rawJws(header, json({ ...page, changes }), server);
    const sealed = await rawJwe(padded(jws), publicHalf(device.sealing), { typ: TYP.sealedPage, cty: TYP.page });
    return codeOf(openPage(sealed, { sealing: device.sealing, trusted }, { device: DEVICE, jti: JTI }));
  };
  /** Returns a copy of a change for each wrong value in place of each of its leaves. */
  const spoilt = (value: unknown): unknown[] => {
    if (typeof value !== 'object' || value === null) return [{ of: 'another kind' }, '\u0000'.repeat(300), -1e9];
    return Object.entries(value).flatMap(([key, inner]) =>
      spoilt(inner).map((bad) => (Array.isArray(value) ? value.with(Number(key), bad) : { ...value, [key]: bad })),
    );
  };

  test.each(notified.map((change) => [String(change.kind), change] as const))(
    '%s: one invalid field rejects the whole page, and nothing of it is applied',
    async (_kind, change) => {
      expect(await taken([change])).toBe('ANSWERED');
      for (const bad of [...spoilt(change), { ...change, more: 1 }])
        expect(await taken([change, bad]), JSON.stringify(bad).slice(0, 200)).toBe('page-malformed');
      for (const key of Object.keys(change)) {
        const { [key]: _gone, ...rest } = change;
        expect(await taken([rest]), `without ${key}`).toBe('page-malformed');
      }
    },
  );

  test('an unknown kind, an unknown command, and an invalid version are refused', async () => {
    const [update, , command] = notified;
    expect(await taken([{ kind: 'shell', run: 'rm' }])).toBe('page-malformed');
    for (const what of ['shell', 'Restart', 'wipe ', '', 'constructor'])
      expect(await taken([{ ...command, what }]), what).toBe('page-malformed');
    const directive = update!.update as object;
    for (const version of ['../../etc', '1.5.0/..', 'latest', '1.5', ''])
      expect(await taken([{ ...update, update: { ...directive, version } }]), version).toBe('page-malformed');
    expect(await taken(Array(201).fill(command))).toBe('page-malformed');
  });

  test('too many staff members, or a duplicate, are refused', async () => {
    const { staff } = notified.find(({ kind }) => kind === 'staff') as { staff: [{ factor: { paper: [object] } }] };
    const [one] = staff;
    const many = (n: number) => ({
      kind: 'staff',
      staff: Array.from({ length: n }, () => ({ ...one, id: randomUUID() })),
    });
    expect(await taken([many(50)])).toBe('ANSWERED');
    expect(await taken([many(51)])).toBe('page-malformed');
    expect(await taken([{ kind: 'staff', staff: [one, one] }])).toBe('page-malformed');
    for (const wrong of [
      { factor: { ...one.factor, secret: 'A'.repeat(4000) } },
      { factor: { ...one.factor, secret: '' } },
      { factor: { ...one.factor, paper: Array(6).fill(one.factor.paper[0]) } },
      { factor: null }, // a technician without a second factor
      { role: 'desk' }, // another role with a second factor
      { role: 'admin' },
      { name: 'x'.repeat(61) },
      { pin: 'plain' },
    ])
      expect(await taken([{ kind: 'staff', staff: [{ ...one, ...wrong }] }]), JSON.stringify(wrong)).toBe(
        'page-malformed',
      );
  });
});

test('a rejection of another message is rejected', async () => {
  expect(
    await codeOf(
      openRejection(await signRejection({ ...rejection, digest: messageDigest('another') }, server), trusted, {
        device: DEVICE,
        digest: messageDigest(MESSAGE),
      }),
    ),
  ).toBe('rejection-of-another');
});
