import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LANGUAGES } from '../../sync/protocol/api/languages.ts';
import { listSequences } from '../../sync/server/features/backup/dump.ts';
import { retentionJob } from '../../sync/server/features/privacy/retention/retention.job.ts';
import { verifyAudit } from '../../sync/server/platform/audit/verify.ts';
import { appliedMigrations, knownMigrations } from '../../sync/server/platform/database/migrations.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import type { Db } from '../../sync/server/platform/database/schema.ts';
import { sealEmail } from '../../sync/server/platform/http/email.ts';
import { everyRow, fillEveryTable } from '../backup/fill.ts';
import { seededRandom } from '../bench/harness.ts';
import { DATABASES } from '../kit/databases.ts';
import { KnownKiosk, resolveAll } from '../kit/known-kiosk.ts';
import { newListener, type PeopleListener } from '../kit/listener.ts';
import { becomeNextServer, NEXT_COLUMN } from './next-migration.ts';

/* A server's database with a year of data, and the build after this one: no data changes, whatever happens on the way. */

const DAY = 86_400_000;
const SEED = Number(process.env.SEED ?? 20_270_104);
const START = new Date('2026-01-05T06:00:00.000Z');
const PEOPLE = 100;
const DAYS = 365;
const CHECKINS_A_DAY = 10;

/** Tables without generated rows: each of theirs names an audit log key, which no generated row has. */
const EMPTY: ReadonlySet<string> = new Set(['public.audit_anchor', 'public.audit_checkpoint']);
/** Generated rows refer to generated rows: these tables have both kinds. */
const PARENTS: ReadonlySet<string> = new Set(
  ['device', 'account', 'incident', 'webhook', 'fleet_command', 'site'].map((name) => `public.${name}`),
);

/** Every table's rows and every sequence's position, except what the migration itself records. */
async function everything(db: Db): Promise<Record<string, unknown>> {
  const rows = await everyRow(db, NEXT_COLUMN);
  for (const table of ['public.kysely_migration', 'public.kysely_migration_lock', 'public.next_visitor'])
    rows.delete(table);
  // The oldest schema that may still read the database, which the next migration raises.
  rows.set(
    'public.meta',
    rows.get('public.meta')!.filter((row) => !row.includes('(least-reader,')),
  );
  const sequences: Record<string, unknown> = {};
  for (const { schema, name } of await listSequences(db))
    sequences[name] = (await sql`select last_value, is_called from ${sql.id(schema, name)}`.execute(db)).rows[0];
  return { ...Object.fromEntries(rows), sequences };
}

describe.each(DATABASES)('a year of data on $name', ({ name, unavailable, start }) => {
  if (unavailable) return test.skip(unavailable, () => undefined);
  let host: Awaited<ReturnType<typeof start>>;
  let database: OpenDatabase;
  let web: PeopleListener;
  let kiosk: KnownKiosk;
  let before: Record<string, unknown>;
  let read: Record<string, unknown>;
  const people: string[] = [];
  const incidents: string[] = [];

  beforeAll(async () => {
    console.log(`a year of seed ${SEED}`);
    host = await start();
    database = await host.open();
    web = await newListener(database, { start: START });
    await fillYear();
    // Generated rows for what a year of this office doesn't contain, so that no table is empty.
    const filled = await everyRow(database.db);
    const left = new Set([...filled].filter(([, rows]) => rows.length === 0).map(([table]) => table));
    console.log(
      `${filled.size - left.size} tables by the product's own code; by the catalogue alone: ${[...left].join(', ')}`,
    );
    const refused = await fillEveryTable(
      database.db,
      8,
      (table) => EMPTY.has(table) || !(left.has(table) || PARENTS.has(table)),
    );
    expect(refused).toEqual({});
    // Lists that name people's accounts open every one of them.
    for (const { id, row_version: version } of await database.db.selectFrom('account').selectAll().execute())
      await database.db
        .updateTable('account')
        .set({ email: sealEmail(web.keys, id, version, `${id}@example.org`) })
        .where('id', '=', id)
        .execute();
    const rows = await everyRow(database.db);
    expect([...rows].filter(([table, held]) => held.length === 0 && !EMPTY.has(table)).map(([table]) => table)).toEqual(
      [],
    );
    expect(rows.get('public.event')!.length).toBeGreaterThan(DAYS * CHECKINS_A_DAY);
    await remember();
  }, 600_000);
  afterAll(async () => {
    await web?.close();
    await database?.close().catch(() => undefined);
    await host?.remove();
  });

  async function fillYear(): Promise<void> {
    const random = seededRandom(SEED);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const { db, keys } = web;
    let admin = await web.signIn('admin');
    const ok = async (method: 'POST' | 'PUT', url: string, body?: unknown, as = admin) => {
      const answer = await web.ask(as, method, url, body);
      expect([url, answer.status, answer.text.slice(0, 200)]).toEqual([
        url,
        expect.toBeOneOf([200, 201, 204]),
        expect.anything(),
      ]);
      return answer.json() as Record<string, never>;
    };
    kiosk = await KnownKiosk.register(database, keys, { at: START });
    const second = await KnownKiosk.register(database, keys, { at: START });
    for (let i = 0; i < PEOPLE; i++) {
      if (i % 2) people.push(kiosk.box.enrol(`Sévérine Öztürk-${i}`, { at: START }));
      else {
        const { id } = await ok('POST', '/api/people', {
          name: `Ada ${i}`,
          email: `ada${i}@year.example`,
          number: `N-${i}`,
          language: pick(LANGUAGES),
        });
        people.push(String(id));
        if (i % 10 === 0) await ok('POST', `/api/people/${id}/badges`, { number: `BADGE-${i}` });
        if (i % 10 === 2) await ok('POST', `/api/people/${id}/pin-code`);
      }
    }
    await kiosk.send(START);
    await ok('PUT', `/api/people/${people[0]}/minor`, { bornOn: '2014-03-04' });
    await ok('POST', '/api/webhooks', {
      name: 'Payroll',
      url: 'https://payroll.example/hook',
      site: null,
      withNumber: false,
    });
    await ok('POST', '/api/retention/holds', { person: people[1], reason: 'Dispute of last spring' });
    await ok('POST', `/api/fleet/${kiosk.id}/commands`, { what: 'logs' });
    const inside = new Set<string>();
    for (let day = 0; day < DAYS; day++) {
      web.now = new Date(START.getTime() + day * DAY);
      for (let i = 0; i < CHECKINS_A_DAY; i++) {
        const at = new Date(web.now.getTime() + i * 1_800_000);
        const person = pick(people);
        const out = inside.delete(person);
        if (!out) inside.add(person);
        const { box } = i % 2 ? kiosk : second;
        const method = pick(['face', 'number+pin', 'badge'] as const);
        const { header } = box.append(
          'checkin',
          { direction: out ? 'out' : 'in', method, liveness: method === 'face' ? 'passed' : 'not-needed' },
          { person, ...(method === 'face' && { score: random() }), ...(random() < 0.1 && { gps: 'sealed' }) },
          at,
        );
        if (random() < 0.02) box.append('void', { target: header.id, reason: 'not-me' }, { person }, at);
      }
      if (day % 7 < 6) continue;
      await kiosk.send(web.now);
      await second.send(web.now);
      await resolveAll(database.db);
      if (day % 28 < 27) continue;
      admin = await web.signIn('admin');
      const log = { ...web.services, notify: () => undefined, signal: AbortSignal.timeout(100_000) };
      await retentionJob.run(log);
      const incident = await ok('POST', '/api/incidents', {
        ...{
          title: `Laptop ${day}`,
          description: 'left on a train',
          severity: 'high',
          foundAt: web.now.toISOString(),
        },
        data: ['person.name'],
      });
      incidents.push(String(incident.id));
      await ok('POST', `/api/incidents/${incident.id}/notes`, { text: 'Called the police' });
      const own = await web.signIn('person', people[3]);
      const record = await db
        .selectFrom('checkin')
        .select('id')
        .where('person', '=', people[3]!)
        .orderBy('at', 'desc')
        .executeTakeFirst();
      if (record)
        await web.ask(own, 'POST', '/api/me/complaints', { record: record.id, message: `I was not there ${day}` });
      const [last] = await db.selectFrom('checkin').select('id').orderBy('at', 'desc').limit(1).execute();
      await web.ask(admin, 'POST', '/api/corrections', {
        kind: 'void',
        target: last!.id,
        reason: 'Door was open',
      });
    }
    await kiosk.send(web.now);
    await second.send(web.now);
    await resolveAll(database.db);
  }

  /** What some people and an administrator are shown, with sealed columns opened. It leaves only audit rows and sessions. */
  async function asRead(): Promise<Record<string, unknown>> {
    const shown: Record<string, unknown> = {};
    const admin = await web.signIn('admin');
    for (const url of [
      ...incidents.map((id) => `/api/incidents/${id}`),
      '/api/retention/holds',
      ...people.slice(0, 20).map((id) => `/api/people/${id}`),
    ]) {
      const answer = await web.ask(admin, 'GET', url);
      expect([url, answer.status, answer.text.slice(0, 300)]).toEqual([url, 200, expect.anything()]);
      shown[url] = answer.json();
    }
    for (const person of people.slice(0, 4)) {
      const answer = await web.ask(await web.signIn('person', person), 'GET', '/api/gdpr/export/my-data');
      expect(answer.status, web.logged.slice(-2000)).toBe(200);
      // Except who has read about them and is signed in, which these requests add to.
      shown[person] = Object.fromEntries(
        Object.entries(answer.json()).filter(([, held]) => !/"(route|session)":/.test(JSON.stringify(held))),
      );
    }
    return shown;
  }

  /** Stores the current state, as read and as stored. */
  async function remember(): Promise<void> {
    read = await asRead();
    before = await everything(database.db);
  }

  async function expectAllThere(db: Db): Promise<void> {
    const after = await everything(db);
    expect(Object.keys(after)).toEqual(Object.keys(before));
    for (const [table, rows] of Object.entries(before)) expect({ table, rows: after[table] }).toEqual({ table, rows });
  }

  const shut = async () => {
    await web.close();
    await database.close();
  };
  const openAgain = async () => {
    database = await host.open();
    web = await newListener(database, { start: web.now, env: web.env });
  };
  const child = () =>
    spawn(process.execPath, [join(import.meta.dirname, 'children/migrate-next.ts'), host.where], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  /** Starts the next build on it. @param until kills it once it prints this. @returns its last output */
  async function asNextBuild(until?: RegExp): Promise<string> {
    const next = child();
    const ended = new Promise((resolve) => next.once('close', resolve));
    let last = '';
    for await (const line of createInterface({ input: next.stdout })) {
      last = line;
      if (until?.test(line)) next.kill('SIGKILL');
    }
    await ended;
    return last;
  }

  test('stays unchanged if the next build is killed in the middle of its migration', async () => {
    await shut();
    for (const at of [/^table 20 /, /^table 80 /]) {
      expect(await asNextBuild(at)).toMatch(/^table/);
      await openAgain();
      expect(await appliedMigrations(database.db)).toEqual(knownMigrations());
      await expectAllThere(database.db);
      await shut();
    }
    await openAgain();
  }, 600_000);

  test('is intact after the migration: encrypted columns open, the audit chain verifies, and kiosk and console work', async () => {
    await shut();
    // Replicas start together: one of them migrates, and the others wait for it.
    const all = name === 'PGlite' ? [asNextBuild()] : [asNextBuild(), asNextBuild(), asNextBuild()];
    expect(new Set(await Promise.all(all))).toEqual(new Set(['opened']));
    const back = becomeNextServer();
    try {
      await openAgain();
      const { db } = database;
      expect(await appliedMigrations(db)).toEqual([...knownMigrations()]);
      await expectAllThere(db);
      expect(await asRead()).toEqual(read);
      const audit = await verifyAudit(db, web.keys);
      expect(audit.faults).toEqual([]);
      expect(audit.rows).toBeGreaterThan(100);
      const records = async () => (await everyRow(db)).get('public.checkin')!.length;
      const had = await records();
      const same = kiosk.on(database, web.keys);
      const { header } = same.box.append(
        'checkin',
        { direction: 'in', method: 'badge', liveness: 'not-needed' },
        { person: people[0]! },
        web.now,
      );
      await same.send(web.now);
      expect(await records()).toBe(had + 1);
      expect(same.box.marks().find(({ epoch }) => epoch === header.epoch)?.committed).toBe(header.seq);
      const admin = await web.signIn('admin');
      expect((await web.ask(admin, 'POST', '/api/people', { name: 'After It', language: 'en' })).status).toBe(200);
      await remember();
    } finally {
      back();
    }
  }, 600_000);

  test('is then refused by this build with a code, and left unchanged', async () => {
    await shut();
    await expect(host.open()).rejects.toMatchObject({ code: 'database-newer', nextStep: expect.any(String) });
    const back = becomeNextServer();
    try {
      await openAgain();
      await expectAllThere(database.db);
    } finally {
      back();
    }
  });
});
