import { beforeEach, describe, expect, test } from 'vitest';
import { createEvacuation } from '../../electron/core/evacuation/service.ts';
import type { Person } from '../../sync/protocol/api/people.ts';
import type { Evacuation, EvacuationState } from '../../sync/protocol/api/presence.ts';
import type { Change } from '../../sync/protocol/wire/changes.ts';
import type { Api } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import { registerKiosk } from '../kit/known-kiosk.ts';
import { SITE } from '../kit/services.ts';
import { type Opened, OTHER_SITE, withApi } from '../kit/suite.ts';
import { heldClock, newFolder, openKiosk } from '../store/kiosk.ts';
import { aCheckin } from '../store/samples.ts';
import { closeErasures } from '../sync/erasing.ts';

/* Wardens at several kiosks and in the console share one roll call: real stores, the server's own code between them. */

const NOW = new Date('2026-07-20T10:00:00.000Z');
const MINUTE = 60_000;
type Header = { open: { change: string } };
let opened: Opened;
let api: Api;

describe.each(DATABASES)('the roll call of an evacuation, on $name', (on) => {
  withApi(on, { now: NOW, other: true }, (o) => {
    opened = o;
    api = o.api;
  });
  beforeEach(async () => {
    await api.db.deleteFrom('evacuation').execute();
    await api.db.deleteFrom('person_site').execute();
  });

  /** A kiosk whose staff have the evacuation list open. */
  async function door(name: string, site: string = SITE.id) {
    const clock = heldClock(NOW.getTime());
    const store = await openKiosk(newFolder(), {}, { clock });
    const { device } = await registerKiosk(api.db, { site, device: store.device, name });
    const list = createEvacuation({
      store,
      site: { site: name },
      server: () => true,
      now: () => clock.now(),
      staff: { require: () => ({ member: null, actor: null }), onLock: () => undefined },
      changed: () => undefined,
      log: () => undefined,
    });
    const token = 'staff';
    await list.evacuationOpen({ token });
    const kiosk = {
      device,
      store,
      /** Minutes after the start; sets the server's clock too. */
      at(minutes: number) {
        clock.time = NOW.getTime() + minutes * MINUTE;
        if (clock.time > api.now.getTime()) api.now = new Date(clock.time);
        return kiosk;
      },
      async sync(): Promise<Change[]> {
        await opened.api.sendFrom(store);
        return opened.api.readInto(store);
      },
      enter: (...people: Person[]) => Promise.all(people.map((p) => store.checkins.record(aCheckin(p.id)))),
      begin: () => list.evacuationBegin({ token }),
      end: () => list.evacuationEnd({ token }),
      mark: (p: Person, accounted = true) => list.evacuationAccount({ token, person: p.id, accounted }),
      /** Who is marked, who marked them, and whether a roll call is in progress. */
      async shows(): Promise<{ on: boolean; seen: string[] }> {
        const { people, startedAt } = await list.evacuationList({ token });
        const seen = people
          .filter((p) => p.accountedAt)
          .map((p) => `${p.name} ${p.accountedBy!.where} ${p.accountedBy!.name}`);
        return { on: startedAt !== null, seen: seen.map((s) => s.trim()).sort() };
      },
    };
    await kiosk.sync();
    return kiosk;
  }

  const make = (name: string) => api.ask<Person>('POST', '/api/people', { body: { name } });
  const state = () => api.ask<EvacuationState>('GET', '/api/evacuation', { as: 'staff' });
  const NOBODY = { on: true, seen: [] };
  const OVER = { on: false, seen: [] };

  /** Two entrances of a site, with three people inside. */
  async function site() {
    const [ada, eve, zed] = [await make('Ada'), await make('Eve'), await make('Zed')];
    const [west, east] = [await door('West'), await door('East')];
    await west.enter(ada, eve, zed);
    await west.sync();
    await east.sync();
    return { ada, eve, zed, west, east };
  }

  test('a roll call started at one kiosk continues at the other, and both and the console see all marks', async () => {
    const { ada, eve, zed, west, east } = await site();
    await west.at(1).begin();
    await west.sync();
    await east.at(1).sync();
    expect(await east.shows()).toEqual(NOBODY);
    await west.at(2).mark(ada);
    await east.at(2).mark(eve);
    expect(await west.shows()).toEqual({ on: true, seen: ['Ada here'] });
    await west.sync();
    await east.sync();
    await west.sync();
    expect(await west.shows()).toEqual({ on: true, seen: ['Ada here', 'Eve kiosk East'] });
    expect(await east.shows()).toEqual({ on: true, seen: ['Ada kiosk West', 'Eve here'] });
    const { current, accounted } = await state();
    expect(accounted.map(({ person, by, device }) => [person, by, device]).sort()).toEqual(
      [
        [ada.id, null, west.device],
        [eve.id, null, east.device],
      ].sort(),
    );
    // The console's marks reach the kiosks, and a mistaken mark is removed, no matter who made it.
    await api.ask('PUT', `/api/evacuations/${current!.id}/people/${zed.id}`, { as: 'staff' });
    await east.at(3).mark(ada, false);
    await east.sync();
    await west.sync();
    for (const kiosk of [west, east]) expect((await kiosk.shows()).seen.at(-1)).toBe('Zed console');
    expect((await west.shows()).seen).toEqual(['Eve kiosk East', 'Zed console']);
    // A kiosk that starts in the middle gets all of it with its first snapshot.
    const late = await door('Late');
    expect(await late.shows()).toEqual({ on: true, seen: ['Eve kiosk East', 'Zed console'] });
    // Its end applies to everyone, and the people accounted for are forgotten: here, there, and in the event log.
    await east.at(4).end();
    for (const kiosk of [east, west, late]) {
      await kiosk.sync();
      expect(await kiosk.shows()).toEqual(OVER);
    }
    expect(await state()).toMatchObject({ current: null, accounted: [], last: { id: current!.id } });
    expect(await api.db.selectFrom('evacuation_mark').selectAll().execute()).toEqual([]);
    const events = await api.db.selectFrom('event').selectAll().where('type', '=', 'evacuation').execute();
    const marks = events.filter((e) => ['accounted', 'missing'].includes((e.header as Header).open.change));
    expect([marks.length, marks.filter((e) => e.person !== null || e.personal !== null)]).toEqual([3, []]);
  });

  test('without a network each kiosk continues on its own; roll calls started at two doors are merged with all marks', async () => {
    const { ada, eve, west, east } = await site();
    await west.at(1).begin();
    await west.at(2).mark(ada);
    await east.at(3).begin();
    await east.at(4).mark(eve);
    await east.sync(); // is received first, although it began later
    await west.sync();
    await east.sync();
    expect(await west.shows()).toEqual({ on: true, seen: ['Ada here', 'Eve kiosk East'] });
    expect(await east.shows()).toEqual({ on: true, seen: ['Ada kiosk West', 'Eve here'] });
    expect((await state()).current!.startedAt).toBe(new Date(NOW.getTime() + MINUTE).toISOString());
  });

  test('the latest mark wins, and a late kiosk neither starts nor ends a roll call unknown to it', async () => {
    const { ada, west, east } = await site();
    await west.at(1).begin();
    await west.sync();
    await east.sync();
    await east.at(2).mark(ada);
    await west.at(3).mark(ada);
    await west.at(4).mark(ada, false);
    await west.sync();
    await east.sync(); // its older event arrives after the newer one
    expect([await west.shows(), await east.shows()]).toEqual([NOBODY, NOBODY]);
    // One is ended and another begun in the console while a kiosk is offline.
    const { current } = await state();
    const url = (id: string) => `/api/evacuations/${id}/end`;
    await api.ask('POST', url(current!.id), { as: 'staff' });
    const next = await api.ask<Evacuation>('POST', '/api/evacuations', { as: 'staff', body: {} });
    await west.at(5).end();
    await west.sync();
    expect(await west.shows()).toEqual(NOBODY);
    expect((await state()).current!.id).toBe(next.id);
    await api.ask('POST', url(next.id), { as: 'staff' });
    await west.sync();
    // Begun offline before that end, so already over.
    await east.end();
    await east.at(4).begin();
    await east.sync();
    expect([await east.shows(), (await state()).current]).toEqual([OVER, null]);
  });

  test('another site receives nothing of it, and an erased person’s marks are deleted', async () => {
    const { ada, west, east } = await site();
    const bonn = await door('Bonn', OTHER_SITE);
    await west.at(1).begin();
    await west.mark(ada);
    await west.sync();
    await east.sync();
    const notified = await bonn.sync();
    expect(notified.filter((c) => c.kind === 'evacuation' || c.kind === 'accounted')).toEqual([]);
    expect(await bonn.shows()).toEqual(OVER);
    await east.store.people.delete(ada.id);
    await east.sync();
    await west.sync();
    await closeErasures(api.db, api.keys);
    expect(await api.db.selectFrom('evacuation_mark').selectAll().execute()).toEqual([]);
    for (const { store } of [west, east])
      expect(store.session.db.prepare('SELECT count(*) FROM accounted').pluck().get()).toBe(0);
  });
});
