import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import WebSocket from 'ws';
import type { Board, BoardRow } from '../../sync/protocol/api/live.ts';
import { initServer } from '../../sync/server/app/local.ts';
import { openDatabase } from '../../sync/server/platform/database/open.ts';
import { call, cookieOf, tokenOf } from '../kit/client.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { type Kiosk, postBatch, registeredKiosk, sealOutbox } from '../kit/kiosk.ts';
import { newServerProcess, type ServerProcess } from '../kit/server-process.ts';
import { reservePorts } from '../services/ports.ts';
import { postgresUnavailable, startPostgres, type TestPostgres } from '../services/postgres.ts';

/** Two server processes on one PostgreSQL, as an operator runs them. */

const unavailable = postgresUnavailable();
const homes = [temporaryFolder(), temporaryFolder()];
const kiosks: Kiosk[] = [];
let postgres: TestPostgres;
let replicas: ServerProcess[] = [];

beforeAll(async () => {
  if (unavailable) return;
  postgres = await startPostgres();
  const shared = {
    ...initServer(homes[0]!.path),
    SMARTPRESENCE_DATABASE_URL: postgres.url(),
    SMARTPRESENCE_TIMEZONE: 'UTC',
  };
  const [p1, d1, p2, d2] = await reservePorts(4);
  const envs = [
    {
      SMARTPRESENCE_SERVER_HOME: homes[0]!.path,
      SMARTPRESENCE_PEOPLE_PORT: `${p1}`,
      SMARTPRESENCE_DEVICE_PORT: `${d1}`,
    },
    {
      SMARTPRESENCE_SERVER_HOME: homes[1]!.path,
      SMARTPRESENCE_PEOPLE_PORT: `${p2}`,
      SMARTPRESENCE_DEVICE_PORT: `${d2}`,
    },
  ].map((own) => ({ ...shared, ...own }));
  for (let i = 0; i < 2; i++) kiosks.push(await registeredKiosk(envs[0]!, 'Door'));
  replicas = await Promise.all(envs.map((env) => newServerProcess(env)));
});

afterAll(async () => {
  for (const replica of replicas) await replica.stop();
  await postgres?.remove();
  for (const home of homes) home.remove();
});
beforeEach((context) => {
  if (unavailable) context.skip(unavailable);
});

/** Sends a kiosk's events to a replica. @returns the HTTP status */
async function send({ deviceUrl }: ServerProcess, index: number): Promise<number> {
  const kiosk = kiosks[index]!;
  return (await postBatch(deviceUrl, kiosk, await sealOutbox(kiosk))).status;
}

/** A signed-in screen connected to a replica, and its rows as built from its messages. */
async function screen(at: ServerProcess) {
  const entered = await call(`${at.peopleUrl}/api/session`, {
    method: 'POST',
    headers: { origin: at.peopleUrl, 'content-type': 'application/json' },
    body: JSON.stringify({ token: tokenOf(at.adminLink) }),
  });
  const cookie = cookieOf(entered);
  const socket = new WebSocket(`${at.peopleUrl.replace('https', 'wss')}/api/live`, {
    headers: { cookie, origin: at.peopleUrl },
    rejectUnauthorized: false,
  });
  const rows = new Map<string, BoardRow>();
  socket.on('message', (text) => {
    for (const row of (JSON.parse(String(text)) as Board).rows) rows.set(row.id, row);
  });
  await once(socket, 'open');
  return { rows, close: () => socket.terminate() };
}

test('a page served by one replica shows what the other ingested and resolved', async () => {
  const [one, other] = replicas as [ServerProcess, ServerProcess];
  const view = await screen(other);
  const person = randomUUID();
  const open = { direction: 'in', automatic: true, method: 'badge', liveness: 'not-needed' } as const;
  kiosks[0]!.box.person('Ada Lovelace', person);
  const front = kiosks[0]!.box.append('checkin', open, { person }, new Date(Date.now() - 20_000));
  const back = kiosks[1]!.box.append('checkin', open, { person }, new Date(Date.now() - 10_000));
  expect(await Promise.all([send(one, 0), send(other, 1)])).toEqual([200, 200]);
  await expect.poll(() => view.rows.get(front.header.id)?.name).toBe('Ada Lovelace');
  await expect.poll(() => view.rows.get(back.header.id)?.duplicateOf).toBe(front.header.id);
  view.close();
});

test('when one is killed the other takes over, and each event is stored once', async () => {
  const [one, other] = replicas as [ServerProcess, ServerProcess];
  const person = randomUUID();
  const open = { direction: 'in', automatic: true, method: 'badge', liveness: 'not-needed' } as const;
  for (let i = 0; i < 40; i++)
    kiosks[0]!.box.append('checkin', open, { person }, new Date(Date.now() - 3_600_000 + i * 61_000));
  const sending = send(one, 0).catch(() => 0);
  await new Promise((r) => setTimeout(r, 15));
  await one.stop('SIGKILL');
  await sending;
  expect(await send(other, 0)).toBe(200);
  const { db, close } = await openDatabase('/nonexistent', { postgres: postgres.address() });
  const log = await db
    .selectFrom('event')
    .select(['id', 'chain'])
    .where('device', '=', kiosks[0]!.box.device)
    .orderBy('seq')
    .execute();
  expect(log.map((r) => [r.id, r.chain])).toEqual(kiosks[0]!.box.events.map((e) => [e.header.id, 'whole']));
  const resolved = async () =>
    (await db.selectFrom('checkin').select('resolved').where('person', '=', person).orderBy('at').execute()).map(
      (r) => r.resolved,
    );
  await expect.poll(() => db.selectFrom('attendance_due').select('id').execute()).toEqual([]);
  const days = new Set(kiosks[0]!.box.events.slice(2).map((e) => e.header.at.utc.slice(0, 10)));
  // If the run passes midnight, the second day starts with the claimed direction, `in`.
  if (days.size === 1) expect(await resolved()).toEqual(Array.from({ length: 40 }, (_, i) => (i % 2 ? 'out' : 'in')));
  else expect(new Set(await resolved())).toEqual(new Set(['in', 'out']));
  await close();
});
