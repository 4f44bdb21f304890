import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { type Board, CLOSE } from '../../sync/protocol/api/live.ts';
import { COOKIE } from '../../sync/server/platform/access/guard.ts';
import { DATABASES } from '../kit/databases.ts';
import { deliverTo, registerKiosk } from '../kit/known-kiosk.ts';
import { newListener, type PeopleListener, type Visitor } from '../kit/listener.ts';
import type { MemoryOutbox } from '../kit/outbox.ts';
import { withDatabase } from '../kit/suite.ts';

/** The live socket as browsers use it: over TLS, with a session's cookie. */

const NAME = 'Zyxwvut Qponmlk';
let web: PeopleListener;
let url: string;
let box: MemoryOutbox;
let person: string;

/** Delivers everything that the kiosk has recorded. */
async function deliver(): Promise<void> {
  await deliverTo(web.db, web.keys, box, box.events, { now: web.now });
  web.services.notify('board');
}

const open = (who: Visitor, origin = 'https://localhost') =>
  new WebSocket(url, {
    rejectUnauthorized: false,
    headers: { host: 'localhost', origin, ...(who.cookie && { cookie: `${COOKIE}=${who.cookie}` }) },
  });
const statusOf = (socket: WebSocket) =>
  new Promise<number>((resolve) => {
    socket.on('unexpected-response', (_req, res) => resolve(res.statusCode!));
    socket.on('open', () => resolve(101));
    socket.on('error', () => undefined);
  });
const first = async (socket: WebSocket): Promise<Board> => JSON.parse(String((await once(socket, 'message'))[0]));

describe.each(DATABASES)('the live socket on $name', (kind) => {
  withDatabase(kind, async (database, undo) => {
    web = undo.use(await newListener(database));
    await web.app.listen({ host: '127.0.0.1', port: 0 });
    url = `wss://127.0.0.1:${(web.app.server.address() as AddressInfo).port}/api/live`;
    box = await registerKiosk(web.db, { at: web.now });
    person = box.person(NAME);
    box.checkin(person, 'in', web.now);
    await deliver();
  });

  test('opens only for people who may see the board, and only from our own pages', async () => {
    expect(await statusOf(open(web.visitor()))).toBe(401);
    const someone = await web.signIn('person');
    expect(await statusOf(open(someone))).toBe(403);
    expect((await web.audit())[0]).toMatchObject({ action: 'refuse', route: 'GET /api/live', actor: null });
    const staff = await web.signIn('staff');
    expect(await statusOf(open(staff, 'https://evil.example'))).toBe(403);
    expect((await web.audit())[0]).toMatchObject({ action: 'refuse', outcome: 'wrong-origin', actor: staff.id });
    const socket = open(staff);
    expect(await statusOf(socket)).toBe(101);
    socket.terminate();
  });

  test('repeated attempts are limited, and don’t fill the audit log', async () => {
    const someone = { ...(await web.signIn('person')), ip: '192.0.2.99' };
    const attempts = 300;
    const before = Number((await web.audit())[0]?.position ?? 0);
    const statuses: number[] = [];
    for (let i = 0; i < attempts; i++) statuses.push((await web.ask(someone, 'GET', '/api/live')).status);
    const refused = statuses.filter((status) => status === 403).length;
    expect(refused).toBeGreaterThan(0);
    expect(statuses.filter((status) => status === 429)).toHaveLength(attempts - refused);
    expect(attempts - refused).toBeGreaterThan(attempts / 2);
    // A socket of the previous test may write its own row meanwhile.
    const since = (await web.audit(10)).filter((row) => Number(row.position) > before);
    expect(since.filter((row) => row.action === 'refuse')).toMatchObject([{ role: 'person', outcome: 'not-allowed' }]);
  });

  test.each(['admin', 'dpo', 'staff'] as const)(
    '%s sees names, and the audit log says whose before they are sent',
    async (role) => {
      const who = await web.signIn(role);
      const socket = open(who);
      const board = await first(socket);
      const [row] = await web.audit();
      socket.terminate();
      expect(board.rows).toMatchObject([{ name: NAME, person }]);
      expect(row).toMatchObject({
        action: 'read',
        route: 'GET /api/live',
        role,
        actor: who.id,
        count: 1,
        outcome: 'ok',
      });
    },
  );

  test('an auditor sees that something happened, but no names', async () => {
    const auditor = await web.signIn('auditor');
    const socket = open(auditor);
    const text = String((await once(socket, 'message'))[0]);
    socket.terminate();
    expect((JSON.parse(text) as Board).rows).toMatchObject([{ name: null, person: null, direction: 'in' }]);
    expect(text).not.toContain(NAME);
    expect(text).not.toContain(person);
    const same = await web.ask(auditor, 'GET', '/api/checkins');
    expect(same.text).not.toContain(person);
  });

  test('closes as soon as its session ends by sign-out, disabling or a role change', async () => {
    const admin = await web.signIn('admin');
    const endings: ((who: Visitor & { id: string }) => Promise<unknown>)[] = [
      (who) => web.ask({ ...who }, 'DELETE', '/api/session'),
      (who) => web.ask({ ...who }, 'DELETE', '/api/sessions'),
      (who) => web.ask(admin, 'PATCH', `/api/accounts/${who.id}`, { disabled: true }),
      (who) => web.ask(admin, 'PATCH', `/api/accounts/${who.id}`, { role: 'auditor' }),
    ];
    for (const end of endings) {
      const who = await web.signIn('staff');
      const socket = open(who);
      await first(socket);
      const closed = once(socket, 'close');
      await end(who);
      expect((await closed)[0]).toBe(CLOSE.sessionEnded);
    }
  });

  test('a reconnecting page continues where it stopped', async () => {
    const staff = await web.signIn('staff');
    const socket = open(staff);
    const { log, position } = await first(socket);
    socket.terminate();
    const checkin = box.checkin(person, 'out', web.now);
    await deliver();
    const back = new WebSocket(`${url}?log=${log}&after=${position}`, {
      rejectUnauthorized: false,
      headers: { host: 'localhost', origin: web.origin, cookie: `${COOKIE}=${staff.cookie}` },
    });
    const resumed = await first(back);
    back.terminate();
    expect(resumed.whole).toBe(false);
    expect(resumed.rows.map((r) => r.id)).toContain(checkin.header.id);
  });
});
