import { createHash, randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Problem } from '../../sync/errors/problem.ts';
import { endpoint } from '../../sync/protocol/api/endpoint.ts';
import { givenName } from '../../sync/protocol/wire/name.ts';
import { ErrorRows } from '../../sync/server/platform/access/error-rows.ts';
import { COOKIE } from '../../sync/server/platform/access/guard.ts';
import { implement } from '../../sync/server/platform/access/route.ts';
import { findSession } from '../../sync/server/platform/access/session.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { DATABASES } from '../kit/databases.ts';
import { newListener, type PeopleListener, type Visitor } from '../kit/listener.ts';
import { withDatabase } from '../kit/suite.ts';

/** What every route gets by being registered, shown with the test's own routes, which write to `meta`. */

const PIECE = `${'Ada Lovelace, 1 check-in\n'.repeat(400)}`;
let pieces = 0;
let failAt = Number.POSITIVE_INFINITY;
let handled = 0;

const note = implement(
  endpoint('POST /api/test/notes', {
    summary: 'Notes something.',
    roles: ['staff', 'admin'],
    data: ['person.name'],
    body: z.strictObject({
      key: z.string().max(60),
      about: z.array(z.uuid()).default([]),
      name: givenName(20).optional(),
      end: z.enum(['fine', 'refuse', 'misshapen', 'broken']).default('fine'),
    }),
    maxBody: 2048,
    answer: z.strictObject({ key: z.string(), number: z.number() }),
  }),
  async ({ tx, body, about, notify }) => {
    handled += 1;
    await tx.insertInto('meta').values({ key: body.key, value: 'noted' }).execute();
    about(body.about);
    notify('board');
    if (body.end === 'refuse') throw new Problem('person-unknown');
    if (body.end === 'broken') throw new Error(`about ${body.key}`);
    const answer = { key: body.key, number: handled };
    return body.end === 'misshapen' ? ({ key: body.key, secret: 'Ada Lovelace' } as unknown as typeof answer) : answer;
  },
);
const own = implement(
  endpoint('GET /api/test/people/:person', {
    summary: 'Shows a person, and forgets to say who.',
    roles: ['person', 'staff'],
    data: ['person.name'],
    params: { person: z.uuid() },
    answer: z.strictObject({ person: z.uuid() }),
  }),
  async ({ params }) => params,
);
const file = implement(
  endpoint('GET /api/test/file', {
    summary: 'A file of many pieces.',
    roles: ['staff'],
    data: ['person.name'],
    action: 'export',
    query: z.strictObject({ about: z.uuid() }),
    answer: 'file',
  }),
  async ({ query, about }) => {
    return {
      name: 'people "of" today.csv',
      type: 'text/csv',
      file: (async function* () {
        for (let i = 0; i < pieces; i++) {
          if (i === failAt) throw new Error('the database went away');
          if (i === 1) about([query.about]);
          yield PIECE;
        }
      })(),
    };
  },
);

let database: OpenDatabase;
let web: PeopleListener;
let staff: Visitor & { readonly id: string };

describe.each(DATABASES)('a registered route on $name', (kind) => {
  withDatabase(kind, async (opened, undo) => {
    database = opened;
    web = undo.use(await newListener(database, { routes: [note, own, file] }));
    staff = await web.signIn('staff');
  });
  beforeEach(() => {
    [pieces, failAt, handled] = [3, Number.POSITIVE_INFINITY, 0];
    web.notified.length = 0;
  });

  const noted = async (key: string) =>
    (await web.db.selectFrom('meta').select('key').where('key', '=', key).execute()).length === 1;
  const send = (body: unknown, headers: Record<string, string> = {}, who: Visitor = staff) =>
    web.ask({ ...who }, 'POST', '/api/test/notes', body, headers);

  test('change and audit row are one transaction: without the row nothing changes', async () => {
    const key = randomUUID();
    const person = randomUUID();
    expect((await send({ key, about: [person] })).status).toBe(200);
    expect(await noted(key)).toBe(true);
    expect((await web.audit())[0]).toMatchObject({
      action: 'write',
      role: 'staff',
      actor: staff.id,
      route: 'POST /api/test/notes',
      data: ['person.name'],
      count: 1,
      outcome: 'ok',
    });
    expect(web.notified).toEqual(['board']);
    const other = randomUUID();
    await sql`alter table audit rename to audit_away`.execute(web.db);
    const answer = await send({ key: other });
    await sql`alter table audit_away rename to audit`.execute(web.db);
    expect([answer.status, answer.json().code, await noted(other)]).toEqual([500, 'internal-error', false]);
    expect(web.notified).toEqual(['board']);
  });

  test('a refused request changes nothing, notifies nobody, and leaves an audit row', async () => {
    const key = randomUUID();
    const answer = await send({ key, end: 'refuse' });
    expect([answer.status, answer.json().code, await noted(key), web.notified]).toEqual([
      404,
      'person-unknown',
      false,
      [],
    ]);
    expect((await web.audit())[0]).toMatchObject({ action: 'refuse', outcome: 'person-unknown', actor: staff.id });
  });

  test('repeated identical errors of a session share a second row with their count', async () => {
    const errors = new ErrorRows(web.services);
    const who = await web.signIn('staff');
    const { db, keys, now } = web;
    const session = (await findSession(db, keys, who.cookie!, now, { use: false }))!;
    const actor = { role: 'staff', id: who.id, email: null, ip: who.ip, userAgent: null } as const;
    const entry = { actor, action: 'refuse', route: 'GET /api/live', data: [], subjects: [] } as const;
    const before = Number((await web.audit())[0]?.position ?? 0);
    for (let i = 0; i < 800; i++) await errors.add(session, { ...entry, outcome: 'not-allowed' });
    await errors.add(session, { ...entry, outcome: 'wrong-origin' });
    expect(Number((await web.audit())[0]!.position)).toBe(before + 2);
    await errors.close();
    await errors.close();
    const rows = await web.audit(3);
    expect(rows.map((r) => [Number(r.position) - before, r.outcome, r.resource])).toEqual([
      [3, 'not-allowed', '799 more within a minute'],
      [2, 'wrong-origin', null],
      [1, 'not-allowed', null],
    ]);
  });

  test('a route that forgets the check still shows a person only their own data', async () => {
    const [me, other] = [await web.signIn('person'), await web.signIn('person')];
    expect((await web.ask(me, 'GET', `/api/test/people/${me.id}`)).status).toBe(200);
    const answer = await web.ask(me, 'GET', `/api/test/people/${other.id}`);
    expect([answer.status, answer.json().code]).toEqual([403, 'not-allowed']);
    expect((await web.audit())[0]).toMatchObject({ action: 'refuse', role: 'person', outcome: 'not-allowed' });
    expect((await web.ask(staff, 'GET', `/api/test/people/${other.id}`)).status).toBe(200);
  });

  test('an answer that differs from its declared shape is not sent, and its values are not logged', async () => {
    const key = randomUUID();
    const answer = await send({ key, end: 'misshapen' });
    expect([answer.status, answer.json().code, await noted(key)]).toEqual([500, 'internal-error', false]);
    expect(answer.text + web.logged).not.toContain('Ada');
    expect(web.logged).toContain('answer-misshapen');
  });

  test('an internal error reveals no internals', async () => {
    const answer = await send({ key: 'Ada Lovelace', end: 'broken' });
    expect([answer.status, answer.json().code]).toEqual([500, 'internal-error']);
    expect(answer.text).not.toContain('Ada');
  });

  test('malformed, oversized or mistyped input is refused by field name, without its value', async () => {
    const wrong = await send({ key: 5, more: 'Ada Lovelace' });
    expect([wrong.status, wrong.json().code]).toEqual([400, 'bad-request']);
    expect(wrong.text).toContain('body.key');
    expect(wrong.text).not.toContain('Ada');
    const large = await send({ key: 'x'.repeat(3000) });
    expect([large.status, large.json().code]).toEqual([413, 'request-too-large']);
    const text = await web.ask({ ...staff }, 'POST', '/api/test/notes', 'Ada', { 'content-type': 'text/plain' });
    expect(text.status).toBeGreaterThanOrEqual(400);
    const query = await web.ask({ ...staff }, 'GET', `/api/test/file?about=${randomUUID()}&more=1`);
    expect(query.json().code).toBe('bad-request');
    expect(handled).toBe(0);
  });

  test('an invisible or multi-line name is refused with its own code, or as malformed if more is wrong', async () => {
    const key = randomUUID();
    for (const name of ['\u200b', 'Ada\nLovelace', '  ', 'Ada\u0000']) {
      const answer = await send({ key, name });
      expect([name, answer.status, answer.json().code]).toEqual([name, 400, 'name-unreadable']);
      expect(answer.text).toContain('body.name');
      expect(answer.text).not.toContain('Ada');
    }
    expect((await send({ key: 5, name: '\u200b' })).json().code).toBe('bad-request');
    expect((await send({ key, name: 'A'.repeat(21) })).json().code).toBe('bad-request');
    expect([handled, await noted(key)]).toEqual([0, false]);
    expect((await send({ key, name: 'عبد\u200f الله' })).status).toBe(200);
  });

  describe('with an Idempotency-Key', () => {
    const header = (key: string = randomUUID()) => ({ 'idempotency-key': key });

    test('a repeated write is done once and gets the same answer, which is audited as a read', async () => {
      const [body, headers] = [{ key: randomUUID(), about: [randomUUID(), randomUUID()] }, header()];
      const first = await send(body, headers);
      const again = await send(body, headers);
      expect([first.status, again.status, again.text, handled]).toEqual([200, 200, first.text, 1]);
      expect((await web.audit())[0]).toMatchObject({ outcome: 'repeated', count: 2, action: 'write' });
    });

    test('of several at once only one is done', async () => {
      const [body, headers] = [{ key: randomUUID() }, header()];
      const answers = await Promise.all(Array.from({ length: 5 }, () => send(body, headers)));
      expect(new Set(answers.map((a) => `${a.status} ${a.text}`)).size).toBe(1);
      expect(answers[0]!.status).toBe(200);
    });

    test('a different request with the same key is refused, and keys are separate per account', async () => {
      const headers = header();
      const key = randomUUID();
      await send({ key }, headers);
      const other = await send({ key: randomUUID() }, headers);
      expect([other.status, other.json().code]).toEqual([422, 'idempotency-key-reused']);
      const admin = await web.signIn('admin');
      expect((await send({ key: randomUUID() }, headers, admin)).status).toBe(200);
      expect((await send({ key: randomUUID() }, header('too short'))).json().code).toBe('idempotency-key-malformed');
    });

    test('an error is not stored: the same key may try again', async () => {
      const headers = header();
      expect((await send({ key: randomUUID(), end: 'refuse' }, headers)).status).toBe(404);
      const key = randomUUID();
      expect((await send({ key }, headers)).status).toBe(200);
    });

    test('answers are stored for a day, under a key that the server does not store', async () => {
      const [key, headers] = [randomUUID(), header()];
      await send({ key }, headers);
      const rows = await web.db.selectFrom('idempotency').selectAll().execute();
      const text = rows.map((r) =>
        Object.values(r)
          .map((v) => (v instanceof Uint8Array ? Buffer.from(v).toString('latin1') : String(v)))
          .join(),
      );
      for (const hidden of [key, headers['idempotency-key']]) expect(text.join()).not.toContain(hidden);
      const place = { field: 'any', person: null, record: 'any', rowVersion: 1 };
      for (const row of rows) expect(() => web.keys.open('field', place, row.answer!)).toThrow();
      await sql`delete from meta where key = ${key}`.execute(web.db);
      web.later(24 * 60 * 60 * 1000 + 1000);
      staff = await web.signIn('staff', staff.id);
      expect((await send({ key }, headers)).json()).toMatchObject({ number: 2 });
    });
  });

  describe('whose answer is a file', () => {
    const url = (about: string = randomUUID()) => `/api/test/file?about=${about}`;

    test('is audited with everyone in it before its first byte is sent, and is never readable on disk', async () => {
      pieces = 300;
      const answer = await web.ask({ ...staff }, 'GET', url());
      expect(answer.status).toBe(200);
      expect(answer.headers['content-disposition']).toBe('attachment; filename="people__of__today.csv"');
      expect(answer.headers['content-length']).toBe(String(PIECE.length * pieces));
      const digest = (text: string) => createHash('sha256').update(text).digest('hex');
      expect(digest(answer.text)).toBe(digest(PIECE.repeat(pieces)));
      expect((await web.audit())[0]).toMatchObject({ action: 'export', count: 1, outcome: 'ok' });
      expect(readdirSync(join(web.config.home, 'spool'))).toEqual([]);
    });

    test('that fails midway ends in an error, not in half a file', async () => {
      [pieces, failAt] = [300, 200];
      const answer = await web.ask({ ...staff }, 'GET', url());
      expect([answer.status, answer.json().code]).toEqual([500, 'internal-error']);
      expect((await web.audit())[0]).toMatchObject({ action: 'refuse', outcome: 'internal-error' });
      expect(readdirSync(join(web.config.home, 'spool'))).toEqual([]);
    });

    test('waits for a slow reader without blocking others', async () => {
      pieces = 2000;
      await web.app.listen({ host: '127.0.0.1', port: 0 });
      const { port } = web.app.server.address() as AddressInfo;
      const headers = { host: 'localhost', cookie: `${COOKIE}=${staff.cookie}` };
      const slow = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
        request({ port, host: '127.0.0.1', path: url(), headers, rejectUnauthorized: false }, resolve)
          .on('error', reject)
          .end();
      });
      slow.pause();
      expect((await web.audit())[0]).toMatchObject({ action: 'export', count: 1 });
      expect((await send({ key: randomUUID() })).status).toBe(200);
      let size = 0;
      for await (const chunk of slow) size += (chunk as Buffer).length;
      expect(size).toBe(PIECE.length * pieces);
    });
  });
});
