import { v7 } from 'uuid';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Report, ReportRow, ReportSchedule } from '../../sync/protocol/api/reports.ts';
import { reportMailsCheck } from '../../sync/server/app/checks/installation.ts';
import { readConfig } from '../../sync/server/app/config.ts';
import { addAccount, changeAccount } from '../../sync/server/core/accounts/accounts.ts';
import { setPolicy } from '../../sync/server/core/sites/policy.ts';
import { DEFAULT_SCOPE } from '../../sync/server/core/sites/sites.ts';
import { runRetention } from '../../sync/server/features/privacy/retention/retention.job.ts';
import { daysBetween, readDays, reportSite } from '../../sync/server/features/reports/day.ts';
import { nextDue, periodBefore, reportMailsJob } from '../../sync/server/features/reports/schedules.ts';
import type { Api } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import { temporaryFolder } from '../kit/folder.ts';
import type { MemoryOutbox } from '../kit/outbox.ts';
import { SITE } from '../kit/services.ts';
import { OTHER_SITE, withApi } from '../kit/suite.ts';
import { startSmtp, type TestSmtp } from '../services/smtp.ts';
import { erasing } from '../sync/erasing.ts';

/** Reports of a period: their sums, who they show, and what is sent by e-mail. */

const MINUTE = 60_000;
/** March 2026 in Berlin: an hour ahead of UTC, two from the 29th on. */
const SUMMER = Date.parse('2026-03-29T01:00:00Z');
const NOW = new Date('2026-04-02T10:00:00.000Z');
const open = { method: 'badge', liveness: 'not-needed' } as const;

/** Local time in Berlin in March or April 2026. @param minutes since midnight, possibly beyond the day */
function wall(day: number, minutes: number): Date {
  const asUtc = Date.UTC(2026, 2, day) + minutes * MINUTE;
  const winter = asUtc - 60 * MINUTE;
  return new Date(winter < SUMMER ? winter : asUtc - 120 * MINUTE);
}
const date = (day: number) => new Date(Date.UTC(2026, 2, day)).toISOString().slice(0, 10);

let api: Api;
let box: MemoryOutbox;
let elsewhere: MemoryOutbox;

describe.each(DATABASES)('reports on $name', (on) => {
  withApi(on, { now: NOW, other: true }, (o) => {
    api = o.api;
  });
  beforeEach(async () => {
    box = await api.kiosk();
    elsewhere = await api.kiosk(OTHER_SITE);
  });

  const record = (at: Date, person: string, direction: 'in' | 'out', kiosk = box) =>
    kiosk.append('checkin', { direction, ...open }, { person }, at);
  const report = (query: Record<string, string>) =>
    api.ask<Report>('GET', `/api/reports?${new URLSearchParams({ limit: '200', total: 'true', ...query })}`, {
      as: 'staff',
    });
  const march = { from: '2026-03-01', to: '2026-03-31' };
  const csv = async (query: Record<string, string>) => {
    const url = `/api/exports/report?${new URLSearchParams({ format: 'csv', ...query })}`;
    const text = (await api.ask<Buffer>('GET', url, { as: 'staff' })).toString('utf8');
    return text
      .replace('\uFEFF', '')
      .trim()
      .split('\r\n')
      .map((line) => line.split(','));
  };
  const work = (startsAt: string | undefined, graceMinutes?: number) =>
    setPolicy(api.db, DEFAULT_SCOPE, { leaseDays: 30, workStartsAt: startsAt, graceMinutes }, api.now);

  test('a file’s headings are in the requested language, and in English by default, as programs expect', async () => {
    const headings = async (query: Record<string, string>) => (await csv({ ...march, by: 'person', ...query }))[0];
    expect(await headings({})).toEqual(expect.arrayContaining(['Name', 'Number', 'Days', 'Visits']));
    expect(await headings({ language: 'de' })).toEqual(
      expect.arrayContaining(['Name', 'Nummer', 'Tage', 'Aufenthalte']),
    );
    const records = async (language: string) =>
      (await api.ask<Buffer>('GET', `/api/exports/attendance?format=csv${language}`, { as: 'staff' })).toString('utf8');
    expect(await records('')).toMatch(/^\uFEFFTime \(UTC\),Time at the site,Site,Name,.*,Record,Person\r\n/);
    expect(await records('&language=zh')).toMatch(/^\uFEFF时间（UTC）,站点时间,站点,姓名,.*,记录,人员\r\n/);
  });

  test('a report covers up to a year, using no more memory than for a quarter', async () => {
    const people = Array.from({ length: 3 }, (_, i) => box.person(`Yearly ${i}`));
    for (const person of people)
      for (const day of ['2025-05-05', '2025-08-11', '2026-04-01']) {
        record(new Date(`${day}T07:00:00Z`), person, 'in');
        record(new Date(`${day}T15:00:00Z`), person, 'out');
      }
    await api.deliver(box);
    const year = { by: 'person', from: '2025-04-02', to: '2026-04-02' };
    const { items, sums } = await report(year);
    const own = items.filter((row) => row.name?.startsWith('Yearly'));
    expect(own.map((row) => [row.days, row.minutes])).toEqual(people.map(() => [3, 3 * 480]));
    expect(sums!.people).toBe(items.length);
    await expect(report({ ...year, from: '2025-04-01' })).rejects.toMatchObject({ code: 'period-too-long' });
  });

  test('a month matches a count made by hand: hours, late arrivals and missing check-outs, by person, by day and in the file', async () => {
    await work('09:00', 10);
    const people = Array.from({ length: 6 }, (_, i) => box.person(`Monthly ${i}`));
    interface Expected {
      days: number;
      late: number;
      missing: number;
      minutes: number;
    }
    const nothing = (): Expected => ({ days: 0, late: 0, missing: 0, minutes: 0 });
    const [byPerson, byDay] = [new Map<string, Expected>(), new Map<string, Expected>()];
    const all = nothing();
    for (const [i, person] of people.entries())
      for (let day = 1; day <= 31; day += 1) {
        // The weekends of March 2026.
        if ([0, 6].includes((day - 1) % 7) && day !== 29) continue;
        const late = ((day * 7 + i * 13) % 45) - 20;
        const left = (day + i) % 9 !== 0;
        const stays = 8 * 60 + ((day * 3 + i) % 30);
        record(wall(day, 9 * 60 + late), person, 'in');
        if (left) record(wall(day, 9 * 60 + late + stays), person, 'out');
        for (const sum of [
          byPerson.get(person) ?? byPerson.set(person, nothing()).get(person)!,
          byDay.get(date(day)) ?? byDay.set(date(day), nothing()).get(date(day))!,
          all,
        ]) {
          sum.days += 1;
          if (late > 10) sum.late += 1;
          if (left) sum.minutes += stays;
          else sum.missing += 1;
        }
      }
    // The night in which an hour is skipped: from 22:00 to 06:00 local time is seven hours, counted for the day it began.
    record(wall(28, 22 * 60), people[0]!, 'in');
    record(wall(29, 6 * 60), people[0]!, 'out');
    for (const sum of [byPerson.get(people[0]!)!, byDay.set(date(28), nothing()).get(date(28))!, all]) {
      sum.days += 1;
      sum.minutes += 7 * 60;
      // It began at 22:00, long after the start of work.
      sum.late += 1;
    }
    await api.deliver(box);

    const found = await report({ ...march, by: 'person' });
    expect(found.columns).toEqual(['name', 'number', 'days', 'late', 'stays', 'minutes', 'missing']);
    expect(found.items).toHaveLength(people.length);
    for (const [i, person] of people.entries())
      expect(found.items.find((row) => row.person === person)).toMatchObject({
        name: `Monthly ${i}`,
        number: '1001',
        ...byPerson.get(person),
      });
    expect(found.sums).toMatchObject({ people: people.length, ...all });
    const days = await report({ ...march, by: 'day' });
    expect(days.items).toHaveLength(31);
    for (const row of days.items) expect(row).toMatchObject(byDay.get(row.day!) ?? nothing());
    expect(days.sums).toEqual(found.sums);

    // Pages of any size hold the same rows as a single one. So does the file, with the columns of the page.
    const rows: ReportRow[] = [];
    for (let cursor = ''; ; ) {
      const page = await report({ ...march, by: 'person-day', limit: '7', ...(cursor && { cursor }) });
      rows.push(...page.items);
      if (page.next === null) break;
      cursor = page.next;
    }
    expect(rows).toHaveLength(all.days);
    const file = await csv({ ...march, by: 'person-day' });
    expect(file[0]).toEqual([
      'Day',
      'Name',
      'Number',
      'First in',
      'Last out',
      'Minutes late',
      'Visits',
      'Minutes',
      'Missing check-outs',
    ]);
    const text = (n: number | null) => (n === null ? '' : String(n));
    expect(file.slice(1).map((cells) => cells.toSpliced(3, 2))).toEqual(
      rows.map((r) => [r.day, r.name, r.number, text(r.lateMinutes), text(r.stays), text(r.minutes), text(r.missing)]),
    );
    const late = await report({ ...march, by: 'person-day', only: 'late' });
    expect([late.total, late.sums!.late]).toEqual([all.late, all.late]);
    expect((await report({ ...march, by: 'day', only: 'missing' })).sums!.missing).toBe(all.missing);
    const one = await report({ ...march, by: 'person-day', person: people[1]! });
    expect(new Set(one.items.map((row) => row.person))).toEqual(new Set([people[1]]));
    expect(one.sums).toMatchObject(byPerson.get(people[1]!)!);
  });

  test('people are sorted by name, on pages of any size and in the file', async () => {
    for (const name of ['Zoë', 'Émile', 'adam', 'Ben', 'Zack']) {
      const person = box.person(name);
      for (const day of [-30, -29]) record(wall(day, 8 * 60), person, 'in');
    }
    await api.deliver(box);
    const period = { from: date(-30), to: date(-29) };
    const names = ['adam', 'Ben', 'Émile', 'Zack', 'Zoë'];
    const first = await report({ ...period, by: 'person', limit: '3' });
    const next = await report({ ...period, by: 'person', limit: '3', cursor: first.next! });
    expect([...first.items, ...next.items].map((row) => row.name)).toEqual(names);
    const days: unknown[] = [];
    for (let cursor = ''; ; ) {
      const page = await report({ ...period, by: 'person-day', limit: '3', total: 'false', ...(cursor && { cursor }) });
      days.push(...page.items.map((row) => [row.name, row.day]));
      if (page.next === null) break;
      cursor = page.next;
    }
    expect(days).toEqual(names.flatMap((name) => [date(-30), date(-29)].map((day) => [name, day])));
    const down = await report({ ...period, by: 'person', sort: '-name' });
    expect(down.items.map((row) => row.name)).toEqual(names.toReversed());
    expect((await csv({ ...period, by: 'person' })).slice(1).map(([name]) => name)).toEqual(names);
  });

  test('nothing is late without a start of work, and missing check-outs don’t count where nobody checks out', async () => {
    await work(undefined);
    const person = elsewhere.person('Arriving only');
    record(new Date('2026-01-12T08:00:00Z'), person, 'in', elsewhere);
    await api.deliver(elsewhere);
    const found = await report({ from: '2026-01-12', to: '2026-01-12', site: OTHER_SITE, by: 'person-day' });
    expect(found.columns).toEqual(['day', 'name', 'number', 'firstIn', 'stays']);
    expect(found.items).toMatchObject([{ person, late: 0, lateMinutes: null }]);
  });

  test('a site’s report contains nobody of another site, and the report by site has each one’s own figures', async () => {
    const [here, there] = [box.person('Of Berlin'), elsewhere.person('Of Bonn')];
    const at = new Date('2026-02-10T08:00:00Z');
    for (const [person, kiosk] of [
      [here, box],
      [there, elsewhere],
    ] as const) {
      record(at, person, 'in', kiosk);
      record(new Date(at.getTime() + 60 * MINUTE), person, 'out', kiosk);
      await api.deliver(kiosk);
    }
    const day = { from: '2026-02-10', to: '2026-02-10' };
    const of = async (query: Record<string, string>) => (await report({ ...day, ...query })).items.map((r) => r.person);
    expect(await of({ by: 'person' })).toEqual([here]);
    expect(await of({ by: 'person-day', site: OTHER_SITE })).toEqual([there]);
    // Nor by requesting the person themselves.
    expect(await of({ by: 'person-day', site: SITE.id, person: there })).toEqual([]);
    expect((await csv({ ...day, by: 'person', site: OTHER_SITE })).flat()).not.toContain('Of Berlin');
    const sites = await report({ ...day, by: 'site' });
    expect(sites.items.map((r) => [r.site?.name, r.people, r.minutes])).toEqual([
      ['Berlin', 1, 60],
      ['Bonn', 1, 60],
    ]);
    expect(sites.items.every((r) => r.person === null && r.name === null)).toBe(true);
    await expect(api.ask('GET', '/api/reports?from=2026-02-10&to=2026-02-10', { as: 'auditor' })).rejects.toThrow(
      'not for auditor',
    );
  });

  test('a report by person writes one audit row with everyone in it, and a report by day names nobody', async () => {
    const people = ['One', 'Two', 'Three'].map((name) => box.person(name));
    for (const person of people) record(new Date('2026-02-17T08:00:00Z'), person, 'in');
    await api.deliver(box);
    const day = { from: '2026-02-17', to: '2026-02-17' };
    await report({ ...day, by: 'person' });
    expect(await api.lastAudit()).toMatchObject({
      route: 'GET /api/reports',
      action: 'read',
      count: people.length,
      data: expect.arrayContaining(['attendance', 'person.name', 'person.number']),
    });
    await csv({ ...day, by: 'person-day' });
    expect(await api.lastAudit()).toMatchObject({ route: 'GET /api/exports/report', action: 'export', count: 3 });
    await report({ ...day, by: 'day' });
    expect(await api.lastAudit()).toMatchObject({ route: 'GET /api/reports', count: 0 });
    // One person's hours are their own, whatever the rows are grouped by.
    for (const by of ['day', 'site']) {
      await report({ ...day, by, person: people[0]! });
      expect(await api.lastAudit()).toMatchObject({ route: 'GET /api/reports', count: 1 });
      await csv({ ...day, by, person: people[0]! });
      expect(await api.lastAudit()).toMatchObject({ route: 'GET /api/exports/report', count: 1 });
    }
  });

  test('people whose records are deleted while the report is read are left out, and everyone else is in it', async () => {
    const [ada, grace] = [box.person('Ada'), box.person('Grace')];
    for (const person of [ada, grace]) record(wall(4, 480), person, 'in');
    await api.deliver(box);
    const site = await reportSite(api.db, undefined, 'Europe/Berlin');
    const days = daysBetween(site, '2026-03-04', '2026-03-04');
    const none = v7();
    const found: string[] = [];
    // The list of people still contained this one.
    const inOrder = (people: readonly string[]) => [none, ...people];
    for await (const page of readDays(api.db, { site, days, work: null, now: NOW }, inOrder))
      found.push(...page.map(({ person }) => person));
    expect(found).toEqual(expect.arrayContaining([ada, grace]));
    expect(found).not.toContain(none);
  });

  test('no report contains erased people or purged records', async () => {
    const [ada, grace] = [box.person('Ada'), box.person('Grace')];
    const recorded = (person: string, day: string) => {
      record(new Date(`${day}T08:00:00Z`), person, 'in');
      record(new Date(`${day}T16:00:00Z`), person, 'out');
    };
    for (const person of [ada, grace]) for (const day of ['2025-11-03', '2025-12-15']) recorded(person, day);
    await api.deliver(box);
    const period = { from: '2025-11-01', to: '2025-12-31' };
    const rows = async () => (await report({ ...period, by: 'person-day' })).items.map((r) => [r.person, r.day]).sort();
    expect(await rows()).toHaveLength(4);
    using home = temporaryFolder();
    const erasures = await erasing(api.db, api.keys, home.path, { now: () => api.now });
    await erasures.erase(ada);
    expect(await rows()).toEqual([
      [grace, '2025-11-03'],
      [grace, '2025-12-15'],
    ]);
    const days = (api.now.getTime() - Date.parse('2025-12-01T00:00:00Z')) / 86_400_000;
    const settings = { ...api.config.retention, attendanceDays: Math.floor(days) };
    const context = { db: api.db, keys: api.keys, settings, objects: null, now: api.now };
    await runRetention(context, { dryRun: false, onFailure: (_, cause) => expect.fail(String(cause)) });
    expect(await rows()).toEqual([[grace, '2025-12-15']]);
    expect((await report({ ...period, by: 'day' })).sums).toMatchObject({ people: 1, days: 1, minutes: 480 });
    expect((await csv({ ...period, by: 'person' })).flat()).not.toContain('Ada');
  });

  describe('by e-mail', () => {
    let smtp: TestSmtp;
    let boss: string;
    const withMail = (port: number) => {
      const mail = readConfig({
        ...api.env,
        SMTP_URL: `smtps://sender:secret@localhost:${port}`,
        SMTP_FROM: 'SmartPresence <no-reply@example.org>',
        SMTP_CA_FILE: smtp.caFile,
        SMARTPRESENCE_PUBLIC_URL: 'https://presence.example.org',
      });
      Object.assign(api.services, { config: mail });
    };
    const run = () => reportMailsJob.run({ ...api.services, signal: new AbortController().signal });
    const list = () =>
      api.ask<{ items: ReportSchedule[]; receivers: { id: string; email: string }[]; mail: boolean }>(
        'GET',
        '/api/reports/schedules',
      );
    const daily = { by: 'person', site: SITE.id, every: 'day', at: '07:00', language: 'en' } as const;
    const schedule = async (more: object = {}) =>
      (
        await api.ask<{ id: string }>('POST', '/api/reports/schedules', {
          body: { ...daily, receivers: [boss], ...more },
        })
      ).id;
    const account = (role: 'dpo' | 'auditor' | 'staff') =>
      api.db
        .transaction()
        .execute((tx) => addAccount(tx, api.keys, { role, email: `${crypto.randomUUID()}@example.org` }, api.now));
    const textOf = (mail: TestSmtp['mails'][number]) => mail.text.replaceAll('=\r\n', '').replaceAll('=3D', '=');

    beforeEach(async () => {
      smtp = await startSmtp('implicit');
      boss = (await account('dpo')).id;
      withMail(smtp.port);
      await api.db.deleteFrom('report_schedule').execute();
      return () => smtp.close();
    });

    test('is sent once at its time with two servers, with totals, a link and no name, and is recorded', async () => {
      const people = Array.from({ length: 5 }, (_, i) => box.person(`Mailed ${i}`));
      for (const person of people) record(new Date('2026-04-02T06:00:00Z'), person, 'in');
      for (const person of people.slice(1)) record(new Date('2026-04-02T09:30:00Z'), person, 'out');
      await api.deliver(box);
      await schedule();
      expect(await api.lastAudit()).toMatchObject({
        route: 'POST /api/reports/schedules',
        action: 'write',
        outcome: 'ok',
      });
      // 07:00 in Berlin.
      expect((await list()).items).toMatchObject([{ nextAt: '2026-04-03T05:00:00.000Z', sentAt: null, error: null }]);
      await run();
      expect(smtp.mails).toHaveLength(0);
      api.now = new Date('2026-04-03T05:00:00.000Z');
      await Promise.all([run(), run()]);
      await run();
      expect(smtp.mails).toHaveLength(1);
      const text = textOf(smtp.mails[0]!);
      expect(text).toContain('2026-04-02');
      expect(text).toMatch(/People: 5\s+Hours: 14\s+Missing check-outs: 1/);
      expect(text).toContain('https://presence.example.org/console/#/reports?by=person');
      expect(text).not.toMatch(/Mailed|1001/);
      for (const person of people) expect(text).not.toContain(person);
      const sent = await api.db.selectFrom('audit').selectAll().where('route', '=', 'report-mail').execute();
      expect(sent).toMatchObject([{ action: 'export', role: 'system', outcome: 'ok', count: 0 }]);
      expect((await list()).items).toMatchObject([
        { nextAt: '2026-04-04T05:00:00.000Z', sentAt: api.now.toISOString(), waiting: 0 },
      ]);
    });

    test('has no totals for few people, and is sent once after the server was down for days', async () => {
      const person = box.person('Alone');
      record(new Date('2026-02-02T08:00:00Z'), person, 'in');
      record(new Date('2026-02-02T17:07:00Z'), person, 'out');
      await api.deliver(box);
      api.now = new Date('2026-02-02T12:00:00.000Z');
      await schedule();
      api.now = new Date('2026-02-06T12:00:00.000Z');
      expect(await run()).toMatchObject({ due: 1, sent: 1, failed: 0 });
      const text = textOf(smtp.mails[0]!);
      expect(text).toContain('Fewer than five people');
      expect(text).toContain('from=2026-02-02&to=2026-02-02');
      expect(text).not.toMatch(/9[.:]1|People: 1/);
    });

    test('that fails needs attention with a next step, is retried, and is resolved once sent', async () => {
      const id = await schedule();
      const found = async () =>
        reportMailsCheck.judge(
          await reportMailsCheck.inspect({ open: { db: api.db } } as Parameters<typeof reportMailsCheck.inspect>[0]),
        );
      // Nothing listens there.
      withMail(1);
      await api.ask('POST', `/api/reports/schedules/${id}/send`, { as: 'staff' });
      expect(await run()).toMatchObject({ sent: 0, failed: 1 });
      expect(await found()).toEqual({ 'report-not-sent': 'mail-not-sent' });
      expect((await list()).items).toMatchObject([{ error: 'mail-not-sent', waiting: 1 }]);
      // Not before its pause is over.
      expect(await run()).toMatchObject({ sent: 0, failed: 0 });
      withMail(smtp.port);
      api.now = new Date(api.now.getTime() + 2 * MINUTE);
      expect(await run()).toMatchObject({ sent: 1, failed: 0 });
      expect(await found()).toEqual({ 'report-not-sent': false });
      expect((await list()).items).toMatchObject([{ error: null, waiting: 0 }]);
    });

    test('is sent once to each recipient, however often it is requested, and failed ones are retried at once', async () => {
      const path = `/api/reports/schedules/${await schedule()}/send`;
      withMail(1);
      await Promise.all([api.ask('POST', path, { as: 'staff' }), api.ask('POST', path, { as: 'staff' })]);
      expect(await run()).toMatchObject({ failed: 1 });
      withMail(smtp.port);
      await api.ask('POST', path, { as: 'staff' });
      expect((await list()).items).toMatchObject([{ waiting: 1 }]);
      expect(await run()).toMatchObject({ sent: 1, failed: 0 });
      expect(smtp.mails).toHaveLength(1);
    });

    test('can be sent by staff to themselves only, showing how many others get it, not who', async () => {
      await schedule();
      const desk = await account('staff');
      const as = { ...desk, ip: null, userAgent: null } as const;
      const path = '/api/reports/schedules';
      const body = { ...daily, receivers: [boss] };
      await expect(api.ask('POST', path, { as, body })).rejects.toMatchObject({ code: 'report-receiver-unknown' });
      await api.ask('POST', path, { as, body: { ...body, receivers: [desk.id] } });
      const own = { id: desk.id, email: desk.email };
      const found = await api.ask<Awaited<ReturnType<typeof list>>>('GET', path, { as });
      expect(found.receivers).toEqual([own]);
      expect(found.items.map((row) => row.receivers)).toEqual([[{ id: boss, email: null }], [own]]);
      expect((await list()).items[0]!.receivers).toEqual([{ id: boss, email: expect.stringContaining('@') }]);
    });

    test('can be changed in content, time and recipients, effective at once', async () => {
      const id = await schedule();
      const other = (await account('dpo')).id;
      const body = {
        by: 'day',
        only: 'late',
        site: SITE.id,
        every: 'week',
        at: '08:30',
        language: 'de',
        receivers: [other],
      };
      const path = `/api/reports/schedules/${id}`;
      await api.ask('PUT', path, { body });
      expect(await api.lastAudit()).toMatchObject({ action: 'write', resource: id });
      const { receivers: _, ...rest } = body;
      // 08:30 in Berlin, on the next Monday.
      expect((await list()).items).toMatchObject([
        { id, ...rest, receivers: [{ id: other }], nextAt: '2026-04-06T06:30:00.000Z' },
      ]);
      const { only: __, ...all } = body;
      // Staff can't choose another account, but keep one that is already chosen.
      await api.ask('PUT', path, { as: 'staff', body: all });
      await expect(api.ask('PUT', path, { as: 'staff', body: { ...all, receivers: [boss] } })).rejects.toMatchObject({
        code: 'report-receiver-unknown',
      });
      expect((await list()).items[0]).not.toHaveProperty('only');
      const { id: auditor } = await account('auditor');
      await expect(api.ask('PUT', path, { body: { ...body, receivers: [auditor] } })).rejects.toMatchObject({
        code: 'report-receiver-unknown',
      });
      await api.ask('DELETE', path, { as: 'staff' });
      await expect(api.ask('PUT', path, { body })).rejects.toMatchObject({ code: 'report-schedule-unknown' });
    });

    test('covers the same days if the site’s time zone changes before it is sent, and not before they are over', async () => {
      api.now = new Date('2026-04-29T10:00:00.000Z');
      await schedule({ every: 'month', site: OTHER_SITE });
      const moveTo = (timeZone: string) => api.ask('PATCH', `/api/sites/${OTHER_SITE}`, { body: { timeZone } });
      const next = async () => (await list()).items[0]!.nextAt;
      const runAt = async (at: string) => {
        api.now = new Date(at);
        return ((await run()) as { sent: number }).sent;
      };
      expect(await next()).toBe('2026-05-01T05:00:00.000Z');
      await moveTo('America/New_York');
      expect(await runAt('2026-05-01T05:00:00.000Z')).toBe(0);
      expect(await next()).toBe('2026-05-01T11:00:00.000Z');
      expect(await runAt('2026-05-01T11:00:00.000Z')).toBe(1);
      await moveTo('Asia/Tokyo');
      expect(await runAt(await next())).toBe(1);
      expect(await next()).toBe('2026-06-30T22:00:00.000Z');
      await moveTo(SITE.timeZone);
      expect(smtp.mails.map((mail) => /from=\S+&to=[0-9-]+/.exec(textOf(mail))![0])).toEqual([
        'from=2026-04-01&to=2026-04-30',
        'from=2026-05-01&to=2026-05-31',
      ]);
    });

    test('is sent only to accounts that may read reports, and to nobody once stopped', async () => {
      const { id: auditor } = await account('auditor');
      const unknown = { code: 'report-receiver-unknown' };
      await expect(schedule({ receivers: [auditor] })).rejects.toMatchObject(unknown);
      const gone = (await account('dpo')).id;
      const id = await schedule({ receivers: [boss, gone] });
      await api.db.transaction().execute((tx) => changeAccount(tx, api.keys, gone, { disabled: true }, api.now));
      expect((await list()).items[0]!.receivers.map((r) => r.id)).toEqual([boss]);
      await api.ask('POST', `/api/reports/schedules/${id}/send`, { as: 'staff' });
      expect(await run()).toMatchObject({ sent: 1 });
      const path = `/api/reports/schedules/${id}`;
      await api.ask('DELETE', path, { as: 'staff' });
      expect(await api.lastAudit()).toMatchObject({ action: 'delete', resource: id });
      api.now = new Date(api.now.getTime() + 86_400_000);
      expect(await run()).toMatchObject({ due: 0, sent: 0 });
      await expect(api.ask('DELETE', path)).rejects.toMatchObject({ code: 'report-schedule-unknown' });
      Object.assign(api.services, { config: { ...api.services.config, mail: null } });
      await expect(schedule()).rejects.toMatchObject({ code: 'mail-not-configured' });
      expect(await list()).toMatchObject({ mail: false });
    });
  });
});

test('a schedule follows local time across clock changes and ends of months', () => {
  const next = (every: 'day' | 'week' | 'month', at: string, after: string, dayStartsAt = '00:00') =>
    nextDue({ every, at }, { timeZone: 'Europe/Berlin', dayStartsAt }, Date.parse(after)).next_at.toISOString();
  expect(next('day', '07:00', '2026-03-28T05:59:59Z')).toBe('2026-03-28T06:00:00.000Z');
  expect(next('day', '07:00', '2026-03-28T06:00:00Z')).toBe('2026-03-29T05:00:00.000Z');
  // 02:30 is skipped on that night and occurs twice in autumn: once each.
  expect(next('day', '02:30', '2026-03-28T12:00:00Z')).toBe('2026-03-29T01:00:00.000Z');
  expect(next('day', '02:30', '2026-10-24T12:00:00Z')).toBe('2026-10-25T00:30:00.000Z');
  expect(next('day', '02:30', '2026-10-25T00:30:00Z')).toBe('2026-10-26T01:30:00.000Z');
  expect(next('week', '07:00', '2026-03-23T06:00:00Z')).toBe('2026-03-30T05:00:00.000Z');
  expect(next('month', '07:00', '2026-01-31T12:00:00Z')).toBe('2026-02-01T06:00:00.000Z');
  // Its period is over: the night shift has checked out.
  expect(next('day', '07:00', '2026-03-28T06:00:00Z', '12:00')).toBe('2026-03-28T11:00:00.000Z');
  expect(next('day', '07:00', '2026-03-28T11:00:00Z', '12:00')).toBe('2026-03-29T10:00:00.000Z');
  expect(next('day', '07:00', '2026-03-28T11:00:00Z', '04:00')).toBe('2026-03-29T05:00:00.000Z');
  expect(next('month', '00:30', '2026-01-31T23:30:00Z', '04:00')).toBe('2026-02-01T03:00:00.000Z');
  expect(next('month', '00:30', '2026-02-01T03:00:00Z', '04:00')).toBe('2026-03-01T03:00:00.000Z');
  expect(periodBefore('day', '2026-03-01')).toEqual({ from: '2026-02-28', to: '2026-02-28' });
  expect(periodBefore('week', '2026-03-30')).toEqual({ from: '2026-03-23', to: '2026-03-29' });
  expect(periodBefore('month', '2026-03-01')).toEqual({ from: '2026-02-01', to: '2026-02-28' });
});
