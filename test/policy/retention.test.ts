import { randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { readConfig } from '../../sync/server/app/config.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { releaseHold, setHold } from '../../sync/server/core/people/holds.ts';
import { assignToSites } from '../../sync/server/core/people/sites.ts';
import { setPolicy } from '../../sync/server/core/sites/policy.ts';
import { DEFAULT_SCOPE } from '../../sync/server/core/sites/sites.ts';
import { complain } from '../../sync/server/features/attendance/complaints.ts';
import { correct } from '../../sync/server/features/attendance/corrections.ts';
import { mergePeople } from '../../sync/server/features/attendance/merging/merge.ts';
import { resolveItem } from '../../sync/server/features/attention/items.ts';
import { undoErasure } from '../../sync/server/features/privacy/erasure/request.ts';
import { dropTemplatesWithoutSite } from '../../sync/server/features/privacy/retention/faces-off.ts';
import {
  kioskPurges,
  previewRelease,
  type RuleReport,
  runRetention,
} from '../../sync/server/features/privacy/retention/retention.job.ts';
import type { Kind } from '../../sync/server/features/privacy/retention/rules.ts';
import type { RetentionSettings } from '../../sync/server/features/privacy/retention/settings.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { openRefused } from '../../sync/server/platform/keys/personal.ts';
import { personBox } from '../../sync/server/platform/keys/persons.ts';
import { attentionOf } from '../../sync/server/platform/server-module.ts';
import { DATABASES, emptyTables } from '../kit/databases.ts';
import { newKeys } from '../kit/keys.ts';
import { KnownKiosk, resolveAll } from '../kit/known-kiosk.ts';
import { withDatabase } from '../kit/suite.ts';
import { tablesTying } from './erasure-search.ts';

const keys = newKeys();
const DAY = 86_400_000;
const SETTINGS: RetentionSettings = {
  photoDays: 90,
  gpsDays: 30,
  templateDays: 365,
  attendanceDays: null,
  consentDays: 1095,
  leaverDays: null,
  quarantineDays: 180,
  keyringBackupDays: 30,
  erasureUndoDays: 7,
};

describe('periods come from the environment', () => {
  const key = () => randomBytes(32).toString('base64');
  const env = { SMARTPRESENCE_SERVER_HOME: '/tmp/none', ENCRYPTION_KEY: key(), SECRET_KEY: key() };
  test('and can’t exceed what the policy allows', () => {
    const { retention } = readConfig(env);
    expect([retention.photoDays, retention.gpsDays]).toEqual([90, 30]);
    expect(() => readConfig({ ...env, SMARTPRESENCE_PHOTO_DAYS: '91' })).toThrow(/SMARTPRESENCE_PHOTO_DAYS .*90/);
    expect(() => readConfig({ ...env, SMARTPRESENCE_GPS_DAYS: '31' })).toThrow(/SMARTPRESENCE_GPS_DAYS .*30/);
    expect(readConfig({ ...env, SMARTPRESENCE_GPS_DAYS: '7' }).retention.gpsDays).toBe(7);
  });
});

describe.each(DATABASES)('on $name', (kind) => {
  let database: OpenDatabase;
  const now = new Date();
  const ago = (days: number) => new Date(now.getTime() - days * DAY);

  withDatabase(kind, (opened) => {
    database = opened;
  });
  beforeEach(() => emptyTables(database));

  const run = async (settings: Partial<RetentionSettings> = {}, o: { dryRun?: boolean; at?: Date } = {}) => {
    const context = {
      db: database.db,
      keys,
      settings: { ...SETTINGS, ...settings },
      objects: null,
      now: o.at ?? now,
    };
    const failed: unknown[] = [];
    const reports = await runRetention(context, {
      dryRun: o.dryRun ?? false,
      onFailure: (_, cause) => failed.push(cause),
    });
    expect(failed).toEqual([]);
    return Object.fromEntries(reports.map((r) => [r.kind, r])) as Record<Kind, RuleReport>;
  };
  const count = async (from: ReturnType<typeof sql>) =>
    (await sql<{ n: number }>`select count(*)::int as n from ${from}`.execute(database.db)).rows[0]!.n;
  const newSite = async () => {
    const id = randomUUID();
    await database.db.insertInto('site').values({ id, name: 'Site', time_zone: 'UTC' }).execute();
    return id;
  };

  /** A kiosk with one check-in per day, each with position and photo, for this many days up to today. */
  async function kioskWithDays(days: number, site: string | null = null) {
    const kiosk = await KnownKiosk.register(database, keys, { site, at: ago(days) });
    const person = kiosk.box.enrol('Ada Lovelace', { at: ago(days) });
    const open = { direction: 'in', method: 'face', liveness: 'off (demo)' } as const;
    for (let day = days - 0.5; day > 0; day--) {
      const hash = randomBytes(32).toString('base64url');
      const personal = { person, photo: hash, photoKey: hash, gps: `sealed ${day}` };
      kiosk.box.append('checkin', open, personal, ago(day));
    }
    // As if each day had been sent on that day: the claimed time equals the arrival.
    await kiosk.send(now);
    await sql`update event set received_at = at`.execute(database.db);
    await sql`update photo set expected_at = (select at from event where id = photo.event)`.execute(database.db);
    return { kiosk, person };
  }

  test('photos are deleted after 90 days, positions after 30, records are kept; the report has kinds, counts and the oldest left', async () => {
    await kioskWithDays(100);
    const dry = await run({}, { dryRun: true });
    expect([dry.gps.due, dry.photos.due, dry.gps.removed]).toEqual([70, 10, 0]);
    expect([await count(sql`event where gps is not null`), await count(sql`photo`)]).toEqual([100, 100]);
    const report = await run();
    expect(report.gps).toMatchObject({ removed: 70, due: 0, held: 0, oldest: ago(29.5).toISOString() });
    expect(report.photos).toMatchObject({ removed: 10, due: 0, held: 0, oldest: ago(89.5).toISOString() });
    expect([await count(sql`event where gps is not null`), await count(sql`photo`)]).toEqual([30, 90]);
    expect([await count(sql`checkin`), await count(sql`checkin where person is null`)]).toEqual([100, 0]);
    // The rest of the event's personal data is intact, and so is the chain.
    expect(await count(sql`event where type = 'checkin' and personal is null`)).toBe(0);
    // Each person whose data was deleted finds this in the audit log.
    const audit = await database.db
      .selectFrom('audit')
      .select(['route', 'data', 'count'])
      .where('action', '=', 'delete')
      .execute();
    expect(audit).toEqual([
      { route: 'retention gps', data: ['gps'], count: 1 },
      { route: 'retention photos', data: ['photo'], count: 1 },
    ]);
    expect(await run()).toMatchObject({ gps: { removed: 0 }, photos: { removed: 0 } });
  });

  test('overdue data sent after months offline is deleted at once, and a fast clock extends nothing', async () => {
    const kiosk = await KnownKiosk.register(database, keys, { at: ago(200) });
    const person = kiosk.box.enrol('Ada Lovelace', { at: ago(200) });
    const open = { direction: 'in', method: 'face', liveness: 'off (demo)' } as const;
    kiosk.box.append('checkin', open, { person, gps: 'old', photo: 'A'.repeat(43) }, ago(100));
    kiosk.box.append('checkin', open, { person, gps: 'ahead', photo: 'B'.repeat(43) }, ago(-300));
    await kiosk.send(now);
    expect(await run()).toMatchObject({ gps: { removed: 1 }, photos: { removed: 1 } });
    const later = new Date(now.getTime() + 91 * DAY);
    expect(await run({}, { at: later })).toMatchObject({ gps: { removed: 1 }, photos: { removed: 1 } });
  });

  test('photos taken today by a kiosk with a dead clock are kept for their full period: it reports 1970 and the offset', async () => {
    const kiosk = await KnownKiosk.register(database, keys, { at: ago(10) });
    const person = kiosk.box.enrol('Ada Lovelace', { at: ago(10) });
    const open = { direction: 'in', method: 'face', liveness: 'off (demo)' } as const;
    const { header } = kiosk.box.append('checkin', open, { person, gps: 'today', photo: 'A'.repeat(43) }, new Date(0));
    header.at.offset = now.getTime();
    await kiosk.send(now);
    expect(await run()).toMatchObject({ gps: { removed: 0 }, photos: { removed: 0 } });
    expect(await run({}, { at: ago(-91) })).toMatchObject({ gps: { removed: 1 }, photos: { removed: 1 } });
  });

  test('a position in a quarantined event is also deleted after 30 days, and the rest is kept', async () => {
    const kiosk = await KnownKiosk.register(database, keys, { at: ago(200) });
    const person = kiosk.box.enrol('Ada Lovelace', { at: ago(200) });
    await kiosk.send(ago(40));
    const open = { direction: 'in', method: 'face', liveness: 'off (demo)' } as const;
    const event = kiosk.box.append('checkin', open, { person, gps: 'sealed position', score: 0.5 }, ago(40));
    Object.assign(event.header, { v: 9 });
    await kiosk.send(ago(40));
    const content = async () => {
      const row = await database.db.selectFrom('quarantine').selectAll().executeTakeFirstOrThrow();
      return openRefused(keys, await personBox(database.db, keys, [person]), { ...row, content: row.content! });
    };
    expect(JSON.stringify(await content())).toContain('sealed position');
    expect(await run()).toMatchObject({ gps: { removed: 1 } });
    expect(JSON.stringify(await content())).not.toContain('sealed position');
    expect(await content()).toMatchObject({ personal: { score: { value: 0.5 } } });
    expect(await run()).toMatchObject({ gps: { removed: 0 } });
    // Of someone who opted out, no position is kept there either.
    const late = kiosk.box.append('checkin', open, { person, gps: 'later position' }, ago(1));
    Object.assign(late.header, { v: 9 });
    await kiosk.send(ago(1));
    const positions = async () => {
      const rows = await database.db.selectFrom('quarantine').selectAll().execute();
      const box = await personBox(database.db, keys, [person]);
      return rows.filter((row) =>
        JSON.stringify(openRefused(keys, box, { ...row, content: row.content! })).includes('later position'),
      );
    };
    expect(await run()).toMatchObject({ gps: { removed: 0 } });
    expect(await positions()).toHaveLength(1);
    kiosk.box.append('person', { change: 'updated', gpsOptOut: true }, { person }, ago(1));
    await kiosk.send(now);
    expect(await run()).toMatchObject({ gps: { removed: 1 } });
    expect(await positions()).toHaveLength(0);
  });

  test('a legal hold covers a late quarantined event by the time it may have happened', async () => {
    const kiosk = await KnownKiosk.register(database, keys, { at: ago(300) });
    const person = kiosk.box.enrol('Ada Lovelace', { at: ago(300) });
    await kiosk.send(ago(250));
    const open = { direction: 'in', method: 'face', liveness: 'off (demo)' } as const;
    Object.assign(kiosk.box.append('checkin', open, { person, gps: 'sealed position' }, ago(240)).header, { v: 9 });
    await kiosk.send(ago(200));
    const hold = (from: Date | null, until: Date | null) =>
      database.db
        .transaction()
        .execute((t) => setHold(t, keys, { person, site: null, from, until, reason: 'A dispute', setBy: 'dpo' }, now));
    const release = (id: string) => database.db.transaction().execute((t) => releaseHold(t, id, 'dpo', now));
    const held = await hold(ago(245), ago(235));
    expect(await run()).toMatchObject({ gps: { removed: 0 }, quarantine: { removed: 0, held: 1 } });
    await release(held);
    // It existed before this one starts.
    await hold(ago(190), null);
    expect(await run()).toMatchObject({ quarantine: { removed: 1 } });
  });

  test('a site’s policy can shorten a period at that site, not extend it', async () => {
    const site = await newSite();
    await kioskWithDays(20, site);
    await kioskWithDays(20);
    await setPolicy(database.db, site, { leaseDays: 30, gpsDays: 5 }, now);
    expect(await run()).toMatchObject({ gps: { removed: 15 } });
    expect(await run({ gpsDays: 3 })).toMatchObject({ gps: { removed: 2 + 17 } });
  });

  test('a legal hold keeps the data it covers, counts it, and ends when released', async () => {
    const { person } = await kioskWithDays(100);
    const other = await kioskWithDays(100);
    const tx = database.db.transaction();
    const about = { person, site: null, from: ago(60), until: ago(40), reason: 'A dispute', setBy: 'dpo' };
    const hold = await tx.execute((t) => setHold(t, keys, about, now));
    const report = await run();
    expect(report.gps).toMatchObject({ removed: 120, held: 20, oldest: ago(59.5).toISOString() });
    expect(await count(sql`event where person = ${other.person} and gps is not null`)).toBe(30);
    const preview = () =>
      database.db
        .transaction()
        .execute((t) => previewRelease(t, { db: t, keys, settings: SETTINGS, objects: null, now }, hold));
    expect(await preview()).toEqual({ due: 20, erasures: 0 });
    // A second hold on the same: the first alone keeps nothing. Listing them has released none.
    const second = await database.db.transaction().execute((t) => setHold(t, keys, about, now));
    expect(await preview()).toEqual({ due: 0, erasures: 0 });
    expect(await run()).toMatchObject({ gps: { removed: 0, held: 20 } });
    for (const one of [hold, second]) await database.db.transaction().execute((t) => releaseHold(t, one, 'dpo', now));
    expect(await run()).toMatchObject({ gps: { removed: 20, held: 0 } });
    const nothing = { person: null, site: null, from: null, until: null, reason: 'x', setBy: 'dpo' };
    await expect(database.db.transaction().execute((t) => setHold(t, keys, nothing, now))).rejects.toMatchObject({
      code: 'hold-covers-everything',
    });
    // The reason may name someone, so it isn't readable in the database.
    expect(JSON.stringify(await database.db.selectFrom('retention_hold').selectAll().execute())).not.toContain(
      'dispute',
    );
  });

  test('a legal hold on a merged person covers data under each of their ids', async () => {
    const [kept, merged, third] = [await kioskWithDays(100), await kioskWithDays(100), await kioskWithDays(100)];
    for (const { person } of [merged, third])
      await mergePeople(
        { db: database.db, keys, modules: MODULES },
        { kept: kept.person, merged: person, by: 'x' },
        now,
      );
    for (const { person } of [kept, merged]) {
      const about = { person, site: null, from: null, until: null, reason: 'A dispute', setBy: 'dpo' };
      const hold = await database.db.transaction().execute((t) => setHold(t, keys, about, now));
      expect(await run()).toMatchObject({
        gps: { removed: 0, due: 0, held: 210 },
        photos: { removed: 0, due: 0, held: 30 },
      });
      await database.db.transaction().execute((t) => releaseHold(t, hold, 'dpo', now));
    }
    expect(await run()).toMatchObject({ gps: { removed: 210 }, photos: { removed: 30 } });
  });

  test('records whose period is over still count, but belong to nobody', async () => {
    const { kiosk, person } = await kioskWithDays(100);
    kiosk.box.checkin(person, 'in', new Date(ago(95.5).getTime() + 10_000));
    await kiosk.send(now);
    await resolveAll(database.db);
    expect(await count(sql`checkin where duplicate_of is not null`)).toBe(1);
    expect(await run({ attendanceDays: 90 })).toMatchObject({ attendance: { removed: 11, due: 0 } });
    expect(await count(sql`checkin`)).toBe(101);
    expect(await count(sql`checkin where person is null and at < ${ago(90).toISOString()}::timestamptz`)).toBe(11);
    expect(
      await count(
        sql`checkin where duplicate_of is not null and not exists (select from checkin o where o.id = checkin.duplicate_of)`,
      ),
    ).toBe(1);
    expect(await count(sql`event where type = 'checkin' and personal is null`)).toBe(11);
  });

  test('no row links a record to its person once its period is over, including notes, complaints, corrections and photos', async () => {
    const { kiosk, person } = await kioskWithDays(100);
    const [old, recent] = [kiosk.box.events.find((e) => e.header.type === 'checkin')!, kiosk.box.events.at(-1)!].map(
      (e) => e.header.id,
    ) as [string, string];
    for (const target of [old, recent]) {
      const wanted = { kind: 'replace', target, direction: 'out', reason: 'The other way' } as const;
      await database.db.transaction().execute((tx) => correct(tx, keys, wanted, null, now));
    }
    // A correction that was undone: the undoing names the correction, not the record.
    const undone = kiosk.box.events.filter((e) => e.header.type === 'checkin')[1]!.header.id;
    await database.db.transaction().execute(async (tx) => {
      const { id } = await correct(tx, keys, { kind: 'void', target: undone, reason: 'Not here' }, null, now);
      await correct(tx, keys, { kind: 'undo', target: id, reason: 'Here' }, null, now);
    });
    for (const record of [old, recent]) {
      kiosk.box.append('void', { target: record, reason: 'not-me' }, { person }, ago(1));
      await kiosk.send(now);
      await database.db.transaction().execute(async (tx) => {
        await resolveItem(
          tx,
          keys,
          attentionOf(MODULES),
          { kind: 'void', ref: record, note: 'Looked at it' },
          null,
          now,
        );
        const complaint = await complain(tx, keys, { person, record, message: 'Not me' }, now);
        await resolveItem(
          tx,
          keys,
          attentionOf(MODULES),
          { kind: 'complaint', ref: complaint, note: 'So it is' },
          null,
          now,
        );
      });
    }
    const before = ['attention_note', 'checkin', 'complaint', 'correction', 'event', 'photo'];
    expect(await tablesTying(database.db, person, old)).toEqual(expect.arrayContaining(before));
    expect(await run({ attendanceDays: 90 })).toMatchObject({ attendance: { due: 0 } });
    expect(await tablesTying(database.db, person, old)).toEqual([]);
    expect(await tablesTying(database.db, person, recent)).toEqual(expect.arrayContaining(before));
    expect(await count(sql`attention_note`)).toBe(2);
    expect(await count(sql`correction where person = ${person}`)).toBe(1);
  });

  test('unused templates are deleted, also on kiosks; consents and templates in use are kept', async () => {
    const kiosk = await KnownKiosk.register(database, keys, { at: ago(400) });
    const [ada, grace] = [kiosk.box.enrol('Ada', { at: ago(400) }), kiosk.box.enrol('Grace', { at: ago(400) })];
    kiosk.box.checkin(grace, 'in', ago(10));
    await kiosk.send(now);
    await sql`update template set added_at = ${ago(400).toISOString()}`.execute(database.db);
    await kiosk.read();
    expect(await run()).toMatchObject({ templates: { removed: 1, due: 0 } });
    expect(await count(sql`template where person = ${grace}`)).toBe(2);
    expect(await count(sql`template where person = ${ada}`)).toBe(0);
    expect((await kiosk.read()).filter((c) => c.kind === 'templates')).toMatchObject([{ person: ada, templates: [] }]);
    expect(await count(sql`consent where person = ${ada} and action = 'given'`)).toBe(1);
  });

  test('consents are deleted when their period after withdrawal is over, quarantined content after its own', async () => {
    const kiosk = await KnownKiosk.register(database, keys, { at: ago(1200) });
    const [ada, grace] = [kiosk.box.enrol('Ada', { at: ago(1200) }), kiosk.box.enrol('Grace', { at: ago(1200) })];
    kiosk.box.consent(ada, 'withdrawn', ago(1100));
    await kiosk.send(now);
    await sql`insert into quarantine (device, epoch, seq, digest, reason, content, received_at)
      values (${kiosk.id}, ${kiosk.box.epoch}, 99, 'd', 'r', 'x', ${ago(181).toISOString()})`.execute(database.db);
    expect(await run()).toMatchObject({ consents: { removed: 1 }, quarantine: { removed: 1 } });
    expect(await count(sql`consent where person = ${ada}`)).toBe(0);
    expect(await count(sql`consent where person = ${grace}`)).toBe(1);
    expect(await count(sql`quarantine where content is null`)).toBe(1);
  });

  test('a person without a site for long is erased, and can be kept until that can no longer be undone', async () => {
    const kiosk = await KnownKiosk.register(database, keys);
    const ada = kiosk.box.enrol('Ada');
    await kiosk.send(now);
    expect(await run({ leaverDays: 30 })).toMatchObject({ leavers: { removed: 0 } });
    await assignToSites(database.db, ada, [], now);
    expect(await run({ leaverDays: 30 })).toMatchObject({ leavers: { removed: 0, due: 0 } });
    const later = new Date(now.getTime() + 31 * DAY);
    expect(await run({}, { at: later })).toMatchObject({ leavers: { removed: 0 } });
    expect(await run({ leaverDays: 30 }, { at: later })).toMatchObject({ leavers: { removed: 1, due: 0 } });
    expect(await database.db.selectFrom('erasure').select(['person', 'state', 'origin']).execute()).toEqual([
      { person: ada, state: 'requested', origin: 'retention' },
    ]);
    // Undone: they are kept for another such period.
    const { request } = await database.db.selectFrom('erasure').select('request').executeTakeFirstOrThrow();
    await database.db.transaction().execute((t) => undoErasure(t, request, later));
    const hours = (n: number) => new Date(later.getTime() + n * 3_600_000);
    expect(await run({ leaverDays: 30 }, { at: hours(1) })).toMatchObject({ leavers: { removed: 0, due: 0 } });
    expect(await run({ leaverDays: 30 }, { at: hours(30 * 24 + 1) })).toMatchObject({ leavers: { removed: 1 } });
  });

  test('a kiosk reports its own purges; one silent for too long is overdue, a revoked one is not', async () => {
    const kiosk = await KnownKiosk.register(database, keys, { at: ago(200) });
    const purged = (what: 'photos' | 'gps', before: Date) =>
      kiosk.box.append('purge', { what, before: before.toISOString(), removed: 3 }, {});
    purged('gps', ago(31));
    purged('photos', ago(130));
    await kiosk.send(now);
    const state = async () =>
      (await kioskPurges(database.db, SETTINGS, now)).map((p) => [p.what, p.removed, p.overdue]);
    expect(await state()).toEqual([
      ['gps', 3, false],
      ['photos', 3, true],
    ]);
    purged('photos', ago(90));
    await kiosk.send(now);
    expect(await state()).toEqual([
      ['gps', 3, false],
      ['photos', 6, false],
    ]);
    const later = new Date(now.getTime() + 5 * DAY);
    expect((await kioskPurges(database.db, SETTINGS, later)).map((p) => p.overdue)).toEqual([true, true]);
    await database.db.updateTable('device').set({ status: 'revoked' }).execute();
    expect((await kioskPurges(database.db, SETTINGS, later)).map((p) => p.overdue)).toEqual([false, false]);
  });

  test('turning faces off at a site removes templates from its kiosks and server, and none are accepted', async () => {
    const site = await newSite();
    const [here, there] = [
      await KnownKiosk.register(database, keys, { site }),
      await KnownKiosk.register(database, keys),
    ];
    const [only, both] = [here.box.enrol('Ada'), here.box.enrol('Grace')];
    await here.send(now);
    await assignToSites(database.db, both, [site, DEFAULT_SCOPE], now);
    await here.read();
    await there.read();
    await setPolicy(database.db, site, { leaseDays: 30, faces: 'off' }, now);
    expect(await dropTemplatesWithoutSite(database.db, keys, now)).toBe(1);
    const notified = (await here.read()).filter((c) => c.kind === 'templates');
    expect(notified.map((t) => [t.person, t.templates.length]).sort()).toEqual(
      [
        [only, 0],
        [both, 0],
      ].sort(),
    );
    expect([
      await count(sql`template where person = ${only}`),
      await count(sql`template where person = ${both}`),
    ]).toEqual([0, 2]);
    here.box.templates(only, 2);
    await here.send(now);
    expect(await count(sql`template where person = ${only}`)).toBe(0);
    // Switched on again: people who have templates elsewhere are recognised here too.
    await setPolicy(database.db, site, { leaseDays: 30, faces: 'on' }, now);
    const again = (await here.read()).filter((c) => c.kind === 'templates' && c.person === both);
    expect(again).toMatchObject([{ templates: [{}, {}] }]);
  });
});
