import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { IDLE_HEADER } from '../../sync/protocol/api/endpoint.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { DATABASES } from '../kit/databases.ts';
import { newListener, type PeopleListener } from '../kit/listener.ts';
import { withDatabase } from '../kit/suite.ts';

/** The API as browsers use it: over the listener, with sessions, keys of repeated writes, files and errors. */

const cursorOf = (key: unknown) => Buffer.from(JSON.stringify(key)).toString('base64url');
const at = (time: string) => `2026-07-20T${time}:00.000Z`;

let database: OpenDatabase;
let web: PeopleListener;

describe('the API over the people listener', () => {
  withDatabase(DATABASES[0]!, async (opened, undo) => {
    database = opened;
    web = undo.use(await newListener(database));
  });

  const newPerson = async (name: string) => {
    const staff = await web.signIn('staff');
    const made = await web.ask(staff, 'POST', '/api/people', { name, email: `${randomUUID()}@example.org` });
    expect(made.status).toBe(200);
    return { staff, id: made.json().id as unknown as string };
  };

  test('a repeated write with the same idempotency key creates one person, and is refused with a different body', async () => {
    const staff = await web.signIn('staff');
    const key = { 'idempotency-key': randomUUID() };
    const body = { name: 'Once Only', number: randomUUID().slice(0, 8) };
    const [first, again] = [
      await web.ask(staff, 'POST', '/api/people', body, key),
      await web.ask(staff, 'POST', '/api/people', body, key),
    ];
    expect(again.json()).toEqual(first.json());
    const found = await web.ask(staff, 'POST', '/api/people/search', { q: body.number });
    expect(found.json().items).toHaveLength(1);
    const other = await web.ask(staff, 'POST', '/api/people', { ...body, name: 'Twice' }, key);
    expect(other.json().code).toBe('idempotency-key-reused');
  });

  test('a search repeated with the same key runs again, and its answer is not stored', async () => {
    const staff = await web.signIn('staff');
    const key = { 'idempotency-key': randomUUID() };
    const search = () => web.ask(staff, 'POST', '/api/people/search', { q: randomUUID() }, key);
    const kept = () => web.db.selectFrom('idempotency').select('key').execute();
    const before = await kept();
    for (const answer of [await search(), await search()]) expect(answer.status).toBe(200);
    expect(await kept()).toEqual(before);
  });

  test('background requests of a page don’t extend the session', async () => {
    const began = web.now;
    const [watched, used] = [await web.signIn('staff'), await web.signIn('staff')];
    const statuses: number[][] = [];
    // Half an hour without use ends it.
    for (const minutes of [20, 40]) {
      web.now = new Date(began.getTime() + minutes * 60_000);
      const byItself = await web.ask(watched, 'GET', '/api/fleet', undefined, { [IDLE_HEADER]: '1' });
      statuses.push([byItself.status, (await web.ask(used, 'GET', '/api/fleet')).status]);
    }
    web.now = began;
    expect(statuses).toEqual([
      [200, 200],
      [401, 200],
    ]);
  });

  test('an export is a file, and its audit row counts the people in it', async () => {
    const { staff, id } = await newPerson('=HYPERLINK("x")');
    const body = { kind: 'add', person: id, at: at('06:00'), direction: 'in', reason: 'Kiosk was off' };
    expect((await web.ask(staff, 'POST', '/api/corrections', body)).status).toBe(200);
    const csv = await web.ask(staff, 'GET', `/api/exports/attendance?format=csv&person=${id}`);
    expect(csv.headers).toMatchObject({
      'content-type': expect.stringMatching(/^text\/csv/),
      'content-disposition': expect.stringMatching(/^attachment; filename="attendance-2026-07-20\.csv"$/),
      'cache-control': 'no-store',
    });
    expect(csv.text).toContain(`"'=HYPERLINK(""x"")"`);
    const last = await database.db
      .selectFrom('audit')
      .selectAll()
      .orderBy('position', 'desc')
      .executeTakeFirstOrThrow();
    expect(last).toMatchObject({ action: 'export', count: 1, route: 'GET /api/exports/attendance' });
    const days = await web.ask(staff, 'GET', '/api/exports/report?format=csv&from=2026-07-20&to=2026-07-20');
    expect(days.text).toMatch(/2026-07-20,"'=HYPERLINK/);
    const book = await web.ask(staff, 'GET', `/api/exports/attendance?format=xlsx&person=${id}`);
    expect(book.headers['content-disposition']).toMatch(/\.xlsx"$/);
    expect(book.text.slice(0, 2)).toBe('PK');
    expect(days.headers['content-disposition']).toMatch(/"report-person-day-2026-07-20\.csv"$/);
    const month = await web.ask(
      staff,
      'GET',
      '/api/exports/payroll?layout=frappe-hr&format=csv&from=2026-06-01&to=2026-06-30',
    );
    expect(month.headers['content-disposition']).toMatch(/"frappe-hr-2026-06-01-to-2026-06-30\.csv"$/);
    const long = await web.ask(staff, 'GET', '/api/exports/report?format=csv&from=2020-01-01&to=2026-07-20');
    expect([long.status, long.json().code]).toEqual([422, 'period-too-long']);
    const turned = 'from=2026-07-21&to=2026-07-20';
    for (const path of [
      'report?format=csv',
      'payroll?layout=timesheet&format=csv',
      'payroll?layout=frappe-hr&format=csv',
    ]) {
      const none = await web.ask(staff, 'GET', `/api/exports/${path}&${turned}`);
      expect([none.status, none.json().code], path).toEqual([422, 'period-too-long']);
    }
  });

  test('people can download their data, and erase themselves with a confirmation', async () => {
    const { id } = await newPerson('Rosalind Franklin');
    const person = await web.signIn('person', id);
    const file = await web.ask(person, 'GET', '/api/gdpr/export/my-data');
    expect(file.headers['content-disposition']).toMatch(/my-data-2026-07-20\.json/);
    expect(JSON.stringify(file.json())).toContain('Rosalind Franklin');
    const refused = await web.ask(person, 'DELETE', '/api/gdpr/delete/my-account');
    expect([refused.status, refused.json().code]).toEqual([428, 'confirmation-needed']);
    const asked = await web.ask(person, 'POST', '/api/gdpr/delete/my-account/confirmation');
    const { confirmation } = asked.json();
    expect((await web.ask(person, 'DELETE', '/api/gdpr/delete/my-account', { confirmation })).status).toBe(200);
    expect((await web.ask(person, 'GET', '/api/me')).json().erasure).toMatchObject({
      request: expect.any(String),
    });
  });

  test('every kind of malformed input is refused with a code', async () => {
    const { staff, id } = await newPerson('Chien-Shiung Wu');
    const bad: [string, string, unknown][] = [
      ['POST', '/api/corrections', { kind: 'add', person: id, at: 'yesterday', direction: 'in', reason: 'x' }],
      ['POST', '/api/corrections', { kind: 'replace', target: id, reason: '' }],
      ['POST', '/api/people', { name: '' }],
      ['POST', '/api/people', { name: 'x\u0000y' }],
      ['PATCH', `/api/people/${id}`, { email: 'no address' }],
      ['GET', '/api/attendance?limit=100000', undefined],
      ['GET', '/api/attendance?from=now', undefined],
      ['GET', '/api/people?cursor=%F0%9F%98%80', undefined],
      ['GET', '/api/reports?from=2026-02-30&to=2026-03-01', undefined],
      ['POST', '/api/people', { name: 'half \ud800 a pair' }],
      [
        'POST',
        '/api/corrections',
        { kind: 'add', person: id, at: '0000-01-01T00:00:00Z', direction: 'in', reason: 'x' },
      ],
      ['GET', '/api/attendance?from=0000-01-01T00:00:00Z', undefined],
      ['GET', '/api/devices?status=%00', undefined],
      ['GET', `/api/attendance?cursor=${cursorOf(['-at', '0000-01-01T00:00:00.000Z', id])}`, undefined],
      ['GET', `/api/devices?cursor=${cursorOf(['name', '\0', id])}`, undefined],
      ['GET', `/api/consents?cursor=${cursorOf({})}`, undefined],
    ];
    for (const [method, url, body] of bad) {
      const answer = await web.ask(staff, method as 'GET', url, body);
      expect([url, answer.status, answer.json().code]).toEqual([url, 400, expect.stringMatching(/^[a-z-]+$/)]);
    }
  });
});
