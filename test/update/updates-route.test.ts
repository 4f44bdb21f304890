import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VerifiedAgent } from '../../sync/edge/tls/agent.ts';
import { httpSource } from '../../sync/edge/update/http-source.ts';
import { revokeDevice } from '../../sync/protocol/api/devices.ts';
import { certificateOf, type Link, newKiosk, tls, transportOptions } from '../kit/kiosk.ts';
import { newServer, type TestServer } from '../kit/server.ts';

/** The devices listener's `/updates/` over real TLS connections. */
let server: TestServer;
let kiosk: Link;
let folder: string;
const archive = randomBytes(3_000_000);
const target = `targets/kiosk/linux-x64/1.2.3/${'b'.repeat(64)}.smartpresence-kiosk.tar.gz`;

beforeAll(async () => {
  server = await newServer();
  kiosk = await newKiosk(server);
  folder = join(server.home, 'repository');
  mkdirSync(join(folder, 'metadata'), { recursive: true });
  mkdirSync(join(folder, target, '..'), { recursive: true });
  writeFileSync(join(folder, target), archive);
  writeFileSync(join(folder, 'metadata/timestamp.json'), '{"signed":{}}');
  writeFileSync(join(folder, 'metadata/1.root.json'), '');
});
afterAll(() => server?.close());

async function begun(path: string, headers: Record<string, string> = {}, own: object = certificateOf(kiosk)) {
  const socket = await tls(server.deviceUrl, { ...own, ALPNProtocols: ['http/1.1'] });
  const call: ClientRequest = request({ method: 'GET', path, headers, createConnection: () => socket });
  call.end();
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  return { response, end: () => socket.destroy() };
}

async function get(path: string, headers?: Record<string, string>, own?: object) {
  const { response, end } = await begun(path, headers, own);
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  end();
  const body = Buffer.concat(parts);
  const isProblem = response.headers['content-type']?.startsWith('application/problem+json');
  return {
    status: response.statusCode!,
    headers: response.headers,
    body,
    code: isProblem ? (JSON.parse(body.toString()).code as string) : null,
  };
}

test('a server without a repository says so with a next step', async () => {
  const answer = await get('/updates/metadata/timestamp.json');
  expect([answer.status, answer.code]).toEqual([409, 'updates-not-configured']);
  expect(JSON.parse(answer.body.toString()).nextStep).toContain('SMARTPRESENCE_UPDATES');
});

describe('a server with a repository', () => {
  beforeAll(async () => {
    server.env.SMARTPRESENCE_UPDATES = folder;
    await server.restart();
  });

  test('serves metadata and targets completely, by range, and resuming', async () => {
    const metadata = await get('/updates/metadata/timestamp.json');
    expect([metadata.status, metadata.body.toString()]).toEqual([200, '{"signed":{}}']);
    expect(metadata.headers['cache-control']).toBe('no-store');
    const whole = await get(`/updates/${target}`);
    expect([whole.status, whole.headers['content-length'], whole.headers['accept-ranges']]).toEqual([
      200,
      '3000000',
      'bytes',
    ]);
    expect(whole.body.equals(archive)).toBe(true);
    const rest = await get(`/updates/${target}`, { range: 'bytes=2000000-' });
    expect([rest.status, rest.headers['content-range']]).toEqual([206, 'bytes 2000000-2999999/3000000']);
    expect(rest.body.equals(archive.subarray(2_000_000))).toBe(true);
    const behind = await get(`/updates/${target}`, { range: 'bytes=3000000-' });
    expect([behind.status, behind.headers['content-range']]).toEqual([416, 'bytes */3000000']);
    expect([(await get('/updates/metadata/1.root.json')).status]).toEqual([200]);
  });

  test('works with the kiosk’s own client', async () => {
    const { bundle } = kiosk;
    const agent = new VerifiedAgent(transportOptions(kiosk, server.now));
    const source = httpSource({
      name: 'server',
      url: `${bundle.serverUrl}/updates`,
      agent,
    });
    const file = await source.open(target, { from: 2_999_990, signal: AbortSignal.timeout(60_000) });
    const parts: Uint8Array[] = [];
    for await (const part of file!.bytes) parts.push(part);
    expect([file!.from, file!.total, Buffer.concat(parts).equals(archive.subarray(2_999_990))]).toEqual([
      2_999_990,
      3_000_000,
      true,
    ]);
    agent.destroy();
    expect(await source.open('metadata/9.root.json', { from: 0, signal: AbortSignal.timeout(60_000) })).toBeNull();
  });

  test.each([
    '/updates/',
    '/updates/metadata/',
    '/updates/metadata/..%2f..%2fkeys.env',
    '/updates/../keys.env',
    '/updates/..%2fkeys.env',
    '/updates/%2e%2e/keys.env',
    '/updates/metadata%2ftimestamp.json%00',
    '/updates/metadata/timestamp.json/x',
    '/updates/a/…',
  ])('serves nothing outside it: %s', async (path) => {
    const answer = await get(path.replace('…', 'a/'.repeat(800)));
    expect([answer.status, answer.body.includes('KEY')]).toEqual([
      expect.toSatisfy((s) => s === 400 || s === 404),
      false,
    ]);
  });

  test('serves only registered kiosks', async () => {
    const stranger = await get('/updates/metadata/timestamp.json', {}, {});
    expect([stranger.status, stranger.code]).toEqual([401, 'certificate-required']);
    const lost = await newKiosk(server, 'Lost');
    await server.call(revokeDevice, { params: { device: lost.secret.device } });
    const revoked = await get('/updates/metadata/timestamp.json', {}, certificateOf(lost));
    expect([revoked.status, revoked.code]).toEqual([403, 'device-revoked']);
  });

  test('limits each kiosk to two downloads at once', async () => {
    const held = [await begun(`/updates/${target}`), await begun(`/updates/${target}`)];
    const third = await get('/updates/metadata/timestamp.json');
    expect([third.status, third.code, third.headers['retry-after']]).toEqual([429, 'too-many-downloads', '20']);
    for (const { end } of held) end();
    await expect.poll(async () => (await get('/updates/metadata/timestamp.json')).status).toBe(200);
  });

  test('answers not found for anything missing, even the whole folder', async () => {
    rmSync(folder, { recursive: true });
    expect([(await get('/updates/metadata/timestamp.json')).code]).toEqual(['not-found']);
  });
});
