import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { DATABASES } from '../../../../test/kit/databases.ts';
import { newKeys } from '../../../../test/kit/keys.ts';
import { deliverTo, registerKiosk } from '../../../../test/kit/known-kiosk.ts';
import { MemoryOutbox } from '../../../../test/kit/outbox.ts';
import { withDatabase } from '../../../../test/kit/suite.ts';
import { closeErasures } from '../../../../test/sync/erasing.ts';
import type { WireEvent } from '../../../protocol/wire/event.ts';
import { namesOf } from '../../core/people/records.ts';
import { readBoard } from '../../features/attendance/board.ts';
import { unlinkPeople } from '../../features/privacy/erasure/unlink.ts';
import type { OpenDatabase } from '../../platform/database/open.ts';
import { openRefused } from '../../platform/keys/personal.ts';
import { personBox } from '../../platform/keys/persons.ts';
import { MODULES } from '../modules.ts';
import { retryQuarantine } from './quarantine.ts';

const keys = newKeys();
const site = { name: 'Test', timeZone: 'Europe/Berlin' };
let home: Awaited<ReturnType<(typeof DATABASES)[number]['start']>>;
let database: OpenDatabase;
let outbox: MemoryOutbox;

const register = () => registerKiosk(database.db);
const deliver = (
  events: readonly unknown[],
  first = (events[0] as WireEvent).header.seq,
  box = outbox,
  epoch = box.epoch,
  now = new Date(),
) => deliverTo(database.db, keys, box, events, { first, epoch, now });
const stored = async (box = outbox, epoch = box.epoch) =>
  database.db
    .selectFrom('event')
    .selectAll()
    .where('device', '=', box.device)
    .where('epoch', '=', epoch)
    .orderBy('seq')
    .execute();
const quarantined = async (box = outbox) =>
  database.db.selectFrom('quarantine').selectAll().where('device', '=', box.device).orderBy('id').execute();
const board = () => readBoard({ db: database.db, keys, logEpoch: database.logEpoch, site }, {}, new Date());
const row = async (id: string) => (await board()).rows.find((r) => r.id === id);

describe.each(DATABASES)('on $name', (kind) => {
  withDatabase(kind, (opened, _, started) => {
    database = opened;
    home = started;
  });
  beforeEach(async () => {
    outbox = await register();
  });

  describe('ingest', () => {
    test('stores each event exactly once and in order, even if batches are repeated, out of order or have gaps', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.integer({ min: 0, max: 11 }), fc.integer({ min: 1, max: 12 })), {
            minLength: 1,
            maxLength: 12,
          }),
          async (deliveries) => {
            const box = await register();
            const person = box.person('Ada Lovelace');
            for (let i = 1; i < 12; i++) box.checkin(person, i % 2 ? 'in' : 'out');
            const arrived = new Set<number>();
            for (const [from, length] of deliveries) {
              const batch = box.events.slice(from, from + length);
              const one = await deliver(batch, undefined, box);
              for (const e of batch) arrived.add(e.header.seq);
              let high = 0;
              while (arrived.has(high + 1)) high += 1;
              expect(one.ack).toEqual({ device: box.device, epoch: box.epoch, committed: high, safe: 0 });
              const again = await deliver(batch, undefined, box);
              expect(again).toEqual({ ack: one.ack, inserted: 0, quarantined: [] });
            }
            const rows = await stored(box);
            expect(rows.map((r) => Number(r.seq))).toEqual([...arrived].sort((a, b) => a - b));
            for (const r of rows) {
              const seq = Number(r.seq);
              expect(r.id).toBe(box.events[seq - 1]!.header.id);
              expect(r.chain).toBe(seq === 1 || arrived.has(seq - 1) ? 'whole' : 'unverified');
            }
            const { n } = await database.db
              .selectFrom('checkin')
              .select((e) => e.fn.countAll<number>().as('n'))
              .where('device', '=', box.device)
              .executeTakeFirstOrThrow();
            expect(Number(n)).toBe([...arrived].filter((s) => s > 1).length);
            expect(await quarantined(box)).toEqual([]);
          },
        ),
        { numRuns: 12 },
      );
    });

    test('inserts a batch once when it is delivered several times at once, and gives the same marks to each', async () => {
      const person = outbox.person('Ada Lovelace');
      for (let i = 0; i < 5; i++) outbox.checkin(person);
      const results = await Promise.all([deliver(outbox.events), deliver(outbox.events), deliver(outbox.events)]);
      expect(results.map((r) => r.inserted).sort()).toEqual([0, 0, 6]);
      expect(new Set(results.map((r) => r.ack.committed))).toEqual(new Set([6]));
    });

    test('keeps epochs apart: the same sequence number twice is two events', async () => {
      outbox.person('Ada Lovelace');
      const [first, old] = [[...outbox.events], outbox.epoch];
      outbox.newEpoch();
      outbox.person('Grace Hopper');
      expect((await deliver(first, 1, outbox, old)).ack.committed).toBe(1);
      expect((await deliver([outbox.events[1]])).ack.committed).toBe(1);
      expect((await stored(outbox, old)).length + (await stored()).length).toBe(2);
    });

    test.each<[string, string, (e: WireEvent) => unknown]>([
      ['another device', 'event-foreign', (e) => ({ ...e, header: { ...e.header, device: randomUUID() } })],
      ['a wrong sequence number', 'event-wrong-sequence', (e) => ({ ...e, header: { ...e.header, seq: 77 } })],
      [
        'a changed personal value',
        'event-commitment-mismatch',
        (e) => ({ ...e, personal: { ...e.personal, score: { ...e.personal.score!, value: 0.1 } } }),
      ],
      ['a schema from the future', 'event-newer-schema', (e) => ({ ...e, header: { ...e.header, v: 9 } })],
      ['an unknown type', 'event-malformed', (e) => ({ ...e, header: { ...e.header, type: 'coup' } })],
      ['no event at all', 'event-malformed', () => 42],
      [
        'a NUL, which the database cannot hold',
        'event-not-storable',
        (e) => ({ ...e, header: { ...e.header, at: { ...e.header.at, bootId: 'a\u0000b' } } }),
      ],
    ])('quarantines an event with %s and stores the rest', async (_what, reason, spoil) => {
      const person = outbox.person('Ada Lovelace');
      for (let i = 0; i < 3; i++) outbox.checkin(person);
      const batch = [outbox.events[0], outbox.events[1], spoil(outbox.events[2]!), outbox.events[3]];
      const result = await deliver(batch, 1);
      expect(result).toMatchObject({ ack: { committed: 4 }, inserted: 3, quarantined: [{ seq: 3, reason }] });
      expect((await stored()).map((r) => [Number(r.seq), r.chain])).toEqual([
        [1, 'whole'],
        [2, 'whole'],
        [4, 'unverified'],
      ]);
      const [held] = await quarantined();
      expect(held).toMatchObject({ reason, device: outbox.device });
      const box = await personBox(database.db, keys, held!.person ? [held!.person] : []);
      const opened = openRefused(keys, box, { digest: held!.digest, person: held!.person, content: held!.content! });
      expect(opened).toEqual(JSON.parse(JSON.stringify(batch[2])));
      expect((await deliver(batch, 1)).ack.committed).toBe(4);
      expect((await quarantined()).length, 'a replay adds nothing').toBe(1);
    });

    test('keeps the first of two events with one sequence number and the second as evidence', async () => {
      const person = outbox.person('Ada Lovelace');
      outbox.checkin(person, 'in');
      await deliver(outbox.events);
      const other = new MemoryOutbox(outbox.device);
      other.epoch = outbox.epoch;
      other.person('Mallory', person);
      const result = await deliver(other.events);
      expect(result).toMatchObject({
        inserted: 0,
        quarantined: [{ seq: 1, reason: 'sequence-reused' }],
        ack: { committed: 2 },
      });
      expect((await stored())[0]!.id).toBe(outbox.events[0]!.header.id);
    });

    test('refuses an event id that another device has used', async () => {
      outbox.person('Ada Lovelace');
      await deliver(outbox.events);
      const thief = await register();
      thief.person('Mallory');
      thief.events[0]!.header.id = outbox.events[0]!.header.id;
      expect((await deliver(thief.events, 1, thief)).quarantined).toEqual([{ seq: 1, reason: 'event-id-reused' }]);
    });

    test('records a break of the hash chain', async () => {
      const person = outbox.person('Ada Lovelace');
      outbox.checkin(person);
      outbox.events[1]!.header.prev = 'B'.repeat(43);
      await deliver(outbox.events);
      expect((await stored()).map((r) => r.chain)).toEqual(['whole', 'broken']);
    });
  });

  test('quarantines an event about a person whose row can’t be opened, and stores the rest', async () => {
    const [ada, grace] = [outbox.person('Ada Lovelace'), outbox.person('Grace Hopper')];
    await deliver(outbox.events);
    const profileOf = (id: string) =>
      database.db.selectFrom('person').select('profile').where('id', '=', id).executeTakeFirstOrThrow();
    const [hers, other] = [await profileOf(ada), await profileOf(grace)];
    await database.db.updateTable('person').set(other).where('id', '=', ada).execute();
    outbox.append('person', { change: 'updated' }, { person: grace, name: 'Grace Murray' });
    outbox.append('person', { change: 'updated' }, { person: ada, name: 'Ada King' });
    outbox.checkin(grace);
    const result = await deliver(outbox.events.slice(2));
    expect(result).toMatchObject({
      ack: { committed: 5 },
      inserted: 2,
      quarantined: [{ seq: 4, reason: 'event-not-storable' }],
      faults: [{ seq: 4, code: 'envelope-broken' }],
    });
    // Once the row is repaired, the event is stored at its position.
    await database.db.updateTable('person').set(hers).where('id', '=', ada).execute();
    expect(
      await retryQuarantine({ db: database.db, keys, modules: MODULES }, { device: outbox.device }, new Date()),
    ).toEqual({
      taken: 1,
      waiting: {},
    });
    expect((await namesOf(database.db, keys, [ada])).get(ada)).toBe('Ada King');
  });

  describe('the board', () => {
    test('shows name, direction and a void, even one that arrives before its check-in', async () => {
      const person = outbox.person('Ada Lovelace');
      const checkin = outbox.checkin(person);
      outbox.append('void', { target: checkin.header.id, reason: 'not-me' }, {});
      await deliver([outbox.events[2]]);
      await deliver(outbox.events.slice(0, 2));
      expect(await row(checkin.header.id)).toMatchObject({
        name: 'Ada Lovelace',
        direction: 'in',
        liveness: 'off (demo)',
        device: outbox.device,
        voided: 'not-me',
      });
    });

    test('ignores a void from another device', async () => {
      const person = outbox.person('Ada Lovelace');
      const checkin = outbox.checkin(person);
      await deliver(outbox.events);
      const other = await register();
      other.append('void', { target: checkin.header.id, reason: 'not-me' }, {});
      await deliver(other.events, 1, other);
      expect(await row(checkin.header.id)).toMatchObject({ voided: null });
    });

    test('counts today’s people by the site’s calendar, leaving out voided records', async () => {
      const before = (await board()).counts;
      const [ada, grace, alan] = ['Ada Lovelace', 'Grace Hopper', 'Alan Turing'].map((n) => outbox.person(n)) as [
        string,
        string,
        string,
      ];
      outbox.checkin(ada);
      outbox.checkin(ada, 'out', new Date(Date.now() + 1));
      outbox.checkin(grace);
      const wrong = outbox.checkin(alan);
      outbox.append('void', { target: wrong.header.id, reason: 'staff' }, {});
      outbox.checkin(alan, 'in', new Date(Date.now() - 2 * 86_400_000));
      await deliver(outbox.events);
      const after = (await board()).counts;
      expect({
        inToday: after.inToday - before.inToday,
        insideNow: after.insideNow - before.insideNow,
        recordsToday: after.recordsToday - before.recordsToday,
      }).toEqual({ inToday: 2, insideNow: 1, recordsToday: 3 });
    });

    test('resumes with the changes since the last position, and starts over for another log', async () => {
      const source = { db: database.db, keys, logEpoch: database.logEpoch, site };
      const person = outbox.person('Ada Lovelace');
      const first = outbox.checkin(person);
      await deliver(outbox.events);
      const seen = await readBoard(source, {}, new Date());
      expect(await readBoard(source, { log: seen.log, after: seen.position }, new Date())).toMatchObject({
        whole: false,
        rows: [],
        position: seen.position,
      });
      outbox.append('void', { target: first.header.id, reason: 'not-me' }, {});
      const second = outbox.checkin(person);
      await deliver(outbox.events.slice(2));
      const next = await readBoard(source, { log: seen.log, after: seen.position }, new Date());
      expect(next.whole).toBe(false);
      expect(next.rows.map((r) => r.id).sort()).toEqual([first.header.id, second.header.id].sort());
      expect((await readBoard(source, { log: randomUUID(), after: next.position }, new Date())).whole).toBe(true);
      expect((await readBoard(source, { log: seen.log, after: next.position + 5 }, new Date())).whole).toBe(true);
    });

    test('keeps rows of an erased person without her name, and events that arrive late don’t bring her back', async () => {
      const person = outbox.person('Ada Lovelace');
      const early = outbox.checkin(person);
      const late = outbox.checkin(person);
      outbox.append('person', { change: 'deleted' }, { person });
      await deliver(outbox.events.slice(0, 2));
      await deliver([outbox.events[3]]);
      await closeErasures(database.db, keys);
      await deliver([late]);
      expect((await stored()).filter((r) => r.personal !== null)).toEqual([]);
      // Values that name her are deleted step by step.
      await unlinkPeople(database.db, [person]);
      for (const id of [early.header.id, late.header.id])
        expect(await row(id)).toMatchObject({ name: null, person: null });
      const rows = await stored();
      expect(rows.filter((r) => r.person !== null || r.personal !== null)).toEqual([]);
      expect(rows.map((r) => r.chain)).toEqual(['whole', 'whole', 'whole', 'whole']);
    });

    test('refuses an envelope that was moved to another person or put back from an earlier version', async () => {
      const [ada, grace] = [outbox.person('Ada Lovelace'), outbox.person('Grace Hopper')];
      const checkin = outbox.checkin(ada);
      await deliver(outbox.events);
      const of = (id: string) =>
        database.db.selectFrom('person').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
      const [a, g] = [await of(ada), await of(grace)];
      outbox.append('person', { change: 'updated' }, { person: ada, name: 'Ada King' });
      await deliver([outbox.events.at(-1)]);
      expect(await row(checkin.header.id)).toMatchObject({ name: 'Ada King' });
      for (const profile of [g.profile, a.profile]) {
        await database.db.updateTable('person').set({ profile }).where('id', '=', ada).execute();
        await expect(board()).rejects.toMatchObject({ code: 'envelope-broken' });
      }
      await database.db.deleteFrom('checkin').where('person', '=', ada).execute();
    });
  });

  test('no personal value is in the database’s files in the clear', async () => {
    const secret = 'Zyxwvut Qponmlk';
    const person = outbox.person(secret);
    outbox.checkin(person);
    const spoilt = outbox.person(`${secret} Junior`);
    outbox.events.at(-1)!.header.type = 'coup' as 'person';
    expect(spoilt).toBeTruthy();
    await deliver(outbox.events);
    expect((await quarantined()).length).toBe(1);
    await database.close();
    home.postgres?.sql('checkpoint');
    const marker = outbox.device;
    let sawMarker = false;
    const scan = (folder: string): void => {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) scan(path);
        else if (entry.isFile()) {
          const bytes = readFileSync(path);
          // The device’s id is not secret: finding it proves that this search reads the files with the rows.
          sawMarker ||= bytes.includes(marker) || bytes.includes(Buffer.from(marker.replaceAll('-', ''), 'hex'));
          for (const form of [
            Buffer.from('Zyxwvut'),
            Buffer.from('Zyxwvut', 'utf16le'),
            Buffer.from(Buffer.from(secret).toString('base64').slice(0, 18)),
          ]) {
            expect(bytes.includes(form), `${path} holds a name`).toBe(false);
          }
        }
      }
    };
    scan(home.files);
    expect(sawMarker).toBe(true);
    database = await home.open();
  });
});
