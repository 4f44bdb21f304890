import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { startBrowserHost } from '../../electron/host-browser/browser-host.ts';
import { plainDist, temporaryFolder } from './support/kiosk-page.ts';

/* What a page sends while its socket is being handed over from the host to the core. */

const CORE = resolve(import.meta.dirname, 'support/browser-test-core.ts');
/** RFC 6455: an empty ping, masked with zeros, and the pong that answers it. */
const PING = Buffer.from([0x89, 0x80, 0, 0, 0, 0]);
const PONG = Buffer.from([0x8a, 0x00]);

test('a message sent before the core has taken over the socket reaches the core', async () => {
  const [dist, home] = [plainDist(), temporaryFolder('handover-')];
  const host = await startBrowserHost({
    home: home.path,
    demo: true,
    browser: { mode: 'none' },
    dist: dist.path,
    coreModule: CORE,
    log: () => undefined,
  });
  try {
    await vi.waitFor(() => expect(host.coreEvent.state.state).toBe('ready'), { timeout: 60_000 });
    const cookie = await enter(host.url, host.enterFile!);
    const answered: boolean[] = [];
    for (let i = 0; i < 40; i++) answered.push(await ping(host.url, cookie));
    expect(answered.filter((yes) => !yes)).toHaveLength(0);
  } finally {
    await host.close();
    dist.remove();
    home.remove();
  }
});

async function enter(url: string, file: string): Promise<string> {
  const token = /name="token" value="([^"]+)"/.exec(readFileSync(file, 'utf8'))![1]!;
  const response = await fetch(`${url}/enter`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: url },
    body: `token=${token}`,
  });
  return response.headers.get('set-cookie')!.split(';')[0]!;
}

/** Sends a handshake with a ping right behind it, without waiting for the response. Returns whether a pong arrives. */
async function ping(url: string, cookie: string): Promise<boolean> {
  const { host, port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.setNoDelay();
  let received = Buffer.alloc(0);
  const pong = new Promise<true>((done) => {
    socket.on('data', (part) => {
      received = Buffer.concat([received, part]);
      if (received.subarray(-2).equals(PONG)) done(true);
    });
  });
  socket.write(
    `GET /rpc HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${url}\r\nCookie: ${cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
  await wait(1); // a separate packet: bytes in the handshake's own packet are forwarded with it
  socket.write(PING);
  const answered = await Promise.race([pong, wait(60_000, false, { ref: false })]);
  socket.destroy();
  return answered;
}
