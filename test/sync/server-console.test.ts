import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import type { Board } from '../../sync/protocol/api/live.ts';
import { LINK_LIFE_MS } from '../../sync/server/core/accounts/links.ts';
import { call, cookieOf, tokenOf } from '../kit/client.ts';
import { newKiosk, sync } from '../kit/kiosk.ts';
import { newServer } from '../kit/server.ts';
import { until } from '../kit/wait.ts';

/* The listener for people: signing in and live updates. */

const server = await newServer({ start: false });
const kiosk = await newKiosk(server);
await server.start();
const { box: outbox } = kiosk;
beforeAll(async () => {
  outbox.checkin(outbox.person('Ada Lovelace'));
  await sync(kiosk);
  await server.signIn();
});
afterAll(() => server.close());

describe('signing in to the console', () => {
  test('the admin link works once, by pressing its button, not by opening it; its cookie is hidden from scripts and other sites', async () => {
    const { adminLink } = await server.restart();
    for (const scanned of [adminLink, `${server.peopleUrl}/console/`, `${server.peopleUrl}/api/session`])
      await call(scanned);
    const answer = await server.redeem(tokenOf(adminLink));
    expect(answer.status).toBe(200);
    const set = String(answer.headers['set-cookie']);
    for (const flag of ['__Host-', 'HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/']) expect(set).toContain(flag);
    const shown = await call(`${server.peopleUrl}/api/checkins`, { headers: { cookie: cookieOf(answer) } });
    expect(JSON.parse(shown.body).rows.length).toBeGreaterThan(0);
    const again = await server.redeem(tokenOf(adminLink));
    expect([again.status, again.json().code, again.headers['set-cookie']]).toEqual([
      410,
      'link-already-used',
      undefined,
    ]);
  });

  test('an unused link is refused after an hour, and an invented one always', async () => {
    const restarted = await server.restart();
    server.shift(LINK_LIFE_MS.operator + 1000);
    const late = await server.redeem(tokenOf(restarted.adminLink));
    server.shift(0);
    expect([late.status, late.json().code]).toEqual([410, 'link-expired']);
    const invented = await server.redeem('A'.repeat(43));
    expect([invented.status, invented.json().code]).toEqual([404, 'link-unknown']);
  });

  test('guessing is slowed down', async () => {
    const codes: unknown[] = [];
    for (let i = 0; i < 12; i++) codes.push((await server.redeem('B'.repeat(43))).json().code);
    expect(codes.at(-1)).toBe('too-many-requests');
  });

  test('nothing is sent without a session, to another origin, or under another host name', async () => {
    const cookie = await server.signIn();
    const url = `${server.peopleUrl}/api/checkins`;
    expect((await call(url)).json().code).toBe('no-session');
    expect((await call(url, { headers: { cookie: `${cookie.split('=')[0]}=${'A'.repeat(43)}` } })).json().code).toBe(
      'no-session',
    );
    expect((await call(url, { headers: { cookie, host: 'evil.example' } })).json().code).toBe('wrong-host');
    expect((await server.redeem('C'.repeat(43), { origin: 'https://evil.example' })).json().code).toMatch(
      /wrong-origin|too-many-requests/,
    );
    const leave = await call(`${server.peopleUrl}/api/session`, {
      method: 'DELETE',
      headers: { cookie, origin: 'https://evil.example' },
    });
    expect(leave.json().code).toBe('wrong-origin');
  });

  test('the page may not load from elsewhere or run inline code', async () => {
    const { headers } = await call(`${server.peopleUrl}/console/`);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(headers['x-frame-options']).toBe('SAMEORIGIN');
    expect(headers['x-content-type-options']).toBe('nosniff');
  });
});

describe('the live socket', () => {
  const open = (headers: Record<string, string>, query = '') =>
    new WebSocket(`${server.peopleUrl.replace('https', 'wss')}/api/live${query}`, {
      rejectUnauthorized: false,
      headers,
    });
  const rejection = (socket: WebSocket) =>
    new Promise<number>((resolve) => {
      socket.on('unexpected-response', (_req, res) => resolve(res.statusCode!));
      socket.on('open', () => resolve(101));
      socket.on('error', () => undefined);
    });

  test('is refused without a session, without an Origin, and from another Origin', async () => {
    const cookieNow = await server.signIn();
    expect(await rejection(open({ origin: server.peopleUrl }))).toBe(401);
    expect(await rejection(open({ cookie: cookieNow }))).toBe(403);
    expect(await rejection(open({ cookie: cookieNow, origin: 'https://evil.example' }))).toBe(403);
    const good = open({ cookie: cookieNow, origin: server.peopleUrl });
    expect(await rejection(good)).toBe(101);
    good.terminate();
  });

  test('sends a check-in when it is committed, and resumes without repeating', async () => {
    const headers = { cookie: await server.signIn(), origin: server.peopleUrl };
    const socket = open(headers);
    const messages: Board[] = [];
    socket.on('message', (data) => messages.push(JSON.parse(String(data))));
    await until('the board comes', () => messages.length > 0);
    expect(messages[0]!.whole).toBe(true);
    const person = outbox.person('Grace Hopper');
    const checkin = outbox.checkin(person);
    await sync(kiosk);
    await until('the check-in comes', () =>
      messages.some((m) => !m.whole && m.rows.some((r) => r.id === checkin.header.id)),
    );
    const { log: seenLog, position } = messages.at(-1)!;
    socket.terminate();
    const next = outbox.checkin(person, 'out');
    await sync(kiosk);
    const back = open(headers, `?log=${seenLog}&after=${position}`);
    const [data] = await once(back, 'message');
    const resumed = JSON.parse(String(data)) as Board;
    back.terminate();
    expect(resumed.whole).toBe(false);
    expect(resumed.rows.map((r) => r.id)).toEqual([next.header.id]);
  });
});
