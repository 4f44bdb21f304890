import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import type { SitePatch } from '../../../sync/protocol/api/sites.ts';
import { readChanges } from '../../../sync/server/app/downstream/read.ts';
import { MODULES } from '../../../sync/server/app/modules.ts';
import { BY_THEMSELVES, changePerson } from '../../../sync/server/core/people/records.ts';
import { assignToSites } from '../../../sync/server/core/people/sites.ts';
import { configuredLease, setPolicy } from '../../../sync/server/core/sites/policy.ts';
import { changeSite, DEFAULT_SCOPE } from '../../../sync/server/core/sites/sites.ts';
import { appendChanges, changeLogJob, compactChanges, keysChanged } from '../../../sync/server/platform/changes/log.ts';
import type { JobContext } from '../../../sync/server/platform/jobs/job.ts';
import { DATABASES } from '../../kit/databases.ts';
import { SERVER_KEYS } from '../../kit/known-kiosk.ts';
import { database, erasures, Kiosk, keys, names, newSite, onDatabase, site } from './kiosks.ts';

describe.each(DATABASES)('the log that kiosks read, on $name', ({ name, ...kind }) => {
  onDatabase(kind);

  describe('a snapshot', () => {
    test('arrives in pages, and loses no change made meanwhile', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const people = Array.from({ length: 30 }, (_, i) => a.enrol(`Person ${i}`, { count: 1 }));
      await a.send();
      const first = await b.page({ limit: 12 });
      expect(first).toMatchObject({ whole: true, first: true, more: true });
      expect(first.changes.slice(0, 2).map((c) => c.kind)).toEqual(['policy', 'keys']);
      b.apply(first);
      // Between two pages, one person already sent is renamed, one is erased and one is added.
      const notified = first.changes.find((c) => c.kind === 'person')!;
      a.box.append('person', { change: 'updated' }, { person: notified.person, name: 'Renamed' });
      const added = a.enrol('Added', { count: 1 });
      await a.send();
      const erased = people.find((p) => p !== notified.person)!;
      await erasures.erase(erased);
      await b.read({ limit: 10 });
      await b.read({ limit: 10 });
      expect(b.people.get(notified.person)!.name).toBe('Renamed');
      expect([b.people.has(added), b.people.has(erased), b.people.size]).toEqual([true, false, 30]);
      expect(b.wholes).toBe(1);
      expect(b.largestPage).toBeLessThanOrEqual(12);
    });

    test('restarts for a cursor that is foreign, of another log, or of a restored database', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const person = a.enrol('Ada Lovelace');
      await a.send();
      await b.read();
      const top = b.cursor;
      for (const cursor of ['', 'nonsense', `${top}x`, top.replace(/^.{8}/, '00000000')]) {
        b.cursor = cursor;
        expect(await b.page()).toMatchObject({ whole: true, first: true });
      }
      b.cursor = top;
      expect(await b.page()).toMatchObject({ whole: false, changes: [] });
      // As if an older copy of the database had been restored and used since: the same position holds a different row.
      await database.db.updateTable('change').set({ tag: 'another' }).where('person', '=', person).execute();
      await b.read();
      expect(b.wholes).toBe(2);
      expect(await b.page({ logEpoch: randomUUID() })).toMatchObject({ whole: true, first: true });
    });

    test('restarts for a kiosk that moved to another site, which deletes the old site’s people', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      a.enrol('Ada Lovelace');
      await a.send();
      await b.read();
      const other = await newSite();
      const there = await Kiosk.at(other);
      there.enrol('Grace Hopper');
      await there.send();
      await database.db.updateTable('device').set({ site: other }).where('id', '=', b.id).execute();
      await b.read();
      expect(names(b)).toEqual(['Grace Hopper']);
    });

    test('stays complete for a valid cursor, whatever clocks wrote the rows', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      await b.read();
      a.enrol('Ada Lovelace');
      await a.send();
      a.enrol('Grace Hopper');
      await a.send();
      // The replica that wrote the second person's changes had a clock that was months slow.
      const ids = [...new Set(a.box.events.map((e) => e.personal.person!.value as string))];
      const old = new Date(Date.now() - 90 * 86_400_000);
      await database.db.updateTable('change').set({ at: old }).where('person', '=', ids[1]!).execute();
      await appendAny();
      await compactChanges(database.db, new Date(Date.now() - 60 * 86_400_000));
      await b.read();
      expect([names(b), b.wholes]).toEqual([['Ada Lovelace', 'Grace Hopper'], 1]);
    });
    const appendAny = () =>
      database.db
        .transaction()
        .execute((tx) => appendChanges(tx, [{ kind: 'person', person: randomUUID() }], new Date()));

    test('replaces deltas that were compacted', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      await b.read();
      a.enrol('Ada Lovelace');
      await a.send();
      expect(await compactChanges(database.db, new Date(Date.now() + 1000))).toBeGreaterThan(0);
      await b.read();
      expect([names(b), b.wholes]).toEqual([['Ada Lovelace'], 2]);
      // Compaction keeps the newest row, so the kiosk can continue with deltas.
      await b.read();
      expect(b.wholes).toBe(2);
    });
  });

  describe('policy and keys', () => {
    test('a policy reaches its site’s kiosks; the default site’s reaches every site without one', async () => {
      const other = await newSite();
      const day = { timeZone: 'Europe/Berlin', startsAt: '00:00' };
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(other)];
      for (const kiosk of [a, b]) await kiosk.read();
      const site60 = { day, repeatWindowSeconds: 60 };
      expect(a.policy).toEqual({ leaseDays: 30, ...site60 });
      expect(await setPolicy(database.db, site, { leaseDays: 7, liveness: 'standard' }, new Date())).toBe(true);
      expect(await setPolicy(database.db, site, { liveness: 'standard', leaseDays: 7 }, new Date())).toBe(false);
      for (const kiosk of [a, b]) await kiosk.read();
      expect([a.policy, b.policy]).toEqual([
        { leaseDays: 7, liveness: 'standard', ...site60 },
        { leaseDays: 30, ...site60 },
      ]);
      await setPolicy(database.db, DEFAULT_SCOPE, { leaseDays: 14 }, new Date());
      for (const kiosk of [a, b]) await kiosk.read();
      expect([a.policy, b.policy]).toEqual([
        { leaseDays: 7, liveness: 'standard', ...site60 },
        { leaseDays: 14, ...site60 },
      ]);
      await database.db.deleteFrom('site_policy').execute();
    });

    test('the start of the day is sent with the policy, and again when it changes', async () => {
      const [here, elsewhere] = [await Kiosk.at(site), await Kiosk.at(await newSite())];
      for (const kiosk of [here, elsewhere]) await kiosk.read();
      const change = (patch: SitePatch) =>
        database.db.transaction().execute((tx) => changeSite(tx, site, patch, new Date()));
      await change({ dayStartsAt: '12:00', timeZone: 'Asia/Kolkata' });
      const day = { timeZone: 'Asia/Kolkata', startsAt: '12:00' };
      expect(await here.read()).toEqual([{ kind: 'policy', policy: { leaseDays: 30, day, repeatWindowSeconds: 60 } }]);
      expect(await elsewhere.read()).toEqual([]);
      await change({ name: 'Another name' });
      expect(await here.read()).toEqual([]);
    });

    test('a configured lease sets only the default site’s lease; if unset, nothing is sent', async () => {
      await setPolicy(database.db, DEFAULT_SCOPE, { leaseDays: 30, liveness: 'standard' }, new Date());
      expect(await configuredLease(database.db, null, new Date())).toBe(false);
      expect(await configuredLease(database.db, 9, new Date())).toBe(true);
      expect(await configuredLease(database.db, 9, new Date())).toBe(false);
      const kiosk = await Kiosk.at(null);
      await kiosk.read();
      expect(kiosk.policy).toEqual({ leaseDays: 9, liveness: 'standard' });
      await database.db.deleteFrom('site_policy').execute();
    });

    test('the log is compacted, but keeps what is newer than two leases', async () => {
      const kiosk = await Kiosk.at(site);
      await kiosk.read();
      const day = 86_400_000;
      kiosk.enrol('Ada Lovelace');
      await kiosk.send();
      const removed = async (days: number) => {
        const now = () => new Date(Date.now() + days * day);
        return (await changeLogJob.run({ db: database.db, now } as JobContext)).removed;
      };
      expect(await removed(59)).toBe(0);
      expect(await removed(61)).toBeGreaterThan(0);
    });

    test('new keys are sent to all, and in every page to a kiosk that does not trust the newest yet', async () => {
      const kiosk = await Kiosk.at(site);
      await kiosk.read();
      await database.db.transaction().execute((tx) => keysChanged(tx, new Date()));
      expect(await kiosk.read()).toEqual([{ kind: 'keys', keys: SERVER_KEYS }]);
      const source = {
        db: database.db,
        keys,
        logEpoch: database.logEpoch,
        modules: MODULES,
        publicKeys: async () => SERVER_KEYS,
      };
      const ask = { cursor: kiosk.cursor, limit: 200, presenceAfter: null, newestKey: false };
      expect((await readChanges(source, kiosk.id, ask, new Date())).changes).toEqual([
        { kind: 'keys', keys: SERVER_KEYS },
      ]);
    });

    test('a person’s opt-out from positions is sent', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const person = a.enrol('Ada Lovelace');
      await a.send();
      await b.read();
      await database.db
        .transaction()
        .execute((tx) => changePerson(tx, keys, person, { gpsOptOut: true }, BY_THEMSELVES, new Date()));
      await b.read();
      expect(b.people.get(person)!.gpsOptOut).toBe(true);
    });
  });

  test('kiosks that read at random moments all reach the server’s state, whatever happened', async () => {
    const steps = fc.array(
      fc.record({
        what: fc.constantFrom(
          'enrol',
          'rename',
          'template',
          'withdraw',
          'give',
          'erase',
          'leave',
          'join',
          'read',
          'reset',
        ),
        who: fc.nat(1),
        affected: fc.nat(5),
        limit: fc.integer({ min: 2, max: 12 }),
      }),
      { minLength: 5, maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const here = await newSite();
        const kiosks = [await Kiosk.at(here), await Kiosk.at(here)] as const;
        const people: string[] = [];
        for (const { what, who, affected, limit } of list) {
          const kiosk = kiosks[who]!;
          const person = people[affected % Math.max(1, people.length)];
          if (what === 'enrol') people.push(kiosk.enrol(`Person ${people.length}`, { count: 1 }));
          else if (what === 'read') {
            kiosk.apply(await kiosk.page({ limit }));
            continue;
          } else if (what === 'reset') kiosk.cursor = '';
          else if (!person) continue;
          else if (what === 'rename')
            kiosk.box.append('person', { change: 'updated' }, { person, name: `Other ${limit}` });
          else if (what === 'template') kiosk.box.templates(person);
          else if (what === 'withdraw') kiosk.box.consent(person, 'withdrawn');
          else if (what === 'give') kiosk.box.consent(person, 'given');
          else if (what === 'erase') await erasures.erase(person);
          else await assignToSites(database.db, person, what === 'join' ? [here] : [], new Date());
          if (kiosk.box.pendingCount() > 0) await kiosk.send();
        }
        const fresh = await Kiosk.at(here);
        await fresh.read();
        for (const kiosk of kiosks) {
          await kiosk.read();
          await kiosk.read();
          expect(kiosk.people).toEqual(fresh.people);
          const filled = (k: Kiosk) => [...k.templates].filter(([, t]) => t.length > 0).sort();
          expect(filled(kiosk)).toEqual(filled(fresh));
        }
      }),
      { numRuns: 10 },
    );
  });

  test.runIf(name === 'PostgreSQL')(
    'positions become visible in their order: a later append waits for the commit before',
    async () => {
      const [slow, quick] = [randomUUID(), randomUUID()];
      const appended = Promise.withResolvers<void>();
      const finish = Promise.withResolvers<void>();
      const first = database.db.transaction().execute(async (tx) => {
        await appendChanges(tx, [{ kind: 'person', person: slow }], new Date());
        appended.resolve();
        await finish.promise;
      });
      await appended.promise;
      let done = false;
      const second = database.db
        .transaction()
        .execute((tx) => appendChanges(tx, [{ kind: 'person', person: quick }], new Date()))
        .then(() => {
          done = true;
        });
      // A transaction that appends no changes, such as a check-in, doesn't wait.
      await database.db.transaction().execute((tx) => appendChanges(tx, [], new Date()));
      const waiting = () =>
        sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`.execute(database.db);
      await expect.poll(async () => (await waiting()).rows[0]!.n, { timeout: 60_000 }).toBe(1);
      const visible = () =>
        database.db
          .selectFrom('change')
          .select('person')
          .where('person', 'in', [slow, quick])
          .orderBy('position')
          .execute();
      expect([done, await visible()]).toEqual([false, []]);
      finish.resolve();
      await Promise.all([first, second]);
      expect((await visible()).map((r) => r.person)).toEqual([slow, quick]);
    },
  );
});
