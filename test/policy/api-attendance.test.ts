import { beforeEach, describe, expect, test } from 'vitest';
import type { AttendanceRow } from '../../sync/protocol/api/attendance.ts';
import type { Correction } from '../../sync/protocol/api/corrections.ts';
import type { Report } from '../../sync/protocol/api/reports.ts';
import type { Site } from '../../sync/protocol/api/sites.ts';
import { readPresence } from '../../sync/server/app/downstream/read.ts';
import { addAccount } from '../../sync/server/core/accounts/accounts.ts';
import { DEFAULT_SCOPE } from '../../sync/server/core/sites/sites.ts';
import { readBoard } from '../../sync/server/features/attendance/board.ts';
import type { Api } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import type { MemoryOutbox } from '../kit/outbox.ts';
import { SITE } from '../kit/services.ts';
import { withApi } from '../kit/suite.ts';

/** Records in the API: search, daily report, corrections. */

const DAY = '2026-07-20';
const AUTHOR = 'joan@example.org';
/** The day is over at the site. */
const AFTER = new Date('2026-07-20T22:00:00.000Z');
const at = (time: string) => new Date(`${DAY}T${time}:00.000Z`);
interface Page<T> {
  items: T[];
  next: string | null;
}

let api: Api;
let box: MemoryOutbox;

describe.each(DATABASES)('the attendance API on $name', (on) => {
  withApi(on, { now: at('20:00') }, (o) => {
    api = o.api;
  });
  beforeEach(async () => {
    box = await api.kiosk();
  });

  const open = { method: 'badge', liveness: 'not-needed' } as const;
  const record = (person: string, time: string, direction: 'in' | 'out') =>
    box.append('checkin', { direction, ...open }, { person }, at(time)).header.id;
  const rowsOf = async (query: string) => (await api.ask<Page<AttendanceRow>>('GET', `/api/attendance?${query}`)).items;
  const dayOf = async (person: string, day = DAY) => {
    const report = await api.ask<Report>('GET', `/api/reports?from=${day}&to=${day}&limit=200`);
    return report.items.find((r) => r.person === person);
  };
  const correct = (body: unknown) => api.ask<Correction>('POST', '/api/corrections', { body, as: 'staff' });
  const boardOf = async (id: string) => {
    const source = { db: api.db, keys: api.keys, logEpoch: 'x', site: SITE };
    return (await readBoard(source, {}, api.now)).rows.find((r) => r.id === id);
  };

  test('pages contain every record exactly once, newest first, whatever the limit', async () => {
    const person = box.person('Ada Lovelace');
    const ids = ['06:00', '07:00', '08:00', '09:00', '10:00'].map((time, i) =>
      record(person, time, i % 2 ? 'out' : 'in'),
    );
    await api.deliver(box);
    const seen: string[] = [];
    for (let next: string | null = ''; next !== null; ) {
      const page: Page<AttendanceRow> = await api.ask(
        'GET',
        `/api/attendance?person=${person}&limit=2${next && `&cursor=${next}`}`,
      );
      seen.push(...page.items.map((r) => r.id));
      next = page.next;
    }
    expect(seen).toEqual(ids.reverse());
  });

  test('filters: site, device, time, time of day, direction, method, voided, duplicates', async () => {
    const person = box.person('Grace Hopper');
    const [first, again, out] = [
      record(person, '06:00', 'in'),
      record(person, '06:00', 'in'),
      record(person, '15:00', 'out'),
    ];
    box.append('void', { target: out, reason: 'not-me' }, { person }, at('15:01'));
    await api.deliver(box);
    const of = async (query: string) => (await rowsOf(`person=${person}&${query}`)).map((r) => r.id).sort();
    const all = [first, again, out].sort();
    expect(await of('')).toEqual(all);
    expect(await of(`device=${box.device}&site=${SITE.id}`)).toEqual(all);
    expect(await of('site=22222222-2222-4222-8222-222222222222')).toEqual([]);
    expect(await of('voided=true')).toEqual([out]);
    expect(await of('voided=false&duplicates=false')).toHaveLength(1);
    expect(await of('duplicates=true')).toHaveLength(1);
    expect(await of('direction=out')).toEqual([out]);
    expect(await of('method=face')).toEqual([]);
    expect(await of(`from=${DAY}T06:00:00Z&to=${DAY}T15:00:00Z`)).toEqual([first, again].sort());
    // In the site's local time, two hours ahead.
    expect(await of('timeFrom=08:00&timeTo=08:01')).toEqual([first, again].sort());
    expect(await of('timeFrom=08:01')).toEqual([out]);
    expect(await of('timeTo=17:00')).toEqual([first, again].sort());
    expect(await of('timeFrom=17:00&timeTo=08:00')).toEqual([out]);
    expect(await of('timeFrom=17:01&timeTo=08:00')).toEqual([]);
    expect((await rowsOf(`person=${person}`)).every((r) => r.name === 'Grace Hopper')).toBe(true);
  });

  test('a row shows the reason it was voided or added, before and after an undo', async () => {
    const person = box.person('Wordy Corrected');
    const [wrong, twice, untouched] = ['06:00', '07:00', '08:00'].map((time) => record(person, time, 'in'));
    await api.deliver(box);
    const replaced = await correct({ kind: 'replace', target: wrong, direction: 'out', reason: 'Was leaving' });
    const voided = await correct({ kind: 'void', target: twice, reason: 'Pressed twice' });
    const reasons = async () =>
      Object.fromEntries((await rowsOf(`person=${person}`)).map(({ id, reason }) => [id, reason]));
    expect(await reasons()).toEqual({
      [wrong!]: 'Was leaving',
      [replaced.id]: 'Was leaving',
      [twice!]: 'Pressed twice',
      [untouched!]: null,
    });
    await correct({ kind: 'undo', target: voided.id, reason: 'It was right' });
    expect((await reasons())[twice!]).toBeNull();
    await correct({ kind: 'undo', target: replaced.id, reason: 'So was this' });
    expect(await reasons()).toMatchObject({ [wrong!]: null, [replaced.id]: 'So was this' });
  });

  test('a list writes one audit row with the number of people shown', async () => {
    const people = [box.person('One'), box.person('Two')];
    for (const p of people) record(p, '06:00', 'in');
    await api.deliver(box);
    await api.ask('GET', `/api/attendance?device=${box.device}`);
    expect(await api.lastAudit()).toMatchObject({
      route: 'GET /api/attendance',
      action: 'read',
      count: 2,
      outcome: 'ok',
    });
  });

  test('the day report pairs stays, counts missing check-outs once the day is over, and assigns a night to the day it began', async () => {
    const day = box.person('Day Worker');
    record(day, '06:00', 'in');
    record(day, '10:00', 'out');
    record(day, '11:00', 'in');
    record(day, '14:30', 'out');
    record(day, '16:00', 'in');
    const night = box.person('Night Worker');
    // 22:00Z the evening before is midnight in Berlin's summer: 00:00 on the 20th.
    box.append('checkin', { direction: 'in', ...open }, { person: night }, new Date('2026-07-19T20:00:00.000Z'));
    record(night, '03:00', 'out');
    await api.deliver(box);
    expect(await dayOf(day)).toMatchObject({ missing: 0 });
    api.now = AFTER;
    expect(await dayOf(day)).toMatchObject({
      name: 'Day Worker',
      firstIn: at('06:00').toISOString(),
      lastOut: at('14:30').toISOString(),
      minutes: 240 + 210,
      missing: 1,
    });
    expect(await dayOf(night)).toBeUndefined();
    expect(await dayOf(night, '2026-07-19')).toMatchObject({ minutes: 420, missing: 0 });
  });

  test('a correction replaces an unchanged record on the board and in the report, and undoing it restores that record', async () => {
    const person = box.person('Katherine Johnson');
    const came = record(person, '06:00', 'in');
    const left = record(person, '09:00', 'out');
    await api.deliver(box);
    const made = await correct({ kind: 'replace', target: left, at: at('14:00').toISOString(), reason: 'She forgot' });
    await api.settle();
    expect(made).toMatchObject({ kind: 'replace', person, reason: 'She forgot', undone: false });
    expect(await dayOf(person)).toMatchObject({ lastOut: at('14:00').toISOString(), minutes: 480, missing: 0 });
    expect(await boardOf(left)).toMatchObject({ voided: 'corrected', claimed: 'out' });
    expect(await boardOf(made.id)).toMatchObject({ voided: null, direction: 'out', method: 'manual' });
    const rows = await rowsOf(`person=${person}`);
    expect(rows.find((r) => r.id === left)).toMatchObject({ at: at('09:00').toISOString(), supersededBy: made.id });
    expect(rows.find((r) => r.id === came)).toMatchObject({ supersededBy: null, correction: false });

    const undone = await correct({ kind: 'undo', target: made.id, reason: 'It was right' });
    await api.settle();
    expect(await dayOf(person)).toMatchObject({ lastOut: at('09:00').toISOString(), minutes: 180 });
    expect(await boardOf(left)).toMatchObject({ voided: null });
    const list = await api.ask<Page<Correction>>('GET', `/api/corrections?person=${person}`);
    expect(list.items.map((c) => [c.id, c.undone])).toEqual([
      [undone.id, false],
      [made.id, true],
    ]);
    await expect(correct({ kind: 'undo', target: made.id, reason: 'again' })).rejects.toMatchObject({
      code: 'already-undone',
    });
  });

  test('a correction shows who made it, whose record it is, and the values before and after', async () => {
    const person = box.person('Hedy Lamarr');
    const came = record(person, '06:00', 'in');
    const left = record(person, '09:00', 'out');
    await api.deliver(box);
    const values = (time: string, direction: 'in' | 'out') => ({ at: at(time).toISOString(), direction });
    const { id: author } = await api.db
      .transaction()
      .execute((tx) => addAccount(tx, api.keys, { role: 'staff', email: AUTHOR }, api.now));
    const correct = (body: unknown) =>
      api.ask<Correction>('POST', '/api/corrections', { body, as: api.actorOf('staff', author) });
    const moved = await correct({ kind: 'replace', target: left, at: at('14:00').toISOString(), reason: 'Forgot' });
    const voided = await correct({ kind: 'void', target: came, reason: 'Someone else' });
    const back = await correct({ kind: 'undo', target: moved.id, reason: 'It was right' });
    const counts = await correct({ kind: 'undo', target: voided.id, reason: 'It was her' });
    const { id: site } = await api.ask<Site>('POST', '/api/sites', { body: { name: 'Kyiv', timeZone: 'Europe/Kyiv' } });
    const added = await correct({ kind: 'add', person, site, ...values('15:00', 'in'), reason: 'Kiosk was off' });
    const none = await correct({ kind: 'undo', target: added.id, reason: 'It was on' });
    const { items } = await api.ask<Page<Correction>>('GET', `/api/corrections?person=${person}`);
    expect(items.map(({ id, before, after }) => ({ id, before, after })).toReversed()).toEqual([
      { id: moved.id, before: values('09:00', 'out'), after: values('14:00', 'out') },
      { id: voided.id, before: values('06:00', 'in'), after: null },
      { id: back.id, before: values('14:00', 'out'), after: values('09:00', 'out') },
      { id: counts.id, before: null, after: values('06:00', 'in') },
      { id: added.id, before: null, after: values('15:00', 'in') },
      { id: none.id, before: values('15:00', 'in'), after: null },
    ]);
    for (const one of items) expect(one).toMatchObject({ name: 'Hedy Lamarr', author, authorEmail: AUTHOR });
    expect(items.filter((one) => one.site === site).map(({ id }) => id)).toEqual([none.id, added.id]);
    expect(items.filter((one) => one.undone).map(({ id }) => id)).toEqual([added.id, voided.id, moved.id]);
    // As for any other list, the audit log records whose name was decrypted.
    expect(await api.lastAudit()).toMatchObject({
      action: 'read',
      data: expect.arrayContaining(['attendance', 'person.name', 'account.email']),
    });
  });

  test('records can be added and voided, and a chain of corrections is undone last first', async () => {
    const person = box.person('Mary Jackson');
    await api.deliver(box);
    const added = await correct({
      kind: 'add',
      person,
      at: at('06:00').toISOString(),
      direction: 'in',
      reason: 'Kiosk was off',
    });
    const moved = await correct({ kind: 'replace', target: added.id, at: at('07:00').toISOString(), reason: 'Later' });
    await expect(correct({ kind: 'replace', target: added.id, direction: 'out', reason: 'no' })).rejects.toMatchObject({
      code: 'already-corrected',
    });
    await expect(correct({ kind: 'undo', target: added.id, reason: 'no' })).rejects.toMatchObject({
      code: 'already-corrected',
    });
    await api.settle();
    expect(await dayOf(person)).toMatchObject({ firstIn: at('07:00').toISOString(), stays: 1 });
    await correct({ kind: 'void', target: moved.id, reason: 'Was on leave' });
    await api.settle();
    // Nothing replaces it: it was not corrected.
    expect(await boardOf(moved.id)).toMatchObject({ voided: 'staff' });
    expect((await rowsOf(`person=${person}`)).map((r) => [r.id, r.voided]).toSorted()).toEqual(
      [
        [added.id, 'corrected'],
        [moved.id, 'staff'],
      ].toSorted(),
    );
    expect(await dayOf(person)).toBeUndefined();
    await expect(
      correct({ kind: 'add', person, at: '2026-07-21T06:00:00Z', direction: 'in', reason: 'Tomorrow' }),
    ).rejects.toMatchObject({ code: 'at-in-future' });
    const stored = await api.db.selectFrom('correction').selectAll().where('person', '=', person).execute();
    expect(stored).toHaveLength(3);
    for (const row of stored) expect(Buffer.from(row.reason).includes('leave')).toBe(false);
  });

  test('a voided record no longer determines the direction of the day’s next one', async () => {
    const person = box.person('Dorothy Vaughan');
    const auto = { direction: 'in', automatic: true, ...open } as const;
    const [first] = ['06:00', '09:00'].map((t) => box.append('checkin', auto, { person }, at(t)).header.id);
    await api.deliver(box);
    const directions = async () => (await rowsOf(`person=${person}&voided=false`)).map((r) => r.direction);
    expect(await directions()).toEqual(['out', 'in']);
    const made = await correct({ kind: 'void', target: first, reason: 'A visitor' });
    await api.settle();
    expect(await directions()).toEqual(['in']);
    await correct({ kind: 'undo', target: made.id, reason: 'It was her' });
    await api.settle();
    expect(await directions()).toEqual(['out', 'in']);
  });

  test('a presence across midnight belongs to the next day once its first record is voided', async () => {
    const person = box.person('Mary Jackson');
    const [before, after] = ['2026-07-19T21:59:40.000Z', '2026-07-19T22:00:10.000Z'].map(
      (time) => box.append('checkin', { direction: 'in', ...open }, { person }, new Date(time)).header.id,
    );
    await api.deliver(box);
    const counted = async () => (await rowsOf(`person=${person}&voided=false&duplicates=false`)).map((r) => r.id);
    expect(await counted()).toEqual([before]);
    const made = await correct({ kind: 'void', target: before, reason: 'Someone else' });
    await api.settle();
    expect(await counted()).toEqual([after]);
    await correct({ kind: 'undo', target: made.id, reason: 'It was her' });
    await api.settle();
    expect(await counted()).toEqual([before]);
  });

  test('a voided record counts nowhere, neither on the board nor in what other kiosks receive', async () => {
    const person = box.person('Annie Easley');
    const id = record(person, '08:00', 'in');
    await api.deliver(box);
    const source = { db: api.db, keys: api.keys, logEpoch: 'x', site: SITE };
    const counts = async () => (await readBoard(source, {}, api.now)).counts;
    const elsewhere = async () =>
      (await readPresence(api.db, DEFAULT_SCOPE, (await api.kiosk()).device, null, api.now)).some(
        (p) => p.person === person,
      );
    const before = await counts();
    expect(await elsewhere()).toBe(true);
    await correct({ kind: 'void', target: id, reason: 'A test' });
    await api.settle();
    const { recordsToday, inToday, insideNow } = await counts();
    expect([recordsToday, inToday, insideNow].map((n) => n + 1)).toEqual([
      before.recordsToday,
      before.inToday,
      before.insideNow,
    ]);
    expect(await elsewhere()).toBe(false);
  });

  test('the board covers one site, and after midnight counts the same people inside as the list', async () => {
    const other = await api.ask<Site>('POST', '/api/sites', { body: { name: 'Night works', timeZone: 'UTC' } });
    const there = await api.kiosk(other.id);
    const source = { db: api.db, keys: api.keys, logEpoch: 'x', site: SITE };
    const night = at('22:30');
    const here = async () => (await readBoard(source, {}, night)).counts;
    const before = await here();
    for (const time of ['21:00', '21:05']) {
      const person = there.person(`Night shift ${time}`);
      there.append('checkin', { direction: 'in', ...open }, { person }, at(time));
    }
    const person = box.person('Night watch');
    record(person, '21:30', 'in');
    await api.deliver(there);
    await api.deliver(box);
    const board = await readBoard(source, { site: other.id }, night);
    expect([board.site, board.counts, board.devices.map((d) => d.id), board.rows.map((r) => r.name)]).toEqual([
      { name: 'Night works', timeZone: 'UTC' },
      { inToday: 2, insideNow: 2, recordsToday: 2 },
      [there.device],
      ['Night shift 21:05', 'Night shift 21:00'],
    ]);
    // Half past midnight there: nobody has checked in today, and the night watch is inside.
    expect(await here()).toEqual({ inToday: 0, insideNow: before.insideNow + 1, recordsToday: 0 });
    const { items } = await api.ask<Page<{ person: string }>>('GET', '/api/presence?limit=200');
    expect(items.map((row) => row.person)).toContain(person);
    await expect(readBoard(source, { site: crypto.randomUUID() }, night)).rejects.toMatchObject({
      code: 'unknown-site',
    });
  });

  test('payroll files contain stays as a timesheet and records in Frappe HR’s columns, without voided records or invented ends', async () => {
    const person = box.person('Sofja Kowalewskaja');
    record(person, '06:00', 'in');
    record(person, '14:15', 'out');
    record(person, '17:00', 'in');
    const voided = record(person, '18:00', 'out');
    box.append('void', { target: voided, reason: 'staff' }, { person }, at('18:01'));
    await api.deliver(box);
    const linesOf = async (layout: string) => {
      const url = `/api/exports/payroll?layout=${layout}&format=csv&from=${DAY}&to=${DAY}`;
      return (await api.ask<Buffer>('GET', url, { as: 'staff' })).toString('utf8').split('\r\n');
    };
    const [sheet, ...stays] = await linesOf('timesheet');
    expect(sheet).toBe('\uFEFFEmployee ID,Employee name,Date,Clock in,Clock out,Hours,Remark');
    expect(stays.filter((line) => line.includes('Sofja'))).toEqual([
      `1001,Sofja Kowalewskaja,${DAY},${DAY} 08:00:00,${DAY} 16:15:00,8.25,`,
      `1001,Sofja Kowalewskaja,${DAY},${DAY} 19:00:00,,,no clock-out`,
    ]);
    const [frappe, ...records] = await linesOf('frappe-hr');
    expect(frappe).toBe('\uFEFFEmployee,Log Type,Time,Location / Device ID,Skip Auto Attendance');
    const here = records.filter(
      (line) => line.includes('08:00:00') || line.includes(':15:00') || line.includes('19:00:00'),
    );
    const door = (
      await api.db.selectFrom('device').select('name').where('id', '=', box.device).executeTakeFirstOrThrow()
    ).name;
    expect(here.filter((line) => line.includes(door))).toEqual([
      `1001,IN,${DAY} 19:00:00,${door},0`,
      `1001,OUT,${DAY} 16:15:00,${door},0`,
      `1001,IN,${DAY} 08:00:00,${door},0`,
    ]);
    expect(records.some((line) => line.includes('20:00:00') && line.includes(door))).toBe(false);
  });

  test('the API lists and merges possible duplicates', async () => {
    const [a, b] = [box.person('Alan Turing'), box.person('A. Turing')];
    record(a, '06:00', 'in');
    record(b, '09:00', 'out');
    await api.deliver(box);
    const [first, second] = [a, b].sort() as [string, string];
    const id = '33333333-3333-4333-8333-333333333333';
    const pair = {
      id,
      first,
      second,
      reason: 'number' as const,
      score: null,
      found_at: api.now,
      status: 'open' as const,
    };
    await api.db.deleteFrom('merge_candidate').where('id', '=', id).execute();
    await api.db
      .insertInto('merge_candidate')
      .values({ ...pair, decided_at: null, decided_by: null })
      .execute();
    const listed = async () =>
      (await api.ask<Page<{ id: string; people: { name: string }[] }>>('GET', '/api/duplicates')).items;
    const apart = `/api/duplicates/${id}/not-duplicates`;
    await expect(api.ask('DELETE', apart)).rejects.toMatchObject({ code: 'candidate-unknown' });
    await api.ask('POST', apart);
    expect((await listed()).map((i) => i.id)).not.toContain(id);
    await api.ask('DELETE', apart);
    expect(await api.lastAudit()).toMatchObject({ action: 'write', count: 2 });
    const items = await listed();
    expect(
      items
        .find((i) => i.id === id)!
        .people.map((p) => p.name)
        .sort(),
    ).toEqual(['A. Turing', 'Alan Turing']);
    const contents = { consents: 0, templates: 0, photos: 0, cards: 0 };
    expect(await api.ask('GET', `/api/people/${b}/contents`)).toEqual({ records: 1, ...contents });
    await api.ask('POST', `/api/duplicates/${id}/merge`, { body: { kept: a } });
    await api.settle();
    expect(await api.ask('GET', `/api/people/${a}/contents`)).toEqual({ records: 2, ...contents });
    expect((await rowsOf(`person=${a}`)).map((r) => r.direction).sort()).toEqual(['in', 'out']);
    await expect(api.ask('POST', `/api/duplicates/${id}/merge`, { body: { kept: a } })).rejects.toMatchObject({
      code: 'candidate-unknown',
    });
  });
});
