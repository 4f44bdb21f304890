import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, describe, expect, test } from 'vitest';
import { demoHistory } from '../../electron/cli/demo/history.ts';
import type { Report } from '../../sync/protocol/api/reports.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { setHold } from '../../sync/server/core/people/holds.ts';
import { policyOf } from '../../sync/server/core/sites/policy.ts';
import { DEFAULT_SCOPE } from '../../sync/server/core/sites/sites.ts';
import { beginDemo } from '../../sync/server/features/demo/module.ts';
import { takeFarewell, withdraw } from '../../sync/server/features/fleet/commands.ts';
import { requestErasure } from '../../sync/server/features/privacy/erasure/request.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import { findAll, idsOf, update } from '../../sync/server/platform/database/rows.ts';
import { jobsOf } from '../../sync/server/platform/server-module.ts';
import type { Api } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { deliverAll, KnownKiosk, registerKiosk } from '../kit/known-kiosk.ts';
import { newPerson } from '../kit/person.ts';
import { withApi } from '../kit/suite.ts';
import { type Erasing, erasing } from '../sync/erasing.ts';
import { openedUnderEnvironment, tablesNaming, tablesWithAnybody } from './erasure-search.ts';

const NOW = new Date('2026-07-20T10:00:00.000Z');

describe.each(DATABASES)('on $name', (on) => {
  describe.each<[string, (api: Api) => Promise<unknown>]>([
    ['a kiosk', (api) => registerKiosk(api.db)],
    ['an account', (api) => api.ask('POST', '/api/accounts', { body: { email: 'it@example.org', role: 'admin' } })],
  ])('a production server with %s', (_, make) => {
    let api: Api;
    withApi(on, { now: NOW }, (opened) => {
      ({ api } = opened);
    });

    test('never becomes a demo, says so, and refuses to be emptied', async () => {
      await make(api);
      expect(await beginDemo(api.db, randomUUID(), new Date())).toBe(false);
      expect(await api.ask('GET', '/api/demo')).toEqual({ state: 'none' });
      await expect(api.ask('GET', '/api/demo/contents')).rejects.toMatchObject({ code: 'not-a-demo' });
      await expect(api.ask('POST', '/api/demo/empty')).rejects.toMatchObject({ code: 'not-a-demo' });
    });
  });

  describe('a demo', () => {
    let api: Api;
    let saga: Erasing;
    let logEpoch: string;
    const home = temporaryFolder();
    afterAll(() => home.remove());
    withApi(on, { now: NOW }, async (opened) => {
      ({ api } = opened);
      ({ logEpoch } = opened.database);
      saga = await erasing(api.db, api.keys, home.path, { now: () => NOW });
    });

    test('loses all people, kiosks and records once its kiosks have confirmed, and is no longer a demo', async () => {
      const { db, keys } = api;
      const second = randomUUID();
      expect(await beginDemo(db, second, new Date())).toBe(true);
      const first = new KnownKiosk({ db, keys, logEpoch }, await registerKiosk(db));
      await registerKiosk(db, { device: second, name: 'Side' });
      const recorded = newPerson(first.box, 'Max Mustermann', NOW, '1001');
      await first.send(NOW);
      const history = demoHistory({ device: second, epoch: randomUUID(), now: NOW, recorded: [recorded] });
      await deliverAll(db, keys, second, history, { now: NOW });
      await api.settle();
      expect(await beginDemo(db, second, new Date())).toBe(true);
      expect(await api.ask('GET', '/api/demo')).toEqual({ state: 'filled' });
      const day = NOW.toISOString().slice(0, 10);
      const report = () => api.ask<Report>('GET', `/api/reports?from=${day}&to=${day}`);
      // Some of its people arrive late (electron/cli/demo/history.test.ts), so it sets when work starts.
      expect((await report()).columns).toContain('late');
      expect(await policyOf(db, DEFAULT_SCOPE)).toMatchObject({ workStartsAt: '09:00', graceMinutes: 15 });
      const { people, kiosks, records } = await api.ask<Record<string, number>>('GET', '/api/demo/contents');
      expect({ people, kiosks }).toEqual({ people: 13, kiosks: 2 });
      expect(records).toBe(history.events.filter(({ header }) => header.type === 'checkin').length);
      const ids = [...idsOf(await findAll(db, 'person', {}, ['id'])), first.id, second];
      expect(await tablesWithAnybody(db)).toEqual(expect.arrayContaining(['checkin', 'consent', 'template', 'person']));

      await api.ask('POST', '/api/demo/empty');
      const job = jobsOf(MODULES).find(({ name }) => name === 'demo')!;
      const goOn = async () => {
        await saga.run();
        return job.run(saga.context);
      };
      expect(await goOn()).toMatchObject({ waitsFor: 'erasures' });
      expect(await api.ask('GET', '/api/demo')).toEqual({ state: 'emptying' });
      for (const change of await first.read({ now: NOW }))
        if (change.kind === 'erase')
          first.box.append('erasureDone', { request: change.request }, { person: change.person }, NOW);
      await first.send(NOW);
      expect(await goOn()).toEqual({ waitsFor: 'kiosks', count: 1 });
      // Requested once: the kiosk may take its time.
      expect(await goOn()).toEqual({ waitsFor: 'kiosks', count: 1 });
      const [command, ...more] = await findAll(db, 'fleet_command', {});
      expect([command!.what, command!.device, more]).toEqual(['decommission', first.id, []]);
      const farewell = { device: first.id, command: command!.id, what: 'decommission' as const };
      expect(await inTransaction(db, (tx) => takeFarewell(tx, farewell, NOW))).toBe(true);
      expect(await goOn()).toEqual({ done: true });

      expect(await tablesWithAnybody(db)).toEqual([]);
      for (const id of ids)
        expect((await tablesNaming(db, id)).filter((table) => table !== 'audit')).toEqual(
          id === second ? ['meta'] : [],
        );
      expect(await openedUnderEnvironment(db, keys, ['Mustermann', 'Okafor'])).toEqual([]);
      expect(await api.ask('GET', '/api/demo')).toEqual({ state: 'none' });
      expect(await api.ask('GET', '/api/setup')).toEqual({ done: [] });
      expect((await report()).columns).not.toContain('late');
      // Nor later, although nobody is in it.
      expect(await beginDemo(db, second, new Date())).toBe(false);
    });
  });

  describe('a demo in which a deletion and a legal hold were tried', () => {
    let api: Api;
    let saga: Erasing;
    let logEpoch: string;
    let now = NOW;
    const home = temporaryFolder();
    afterAll(() => home.remove());
    withApi(on, { now: NOW }, async (opened) => {
      ({ api } = opened);
      ({ logEpoch } = opened.database);
      saga = await erasing(api.db, api.keys, home.path, { now: () => now });
    });

    test('is emptied like any other, and a kiosk that has not left is asked again', async () => {
      const { db, keys } = api;
      await beginDemo(db, randomUUID(), NOW);
      const kiosk = new KnownKiosk({ db, keys, logEpoch }, await registerKiosk(db));
      const max = newPerson(kiosk.box, 'Max Mustermann', NOW, '1001');
      const erika = newPerson(kiosk.box, 'Erika Mustermann', NOW, '1002');
      await kiosk.send(NOW);
      await requestErasure(db, keys, { person: max, origin: 'staff', undoDays: 30 }, NOW);
      const hold = { person: erika, site: null, from: null, until: null, reason: 'a trial', setBy: 'admin' };
      const before = new Date(NOW.getTime() - 60_000);
      await inTransaction(db, (tx) => setHold(tx, keys, hold, before));

      await api.ask('POST', '/api/demo/empty');
      const job = jobsOf(MODULES).find(({ name }) => name === 'demo')!;
      await saga.run();
      for (const change of await kiosk.read({ now }))
        if (change.kind === 'erase')
          kiosk.box.append('erasureDone', { request: change.request }, { person: change.person }, now);
      await kiosk.send(now);
      await saga.run();
      const goOn = async () => {
        expect(await job.run(saga.context)).toEqual({ waitsFor: 'kiosks', count: 1 });
        return findAll(db, 'fleet_command', {});
      };
      const [command] = await goOn();
      await inTransaction(db, (tx) => withdraw(tx, kiosk.id, command!.id, now));
      expect(await goOn()).toHaveLength(1);
      now = new Date(NOW.getTime() + 60_000);
      expect((await goOn()).map(({ outcome }) => outcome).sort()).toEqual([null, 'withdrawn']);
    });

    test('a request right after it was emptied is refused, and people added since are kept', async () => {
      const { db } = api;
      let asked: Promise<unknown> | undefined;
      await inTransaction(db, async (tx) => {
        await update(tx, 'meta', { key: 'demo' }, { value: JSON.stringify({ state: 'emptied', kiosk: randomUUID() }) });
        asked = api.ask('POST', '/api/demo/empty').catch(({ code }) => code);
        // It waits for this transaction (on PGlite's one connection, always), or it would have read the earlier state.
        if (on.name === 'PostgreSQL')
          await expect
            .poll(async () => {
              const waiting = await sql`select from pg_stat_activity
                where datname = current_database() and wait_event_type = 'Lock'`.execute(tx);
              return waiting.rows.length;
            })
            .toBeGreaterThan(0);
      });
      expect(await asked).toBe('not-a-demo');
      expect(await api.ask('GET', '/api/demo')).toEqual({ state: 'none' });
    });
  });
});
