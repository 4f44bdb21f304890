import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sayFarewell } from '../../sync/edge/farewell.ts';
import { sendLogs } from '../../sync/edge/logs.ts';
import { revokeDevice } from '../../sync/protocol/api/devices.ts';
import { commandKiosk, getKiosk } from '../../sync/protocol/api/fleet.ts';
import { openFarewell, openLogs, sealLogs, signFarewell } from '../../sync/protocol/seal/farewell.ts';
import { keyId, newSealingKey, newSigningKey, publicHalf } from '../../sync/protocol/seal/keys.ts';
import { TYP } from '../../sync/protocol/wire/batch.ts';
import {
  FAREWELL_PATH,
  FAREWELL_TYP,
  type Farewell,
  LOGS_PATH,
  LOGS_TYP,
  type Logs,
  MAX_FAREWELL_BYTES,
  MAX_LOGS_BYTES,
} from '../../sync/protocol/wire/farewell.ts';
import { isClientError } from '../../sync/server/platform/http/problem.ts';
import { call, codeOf } from '../kit/client.ts';
import { certificateOf, type Link, newKiosk, sendEvent, tls, transportOptions } from '../kit/kiosk.ts';
import { newServer, type TestServer } from '../kit/server.ts';
import { flipped, json, padded, rawJwe, rawJws } from './raw-messages.ts';

/** What a kiosk sends besides its events, forged by an attacker: its log, and the report that all its data is destroyed. */

const SERVER = randomUUID();
const DEVICE = randomUUID();
const [device, stranger, sealing] = [newSigningKey(), newSigningKey(), newSealingKey()];
const logs: Logs = { command: randomUUID(), gz: gzipSync('lines').toString('base64') };
const farewell: Farewell = { command: randomUUID(), what: 'wipe', key: null };
const from = { device: DEVICE, serverId: SERVER };

interface Kind {
  readonly noun: 'logs' | 'farewell';
  readonly typ: string;
  readonly body: Record<string, unknown>;
  readonly most: number;
  readonly open: (message: string) => Promise<unknown>;
  readonly wrap: (jws: string) => string | Promise<string>;
  readonly good: () => Promise<string>;
}
const KINDS: Kind[] = [
  {
    noun: 'logs',
    typ: LOGS_TYP.logs,
    body: logs,
    most: MAX_LOGS_BYTES,
    open: (m) =>
      openLogs(
        m,
        {
          sealing: async (kid) => (kid === (await keyId(publicHalf(sealing))) ? sealing : null),
          device: async () => publicHalf(device),
        },
        { serverId: SERVER, device: DEVICE },
      ),
    wrap: (jws) => rawJwe(padded(jws), publicHalf(sealing), { typ: LOGS_TYP.sealed, cty: LOGS_TYP.logs }),
    good: () => sealLogs(logs, { ...from, signing: device, server: publicHalf(sealing) }),
  },
  {
    noun: 'farewell',
    typ: FAREWELL_TYP,
    body: farewell,
    most: MAX_FAREWELL_BYTES,
    open: (m) => openFarewell(m, SERVER, async (id, { key }) => (id === DEVICE && !key ? publicHalf(device) : null)),
    wrap: (jws) => jws,
    good: () => signFarewell(farewell, from, device),
  },
];

describe.each(KINDS)('$noun', ({ noun, typ, body, most, open, wrap, good }) => {
  const header = (more: Record<string, unknown> = {}) => ({
    alg: 'EdDSA',
    typ,
    iss: DEVICE,
    aud: SERVER,
    spv: 1,
    ...more,
  });
  const made = async (o: { header?: object; body?: unknown; key?: typeof device | null } = {}) =>
    wrap(rawJws(header({ ...o.header }), json(o.body ?? body), o.key === undefined ? device : o.key));
  const malformed = `${noun}-malformed`;

  test('from the device to this server are accepted', async () => {
    await expect(open(await good())).resolves.toBeTruthy();
    await expect(open(await made())).resolves.toBeTruthy();
  });

  test.each<[string, string | RegExp, () => Promise<string> | string]>([
    ['signed by a stranger', 'bad-signature', () => made({ key: stranger })],
    ['of another device', /^(wrong-issuer|unknown-device)$/, () => made({ header: { iss: randomUUID() } })],
    ['to another server', 'wrong-audience', () => made({ header: { aud: randomUUID() } })],
    ['that bring their own key', malformed, () => made({ key: stranger, header: { jwk: publicHalf(stranger) } })],
    ['without a signature', malformed, () => made({ key: null })],
    ['with the algorithm none', malformed, () => made({ key: null, header: { alg: 'none' } })],
    ['with HS256', malformed, () => made({ header: { alg: 'HS256' } })],
    ['with a critical extension', malformed, () => made({ header: { crit: ['x'], x: 1 } })],
    ['signed as a batch', malformed, () => made({ header: { typ: TYP.batch } })],
    ['of protocol version 99', 'unsupported-protocol', () => made({ header: { spv: 99 } })],
    ['of protocol version 0', malformed, () => made({ header: { spv: 0 } })],
    ['with an unknown field', malformed, () => made({ body: { ...body, more: 1 } })],
    ['with an invalid command id', malformed, () => made({ body: { ...body, command: 'all' } })],
    ['whose body is not an object', malformed, () => made({ body: [body] })],
    ['whose body is nested 500 levels', malformed, () => made({ body: '['.repeat(500) + ']'.repeat(500) })],
    ['that are empty', malformed, () => ''],
    ['that are noise', malformed, () => 'a.b.c.d.e'],
    ['that are over the size limit', `${noun}-too-large`, () => 'A'.repeat(most + 1)],
    ['that were cut off', /-(malformed|undecryptable|signature)$/, async () => (await good()).slice(0, -8)],
  ])('%s are refused', async (_what, code, make) => {
    const found = await codeOf(open(await make()));
    if (typeof code === 'string') expect(found).toBe(code);
    else expect(found).toMatch(code);
    expect(isClientError(String(found)), `${found} would leave the server as a failure of its own`).toBe(true);
  });

  test('with any one bit flipped are refused', async () => {
    const message = await good();
    await fc.assert(
      fc.asyncProperty(fc.nat(message.length * 8 - 1), async (bit) => {
        expect(await codeOf(open(flipped(message, bit)))).toMatch(
          new RegExp(
            `^(${malformed}|bad-signature|${noun}-undecryptable|unknown-sealing-key|unknown-device|wrong-audience|unsupported-protocol)$`,
          ),
        );
      }),
      { numRuns: 200 },
    );
  });
});

test('a message of one kind is never mistaken for another', async () => {
  for (const [one, other] of [KINDS, KINDS.toReversed()] as const)
    expect(await codeOf(one!.open(await other!.good()))).toMatch(new RegExp(`^${one!.noun}-(malformed|too-large)$`));
});

describe('over the network', { timeout: 60_000 }, () => {
  let server: TestServer;
  let kiosk: Link;
  beforeAll(async () => {
    server = await newServer();
    kiosk = await newKiosk(server);
  });
  afterAll(() => server?.close());

  const shown = (of: Link) => server.call(getKiosk, { params: { device: of.secret.device } });
  const soon = () => AbortSignal.timeout(60_000);
  const notified = async (of: Link, what: 'wipe' | 'logs') => {
    const { kiosk: known } = await shown(of);
    const { commands } = await server.call(commandKiosk, {
      params: { device: of.secret.device },
      body: { what, name: known.name },
    });
    return commands[0]!.id;
  };
  const post = async (path: string, body: string, own: { cert?: string; key?: string } = {}) => {
    const socket = await tls(server.deviceUrl, { ...own, ALPNProtocols: ['http/1.1'] });
    try {
      return await new Promise<{ status: number; code: string | null }>((resolve, reject) => {
        const headers = { 'content-type': 'application/jose', 'content-length': Buffer.byteLength(body) };
        request({ method: 'POST', path, headers, createConnection: () => socket }, async (answer) => {
          let text = '';
          for await (const chunk of answer) text += chunk;
          resolve({ status: answer.statusCode!, code: text === '' ? null : JSON.parse(text).code });
        })
          .on('error', reject)
          .end(body);
      });
    } finally {
      socket.destroy();
    }
  };

  test('logs are accepted only with the asked kiosk’s certificate, and unrequested or repeated ones are not stored', async () => {
    const other = await newKiosk(server, 'Back door');
    const command = await notified(kiosk, 'logs');
    const sealedBy = (by: Link) =>
      sealLogs(
        { ...logs, command },
        {
          device: by.secret.device,
          serverId: by.bundle.serverId,
          signing: by.secret.signing,
          server: by.bundle.keys.sealing,
        },
      );
    const sealed = await sealedBy(kiosk);
    expect(await post(LOGS_PATH, sealed)).toMatchObject({ status: 401, code: 'certificate-required' });
    expect(await post(LOGS_PATH, sealed, certificateOf(other))).toMatchObject({ status: 403, code: 'wrong-issuer' });
    expect(await post(LOGS_PATH, await sealedBy(other), certificateOf(other))).toMatchObject({
      code: 'command-unknown',
    });
    expect(await post(LOGS_PATH, 'A'.repeat(MAX_LOGS_BYTES + 1), certificateOf(kiosk))).toMatchObject({
      status: 413,
      code: 'request-too-large',
    });
    expect((await shown(kiosk)).commands[0]!.log).toBeNull();
    await sendLogs(
      transportOptions(kiosk, server.now),
      { secret: kiosk.secret, command, gz: gzipSync('its own') },
      soon(),
    );
    expect((await shown(kiosk)).commands[0]!.log).toMatchObject({ bytes: 7 });
    await server.call(revokeDevice, { params: { device: other.secret.device } });
    expect(await post(LOGS_PATH, await sealedBy(other), certificateOf(other))).toMatchObject({
      code: 'device-revoked',
    });
  });

  test('a screen picture is accepted only from the watched kiosk, and only as a small JPEG', async () => {
    const other = await newKiosk(server, 'Garden door');
    const own = { cookie: await server.signIn(), origin: server.peopleUrl };
    const ask = async (method: string, path: string, body?: object) => {
      const answer = await call(`${server.peopleUrl}${path}`, {
        method,
        headers: { ...own, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      return answer.body === '' ? null : JSON.parse(answer.body);
    };
    const { items } = await ask('GET', '/api/sites');
    await ask('PATCH', `/api/sites/${items[0].id}/policy`, { was: {}, is: { watchScreens: 'on' } });
    const path = `/api/fleet/${kiosk.secret.device}/screen`;
    const { command } = await ask('POST', path, {});
    const sealedBy = (by: Link, bytes: Uint8Array) =>
      sealLogs(
        { command, gz: gzipSync(bytes).toString('base64') },
        {
          device: by.secret.device,
          serverId: by.bundle.serverId,
          signing: by.secret.signing,
          server: by.bundle.keys.sealing,
        },
      );
    const sent = async (by: Link, bytes: Uint8Array) =>
      (await post(LOGS_PATH, await sealedBy(by, bytes), certificateOf(by))).code;
    const jpeg = Buffer.from('ffd8ffc0001108019002800301220002110103110100', 'hex');
    expect(await sent(other, jpeg)).toBe('command-unknown');
    expect(await post(LOGS_PATH, await sealedBy(kiosk, jpeg), certificateOf(other))).toMatchObject({
      code: 'wrong-issuer',
    });
    const markup = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
    expect(await sent(kiosk, markup)).toBe('screen-malformed');
    // Ten megabytes that compress well.
    expect(await sent(kiosk, Buffer.concat([jpeg, Buffer.alloc(10_000_000)]))).toBe('logs-malformed');
    expect((await post(LOGS_PATH, 'A'.repeat(10_000_000), certificateOf(kiosk))).status).toBe(413);
    expect(await ask('GET', `${path}/${command}`)).toMatchObject({ sequence: 0, picture: null });
    expect(await sent(kiosk, jpeg)).toBeNull();
    expect(await ask('GET', `${path}/${command}`)).toMatchObject({ sequence: 1, picture: jpeg.toString('base64') });
    expect(await ask('DELETE', `${path}/${command}`)).toBeNull();
    expect(await sent(kiosk, jpeg)).toBe('command-unknown');
  });

  test('a replayed farewell of a kiosk that was set up again has no effect', async () => {
    const old = await newKiosk(server, 'Old door');
    const command = await notified(old, 'wipe');
    const { serverId, serverUrl, keys } = old.bundle;
    const to = {
      server: { id: serverId, url: serverUrl, caPem: keys.caPem },
      device: old.secret.device,
      command,
      what: 'wipe' as const,
      trustedNow: server.now,
    };
    const say = () => sayFarewell(to, { key: old.secret.signing, own: true }, soon());
    await say();
    expect((await shown(old)).kiosk).toMatchObject({ status: 'revoked', leaving: 'wipe' });
    // The same device id with new keys, none of which signed the earlier farewell.
    const rejoined = await newKiosk(server, 'Old door', old.secret.device);
    expect(await codeOf(say())).toBe('bad-signature');
    expect((await shown(rejoined)).kiosk).toMatchObject({ status: 'approved', leaving: null });
    expect(await sendEvent(server, rejoined)).toBe(1);
  });

  test('a flood of farewells is limited to thirty per minute, and kiosks keep working', async () => {
    const noise = await signFarewell(farewell, { device: randomUUID(), serverId: kiosk.bundle.serverId }, stranger);
    const codes: (string | null)[] = [];
    for (let i = 0; i < 40; i++) codes.push((await post(FAREWELL_PATH, noise)).code);
    expect(codes[0]).toBe('unknown-device');
    expect(codes.at(-1)).toBe('too-many-requests');
    expect(await post(FAREWELL_PATH, 'A'.repeat(MAX_FAREWELL_BYTES + 1))).toMatchObject({ code: 'too-many-requests' });
    expect(await sendEvent(server, kiosk)).toBe(1);
  });
});
