import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Change } from '../../sync/protocol/wire/changes.ts';
import { retryQuarantine } from '../../sync/server/app/ingest/quarantine.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { changeDevice } from '../../sync/server/core/devices/routes.ts';
import { releaseHold, setHold } from '../../sync/server/core/people/holds.ts';
import { namesOf } from '../../sync/server/core/people/records.ts';
import { assignToSites } from '../../sync/server/core/people/sites.ts';
import { mergePeople } from '../../sync/server/features/attendance/merging/merge.ts';
import type { ErasureOrigin } from '../../sync/server/features/privacy/erasure/request.ts';
import { requestErasure, undoErasure } from '../../sync/server/features/privacy/erasure/request.ts';
import { STEPS } from '../../sync/server/features/privacy/erasure/steps.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { DATABASES, emptyTables } from '../kit/databases.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { newKeys } from '../kit/keys.ts';
import { KnownKiosk } from '../kit/known-kiosk.ts';
import { withDatabase } from '../kit/suite.ts';
import { type Erasing, erasing } from '../sync/erasing.ts';

const keys = newKeys();
const DAY = 86_400_000;
const SITES = [randomUUID(), randomUUID()] as const;

/** test/authority covers every kind of event. This covers the results of a deletion, a move and a decision of the office. */
describe.each(DATABASES)('on $name', ({ name, ...kind }) => {
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
    for (const id of SITES)
      await database.db.insertInto('site').values({ id, name: id, time_zone: 'Europe/Berlin' }).execute();
  });

  const kiosk = (site: string = SITES[0]) => KnownKiosk.register(database, keys, { site });
  const count = async (from: ReturnType<typeof sql>) =>
    (await sql<{ n: number }>`select count(*)::int as n from ${from}`.execute(database.db)).rows[0]!.n;
  const kinds = (notified: readonly Change[]) => notified.map((c) => c.kind);
  const quarantined = () => database.db.selectFrom('quarantine').select(['reason', 'person']).orderBy('id').execute();
  const hold = (person: string) =>
    database.db
      .transaction()
      .execute((tx) =>
        setHold(tx, keys, { person, site: null, from: null, until: null, reason: 'A dispute', setBy: 'dpo' }, now),
      );
  /** Moves the clock this many days ahead. */
  const later = (days: number) => {
    now = new Date(now.getTime() + days * DAY);
  };

  describe('a deletion at a kiosk', () => {
    test('is a request that can be undone: the key is kept until then, a tombstone precedes its destruction, and an undo gives kiosks the person back', async () => {
      const [a, b] = [await kiosk(), await kiosk()];
      const ada = a.box.enrol('Ada Lovelace');
      await a.send();
      for (const one of [a, b]) await one.read();
      const { id: request } = a.box.append('person', { change: 'deleted' }, { person: ada }).header;
      await a.send(now, 7);
      for (const one of [a, b]) expect(kinds(await one.read())).toEqual(['removed']);
      // Also for a kiosk that reads everything from the start.
      const fresh = await kiosk();
      expect(kinds(await fresh.read())).not.toContain('person');
      expect(
        await database.db.selectFrom('erasure').select(['request', 'state', 'origin', 'person']).execute(),
      ).toEqual([{ request, state: 'requested', origin: 'kiosk', person: ada }]);
      later(6);
      expect((await erasures.run()).steps).toBe(0);
      expect([await count(sql`keyring.person_key`), await count(sql`template`)]).toEqual([1, 0]);
      expect((await namesOf(database.db, keys, [ada])).get(ada)).toBe('Ada Lovelace');
      await database.db.transaction().execute((tx) => undoErasure(tx, request, now));
      for (const one of [a, b, fresh]) expect(kinds(await one.read({ now }))).toEqual(['person', 'templates']);
      later(10);
      expect((await erasures.run()).steps).toBe(0);
      expect(await count(sql`keyring.person_key`)).toBe(1);
      // Deleted once more and not undone: the tombstone is written before the key is deleted.
      const again = a.box.append('person', { change: 'deleted' }, { person: ada }).header.id;
      await a.send(now, 7);
      later(7);
      const close = STEPS.find((s) => s.name === 'close')!;
      const whole = close.run;
      Object.assign(close, { run: () => Promise.reject(Object.assign(new Error('killed'), { code: 'killed' })) });
      await erasures.run().finally(() => Object.assign(close, { run: whole }));
      expect(existsSync(join(home.path, 'tombstones', `${again}.json`))).toBe(true);
      expect(await count(sql`keyring.person_key`)).toBe(1);
      later(1);
      await erasures.run();
      expect(await count(sql`keyring.person_key`)).toBe(0);
      for (const one of [a, b]) expect(kinds(await one.read({ now }))).toContain('erase');
    });

    test('of a person under a legal hold is refused: nothing changes, the kiosk gets them back, and staff decide at the server', async () => {
      const [a, b] = [await kiosk(), await kiosk()];
      const ada = a.box.enrol('Ada Lovelace');
      await a.send();
      for (const one of [a, b]) await one.read();
      const held = await hold(ada);
      a.box.append('person', { change: 'deleted' }, { person: ada });
      await a.send(now, 7);
      expect(await quarantined()).toEqual([{ reason: 'person-held', person: ada }]);
      expect([await count(sql`erasure`), await count(sql`template`), await count(sql`keyring.person_key`)]).toEqual([
        0, 2, 1,
      ]);
      expect(kinds(await a.read())).toEqual(['person', 'templates']);
      expect(await b.read()).toEqual([]);
      expect(await retryQuarantine({ db: database.db, keys, modules: MODULES }, {}, now)).toEqual({
        taken: 0,
        waiting: { 'person-held': 1 },
      });
      await database.db.transaction().execute((tx) => releaseHold(tx, held, 'dpo', now));
      expect(await retryQuarantine({ db: database.db, keys, modules: MODULES }, {}, now, { undoDays: 7 })).toEqual({
        taken: 1,
        waiting: {},
      });
      expect(await database.db.selectFrom('erasure').select(['state', 'origin']).execute()).toEqual([
        { state: 'requested', origin: 'kiosk' },
      ]);
    });

    test('under an id from before a merge is stopped by a hold on any of the person’s ids', async () => {
      const a = await kiosk();
      const [kept, merged] = [a.box.enrol('Ada Lovelace'), a.box.enrol('Ada King')];
      await a.send();
      await mergePeople({ db: database.db, keys, modules: MODULES }, { kept, merged, by: 'office' }, now);
      await hold(kept);
      a.box.append('person', { change: 'deleted' }, { person: merged });
      await a.send();
      expect((await quarantined()).map((q) => q.reason)).toEqual(['person-held']);
      expect(await count(sql`erasure`)).toBe(0);
    });

    test('of a person who already requested erasure joins that request, and removes them from kiosks at once', async () => {
      const a = await kiosk();
      const ada = a.box.enrol('Ada Lovelace');
      await a.send();
      const { request } = await requestErasure(database.db, keys, { person: ada, origin: 'person', undoDays: 7 }, now);
      await a.read();
      a.box.append('person', { change: 'deleted' }, { person: ada });
      await a.send(now, 7);
      expect(kinds(await a.read())).toEqual(['removed']);
      expect(await database.db.selectFrom('erasure').select('request').execute()).toEqual([{ request }]);
    });

    test('is in the audit log from the request on, with the kiosk that made it', async () => {
      const a = await kiosk();
      const ada = a.box.enrol('Ada Lovelace');
      await a.send();
      const { id: request } = a.box.append('person', { change: 'deleted' }, { person: ada }).header;
      await a.send();
      const row = database.db
        .selectFrom('audit')
        .select(['role', 'actor', 'action', 'count'])
        .where('resource', '=', request);
      expect(await row.execute()).toEqual([{ role: 'device', actor: a.id, action: 'delete', count: 1 }]);
    });
  });

  const ORIGINS: readonly ErasureOrigin[] = ['person', 'staff', 'operator', 'kiosk', 'retention', 'restore'];
  test.each(ORIGINS)(
    'an erasure started by %s covers webhooks, quarantine, audit, sessions and links, and repeating it changes nothing',
    async (origin) => {
      const { db } = database;
      const a = await kiosk();
      const ada = a.box.enrol('Ada Lovelace');
      // One that names her outside the field that says who it is about, and one that does so inside it.
      a.box.append('health', { code: 'x', detail: {} }, {}).header.type = `about ${ada}` as 'health';
      a.box.append('checkin', { direction: 'in', method: 'face', liveness: 'passed' }, { person: ada }).header.v =
        9 as 1;
      await a.send();
      const webhook = {
        id: randomUUID(),
        name: 'x',
        site: null,
        with_number: false,
        enabled: true,
        disabled_because: null,
      };
      const sealed = {
        sealed: Buffer.alloc(1),
        row_version: 1,
        created_at: now,
        paused_until: null,
        log: randomUUID(),
        position: 0,
      };
      await db
        .insertInto('webhook')
        .values({ ...webhook, ...sealed })
        .execute();
      const hash = () => ({
        hash: randomBytes(32),
        person: ada,
        account: null,
        created_at: now,
        expires_at: new Date(now.getTime() + DAY),
      });
      await db
        .insertInto('session')
        .values({ ...hash(), id: randomUUID(), role: 'person', stage: 'full', seen_at: now })
        .execute();
      await db
        .insertInto('sign_in_link')
        .values({ ...hash(), kind: 'person', used_at: null })
        .execute();
      const closeAgain = async () => {
        await db.updateTable('erasure_step').set({ next_at: null }).execute();
        await db.updateTable('erasure_step').set({ done_at: null }).where('step', '=', 'close').execute();
      };
      const contents = () => count(sql`quarantine where content is not null`);
      expect(await contents()).toBe(2);
      let request: string;
      if (origin === 'kiosk') {
        request = a.box.append('person', { change: 'deleted' }, { person: ada }).header.id;
        await a.send(now);
      } else ({ request } = await requestErasure(db, keys, { person: ada, origin, undoDays: 0 }, now));
      await erasures.run();
      const state = async () => ({
        webhooks: await count(sql`webhook_delivery where kind = 'person.erased' and subject = ${ada}`),
        audited: await count(sql`audit where route = 'erasure' and resource = ${request}`),
        sessions: await count(sql`session`),
        links: await count(sql`sign_in_link`),
        contents: await contents(),
        keys: await count(sql`keyring.person_key`),
      });
      const all = { webhooks: 1, audited: 1, sessions: 0, links: 0, contents: 0, keys: 0 };
      expect(await state()).toEqual(all);
      // A process that died before it recorded this step as done, and one whose request was closed elsewhere.
      await closeAgain();
      await erasures.run();
      expect(await state()).toEqual(all);
      await db.deleteFrom('webhook_delivery').execute();
      await sql`delete from audit where route = 'erasure'`.execute(db);
      await db
        .insertInto('session')
        .values({ ...hash(), id: randomUUID(), role: 'person', stage: 'full', seen_at: now })
        .execute();
      await db
        .insertInto('sign_in_link')
        .values({ ...hash(), kind: 'person', used_at: null })
        .execute();
      await closeAgain();
      await erasures.run();
      expect(await state()).toEqual(all);
    },
  );

  describe('a person who no longer belongs to the kiosk’s site', () => {
    test('keeps attendance from before the move, whenever it arrives; later records wait for a decision', async () => {
      const [a, b] = [await kiosk(), await kiosk(SITES[1])];
      const ada = a.box.enrol('Ada Lovelace');
      await a.send();
      await assignToSites(database.db, ada, [SITES[1]], now);
      const early = a.box.checkin(ada, 'in', new Date(now.getTime() - 1)).header.id;
      const late = a.box.checkin(ada, 'out', new Date(now.getTime() + 1)).header.id;
      a.box.append('person', { change: 'updated' }, { person: ada, name: 'Eve' }, new Date(now.getTime() - 1));
      later(20);
      await a.send(now);
      const records = database.db.selectFrom('checkin').select(['id', 'person']);
      expect(await records.execute()).toEqual([{ id: early, person: ada }]);
      // It rejoins no site, and no kiosk is sent anything.
      expect(await database.db.selectFrom('person_site').select(['person', 'site']).execute()).toEqual([
        { person: ada, site: SITES[1] },
      ]);
      expect((await a.read({ now })).filter((c) => 'person' in c)).toEqual([]);
      expect((await b.read({ now })).filter((c) => c.kind === 'person')).toMatchObject([{ name: 'Ada Lovelace' }]);
      // The office decides that they were there: both sites, and what was pending is accepted.
      await assignToSites(database.db, ada, [...SITES], now);
      expect(await retryQuarantine({ db: database.db, keys, modules: MODULES }, {}, now)).toEqual({
        taken: 2,
        waiting: {},
      });
      expect((await records.orderBy('at').execute()).map((r) => r.id)).toEqual([early, late]);
    });

    test('can’t have records from after the move voided by that kiosk, whatever time it claims', async () => {
      const [a, b] = [await kiosk(), await kiosk(SITES[1])];
      const ada = a.box.enrol('Ada Lovelace');
      await a.send();
      await assignToSites(database.db, ada, [SITES[1]], now);
      const before = new Date(now.getTime() - 1);
      const target = b.box.checkin(ada, 'in', new Date(now.getTime() + 5)).header.id;
      later(1);
      await b.send(now);
      a.box.append('void', { target, reason: 'staff' }, {}, before);
      await a.send(now);
      expect([await count(sql`checkin`), await count(sql`checkin_void`)]).toEqual([1, 0]);
      expect((await quarantined()).map((q) => q.reason)).toEqual(['person-out-of-scope']);
    });

    test('is treated the same if the kiosk was moved to another site', async () => {
      const a = await kiosk();
      const ada = a.box.enrol('Ada Lovelace');
      await a.send();
      await database.db.transaction().execute((tx) => changeDevice(tx, a.id, { site: SITES[1] }, now));
      a.box.checkin(ada, 'in', new Date(now.getTime() - 1));
      a.box.checkin(ada, 'out', new Date(now.getTime() + 1));
      later(1);
      await a.send(now);
      expect([await count(sql`checkin`), (await quarantined()).map((q) => q.reason)]).toEqual([
        1,
        ['person-out-of-scope'],
      ]);
    });
  });

  // PGlite has one connection, so nothing commits concurrently with a transaction there.
  test.skipIf(name === 'PGlite')(
    'a move that commits while an event is being ingested is not undone by it',
    async () => {
      let ada = '';
      let moved = false;
      const moving = database.db.withPlugin({
        transformQuery: ({ node }) => node,
        // Right after the lookup of whose people they are.
        async transformResult({ result }) {
          if (ada && !moved && 'member' in (result.rows[0] ?? {})) {
            moved = true;
            await assignToSites(database.db, ada, [SITES[1]], now);
          }
          return result;
        },
      });
      const a = await KnownKiosk.register({ ...database, db: moving }, keys, { site: SITES[0] });
      const enrolled = a.box.enrol('Ada Lovelace');
      await a.send();
      ada = enrolled;
      a.box.append('person', { change: 'updated' }, { person: ada, name: 'Ada King' });
      await a.send();
      expect(moved).toBe(true);
      expect(await database.db.selectFrom('person_site').select('site').execute()).toEqual([{ site: SITES[1] }]);
    },
  );

  test('if two kiosks add the same person at once, the first wins and the other’s event waits', async () => {
    const [a, b] = [await kiosk(), await kiosk(SITES[1])];
    const ada = randomUUID();
    for (const one of [a, b]) one.box.person('Ada Lovelace', ada);
    await Promise.all([a.send(), b.send()]);
    expect(await count(sql`person_site`)).toBe(1);
    expect((await quarantined()).map((q) => q.reason)).toEqual(['person-out-of-scope']);
  });
});
