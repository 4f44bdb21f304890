import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Change } from '../../../sync/protocol/wire/changes.ts';
import { MODULES } from '../../../sync/server/app/modules.ts';
import { mergePeople } from '../../../sync/server/features/attendance/merging/merge.ts';
import { DATABASES } from '../../kit/databases.ts';
import {
  database,
  erasureState,
  erasures,
  inEventLog,
  Kiosk,
  keys,
  names,
  newSite,
  onDatabase,
  rows,
  site,
} from './kiosks.ts';

describe.each(DATABASES)('erasures that kiosks confirm, on $name', (kind) => {
  onDatabase(kind);

  describe('an erasure', () => {
    test('leaves nothing here, reaches each kiosk of the site, and is confirmed by each', async () => {
      const [a, b, revoked, elsewhere] = [
        await Kiosk.at(site),
        await Kiosk.at(site),
        await Kiosk.at(site, 'revoked'),
        await Kiosk.at(await newSite()),
      ];
      const person = a.enrol('Ada Lovelace');
      await a.send();
      for (const kiosk of [a, b, elsewhere]) await kiosk.read();
      const request = await erasures.erase(person);
      expect(await erasures.erase(person)).toBe(request);
      expect(await rows(person)).toEqual([]);
      for (const table of ['consent', 'person_site'] as const)
        expect(await database.db.selectFrom(table).selectAll().where('person', '=', person).execute()).toEqual([]);
      const left = await database.db.selectFrom('event').selectAll().where('device', '=', a.id).execute();
      expect(left.filter((e) => e.person !== null || e.personal !== null)).toEqual([]);
      for (const kiosk of [a, b]) {
        await kiosk.read();
        expect([kiosk.people.size, kiosk.templates.size, kiosk.erased]).toEqual([0, 0, [request]]);
      }
      await elsewhere.read();
      expect(elsewhere.erased).toEqual([]);
      const open = async () => (await erasureState(database.db, request))!.open.map((d) => d.device).sort();
      expect(await open()).toEqual([a.id, b.id].sort());
      expect((await open()).includes(revoked.id)).toBe(false);
      b.box.append('erasureDone', { request }, { person });
      await b.send();
      // A confirmation from a kiosk that wasn't asked closes nothing.
      elsewhere.box.append('erasureDone', { request }, {});
      await elsewhere.send();
      expect(await open()).toEqual([a.id]);
      expect((await erasureState(database.db, request))!.confirmed.map((d) => d.device)).toEqual([b.id]);
      expect(await erasureState(database.db, randomUUID())).toBeNull();
    });

    test('requested at one kiosk removes the person from every kiosk at once, and each confirms the erasure', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const person = a.enrol('Ada Lovelace');
      await a.send();
      await b.read();
      const { id: request } = a.box.append('person', { change: 'deleted' }, { person }).header;
      await a.send();
      await b.read();
      expect([names(b), b.erased]).toEqual([[], []]);
      expect((await erasureState(database.db, request))!).toMatchObject({ state: 'requested', origin: 'kiosk' });
      await erasures.run();
      for (const kiosk of [a, b]) {
        await kiosk.read();
        expect([names(kiosk), kiosk.erased]).toEqual([[], [request]]);
      }
      a.box.append('erasureDone', { request }, { person });
      await a.send();
      const state = (await erasureState(database.db, request))!;
      expect([state.confirmed.map((d) => d.device), state.open.map((d) => d.device)]).toEqual([[a.id], [b.id]]);
    });

    test('is not undone by late arrivals, and forwards none of them', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const person = a.enrol('Ada Lovelace');
      await erasures.erase(person);
      await a.send();
      await b.read();
      expect([names(b), b.templates.size, (await rows(person)).length, await inEventLog(person)]).toEqual([
        [],
        0,
        0,
        0,
      ]);
    });

    test('reaches a kiosk also through a snapshot, until it has confirmed', async () => {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const person = a.enrol('Ada Lovelace');
      await a.send();
      await b.read();
      const request = await erasures.erase(person);
      b.cursor = '';
      await b.read();
      expect([names(b), b.erased]).toEqual([[], [request]]);
      b.box.append('erasureDone', { request }, {});
      await b.send();
      b.cursor = '';
      await b.read();
      expect(b.erased).toEqual([request]);
    });
  });

  describe('an erasure of a merged person', () => {
    async function merged() {
      const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
      const [kept, alias] = [a.enrol('Ada Lovelace'), b.enrol('Ada King')];
      await a.send();
      await b.send();
      await a.read();
      await mergePeople({ db: database.db, keys, modules: MODULES }, { kept, merged: alias, by: 'test' }, new Date());
      return { a, b, kept, alias };
    }
    const left = async (people: string[]) => {
      const of = await database.db.selectFrom('person').selectAll().where('id', 'in', people).execute();
      const events = await database.db.selectFrom('event').select('id').where('person', 'in', people).execute();
      const templates = (await Promise.all(people.map(rows))).flat();
      return [of.filter((p) => p.profile !== null || p.deleted_at === null).length, events.length, templates.length];
    };
    const confirm = async (kiosk: Kiosk, notified: Change[]) => {
      for (const c of notified)
        if (c.kind === 'erase') kiosk.box.append('erasureDone', { request: c.request }, { person: c.person });
      await kiosk.send();
    };

    test.each(['kept', 'alias'] as const)(
      'under the %s id erases both, and every kiosk erases and confirms both',
      async (which) => {
        const { a, b, ...people } = await merged();
        const both = [people.kept, people.alias].sort();
        const request = await erasures.erase(people[which]);
        for (const name of both) expect(await erasures.erase(name)).toBe(request);
        expect(await left(both)).toEqual([0, 0, 0]);
        const open = async () => (await erasureState(database.db, request))!.open.map((d) => d.device).sort();
        for (const kiosk of [a, b]) {
          // One kiosk reads deltas, the other a snapshot.
          const notified = (await kiosk.read()).filter((c) => c.kind === 'erase');
          expect(notified.map((c) => c.person).sort()).toEqual(both);
          const [one, ...others] = notified;
          await confirm(kiosk, [one!]);
          expect(await open(), 'one of two names is not all').toContain(kiosk.id);
          await confirm(kiosk, others);
          expect(await open()).not.toContain(kiosk.id);
        }
        expect((await erasureState(database.db, request))!.confirmed).toHaveLength(2);
      },
    );

    test.each(['kept', 'alias'] as const)('by staff, under the %s id, erases both everywhere', async (which) => {
      const { a, b, ...people } = await merged();
      const both = [people.kept, people.alias].sort();
      b.box.append('person', { change: 'deleted' }, { person: people[which] });
      await b.send();
      await erasures.run();
      expect(await left(both)).toEqual([0, 0, 0]);
      const notified = (await a.read()).filter((c) => c.kind === 'erase');
      expect(notified.map((c) => c.person).sort()).toEqual(both);
    });
  });

  test('a confirmation of an unknown request destroys nothing, and waits for an operator', async () => {
    const [a, b] = [await Kiosk.at(site), await Kiosk.at(site)];
    const person = a.enrol('Ada Lovelace');
    await a.send();
    await b.read();
    const { header } = b.box.append('erasureDone', { request: randomUUID() }, { person });
    await b.send();
    expect(await rows(person)).toHaveLength(2);
    const held = database.db.selectFrom('quarantine').select(['reason', 'person']).where('device', '=', b.id);
    expect(await held.execute()).toEqual([{ reason: 'erasure-not-asked', person }]);
    // Once the office erases the person, the quarantined event no longer names them.
    const request = await erasures.erase(person);
    expect(await database.db.selectFrom('erasure').select('request').where('person', '=', person).execute()).toEqual([
      { request },
    ]);
    expect(await held.execute()).toEqual([{ reason: 'erasure-not-asked', person: null }]);
    expect(header.seq).toBe(1);
  });
});
