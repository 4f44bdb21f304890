import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Board } from '../../sync/protocol/api/live.ts';
import { readBoard } from '../../sync/server/features/attendance/board.ts';
import { ensurePartitions } from '../../sync/server/features/attendance/partitions.ts';
import { resolveDue } from '../../sync/server/features/attendance/resolve-due.ts';
import { requestErasure } from '../../sync/server/features/privacy/erasure/request.ts';
import { unlinkPeople } from '../../sync/server/features/privacy/erasure/unlink.ts';
import { onceAcrossReplicas } from '../../sync/server/platform/database/once.ts';
import { type OpenDatabase, openDatabase } from '../../sync/server/platform/database/open.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { insert } from '../../sync/server/platform/database/rows.ts';
import { postgresSignals } from '../../sync/server/platform/database/signals.ts';
import { type PostgresAddress, readDatabaseUrl } from '../../sync/server/platform/database/url.ts';
import { Secret } from '../../sync/server/platform/secrets/secret.ts';
import { codeOf } from '../kit/client.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { newKeys } from '../kit/keys.ts';
import { deliverTo, registerKiosk } from '../kit/known-kiosk.ts';
import type { MemoryOutbox } from '../kit/outbox.ts';
import { until } from '../kit/wait.ts';
import { postgresUnavailable, startPostgres, type TestPostgres } from '../services/postgres.ts';
import { closeErasures } from './erasing.ts';

/** What only a real PostgreSQL can show: required TLS, concurrent replicas, commits out of order. */

const unavailable = postgresUnavailable();
const keys = newKeys();
const site = { name: 'Test', timeZone: 'Europe/Berlin' };
let postgres: TestPostgres;
let one: OpenDatabase;
let other: OpenDatabase;

beforeAll(async () => {
  if (unavailable) return;
  postgres = await startPostgres();
  // Two replicas start at once on an empty database.
  [one, other] = (await Promise.all([open(), open()])) as [OpenDatabase, OpenDatabase];
});
afterAll(async () => {
  await one?.close();
  await other?.close();
  await postgres?.remove();
});
beforeEach((context) => {
  if (unavailable) context.skip(unavailable);
});

const open = (address: PostgresAddress = postgres.address(), size?: number) =>
  openDatabase('/nonexistent', { postgres: address, ...(size && { size }) });

const register = () => registerKiosk(one.db);
const deliver = ({ db }: OpenDatabase, box: MemoryOutbox, events = box.events) => deliverTo(db, keys, box, events);

describe('the address', () => {
  test.each([
    ['postgres://sp@db/sp', 'sslmode=verify-full'],
    ['postgres://sp@db/sp?sslmode=require&sslrootcert=/ca.pem', 'sslmode=verify-full'],
    ['postgres://sp@db/sp?sslmode=verify-ca&sslrootcert=/ca.pem', 'sslmode=verify-full'],
    ['postgres://sp@db/sp?sslmode=verify-full', 'sslrootcert'],
    ['postgres://sp@db/sp?sslmode=verify-full&sslrootcert=/ca.pem&sslnegotiation=x', 'unknown parameters'],
    ['postgres:///sp?host=/run/postgresql', 'unknown parameters'],
    ['postgres://db/sp?sslmode=verify-full&sslrootcert=/ca.pem', 'no user'],
    ['mysql://sp@db/sp', 'postgres://'],
  ])('%s is refused', (url, why) => {
    expect(readDatabaseUrl(url)).toContain(why);
  });

  test('never reveals its password', () => {
    const address = readDatabaseUrl('postgres://sp:p%40ss@db:6432/sp?sslmode=verify-full&sslrootcert=/ca.pem');
    expect(address).toMatchObject({ host: 'db', port: 6432, user: 'sp', database: 'sp', caFile: '/ca.pem' });
    expect(JSON.stringify(address)).not.toContain('p@ss');
    expect(readDatabaseUrl('postgres://sp:p%40ss@/sp')).not.toContain('ss@');
  });
});

describe('the connection', () => {
  test('uses only TLS 1.3', async () => {
    const { rows } = await sql<{ version: string }>`
      select version from pg_stat_ssl where pid = pg_backend_pid()`.execute(one.db);
    expect(rows).toEqual([{ version: 'TLSv1.3' }]);
    expect(one.warnings).toEqual([]);
  });

  test('is refused if the certificate is from another CA or for another name', async () => {
    const folder = temporaryFolder();
    const stranger = join(folder.path, 'ca.pem');
    // The server's own leaf is no CA either.
    writeFileSync(stranger, readFileSync(join(postgres.tlsFolder, 'server.pem')));
    expect(await codeOf(open({ ...postgres.address(), caFile: stranger }))).toBe('database-tls-refused');
    // The certificate is for 127.0.0.1, so the same server is refused under another name.
    expect(await codeOf(open({ ...postgres.address(), host: 'localhost' }))).toBe('database-tls-refused');
    expect(await codeOf(open({ ...postgres.address(), caFile: join(folder.path, 'none.pem') }))).toBe(
      'database-ca-unreadable',
    );
    folder.remove();
  });

  test('distinguishes a wrong password, database and port', async () => {
    const address = postgres.address();
    expect(await codeOf(open({ ...address, password: new Secret(Buffer.from('no')) }))).toBe('database-denied');
    expect(await codeOf(open({ ...address, database: 'none' }))).toBe('database-missing');
    expect(await codeOf(open({ ...address, port: 1 }))).toBe('database-unreachable');
  });

  test('is refused if the server offers only TLS 1.2, or none', async () => {
    const weak = await startPostgres();
    weak.configure(`ssl_min_protocol_version = 'TLSv1.2'`);
    weak.configure(`ssl_max_protocol_version = 'TLSv1.2'`);
    await weak.stop();
    await weak.start();
    expect(await codeOf(open(weak.address()))).toBe('database-tls-refused');
    weak.configure('ssl = off');
    await weak.stop();
    await weak.start();
    expect(await codeOf(open(weak.address()))).toBe('database-tls-refused');
    await weak.remove();
  });

  test('returns every type as PGlite does', async () => {
    const home = temporaryFolder();
    const pglite = await openDatabase(home.path);
    const read = async ({ db }: OpenDatabase) => {
      const { rows } = await sql<Record<string, unknown>>`
        select 9007199254740991::bigint as exact, 9007199254740993::bigint as large, count(*) as count,
               '2026-03-29T01:00:00.123Z'::timestamptz as instant, '{"a":[1,"ü"]}'::jsonb as json,
               decode('00ff10', 'hex') as bytes, null::bigint as nothing, true as yes, 0.5::real as part,
               'x'::text as text, array[1,2]::int[] as list from (values (1), (2)) v`.execute(db);
      return Object.fromEntries(
        Object.entries(rows[0]!).map(([k, v]) => [k, v instanceof Uint8Array ? Buffer.from(v).toString('hex') : v]),
      );
    };
    expect(await read(one)).toEqual(await read(pglite));
    await pglite.close();
    home.remove();
  });

  test.each(['PostgreSQL', 'PGlite'])(
    'of %s rolls back a transaction whose last, unawaited statement fails, and says why',
    async (kind) => {
      const home = temporaryFolder();
      const { db, close } = kind === 'PGlite' ? await openDatabase(home.path) : await open();
      const named = async (name: string) =>
        (await sql`select 1 from site where name = ${name}`.execute(db)).rows.length > 0;
      const ending = (name: string, end: (attempt: number) => ReturnType<typeof sql>) => {
        let attempt = 0;
        return inTransaction(
          db,
          async (tx, last) => {
            await insert(tx, 'site', { id: randomUUID(), name, time_zone: 'UTC' });
            last(end(++attempt).execute(tx));
            return attempt;
          },
          { random: () => 0 },
        );
      };
      const conflict = sql`do $$ begin raise exception 'conflict' using errcode = '40001'; end $$`;
      expect(await codeOf(ending('divided', () => sql`select 1 / 0`))).toBe('22012');
      expect(await named('divided')).toBe(false);
      // A query that is never sent because its value can't be serialized.
      const circular: { self?: unknown } = {};
      circular.self = circular;
      await expect(ending('unsent', () => sql`select ${circular}::jsonb`)).rejects.toThrow(/circular/i);
      expect(await named('unsent')).toBe(false);
      expect(await ending('repeated', (attempt) => (attempt < 3 ? conflict : sql`select 1`))).toBe(3);
      expect(await named('repeated')).toBe(true);
      await close();
      home.remove();
    },
  );
});

describe('replicas', () => {
  test('that start together migrate once and share one log', async () => {
    expect(one.logEpoch).toBe(other.logEpoch);
    for (let i = 0; i < 3; i++) {
      const fresh = postgres.address(`race${i}`);
      const opened = await Promise.all([open(fresh), open(fresh), open(fresh)]);
      expect(new Set(opened.map((o) => o.logEpoch)).size).toBe(1);
      for (const o of opened) await o.close();
    }
  });

  test('create a month’s partition once, no matter which asks first', async () => {
    for (let month = 1; month <= 12; month++) {
      const ask = ({ db }: OpenDatabase) =>
        sql<{ made: boolean }>`select ensure_checkin_partition(make_date(2031, ${month}, 1)) as made`.execute(db);
      const made = await Promise.all([one, other, one, other].map(ask));
      expect(made.filter(({ rows }) => rows[0]?.made)).toHaveLength(1);
    }
  });

  test('insert a batch delivered to both once, with the same marks', async () => {
    const box = await register();
    const person = box.person('Ada Lovelace');
    for (let i = 0; i < 20; i++) box.checkin(person);
    const results = await Promise.all([one, other, one, other].map((o) => deliver(o, box)));
    expect(results.map((r) => r.inserted).sort((a, b) => a - b)).toEqual([0, 0, 0, 21]);
    expect(new Set(results.map((r) => r.ack.committed))).toEqual(new Set([21]));
  });

  test('run a job on one of them at a time', async () => {
    let [running, most, runs] = [0, 0, 0];
    const work = async () => {
      most = Math.max(most, ++running);
      runs += 1;
      await sleep(100);
      running -= 1;
      return 'done';
    };
    const results = await Promise.all([one, other, one].map((o) => onceAcrossReplicas(o.db, 'a-job', work)));
    expect([most, runs, results.filter((r) => r === 'done').length]).toEqual([1, 1, 1]);
  });

  test('release a job’s lock when its process dies, and the next one runs it', async () => {
    const dying = await open(postgres.address(), 1);
    let started: () => void = () => undefined;
    const running = new Promise<void>((resolve) => {
      started = resolve;
    });
    const held = onceAcrossReplicas(dying.db, 'held', async (tx) => {
      started();
      await sql`select pg_sleep(30)`.execute(tx);
    }).catch((e: Error) => e);
    await running;
    expect(await onceAcrossReplicas(one.db, 'held', async () => true)).toBeNull();
    postgres.sql(
      `select pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_sleep(30)%' and state = 'active'`,
    );
    expect(await held).toBeInstanceOf(Error);
    expect(await onceAcrossReplicas(one.db, 'held', async () => true)).toBe(true);
    await dying.close();
  });

  test('retry after a deadlock, up to a limit, and both succeed', async () => {
    const [a, b] = [await register(), await register()];
    let met = 0;
    const both = async (db: OpenDatabase['db'], first: string, second: string) =>
      inTransaction(db, async (tx) => {
        await tx.updateTable('device').set({ name: 'x' }).where('id', '=', first).execute();
        met += 1;
        while (met < 2) await sleep(5);
        await tx.updateTable('device').set({ name: 'y' }).where('id', '=', second).execute();
      });
    await Promise.all([both(one.db, a.device, b.device), both(other.db, b.device, a.device)]);
    // Two are the first attempts. On a busy machine PostgreSQL may abort both, or abort the repeated one again.
    expect(met, 'at least one of the two was repeated').toBeGreaterThanOrEqual(3);
    let tries = 0;
    const never = inTransaction(
      one.db,
      async () => {
        tries += 1;
        throw Object.assign(new Error('conflict'), { code: '40001' });
      },
      { tries: 3, random: () => 0 },
    );
    expect(await codeOf(never)).toBe('40001');
    expect(tries).toBe(3);
  });

  test('receive each other’s changes, also after losing the connection and the CA’s certificate', async () => {
    using folder = temporaryFolder();
    const caFile = join(folder.path, 'ca.pem');
    const pem = readFileSync(postgres.address().caFile);
    writeFileSync(caFile, pem);
    const lost: string[] = [];
    const signals = postgresSignals(
      { ...postgres.address(), caFile },
      async () => undefined,
      (cause) => lost.push((cause as { code?: string }).code ?? cause.message),
    );
    const heard = () =>
      new Promise<void>((resolve) => {
        const stop = signals.hear('board', () => {
          stop();
          resolve();
        });
      });
    try {
      // Connecting sends one notification for everything.
      await heard();
      let next = heard();
      one.signals.notify('board');
      await next;
      rmSync(caFile);
      postgres.sql(`select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen smartpresence'`);
      await until(
        'the certificate is missed twice',
        () => lost.filter((code) => code === 'database-ca-unreadable').length > 1,
      );
      next = heard();
      writeFileSync(caFile, pem);
      // Reconnecting does too, because a message may have been missed.
      await next;
      next = heard();
      one.signals.notify('board');
      await next;
    } finally {
      await signals.close();
    }
  });

  test('never resolve a person concurrently: what both ingested counts as one presence', async () => {
    const [front, back] = [await register(), await register()];
    for (let round = 0; round < 10; round++) {
      const person = randomUUID();
      const at = new Date(Date.now() - 3_600_000 + round * 1000);
      for (const box of [front, back])
        box.append(
          'checkin',
          { direction: 'in', automatic: true, method: 'badge', liveness: 'not-needed' },
          { person },
          at,
        );
      const [i, j] = [front.events.slice(-1), back.events.slice(-1)];
      await Promise.all([
        deliver(one, front, i).then(() => resolveDue(one.db)),
        deliver(other, back, j).then(() => resolveDue(other.db)),
      ]);
      while ((await resolveDue(one.db))?.taken !== 0);
      const rows = await one.db.selectFrom('checkin').select('duplicate_of').where('person', '=', person).execute();
      expect(rows.filter((r) => r.duplicate_of === null)).toHaveLength(1);
    }
  });

  test('leave no personal data when one erases while the other ingests records', async () => {
    for (let round = 0; round < 8; round++) {
      const [door, desk] = [await register(), await register()];
      const person = randomUUID();
      // In half of the rounds the person doesn't exist yet, so there is no row to lock.
      if (round % 2 === 0) {
        desk.person('Ada Lovelace', person);
        await deliver(other, desk);
      }
      for (let i = 0; i < 30; i++) door.checkin(person);
      const office = async () => {
        await requestErasure(other.db, keys, { person, origin: 'staff', undoDays: 0 }, new Date());
        await closeErasures(other.db, keys);
      };
      await Promise.all([deliver(one, door), office()]);
      const rows = await one.db
        .selectFrom('event')
        .select(['person', 'personal'])
        .where('device', 'in', [door.device, desk.device])
        .execute();
      expect(rows.filter((r) => r.personal !== null)).toEqual([]);
      // Unlinking removes every reference to them, including those of concurrent ingests.
      await unlinkPeople(one.db, [person]);
      expect(await one.db.selectFrom('event').select('id').where('person', '=', person).execute()).toEqual([]);
      const records = await one.db.selectFrom('checkin').select('person').where('device', '=', door.device).execute();
      expect(records.filter((r) => r.person !== null)).toEqual([]);
      expect(records).toHaveLength(30);
    }
  });
});

test('after a kill -9 of the database the server recovers, and everything acknowledged is stored once', async () => {
  const box = await register();
  const person = box.person('Ada Lovelace');
  for (let i = 0; i < 60; i++) box.checkin(person);
  let acknowledged = 0;
  const sending = (async () => {
    for (let first = 0; first < 60; first += 3)
      acknowledged = (await deliver(one, box, box.events.slice(first, first + 3))).ack.committed;
  })().catch((e: Error) => e);
  while (acknowledged === 0) await sleep(5);
  await postgres.kill();
  expect(await sending, 'the kill met work in flight').toBeInstanceOf(Error);
  await postgres.start();
  const stored = async () => {
    const rows = await one.db
      .selectFrom('event')
      .select('seq')
      .where('device', '=', box.device)
      .orderBy('seq')
      .execute();
    return rows.map((r) => Number(r.seq));
  };
  let there: number[] | null = null;
  while (there === null) there = await stored().catch(() => null);
  expect(there.length).toBeGreaterThanOrEqual(acknowledged);
  expect(there).toEqual(there.map((_, i) => i + 1));
  expect((await deliver(other, box)).ack.committed).toBe(61);
  expect(await stored()).toEqual(box.events.map((e) => e.header.seq));
});

describe('the live feed', () => {
  const source = (o: OpenDatabase) => ({ db: o.db, keys, logEpoch: o.logEpoch, site });
  /** Follows the board, as a screen does. */
  function follower(o: OpenDatabase) {
    const seen = new Set<string>();
    let position: number | undefined;
    return {
      seen,
      async read(): Promise<Board> {
        const board = await readBoard(source(o), { log: o.logEpoch, after: position }, new Date());
        position = board.position;
        for (const row of board.rows) seen.add(row.id);
        return board;
      },
    };
  }

  test('misses nothing of a transaction that began before others and commits after them all', async () => {
    const [slow, quick] = [await register(), await register()];
    const late = slow.checkin(slow.person('Ada Lovelace'));
    const screen = follower(other);
    await screen.read();
    // A slow replica in the middle of its ingest: its row has its position in the feed but isn't committed.
    const client = new pg.Client({ ...(await adminOf()) });
    await client.connect();
    await client.query('begin');
    await ensurePartitions(one.db, [late.header.at.utc], new Date());
    await client.query(
      `insert into checkin (id, at, received_at, device, direction, automatic, method, liveness, resolved, change)
       values ($1, $2, now(), $3, 'in', false, 'badge', 'off', 'in', pg_current_xact_id()::text::bigint)`,
      [late.header.id, late.header.at.utc, slow.device],
    );
    const beside = quick.checkin(quick.person('Grace Hopper'));
    await deliver(one, quick);
    await screen.read();
    expect(screen.seen.has(beside.header.id), 'nobody waits for the slow one').toBe(true);
    expect(screen.seen.has(late.header.id)).toBe(false);
    // After more commits and polls, a position taken from the highest change seen would be far past the slow row.
    quick.checkin(randomUUID());
    await deliver(one, quick, quick.events.slice(-1));
    await screen.read();
    await client.query('commit');
    await client.end();
    const board = await screen.read();
    expect(board.whole).toBe(false);
    expect(screen.seen.has(late.header.id)).toBe(true);
    expect((await screen.read()).rows, 'and then it is quiet').toEqual([]);
  });

  test('loses no row with any number of concurrent writers', async () => {
    const boxes = await Promise.all(Array.from({ length: 6 }, register));
    const screen = follower(other);
    await screen.read();
    let writing = true;
    const reading = (async () => {
      while (writing) {
        const board = await screen.read();
        expect(board.whole).toBe(false);
      }
    })();
    const made: string[] = [];
    await Promise.all(
      boxes.map(async (box, i) => {
        for (let n = 0; n < 15; n++) {
          made.push(box.checkin(randomUUID()).header.id);
          await deliver(i % 2 ? one : other, box, box.events.slice(-1));
        }
      }),
    );
    writing = false;
    await reading;
    await screen.read();
    expect(made.filter((id) => !screen.seen.has(id))).toEqual([]);
  });

  test('a row’s number never decreases, even if an earlier transaction changes it after a later one', async () => {
    const box = await register();
    const { header } = box.checkin(randomUUID());
    await deliver(one, box);
    const client = new pg.Client(await adminOf());
    await client.connect();
    await client.query('begin');
    await client.query('select pg_current_xact_id()');
    const touch = `update checkin set change = greatest(change, pg_current_xact_id()::text::bigint) where id = '${header.id}' returning change`;
    await sql.raw(touch).execute(one.db);
    const { rows } = await sql<{ change: number }>`select change from checkin where id = ${header.id}`.execute(one.db);
    const { rows: later } = await client.query(touch);
    await client.query('commit');
    await client.end();
    expect(Number(later[0].change)).toBe(Number(rows[0]!.change));
  });

  /** Returns the configuration of a separate superuser connection to the same database. */
  async function adminOf(): Promise<pg.ClientConfig> {
    const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(one.db);
    return { host: postgres.socketFolder, port: postgres.port, user: 'postgres', database: rows[0]!.name };
  }
});
