import { connect as tcpConnect } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ask, dial, enter, form, host, logs, screen, start, until, useBrowserHost } from './support/browser-fixture.ts';

/* Attacks that another program on the same machine could try on the browser host's port. */

useBrowserHost();

describe('nobody else gets in', () => {
  it('refuses upgrades by origin, host, cookie and path before they reach the core', async () => {
    await start();
    await until('ready');
    const cookie = await enter();
    const cases: [string | undefined, Record<string, string>, string, number][] = [
      [cookie, { origin: 'http://127.0.0.1:1' }, '/rpc', 403],
      [cookie, { origin: 'null' }, '/rpc', 403],
      [cookie, { origin: 'file://' }, '/rpc', 403],
      [cookie, { host: 'evil.example' }, '/rpc', 421],
      [cookie, { host: `localhost:${new URL(host.url).port}` }, '/rpc', 421],
      [undefined, {}, '/rpc', 403],
      ['smartpresence=guess', {}, '/rpc', 403],
      [cookie, {}, '/rpc?x', 404],
      [cookie, {}, '/', 404],
    ];
    for (const [c, headers, path, status] of cases) expect(await dial(c, headers, path)).toBe(status);
    expect(logs.filter((l) => l.message === 'host: request refused')).toHaveLength(cases.length);
    expect((await screen(cookie)).client).toBeTruthy();
  });

  it('serves no file to traversal, foreign hosts, other methods or requests without a session', async () => {
    await start();
    const cookie = await enter();
    const paths = [
      '/../secret.json',
      '/assets/../../secret.json',
      '/assets/%2e%2e/%2e%2e/secret.json',
      '/..%2fsecret.json',
      '/models/..\\..\\secret.json',
      '//secret.json',
      '/%00',
      `/${'a'.repeat(8_000)}`,
    ];
    for (const path of paths) {
      const answer = await ask(path, { headers: { cookie } });
      expect([path.slice(0, 40), answer.status]).toEqual([path.slice(0, 40), 404]);
      expect(answer.body).not.toContain('"secret"');
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])
      expect((await ask('/', { method, headers: { cookie } })).status).toBe(405);
    for (const path of ['/', '/assets/app-1.js', '/models/face.tflite', '/nothing'])
      expect((await ask(path)).status).toBe(403);
    expect((await ask('/', { headers: { cookie, host: 'evil.example' } })).status).toBe(421);
    expect((await ask('/', { headers: { cookie, origin: 'https://evil.example' } })).status).toBe(403);
    const error = await ask('/nothing/<script>', { headers: { cookie } });
    expect(error.body).toContain('not-found');
    expect(error.body).not.toContain('<script>');
  });

  it('refuses long headers, long bodies and non-HTTP, and survives', async () => {
    await start();
    const cookie = await enter();
    expect(
      (await ask('/', { headers: { cookie, 'x-long': 'a'.repeat(20_000) } }).catch(() => ({ status: 400 }))).status,
    ).toBe(400);
    expect(
      (
        await ask('/enter', { method: 'POST', headers: form, body: `token=${'a'.repeat(100_000)}` }).catch(() => ({
          status: 400,
        }))
      ).status,
    ).toBe(400);
    expect(await raw('\x16\x03\x01\x02\x00\x01\x00')).toMatch(/^(HTTP\/1.1 400|$)/);
    expect(await raw(`GET / HTTP/1.1\r\nHost: ${new URL(host.url).host}\r\nHost: evil\r\n\r\n`)).not.toMatch(
      /^HTTP\/1.1 2/,
    );
    expect(
      await raw(
        `GET / HTTP/1.1\r\nHost: ${new URL(host.url).host}\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      ),
    ).not.toMatch(/^HTTP\/1.1 2/);
    expect((await ask('/', { headers: { cookie } })).status).toBe(200);
  });

  it('answers arbitrary requests without a session only with errors, and survives', async () => {
    await start();
    await until('ready');
    const header = fc.string({ maxLength: 60 }).map((s) => s.replace(/[^\x21-\x7e]/g, ''));
    const ours = fc.constantFrom(
      new URL(host.url).host,
      host.url,
      'null',
      'websocket',
      'Upgrade',
      'smartpresence=x',
      '',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'HEAD', 'PUT', 'OPTIONS', 'TRACE', 'QUERY', 'get'),
        fc.oneof(fc.constantFrom('/', '/rpc', '/enter', '/core-state', '*'), fc.webPath(), header),
        fc.dictionary(
          fc.constantFrom(
            'Host',
            'Origin',
            'Cookie',
            'Upgrade',
            'Connection',
            'Sec-WebSocket-Key',
            'Content-Type',
            'Content-Length',
          ),
          fc.oneof(ours, header),
        ),
        fc.string({ maxLength: 100 }),
        async (method, path, headers, body) => {
          const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
          const answer = await raw(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
          expect(answer).not.toMatch(/^HTTP\/1.1 (1|2|3)/);
          expect(answer).not.toMatch(/set-cookie/i);
        },
      ),
      { numRuns: 300 },
    );
    expect(host.coreEvent.state.state).toBe('ready');
    const { client } = await screen(await enter());
    expect(await client.hello({})).toMatchObject({ site: 'Test' });
  });

  it('survives arbitrary frames on an open connection: bytes, text, and an oversized one', async () => {
    await start();
    const { pid } = await until('ready');
    const cookie = await enter();
    const noisy = await screen(cookie);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), fc.string(), async (bytes, text) => {
        noisy.socket.send(bytes);
        noisy.socket.send(text);
      }),
      { numRuns: 300 },
    );
    expect(await noisy.client.hello({})).toMatchObject({ site: 'Test' });
    noisy.socket.send(new Uint8Array(6_000_000));
    await noisy.closed;
    const after = await screen(cookie);
    expect(await after.client.hello({})).toMatchObject({ site: 'Test' });
    expect(host.corePid).toBe(pid);
  });
});

/**
 * Sends raw bytes and returns the head of the response, or everything received until the server closes. It also sends another
 * request: once that is answered, the socket is closed, so a missing response does not hang the test.
 */
async function raw(text: string): Promise<string> {
  const socket = tcpConnect(Number(new URL(host.url).port), '127.0.0.1');
  let answer = '';
  const whole = new Promise<void>((done) => {
    socket.on('data', (part) => {
      answer += part.toString('latin1');
      if (answer.includes('\r\n\r\n')) done();
    });
    socket.on('error', () => done());
    socket.on('close', () => done());
  });
  socket.write(text, 'latin1');
  const later = ask('/').then(() => socket.end());
  await Promise.all([whole, later]);
  socket.destroy();
  return answer;
}
