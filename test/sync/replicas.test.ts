import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import WebSocket from 'ws';
import { createDeviceIdentity, type DeviceSecret, deviceRequest } from '../../sync/edge/identity.ts';
import type { Board, BoardRow } from '../../sync/protocol/api/live.ts';
import { sealBatch } from '../../sync/protocol/seal/batch.ts';
import type { ServerBundle } from '../../sync/protocol/wire/provisioning.ts';
import { initServer, provisionLocal } from '../../sync/server/app/local.ts';
import { openDatabase } from '../../sync/server/platform/database/open.ts';
import { call, tokenOf } from '../kit/client.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { MemoryOutbox } from '../kit/outbox.ts';
import { reservePorts } from '../services/ports.ts';
import { postgresUnavailable, startPostgres, type TestPostgres } from '../services/postgres.ts';

/** Two server processes on one PostgreSQL, as an operator runs them. */

const MAIN = join(import.meta.dirname, '../../sync/server/main.ts');
const unavailable = postgresUnavailable();
const homes = [temporaryFolder(), temporaryFolder()];
const outboxes = [new MemoryOutbox(), new MemoryOutbox()];
const kiosks: { secret: DeviceSecret; bundle: ServerBundle }[] = [];
let postgres: TestPostgres;
let replicas: Replica[] = [];

interface Replica {
  readonly child: ChildProcess;
  readonly peopleUrl: string;
  readonly deviceUrl: string;
  readonly adminLink: string;
}

async function start(env: Record<string, string>): Promise<Replica> {
  const child = spawn(process.execPath, [MAIN], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let notified = '';
  child.stderr!.on('data', (chunk) => {
    notified += chunk;
  });
  const line = await Promise.race([
    once(createInterface({ input: child.stdout! }), 'line').then(([text]) => String(text)),
    once(child, 'exit').then(() => Promise.reject(new Error(notified))),
  ]);
  return { child, ...(JSON.parse(line) as Omit<Replica, 'child'>) };
}

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
  for (const kiosk of outboxes) {
    const secret = await createDeviceIdentity(kiosk.device);
    const device = await deviceRequest(secret, 'Door');
    kiosks.push({ secret, bundle: await provisionLocal({ serverHome: homes[0]!.path, env: envs[0]!, device }) });
  }
  replicas = await Promise.all(envs.map(start));
}, 120_000);

afterAll(async () => {
  for (const { child } of replicas) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  await postgres?.remove();
  for (const home of homes) home.remove();
});
beforeEach((context) => {
  if (unavailable) context.skip(unavailable);
});

/** Sends events of a door to a replica. @returns the HTTP status */
async function send(to: Replica, kiosk: number, events = outboxes[kiosk]!.events): Promise<number> {
  const { secret, bundle } = kiosks[kiosk]!;
  const sealed = await sealBatch(
    events,
    { signing: secret.signing, server: bundle.keys.sealing, serverId: bundle.serverId },
    new Date().toISOString(),
  );
  const { status } = await call(`${to.deviceUrl}/v1/batches`, {
    method: 'POST',
    headers: { 'content-type': 'application/jose' },
    body: sealed,
    tls: { cert: bundle.tlsCertPem, key: secret.tlsKeyPem },
  });
  return status;
}

/** A signed-in screen at a replica: its rows, as its messages make them. */
async function screen(at: Replica) {
  const entered = await call(`${at.peopleUrl}/api/session`, {
    method: 'POST',
    headers: { origin: at.peopleUrl, 'content-type': 'application/json' },
    body: JSON.stringify({ token: tokenOf(at.adminLink) }),
  });
  const cookie = String(entered.headers['set-cookie']).split(';')[0]!;
  const socket = new WebSocket(`${at.peopleUrl.replace('https', 'wss')}/api/live`, {
    headers: { cookie, origin: at.peopleUrl },
    rejectUnauthorized: false,
  });
  const rows = new Map<string, BoardRow>();
  socket.on('message', (text) => {
    for (const row of (JSON.parse(String(text)) as Board).rows) rows.set(row.id, row);
  });
  await once(socket, 'open');
  const until = async (what: () => boolean) => {
    const end = Date.now() + 15_000;
    while (!what() && Date.now() < end) await new Promise((r) => setTimeout(r, 20));
    return what();
  };
  return { rows, until, close: () => socket.terminate() };
}

test('a screen at one replica shows what the other took in, and what counts of it', async () => {
  const [one, other] = replicas as [Replica, Replica];
  const view = await screen(other);
  const person = randomUUID();
  const open = { direction: 'in', automatic: true, method: 'badge', liveness: 'not-needed' } as const;
  outboxes[0]!.person('Ada Lovelace', person);
  const front = outboxes[0]!.append('checkin', open, { person }, new Date(Date.now() - 20_000));
  const back = outboxes[1]!.append('checkin', open, { person }, new Date(Date.now() - 10_000));
  expect(await Promise.all([send(one, 0), send(other, 1)])).toEqual([200, 200]);
  const duplicate = () => view.rows.get(back.header.id)?.duplicateOf === front.header.id;
  expect(await view.until(() => view.rows.get(front.header.id)?.name === 'Ada Lovelace' && duplicate())).toBe(true);
  view.close();
});

test('when one is killed the other goes on: each event is there once, and its work is taken over', async () => {
  const [one, other] = replicas as [Replica, Replica];
  const person = randomUUID();
  const open = { direction: 'in', automatic: true, method: 'badge', liveness: 'not-needed' } as const;
  for (let i = 0; i < 40; i++)
    outboxes[0]!.append('checkin', open, { person }, new Date(Date.now() - 3_600_000 + i * 61_000));
  const sending = send(one, 0).catch(() => 0);
  await new Promise((r) => setTimeout(r, 15));
  one.child.kill('SIGKILL');
  await once(one.child, 'exit');
  await sending;
  expect(await send(other, 0)).toBe(200);
  const { db, close } = await openDatabase('/nonexistent', { postgres: postgres.address() });
  const log = await db
    .selectFrom('event')
    .select(['id', 'chain'])
    .where('device', '=', outboxes[0]!.device)
    .orderBy('seq')
    .execute();
  expect(log.map((r) => [r.id, r.chain])).toEqual(outboxes[0]!.events.map((e) => [e.header.id, 'whole']));
  const resolved = async () =>
    (await db.selectFrom('checkin').select('resolved').where('person', '=', person).orderBy('at').execute()).map(
      (r) => r.resolved,
    );
  const end = Date.now() + 15_000;
  while ((await db.selectFrom('attendance_due').select('id').execute()).length > 0 && Date.now() < end)
    await new Promise((r) => setTimeout(r, 50));
  const days = new Set(outboxes[0]!.events.slice(2).map((e) => e.header.at.utc.slice(0, 10)));
  // Over midnight the second day begins with what was claimed: an in.
  if (days.size === 1) expect(await resolved()).toEqual(Array.from({ length: 40 }, (_, i) => (i % 2 ? 'out' : 'in')));
  else expect(new Set(await resolved())).toEqual(new Set(['in', 'out']));
  await close();
});
