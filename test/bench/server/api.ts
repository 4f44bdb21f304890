import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:https';
import { sql } from 'kysely';
import type { RunningServer } from '../../../sync/server/app/server.ts';
import { peopleRoutes } from '../../../sync/server/core/people/routes.ts';
import { attendanceRoutes } from '../../../sync/server/features/attendance/module.ts';
import { exportRoutes } from '../../../sync/server/features/reports/exports/routes.ts';
import { perform } from '../../../sync/server/platform/access/perform.ts';
import type { Route, Services } from '../../../sync/server/platform/access/route.ts';
import type { Actor } from '../../../sync/server/platform/audit/actor.ts';
import type { Db } from '../../../sync/server/platform/database/schema.ts';
import { call, tokenOf } from '../../kit/client.ts';
import { benchLine, interleaved, median, processMemory, quantile, resetPeak } from '../harness.ts';
import type { BenchContext, BenchLine } from '../types.ts';
import { benchServices, fillPeople } from './services.ts';

/**
 * Compares the API's reads with the same query in bare SQL, alternating on one database: a list of 100 people, whose values are
 * decrypted and whose reading is audited, and a search in the records. Then many concurrent requests as browsers send them: HTTPS
 * with a session, from the listener on. Then an export.
 */
const PEOPLE = 5_000;
const ROUNDS = 41;
/** Concurrent readers, requests of each per turn, and turns. */
const READERS = 8;
const REQUESTS = 30;
const TURNS = 3;
const DAY_MS = 86_400_000;

/** Records in the database. Can be lowered for a quick run. */
const records = () => Number(process.env.SMARTPRESENCE_BENCH_RECORDS ?? 1_000_000);

/** @throws Error if PostgreSQL isn't available here */
export async function* apiLines({ note }: BenchContext): AsyncGenerator<BenchLine> {
  const { services, serve, closers, close } = await benchServices('api');
  try {
    const { db } = services;
    const count = records();
    note(`filling: ${PEOPLE} people, ${count} records`);
    const people = await fill(services, count);
    const ask = client(services);

    const pageOfPeople = (round: number) => people[(round * 37) % (PEOPLE - 200)]!;
    const list = await interleaved(
      {
        ours: (round) => ask(peopleRoutes, '/api/people', { limit: 100, cursor: behind(pageOfPeople(round)) }),
        bare: (round) => bareList(db, pageOfPeople(round)),
      },
      { rounds: ROUNDS, warmUp: 5 },
    );
    const bareName = 'the same list by bare SQL, neither opened nor audited';
    yield against('100 people listed, opened and audited', list, bareName);

    const week = (round: number) => {
      const to = Date.now() - ((round * 5) % 300) * DAY_MS;
      return { from: new Date(to - 7 * DAY_MS).toISOString(), to: new Date(to).toISOString() };
    };
    const search = await interleaved(
      {
        ours: (round) => ask(attendanceRoutes, '/api/attendance', { limit: 50, direction: 'in', ...week(round) }),
        bare: (round) => bareSearch(db, week(round)),
      },
      { rounds: ROUNDS, warmUp: 5 },
    );
    yield against(
      `50 found in ${count} records, named and audited`,
      search,
      'the same search by bare SQL, without names',
    );

    const bareOnes = (reader: number, i: number) =>
      i % 2 ? bareList(db, pageOfPeople(reader * 100 + i)) : bareSearch(db, week(reader * 31 + i));
    const browser = await signedIn(await serve());
    closers.push(browser.close);
    const ours = (reader: number, i: number) =>
      i % 2
        ? browser.get('/api/people', { limit: '100', cursor: behind(pageOfPeople(reader * 100 + i)) })
        : browser.get('/api/attendance', { limit: '50', direction: 'in', ...week(reader * 31 + i) });
    await readersAtOnce(none(), ours, 2);
    // Alternating, so that other load on the machine affects both.
    const load = { ours: none(), bare: none() };
    for (let turn = 0; turn < TURNS; turn++) {
      await readersAtOnce(load.ours, ours);
      await readersAtOnce(load.bare, bareOnes);
    }
    const at = `${READERS} readers at once over TLS with a session`;
    const same = 'the same by bare SQL';
    const leavesOut =
      'of ours nothing but the network: readers and server share one process, so the readers’ TLS is in it; of bare SQL: TLS, HTTP, session, decryption and audit';
    const rate = ({ times, seconds }: Load) => times.length / seconds;
    const under = (name: string, unit: string, better: 'higher' | 'lower', of: (l: Load) => number) =>
      benchLine({
        ...{ ...line, name, unit, ours: of(load.ours), reference: same, referenceValue: of(load.bare), better },
        leavesOut,
      });
    yield under(`lists and searches a second, ${at}`, 'requests/s', 'higher', rate);
    yield under(`list or search, ${at}: p50`, 'ms', 'lower', (l) => median(l.times));
    yield under(`list or search, ${at}: p99`, 'ms', 'lower', (l) => quantile(l.times, 0.99));

    note('exporting');
    const before = processMemory(process.pid).resident;
    resetPeak(process.pid);
    const start = performance.now();
    const bytes = await ask(exportRoutes, '/api/exports/attendance', { format: 'csv' });
    const taken = Math.max(1, (processMemory(process.pid).peak - before) / 1e6);
    yield alone(
      'records a second into a CSV file',
      'records/s',
      (count * 1000) / (performance.now() - start),
      'higher',
    );
    yield alone(`memory that a CSV file of ${Math.round(bytes / 1e6)} MB takes`, 'MB', taken, 'lower');
  } finally {
    await close();
  }
}

/** Results of concurrent readers. */
export interface Load {
  /** Time of each request, ms. */
  times: number[];
  seconds: number;
}
export const none = (): Load => ({ times: [], seconds: 0 });

export async function readersAtOnce(
  load: Load,
  request: (reader: number, i: number) => Promise<unknown>,
  requests = REQUESTS,
): Promise<void> {
  const began = performance.now();
  await Promise.all(
    Array.from({ length: READERS }, async (_, reader) => {
      for (let i = 0; i < requests; i++) {
        const start = performance.now();
        await request(reader, i);
        load.times.push(performance.now() - start);
      }
    }),
  );
  load.seconds += (performance.now() - began) / 1000;
}

/** A user of the console: persistent connections, and the cookie of a session. */
export async function signedIn(server: RunningServer) {
  const origin = server.peopleUrl;
  const entered = await call(`${origin}/api/session`, {
    method: 'POST',
    headers: { origin, 'content-type': 'application/json' },
    body: JSON.stringify({ token: tokenOf(server.adminLink) }),
  });
  const cookie = String(entered.headers['set-cookie']).split(';')[0]!;
  const agent = new Agent({ keepAlive: true, maxSockets: READERS, rejectUnauthorized: false });
  /** @returns the raw answer */
  const fetched = (path: string, body?: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const [method, more] = body ? ['POST', { origin, 'content-type': 'application/json' }] : ['GET', {}];
      request(`${origin}${path}`, { method, agent, headers: { cookie, ...more } }, (answer) => {
        let text = '';
        answer
          .on('data', (piece) => {
            text += piece;
          })
          .once('end', () =>
            answer.statusCode === 200 ? resolve(text) : reject(new Error(`${path} answered ${answer.statusCode}`)),
          );
      })
        .once('error', reject)
        .end(body);
    });
  const get = async (path: string, query: Record<string, string>): Promise<void> =>
    void (await fetched(`${path}?${new URLSearchParams(query)}`));
  const post = async (path: string, body: unknown): Promise<unknown> =>
    JSON.parse(await fetched(path, JSON.stringify(body)));
  return { get, post, cookie, close: () => agent.destroy() };
}

export const cursor = (key: unknown) => Buffer.from(JSON.stringify(key)).toString('base64url');
/** Cursor of people listed by id: the page starts after this person. */
export const behind = (person: string) => cursor(['id', person, person]);
const line = { group: 'server' } as const;
/** What the lines that start at a route’s query leave out. */
const WITHIN =
  'TLS, HTTP and the session of a request: from its checked query on; of bare SQL decryption and audit as well';
const alone = (name: string, unit: string, ours: number, better: 'higher' | 'lower') =>
  benchLine({ ...line, name, unit, ours, reference: null, referenceValue: null, better, leavesOut: WITHIN });
const against = (name: string, times: Record<'ours' | 'bare', number[]>, reference: string) =>
  benchLine({
    ...line,
    name,
    unit: 'ms',
    ours: median(times.ours),
    reference,
    referenceValue: median(times.bare),
    better: 'lower',
    leavesOut: WITHIN,
  });

/** Runs a route as the listener does, from its query on. Returns the bytes of a file, otherwise 0. */
function client(services: Services) {
  const actor: Actor = {
    role: 'staff',
    id: randomUUID(),
    email: 'bench@example.org',
    ip: '127.0.0.1',
    userAgent: 'bench',
  };
  return async (routes: readonly Route[], path: string, query: Record<string, unknown>): Promise<number> => {
    const spec = routes.find((r) => r.path === path && r.method === 'GET')!;
    const done = await perform(services, spec as never, {
      params: {},
      query: spec.query!.parse(query),
      body: undefined,
      actor,
      session: null,
      now: new Date(),
      prepared: undefined,
      idempotencyKey: null,
      url: path,
    });
    let bytes = 0;
    if (done.file) for await (const piece of done.file.spooled.read()) bytes += piece.length;
    await done.file?.spooled.discard();
    return bytes;
  };
}

/** People listed by id: only the rows of `person`, as stored. */
export const barePeople = (db: Db, after: string) => db.transaction().execute((tx) => peopleAfter(tx, after).execute());

/** The same with what a list also shows: their sites, templates and consent. */
export const bareList = (db: Db, after: string) =>
  db.transaction().execute((tx) =>
    peopleAfter(tx, after)
      .select([
        'gps_opt_out',
        'updated_at',
        sql`array(select site::text from person_site where person = person.id order by site)`.as('sites'),
        sql`(select count(*)::int from template where person = person.id)`.as('templates'),
        sql`(select action from consent where person = person.id order by at desc limit 1)`.as('consent'),
      ])
      .execute(),
  );

const peopleAfter = (tx: Db, after: string) =>
  tx
    .selectFrom('person')
    .select(['id', 'profile', 'row_version'])
    .where('deleted_at', 'is', null)
    .where('merged_into', 'is', null)
    .where('id', '>', after)
    .orderBy('id')
    .limit(101);

const bareSearch = (db: Db, { from, to }: { from: string; to: string }) =>
  db.transaction().execute((tx) =>
    sql`select c.id, c.at, c.received_at, c.site, c.device, c.resolved, c.direction, c.method, c.liveness, c.person,
               c.duplicate_of, c.superseded_by, c.corrected,
               (select v.reason from checkin_void v where v.target = c.id and v.device = c.device limit 1) as reason
        from checkin c
        where c.resolved = 'in' and c.at >= ${from}::timestamptz and c.at < ${to}::timestamptz
        order by c.at desc, c.id desc limit 51`.execute(tx),
  );

/** Adds people, and records of the last year, two per person and day until there are enough. @returns the people's ids, sorted */
async function fill(services: Services, count: number): Promise<string[]> {
  const { db, now } = services;
  const people = await fillPeople(
    services,
    Array.from({ length: PEOPLE }, (_, i) => `Person ${i}`),
  );
  const device = randomUUID();
  const known = { status: 'approved' as const, ed25519: 'x', x25519: 'x', tls_key_hash: 'x' };
  await db
    .insertInto('device')
    .values({ id: device, name: 'Door', ...known, registered_at: now(), last_heard_at: null })
    .execute();
  await sql`select ensure_checkin_partition(m::date) from generate_series(now() - interval '12 months', now(), interval '1 month') m`.execute(
    db,
  );
  await sql`
    insert into checkin (id, at, received_at, device, direction, automatic, method, liveness, person, resolved, change)
    select gen_random_uuid(), t.at, t.at + interval '2 seconds', ${device}::uuid, t.d, true, 'face', 'passed', t.p, t.d,
           pg_current_xact_id()::text::bigint
    from (select date_trunc('milliseconds', now() - (n * 330.0 / ${count}::float8) * interval '1 day') as at,
                 case when n % 2 = 0 then 'in' else 'out' end as d,
                 (${people}::uuid[])[1 + n % ${PEOPLE}::int] as p
          from generate_series(1, ${count}::int) n) t`.execute(db);
  await sql`analyze`.execute(db);
  return people;
}
