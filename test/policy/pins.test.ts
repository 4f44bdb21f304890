import { randomBytes, randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Recogniser } from '../../electron/core/checkin/recogniser.ts';
import { createCheckinService } from '../../electron/core/checkin/service.ts';
import { createPinGuard } from '../../electron/core/pin/guard.ts';
import { createPersonPins, readPeppers } from '../../electron/core/pin/person-pins.ts';
import { createPinHasher } from '../../electron/core/pin/pin-hash.ts';
import { sharedPin } from '../../electron/core/pin/stored-pin.ts';
import { numberSubjects } from '../../electron/core/pin/subjects.ts';
import { defaultSite } from '../../electron/core/provision.ts';
import type { IssuedPinCode } from '../../sync/protocol/api/credentials.ts';
import type { Person } from '../../sync/protocol/api/people.ts';
import type { Change } from '../../sync/protocol/wire/changes.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { retireServerKeys } from '../../sync/server/core/credentials/pins.ts';
import { assignToSites } from '../../sync/server/core/people/sites.ts';
import { mergePeople } from '../../sync/server/features/attendance/merging/merge.ts';
import { keysChanged } from '../../sync/server/platform/changes/log.ts';
import { openHalf } from '../../sync/server/platform/keys/personal.ts';
import { personBox } from '../../sync/server/platform/keys/persons.ts';
import { succeedKey } from '../../sync/server/platform/keys/succession.ts';
import type { Api } from '../kit/api.ts';
import { DATABASES } from '../kit/databases.ts';
import { registerKiosk } from '../kit/known-kiosk.ts';
import { SITE } from '../kit/services.ts';
import { type Opened, OTHER_SITE, withApi } from '../kit/suite.ts';
import { codeOf, heldClock, newFolder, openKiosk } from '../store/kiosk.ts';
import { closeErasures } from '../sync/erasing.ts';

/* A PIN is valid at every kiosk of its person's sites: real stores, real hashes, the server's own code between them. */

const NOW = new Date('2026-07-20T10:00:00.000Z');
let opened: Opened;
let api: Api;

describe.each(DATABASES)('a PIN at several kiosks, on $name', (on) => {
  withApi(on, { now: NOW, other: true }, (o) => {
    opened = o;
    api = o.api;
  });
  beforeEach(async () => {
    // Removes the PINs of earlier tests.
    await api.db.deleteFrom('pin').execute();
  });

  /** A real kiosk's store with its keypad, fed with the server's own pages. */
  async function door({ site = SITE.id } = {}) {
    const clock = heldClock(NOW.getTime());
    const store = await openKiosk(newFolder(), {}, { clock });
    const { device } = await registerKiosk(api.db, { site, device: store.device });
    const own = await createPinHasher(randomBytes(32));
    const pins = createPersonPins(own, () => readPeppers(store.roster.pinPeppers));
    const checkin = createCheckinService({
      store,
      recogniser: { off: null } as unknown as Recogniser,
      pins,
      guard: createPinGuard({ store, now: () => clock.now() }),
      subjects: numberSubjects(randomBytes(32)),
      claims: { take: () => ({}) as never },
      site: defaultSite(true),
      now: () => clock.now(),
      demo: false,
      elsewhere: () => null,
      startLiveness: () => ({}) as never,
      monotonic: () => clock.now(),
      wall: () => clock.now(),
      recorded: () => undefined,
      voided: () => undefined,
      log: () => undefined,
    });
    const kiosk = {
      device,
      store,
      clock,
      own,
      /** Sends its events to the server and reads to the end of the log. */
      async sync(): Promise<Change[]> {
        await opened.api.sendFrom(store);
        return opened.api.readInto(store);
      },
      /** Staff set a PIN. @param after ms after the start */
      async set(person: Person, pin: string, after = 0): Promise<void> {
        clock.time = NOW.getTime() + after;
        if (clock.time > api.now.getTime()) api.now = new Date(clock.time);
        store.pins.set(person.id, await pins.hash(pin));
      },
      choose: ({ number }: Person, code: string, pin: string) => checkin.pinChoose({ number: number!, code, pin }),
      /** Number of PIN rows stored here. */
      pins: () => store.session.db.prepare('SELECT count(*) FROM pin').pluck().get(),
      /** Types number and PIN. @returns who it is, or the error */
      async types(person: Person, pin: string): Promise<string> {
        const { id, number } = person;
        const code = await codeOf(() => checkin.checkinByPin({ number: number!, pin })).catch(() => null);
        if (code) return code;
        return store.checkins.last(id)?.method ?? 'nobody';
      },
    };
    await kiosk.sync();
    return kiosk;
  }

  test('a PIN code that was used is spent at every kiosk', async () => {
    const ada = await make();
    const [west, east] = [await door(), await door()];
    const { code } = await api.ask<IssuedPinCode>('POST', `/api/people/${ada.id}/pin-code`, { as: 'staff' });
    await west.sync();
    await east.sync();
    expect(await east.types(ada, code)).toBe('pin-choose');
    await west.choose(ada, code, '5830');
    await west.sync();
    await east.sync();
    expect([await east.types(ada, code), await east.types(ada, '5830')]).toEqual(['pin-wrong', OK]);
  });

  const make = (name = 'Ada') =>
    api.ask<Person>('POST', '/api/people', { body: { name, number: randomUUID().slice(0, 8) } });
  const announce = (tx: Parameters<typeof keysChanged>[0]) => keysChanged(tx, api.now, 'pin');
  const pinRow = (person: string) =>
    api.db.selectFrom('pin').selectAll().where('person', '=', person).executeTakeFirst();
  const OK = 'number+pin';

  test('works at the other kiosk after one sync; changed there, the old one fails at the first', async () => {
    const ada = await make();
    const [west, east] = [await door(), await door()];
    await west.set(ada, '5830');
    expect(await east.types(ada, '5830')).toBe('pin-wrong');
    await west.sync();
    await east.sync();
    expect(await east.types(ada, '5830')).toBe(OK);
    expect(await east.types(ada, '5831')).toBe('pin-wrong');
    await east.set(ada, '7294', 60_000);
    await east.sync();
    // Offline, the first continues with the last PIN that it has; online, it follows.
    expect(await west.types(ada, '5830')).toBe(OK);
    await west.sync();
    expect([await west.types(ada, '5830'), await west.types(ada, '7294')]).toEqual(['pin-wrong', OK]);
    // A snapshot contains the same.
    const late = await door();
    expect([await late.types(ada, '5830'), await late.types(ada, '7294')]).toEqual(['pin-wrong', OK]);
  });

  test('the latest choice wins, whichever kiosk reports first', async () => {
    const ada = await make();
    const [west, east] = [await door(), await door()];
    await west.set(ada, '5830', 1_000);
    await east.set(ada, '7294', 60_000);
    await east.sync();
    await west.sync(); // arrives late with an older value, and is corrected
    expect([await west.types(ada, '5830'), await west.types(ada, '7294')]).toEqual(['pin-wrong', OK]);
    await east.sync();
    expect(await east.types(ada, '7294')).toBe(OK);
  });

  test('is sent only to kiosks of the person’s sites, added when they join a site and removed when they leave', async () => {
    const ada = await make();
    const [west, bonn] = [await door(), await door({ site: OTHER_SITE })];
    await west.set(ada, '5830');
    await west.sync();
    expect((await bonn.sync()).filter((c) => c.kind === 'pin')).toEqual([]);
    expect(bonn.store.pins.hash(ada.id)).toBeNull();
    await assignToSites(api.db, ada.id, [OTHER_SITE], api.now);
    await bonn.sync();
    await west.sync();
    expect(await bonn.types(ada, '5830')).toBe(OK);
    expect(west.store.people.get(ada.id)).toBeNull();
    expect(west.pins()).toBe(0);
  });

  test('is erased with its person from kiosks, server and event log', async () => {
    const ada = await make();
    const [west, east] = [await door(), await door()];
    await west.set(ada, '5830');
    await west.sync();
    await east.sync();
    const row = (await pinRow(ada.id))!;
    const value = sharedPin(west.store.pins.hash(ada.id)!)!;
    expect(Buffer.from(row.sealed!).includes(value.hash)).toBe(false);
    // The server stores it in one place, and not in the event log, whose chain depends on the commitment.
    const events = await api.db.selectFrom('event').selectAll().where('person', '=', ada.id).execute();
    const box = await personBox(api.db, api.keys, [ada.id]);
    const set = events.filter((e) => e.type === 'pin');
    expect(set.map((e) => Object.keys(openHalf(api.keys, box, e)))).toEqual([['person']]);
    await west.store.people.delete(ada.id);
    await west.sync();
    await east.sync();
    for (const { store } of [west, east]) {
      expect(store.people.get(ada.id)).toBeNull();
    }
    expect([west.pins(), east.pins()]).toEqual([0, 0]);
    await closeErasures(api.db, api.keys);
    expect(await pinRow(ada.id)).toBeUndefined();
  });

  test('set locally is re-hashed when used, and never replaces one chosen elsewhere', async () => {
    const [ada, eve] = [await make(), await make('Eve')];
    const [west, east] = [await door(), await door()];
    for (const { id } of [ada, eve]) west.store.pins.set(id, await west.own.hash('5830'));
    await west.sync();
    await east.sync();
    expect([await pinRow(ada.id), await east.types(ada, '5830')]).toEqual([undefined, 'pin-wrong']);
    // Meanwhile one of them has chosen another at the other kiosk.
    await east.set(eve, '7294');
    await east.sync();
    expect([await west.types(ada, '5830'), await west.types(eve, '5830')]).toEqual([OK, OK]);
    expect(sharedPin(west.store.pins.hash(ada.id)!)).not.toBeNull();
    await west.sync();
    await east.sync();
    expect([await east.types(ada, '5830'), await west.types(ada, '5830')]).toEqual([OK, OK]);
    for (const kiosk of [west, east])
      expect([await kiosk.types(eve, '5830'), await kiosk.types(eve, '7294')]).toEqual(['pin-wrong', OK]);
  });

  test('is re-hashed with a new pepper when used; retiring the old pepper revokes the rest, also at a late kiosk', async () => {
    const [ada, eve] = [await make(), await make('Eve')];
    const [west, east] = [await door(), await door()];
    await west.set(ada, '5830');
    await west.set(eve, '7294');
    await west.sync();
    await east.sync();
    await succeedKey(api.db, api.keys, 'pin', api.now.getTime(), announce);
    await west.sync();
    expect(await west.types(ada, '5830')).toBe(OK);
    await west.sync();
    await retireServerKeys(api.db, api.keys, 'pin', api.now.getTime(), announce);
    expect(await east.types(eve, '7294')).toBe(OK); // still offline
    await east.set(eve, '8526', 60_000); // under the old pepper, since it has not received the new one
    for (const kiosk of [west, east]) {
      await kiosk.sync();
      expect([await kiosk.types(ada, '5830'), kiosk.store.pins.hash(eve.id)]).toEqual([OK, null]);
    }
    expect((await pinRow(eve.id))?.sealed).toBeNull();
    expect(readPeppers(west.store.roster.pinPeppers)).toHaveLength(1);
    // After being chosen again, it is valid again.
    await east.set(eve, '9417', 120_000);
    await east.sync();
    await west.sync();
    expect(await west.types(eve, '9417')).toBe(OK);
  });

  test('revoked by staff is not restored by a late re-hash; merged people keep one', async () => {
    const [ada, eve] = [await make(), await make('Eve')];
    const [west, east] = [await door(), await door()];
    const url = `/api/people/${ada.id}/pin`;
    east.store.pins.set(ada.id, await east.own.hash('5830'));
    await west.set(ada, '5830');
    await west.sync();
    expect(await api.ask('GET', `/api/people/${ada.id}/pin-code`, { as: 'staff' })).toMatchObject({
      pin: { chosenAt: NOW.toISOString(), device: west.device },
    });
    await api.ask('DELETE', url, { as: 'staff' });
    expect(await east.types(ada, '5830')).toBe(OK);
    await east.sync();
    await west.sync();
    expect([await west.types(ada, '5830'), await east.types(ada, '5830')]).toEqual(['pin-wrong', 'pin-wrong']);
    await west.set(eve, '7294', 1_000);
    await west.sync();
    const zed = await make('Zed');
    await mergePeople(
      { db: api.db, keys: api.keys, modules: MODULES },
      { kept: zed.id, merged: eve.id, by: 'staff' },
      api.now,
    );
    await east.sync();
    expect(await east.types(zed, '7294')).toBe(OK);
  });
});
