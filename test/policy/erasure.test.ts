import { randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { NIL } from 'uuid';
import { beforeEach, describe, expect, test } from 'vitest';
import { fleetRegistry } from '../../sync/server/app/health/fleet.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { changeDevice } from '../../sync/server/core/devices/routes.ts';
import { releaseHold, setHold } from '../../sync/server/core/people/holds.ts';
import { isErasurePending } from '../../sync/server/core/people/living.ts';
import { assignToSites } from '../../sync/server/core/people/sites.ts';
import { mergePeople } from '../../sync/server/features/attendance/merging/merge.ts';
import { certificateText, readCertificate } from '../../sync/server/features/privacy/erasure/certificate.ts';
import { erasureState, listErasures } from '../../sync/server/features/privacy/erasure/read.ts';
import { requestErasure, undoErasure } from '../../sync/server/features/privacy/erasure/request.ts';
import { isErasureDue, STEPS } from '../../sync/server/features/privacy/erasure/steps.ts';
import { readTombstoneFiles, tombstonesJob } from '../../sync/server/features/privacy/erasure/tombstones.ts';
import { unlinkPeople } from '../../sync/server/features/privacy/erasure/unlink.ts';
import { readSigningKeys } from '../../sync/server/platform/audit/statement.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { Keys } from '../../sync/server/platform/keys/envelope.ts';
import { Secret } from '../../sync/server/platform/secrets/secret.ts';
import { DATABASES, emptyTables } from '../kit/databases.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { KnownKiosk, resolveAll } from '../kit/known-kiosk.ts';
import { withDatabase } from '../kit/suite.ts';
import { type Erasing, erasing } from '../sync/erasing.ts';

const secrets = [randomBytes(32), randomBytes(32)] as const;
const keys = new Keys(new Secret(secrets[0]), new Secret(secrets[1]));
const DAY = 86_400_000;

describe.each(DATABASES)('on $name', (kind) => {
  let database: OpenDatabase;
  let erasures: Erasing;
  let now = new Date();
  const home = temporaryFolder();

  withDatabase(kind, async (opened, undo) => {
    database = opened;
    undo.defer(() => home.remove());
    erasures = await erasing(database.db, keys, home.path, { now: () => now });
  });
  beforeEach(async () => {
    now = new Date();
    await emptyTables(database);
  });

  const kiosk = (site: string | null = null) => KnownKiosk.register(database, keys, { site });
  const count = async (from: ReturnType<typeof sql>) =>
    (await sql<{ n: number }>`select count(*)::int as n from ${from}`.execute(database.db)).rows[0]!.n;

  test('a request deletes the templates at once, here and on kiosks; the rest waits until it can no longer be undone', async () => {
    const a = await kiosk();
    const ada = a.box.enrol('Ada Lovelace');
    a.box.checkin(ada);
    await a.send();
    const { request, undoUntil } = await requestErasure(
      database.db,
      keys,
      { person: ada, origin: 'person', undoDays: 7 },
      now,
    );
    expect(undoUntil!.getTime() - now.getTime()).toBe(7 * DAY);
    expect(await count(sql`template`)).toBe(0);
    const notified = await a.read();
    expect(notified.filter((c) => c.kind === 'templates')).toMatchObject([{ person: ada, templates: [] }]);
    expect(notified.filter((c) => c.kind === 'erase')).toEqual([]);
    // Re-enrolled meanwhile: nothing is accepted.
    a.box.templates(ada, 2);
    await a.send();
    expect(await count(sql`template`)).toBe(0);
    expect((await erasures.run()).steps).toBe(0);
    // Undone: the person still exists and may re-enrol.
    expect(await database.db.transaction().execute((tx) => undoErasure(tx, request, now))).toEqual({ person: ada });
    a.box.templates(ada, 2);
    await a.send();
    expect(await count(sql`template`)).toBe(2);
    now = new Date(now.getTime() + 8 * DAY);
    expect((await erasures.run()).steps).toBe(0);
    // Requested again and not undone: the name is deleted after the time limit.
    const again = await requestErasure(database.db, keys, { person: ada, origin: 'person', undoDays: 1 }, now);
    expect(again.request).not.toBe(request);
    now = new Date(now.getTime() + DAY);
    await erasures.run();
    await expect(database.db.transaction().execute((tx) => undoErasure(tx, again.request, now))).rejects.toMatchObject({
      code: 'erasure-under-way',
    });
    expect(await count(sql`person where profile is not null or deleted_at is null`)).toBe(0);
    expect(await count(sql`keyring.person_key`)).toBe(0);
  });

  test('an erasure completes when every kiosk has confirmed; the certificate says when, and names a revoked kiosk', async () => {
    const [a, b, lost] = [await kiosk(), await kiosk(), await kiosk()];
    const ada = a.box.enrol('Ada Lovelace');
    a.box.checkin(ada);
    await a.send();
    const request = await erasures.erase(ada);
    const state = async () => (await erasureState(database.db, request, now))!;
    expect(await state()).toMatchObject({ state: 'under-way', waitsFor: 'kiosks-open' });
    for (const k of [a, b]) {
      k.box.append('erasureDone', { request }, { person: ada });
      await k.send();
    }
    const waiting = async () => {
      const gauge = (await fleetRegistry(database.db, now)).getSingleMetric('smartpresence_erasures_open')!;
      return (await gauge.get()).values[0]!.value;
    };
    const others = (await waiting()) - 1;
    await database.db.updateTable('device').set({ status: 'revoked' }).where('id', '=', lost.id).execute();
    // A revoked one can't confirm, but the number of pending ones still decreases.
    expect(await waiting()).toBe(others);
    now = new Date(now.getTime() + 120_000);
    expect(await erasures.run()).toMatchObject({ completed: 1 });
    const done = await state();
    expect(done).toMatchObject({ state: 'done', person: null, open: [{ device: lost.id, status: 'revoked' }] });
    const certificate = readCertificate(done.certificate!, await readSigningKeys(database.db))!;
    expect(certificate.kiosks.map((k) => k.device).sort()).toEqual([a.id, b.id].sort());
    expect(certificate.canNotConfirm.map((k) => k.device)).toEqual([lost.id]);
    expect(certificate.unlinked).toMatchObject({ checkins: 1 });
    expect(certificateText(certificate)).toContain(request);
    expect(JSON.stringify(certificate)).not.toContain(ada);
    // With one letter changed it is no longer a valid certificate.
    const [head, body, signature] = done.certificate!.split('.');
    const forged = Buffer.from(Buffer.from(body!, 'base64url').toString().replace('"names":1', '"names":2')).toString(
      'base64url',
    );
    expect(readCertificate(`${head}.${forged}.${signature}`, await readSigningKeys(database.db))).toBeNull();
  });

  test('every kiosk that may still hold data is asked, also at a site the person left, or moved to another site since', async () => {
    const { db } = database;
    const site = async (name: string) => {
      const id = randomUUID();
      await db.insertInto('site').values({ id, name, time_zone: 'Europe/Berlin' }).execute();
      return id;
    };
    const [old, present, other] = [await site('Old'), await site('New'), await site('Other')];
    const [left, moved, there, elsewhere] = [
      await kiosk(old),
      await kiosk(old),
      await kiosk(present),
      await kiosk(other),
    ];
    const ada = left.box.enrol('Ada Lovelace');
    await left.send();
    for (const one of [left, moved, there, elsewhere]) await one.read();
    // Neither of the two at the old site has received it.
    await assignToSites(db, ada, [present], now);
    await db.transaction().execute((tx) => changeDevice(tx, moved.id, { site: other }, now));
    await moved.read();
    const request = await erasures.erase(ada);
    const open = (await erasureState(db, request, now))!.open.map(({ device }) => device);
    expect(open.toSorted()).toEqual([left.id, moved.id, there.id].toSorted());
    for (const one of [left, moved, there]) {
      expect((await one.read()).filter(({ kind }) => kind === 'erase')).toEqual([
        { kind: 'erase', request, person: ada },
      ]);
      one.box.append('erasureDone', { request }, { person: ada });
      await one.send();
    }
    expect((await elsewhere.read()).filter(({ kind }) => kind === 'erase')).toEqual([]);
    now = new Date(now.getTime() + 120_000);
    expect(await erasures.run()).toMatchObject({ completed: 1 });
  });

  test('a kiosk that has not confirmed for a week is overdue', async () => {
    const a = await kiosk();
    const ada = a.box.enrol('Ada Lovelace');
    await a.send();
    const request = await erasures.erase(ada);
    const open = async () => (await erasureState(database.db, request, now))!.open;
    expect(await open()).toMatchObject([{ device: a.id, overdue: false }]);
    now = new Date(now.getTime() + 8 * DAY);
    expect(await open()).toMatchObject([{ device: a.id, overdue: true }]);
  });

  test('a person under a legal hold is erased only after its release, but their templates are deleted at once', async () => {
    const a = await kiosk();
    const ada = a.box.enrol('Ada Lovelace');
    await a.send();
    const tx = database.db.transaction();
    const about = { person: ada, site: null, from: null, until: null, reason: 'A dispute', setBy: 'dpo' };
    const hold = await tx.execute((t) => setHold(t, keys, about, now));
    const request = await erasures.erase(ada);
    const state = async () => (await erasureState(database.db, request, now))!;
    expect(await state()).toMatchObject({ state: 'requested', waitsFor: 'legal-hold' });
    expect([await count(sql`template`), await count(sql`keyring.person_key`)]).toEqual([0, 1]);
    now = new Date(now.getTime() + 1000);
    expect(await isErasureDue(database.db, now)).toBe(false);
    await database.db.transaction().execute((t) => releaseHold(t, hold, 'dpo', now));
    expect(await isErasureDue(database.db, now)).toBe(true);
    await erasures.run();
    expect([(await state()).state, await count(sql`keyring.person_key`)]).toEqual(['under-way', 0]);
  });

  test('a request about one of two merged people also covers the person kept', async () => {
    const a = await kiosk();
    const [ada, alias] = [a.box.enrol('Ada Lovelace'), a.box.enrol('Ada Byron')];
    await a.send();
    const { db } = database;
    const ask = (person: string) => requestErasure(db, keys, { person, origin: 'staff', undoDays: 7 }, now);
    const picture = {
      id: randomUUID(),
      person: ada,
      pose: 'front',
      via: 'staff',
      made_by: null,
      made_at: now,
    } as const;
    await db
      .insertInto('enrolment_photo')
      .values({ ...picture, sealed: randomBytes(9) })
      .execute();
    const asked = await ask(alias);
    await mergePeople({ db, keys, modules: MODULES }, { kept: ada, merged: alias, by: 'office' }, now);
    const { items } = await listErasures(db, { person: ada, open: true, sort: '-requestedAt', limit: 10 });
    expect(items).toMatchObject([{ request: asked.request, state: 'requested' }]);
    expect(await isErasurePending(db, ada)).toBe(true);
    // As with a request about her: nothing of her face is kept.
    expect([await count(sql`template`), await count(sql`enrolment_photo`)]).toEqual([0, 0]);
    expect(await ask(ada)).toEqual(asked);
    await db.transaction().execute((tx) => undoErasure(tx, asked.request, now));
    now = new Date(now.getTime() + 8 * DAY);
    expect([await isErasurePending(db, ada), await isErasureDue(db, now)]).toEqual([false, false]);
  });

  test('a merge between the tombstone and the destruction of the key first adds the other id to the tombstone', async () => {
    const a = await kiosk();
    const [ada, alias] = [a.box.enrol('Ada Lovelace'), a.box.enrol('Ada Byron')];
    a.box.checkin(alias);
    await a.send();
    const step = STEPS.find((s) => s.name === 'tombstone')!;
    const whole = step.run;
    let merged = false;
    Object.assign(step, {
      run: async (context: Parameters<typeof whole>[0]) => {
        const end = await whole(context);
        if (!merged)
          await mergePeople(
            { db: database.db, keys, modules: MODULES },
            { kept: ada, merged: alias, by: 'office' },
            now,
          );
        merged = true;
        return end;
      },
    });
    const request = await erasures.erase(ada).finally(() => Object.assign(step, { run: whole }));
    await erasures.run();
    expect((await erasureState(database.db, request, now))!.state).toBe('under-way');
    const tombstone = readTombstoneFiles(home.path).find((t) => t.request === request)!;
    expect([...tombstone.people].sort()).toEqual([ada, alias].sort());
    const left = sql`person where deleted_at is null or profile is not null`;
    expect([await count(left), await count(sql`keyring.person_key`), await count(sql`template`)]).toEqual([0, 0, 0]);
  });

  test('a legal hold placed between two steps stops the erasure only while the key exists', async () => {
    const a = await kiosk();
    const [ada, grace] = [a.box.enrol('Ada Lovelace'), a.box.enrol('Grace Hopper')];
    await a.send();
    const holdOn = (person: string) =>
      database.db
        .transaction()
        .execute((t) =>
          setHold(t, keys, { person, site: null, from: null, until: null, reason: 'A dispute', setBy: 'dpo' }, now),
        );
    const step = STEPS.find((s) => s.name === 'tombstone')!;
    const whole = step.run;
    let hold = '';
    Object.assign(step, {
      run: async (context: Parameters<typeof whole>[0]) => {
        const end = await whole(context);
        now = new Date(now.getTime() + 1000);
        hold = await holdOn(ada);
        return end;
      },
    });
    const request = await erasures.erase(ada).finally(() => Object.assign(step, { run: whole }));
    const state = async () => (await erasureState(database.db, request, now))!;
    const keyThere = () => count(sql`keyring.person_key where person = ${ada}::uuid`);
    expect(await state()).toMatchObject({ state: 'requested', waitsFor: 'legal-hold' });
    expect((await state()).steps.slice(0, 2)).toMatchObject([{ doneAt: null }, { doneAt: null }]);
    expect([await keyThere(), await count(sql`person where profile is not null`)]).toEqual([1, 2]);
    now = new Date(now.getTime() + 2 * 3_600_000);
    await erasures.run();
    expect([(await state()).waitsFor, await keyThere()]).toEqual(['legal-hold', 1]);
    await database.db.transaction().execute((t) => releaseHold(t, hold, 'dpo', now));
    const released = now;
    now = new Date(now.getTime() + 2 * 3_600_000);
    await erasures.run();
    expect([(await state()).state, await keyThere()]).toEqual(['under-way', 0]);
    // A backup from the time of the hold still contains it: the tombstone shows that it is older.
    expect(Date.parse(readTombstoneFiles(home.path).find((t) => t.request === request)!.noHoldAt)).toBeGreaterThan(
      released.getTime(),
    );
    await expect(holdOn(ada)).rejects.toMatchObject({ code: 'person-unknown' });
    expect(await holdOn(grace)).toBeTruthy();
  });

  test('counts by day, site, direction and method stay unchanged', async () => {
    const [a, b] = [await kiosk(), await kiosk()];
    const [ada, grace] = [a.box.enrol('Ada Lovelace'), a.box.enrol('Grace Hopper')];
    for (let day = 40; day > 0; day--) {
      const at = (minutes: number) => new Date(now.getTime() - day * DAY + minutes * 60_000);
      const first = a.box.checkin(ada, 'in', at(0));
      a.box.checkin(ada, 'in', new Date(at(0).getTime() + 20_000));
      b.box.checkin(ada, 'out', at(300));
      if (day % 10 === 0) a.box.append('void', { target: first.header.id, reason: 'not-me' }, { person: ada });
      a.box.checkin(grace, 'in', at(2));
    }
    await a.send();
    await b.send();
    await resolveAll(database.db);
    const counts = async () =>
      (
        await sql`
          select (at at time zone 'UTC')::date::text as day, device, direction, resolved, method, duplicate_of is not null as duplicate,
                 exists (select from checkin_void v where v.target = c.id) as voided, count(*)::int as n
          from checkin c group by 1, 2, 3, 4, 5, 6, 7 order by 1, 2, 3, 4, 5, 6, 7`.execute(database.db)
      ).rows;
    const before = await counts();
    expect(before.length).toBeGreaterThan(80);
    await erasures.erase(ada);
    expect(await counts()).toEqual(before);
    expect(await count(sql`checkin where person = ${grace}`)).toBe(40);
    // The chain of every device is unchanged, and accepts the next event.
    a.box.checkin(grace);
    await a.send();
    expect(await count(sql`event where chain <> 'whole'`)).toBe(0);
  });

  test('a voided record of an erased person stays voided, without showing which event voided it', async () => {
    const a = await kiosk();
    const ada = a.box.enrol('Ada');
    const records = [ada, a.box.enrol('Grace')].map((person, i) => {
      const record = a.box.checkin(person, 'in', new Date(now.getTime() - DAY + i * 1000)).header.id;
      const event = a.box.append('void', { target: record, reason: 'not-me' }, { person }, now).header.id;
      return { record, event };
    });
    await a.send();
    const eventOf = async ({ record }: { record: string }) =>
      (await database.db.selectFrom('checkin_void').select('event').where('target', '=', record).executeTakeFirst())
        ?.event;
    expect(await Promise.all(records.map(eventOf))).toEqual(records.map((r) => r.event));
    await erasures.erase(ada);
    expect(await Promise.all(records.map(eventOf))).toEqual([NIL, records[1]!.event]);
  });

  test('nothing links the rows of an erased person: no column, no transaction, no position on disk', async () => {
    const a = await kiosk();
    const people = ['Ada Lovelace', 'Grace Hopper', 'Alan Turing', 'Emmy Noether'].map((n) => a.box.enrol(n));
    for (let day = 20; day > 0; day--)
      for (const [i, person] of people.entries())
        a.box.checkin(person, 'in', new Date(now.getTime() - day * DAY + i * 1000));
    await a.send();
    // Two are erased one after the other. Their rows must not be separable from each other's.
    const of = new Map(
      (await sql<{ id: string; person: string }>`select id, person from checkin`.execute(database.db)).rows.map((r) => [
        r.id,
        r.person,
      ]),
    );
    const [ada, grace] = people as [string, string];
    await erasures.erase(ada);
    await erasures.erase(grace);
    for (const table of ['checkin', 'event'] as const) {
      const { rows } = await sql<Record<string, unknown>>`
        select *, xmin::text as "transaction", tableoid::text || ctid::text as place from ${sql.table(table)}
        where ${table === 'checkin' ? sql`true` : sql`type = 'checkin'`} order by tableoid, ctid`.execute(database.db);
      const nobody = rows.filter((r) => r.person === null);
      expect(nobody).toHaveLength(40);
      const whose = nobody.map((r) => of.get(String(r.id))!);
      // In disk order, which is also a dump's, they are mixed as their times are: a row of one is usually followed by a row of
      // the other. If each person's rows were together, that would happen once.
      expect(whose.filter((w, i) => i > 0 && w !== whose[i - 1]).length).toBeGreaterThan(20);
      expect(whose.filter((w) => w === ada)).toHaveLength(20);
      // No value of any column, nor the transaction, is shared by rows of only one of them.
      const shared = (column: string) => {
        const by = new Map<string, { rows: number; people: Set<string> }>();
        for (const [i, r] of nobody.entries()) {
          const value = JSON.stringify(r[column]);
          const known = by.get(value) ?? { rows: 0, people: new Set() };
          by.set(value, { rows: known.rows + 1, people: known.people.add(whose[i]!) });
        }
        return [...by.values()].filter((v) => v.rows > 1 && v.people.size === 1).length;
      };
      expect(Object.keys(rows[0]!).filter((column) => shared(column) > 0)).toEqual([]);
    }
  });

  test('an erasure whose process is killed at any step is completed exactly once by the next', async () => {
    const a = await kiosk();
    const people = STEPS.map(({ name: step }) => [step, a.box.enrol(`Person ${step}`)] as const);
    for (const [, person] of people) a.box.checkin(person);
    await a.send();
    for (const [step, person] of people) {
      const { request } = await requestErasure(database.db, keys, { person, origin: 'staff', undoDays: 0 }, now);
      // Interrupted at this step, before its work and after it, which is the worst moment: done but not recorded.
      for (const when of ['before', 'after'] as const) {
        const broken = STEPS.find((s) => s.name === step)!;
        const whole = broken.run;
        Object.assign(broken, {
          run: async (context: Parameters<typeof whole>[0]) => {
            if (when === 'after') await whole(context);
            throw Object.assign(new Error('killed'), { code: 'killed' });
          },
        });
        const report = await erasures.run().finally(() => Object.assign(broken, { run: whole }));
        // Kiosks have not confirmed yet. Later steps are not reached, and are run in full below.
        expect(Object.keys(report.waiting)).toEqual([
          STEPS.findIndex((s) => s.name === step) <= STEPS.findIndex((s) => s.name === 'kiosks')
            ? 'killed'
            : 'kiosks-open',
        ]);
        now = new Date(now.getTime() + 12 * 3_600_000);
      }
      await erasures.run();
      a.box.append('erasureDone', { request }, { person });
      await a.send();
      now = new Date(now.getTime() + 12 * 3_600_000);
      await erasures.run();
      const state = (await erasureState(database.db, request, now))!;
      expect([step, state.state]).toEqual([step, 'done']);
    }
    expect(await count(sql`event where person is not null`)).toBe(0);
    expect(await count(sql`keyring.person_key`)).toBe(0);
    expect(await count(sql`erasure where state <> 'done'`)).toBe(0);
  });

  test('a person is erased again by their tombstone after the database was restored to before the erasure', async () => {
    const a = await kiosk();
    const ada = a.box.enrol('Ada Lovelace');
    await a.send();
    const request = await erasures.erase(ada);
    // As in an older copy: the person exists, and nothing says that they were erased.
    await emptyTables(database);
    const again = await kiosk();
    again.box.person('Ada Lovelace', ada);
    await again.send();
    expect(await count(sql`person where profile is not null`)).toBe(1);
    const job = () => tombstonesJob.run(erasures.context);
    expect(await job()).toEqual({ repeated: 1 });
    await erasures.run();
    expect(await count(sql`person where profile is not null`)).toBe(0);
    expect(await count(sql`keyring.person_key`)).toBe(0);
    expect(await job()).toEqual({ repeated: 0 });
    expect(await database.db.selectFrom('erasure').select('origin').execute()).toEqual([{ origin: 'restore' }]);
    expect(request).toBeTruthy();
  });

  test('only the requested people’s rows are unlinked', async () => {
    const a = await kiosk();
    const [ada, grace] = [a.box.enrol('Ada Lovelace'), a.box.enrol('Grace Hopper')];
    a.box.checkin(ada);
    a.box.checkin(grace);
    await a.send();
    expect(await unlinkPeople(database.db, [ada])).toMatchObject({ checkins: 1 });
    expect(await unlinkPeople(database.db, [ada])).toEqual({ checkins: 0, events: 0, corrections: 0 });
    expect(await count(sql`checkin where person = ${grace}`)).toBe(1);
  });
});
