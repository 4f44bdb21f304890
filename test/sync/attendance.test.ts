import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { sql } from 'kysely';
import { v7 } from 'uuid';
import { describe, expect, test } from 'vitest';
import { embeddersIn } from '../../models/node/embedders.ts';
import { DEFAULT_WEIGHTS } from '../../models/node/weights.ts';
import { embedderId } from '../../models/rules/manifest.ts';
import { headerHash } from '../../sync/protocol/seal/chain.ts';
import { attendanceDays } from '../../sync/protocol/wire/calendar.ts';
import { EVENT_VERSION, type WireEvent } from '../../sync/protocol/wire/event.ts';
import { listQuarantine, retryQuarantine } from '../../sync/server/app/ingest/quarantine.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { namesOf, writePerson } from '../../sync/server/core/people/records.ts';
import { changeSite, ensureDefaultSite } from '../../sync/server/core/sites/sites.ts';
import { applyTemplates, madeHere } from '../../sync/server/core/templates/templates.ts';
import { readBoard } from '../../sync/server/features/attendance/board.ts';
import { duplicatesJob } from '../../sync/server/features/attendance/merging/candidates.ts';
import { listCandidates, mergePeople, rejectCandidate } from '../../sync/server/features/attendance/merging/merge.ts';
import { partitionsJob } from '../../sync/server/features/attendance/partitions.ts';
import { resolveDue } from '../../sync/server/features/attendance/resolve-due.ts';
import { type Claimed, resolve } from '../../sync/server/features/attendance/rules/resolve.ts';
import { unlinkPeople } from '../../sync/server/features/privacy/erasure/unlink.ts';
import { runRetention } from '../../sync/server/features/privacy/retention/retention.job.ts';
import { horizon } from '../../sync/server/platform/database/feed.ts';
import type { OpenDatabase } from '../../sync/server/platform/database/open.ts';
import { inTransaction } from '../../sync/server/platform/database/retry.ts';
import type { JobContext } from '../../sync/server/platform/jobs/job.ts';
import { sealRefused } from '../../sync/server/platform/keys/personal.ts';
import { personBox } from '../../sync/server/platform/keys/persons.ts';
import { DATABASES } from '../kit/databases.ts';
import { newKeys } from '../kit/keys.ts';
import { deliverTo, registerKiosk } from '../kit/known-kiosk.ts';
import { MemoryOutbox } from '../kit/outbox.ts';
import { withDatabase } from '../kit/suite.ts';
import { closeErasures } from './erasing.ts';

/** Attendance on a real database, from incoming events to the records that count. */

const keys = newKeys();
const SITE = { id: '11111111-1111-4111-8111-111111111111', name: 'Berlin', timeZone: 'Europe/Berlin' };
const rules = { dayOf: attendanceDays({ timeZone: SITE.timeZone, dayStartsAt: '00:00' }), repeatMs: 60_000 };
const NOON = Date.parse('2026-07-01T10:00:00Z');
const NOW = new Date('2026-07-20T10:00:00Z');

let database: OpenDatabase;

const kiosk = (site: string | null = null) => registerKiosk(database.db, { site, at: NOW });
const deliver = (box: MemoryOutbox, events: readonly unknown[], first: number, now = NOW) =>
  deliverTo(database.db, keys, box, events, { first, now });
const deliverAll = (box: MemoryOutbox) => deliver(box, box.events, 1);

function checkin(box: MemoryOutbox, person: string, seconds: number, direction: 'in' | 'out' = 'in', automatic = true) {
  const open = { direction, method: 'badge', liveness: 'not-needed', ...(automatic && { automatic }) } as const;
  return box.append('checkin', open, { person }, new Date(NOON + seconds * 1000));
}

async function settle(): Promise<number> {
  let changed = 0;
  for (;;) {
    const done = await resolveDue(database.db);
    changed += done?.changed ?? 0;
    if (done?.taken === 0) return changed;
  }
}

async function recordsOf(person: string) {
  const rows = await database.db
    .selectFrom('checkin')
    .selectAll()
    .where('person', '=', person)
    .orderBy('at')
    .orderBy('id')
    .execute();
  return rows.map((r) => ({
    id: r.id,
    resolved: r.resolved,
    duplicateOf: r.duplicate_of,
    claimed: r.direction,
    change: Number(r.change),
  }));
}
const shown = async (person: string) =>
  (await recordsOf(person)).map((r) => (r.duplicateOf ? 'duplicate' : r.resolved));

describe.each(DATABASES)('attendance on $name', (kind) => {
  withDatabase(kind, async (opened) => {
    database = opened;
    await ensureDefaultSite(database.db, SITE, NOW);
  });

  test('records of two doors are resolved once both have arrived, and none is lost', async () => {
    const [front, back] = [await kiosk(), await kiosk(SITE.id)];
    const ada = randomUUID();
    checkin(front, ada, 0);
    checkin(front, ada, 7200, 'out');
    checkin(back, ada, 20);
    checkin(back, ada, 3600);
    await deliverAll(front);
    await settle();
    expect(await shown(ada)).toEqual(['in', 'out']);
    await deliverAll(back);
    await settle();
    expect(await shown(ada)).toEqual(['in', 'duplicate', 'out', 'in']);
    expect((await recordsOf(ada)).map((r) => r.claimed)).toEqual(['in', 'in', 'in', 'out']);
  });

  test('a record at another site is a separate presence', async () => {
    const other = randomUUID();
    await database.db.insertInto('site').values({ id: other, name: 'Lisbon', time_zone: 'Europe/Lisbon' }).execute();
    const [here, there] = [await kiosk(), await kiosk(other)];
    const ada = randomUUID();
    checkin(here, ada, 0);
    checkin(there, ada, 30);
    await deliverAll(here);
    await deliverAll(there);
    await settle();
    expect(await shown(ada)).toEqual(['in', 'in']);
  });

  test.each([
    ['Asia/Kolkata', '00:00', '2026-07-01T18:30:00Z'],
    ['Europe/Berlin', '04:45', '2026-07-02T02:45:00Z'],
  ])('in %s from %s on, one UTC hour spans two days, and both are resolved', async (timeZone, dayStartsAt, start) => {
    const site = randomUUID();
    const row = { id: site, name: timeZone, time_zone: timeZone, day_starts_at: dayStartsAt };
    await database.db.insertInto('site').values(row).execute();
    const door = await kiosk(site);
    const ada = randomUUID();
    const edge = (Date.parse(start) - NOON) / 1000;
    for (const minutes of [-15, -10, -5, 5, 10]) checkin(door, ada, edge + minutes * 60);
    await deliverAll(door);
    await settle();
    expect(await shown(ada)).toEqual(['in', 'out', 'in', 'in', 'out']);
    const change = async (starts: string) => {
      await database.db.transaction().execute((tx) => changeSite(tx, site, { dayStartsAt: starts }, NOW));
      await settle();
      return shown(ada);
    };
    expect(await change('12:00')).toEqual(['in', 'out', 'in', 'out', 'in']);
    expect(await change(dayStartsAt)).toEqual(['in', 'out', 'in', 'in', 'out']);
  });

  test('a kiosk that was offline for weeks changes only rows of its own day', async () => {
    const [door, late] = [await kiosk(), await kiosk()];
    const ada = randomUUID();
    for (let day = 0; day < 5; day++) {
      checkin(door, ada, day * 86_400);
      checkin(door, ada, day * 86_400 + 3600, 'out');
    }
    await deliverAll(door);
    await settle();
    const before = await recordsOf(ada);
    checkin(late, ada, 2 * 86_400 + 1800);
    await deliverAll(late);
    expect(await settle()).toBe(2);
    const after = await recordsOf(ada);
    const moved = after.filter((r) => before.find((b) => b.id === r.id)?.change !== r.change).map((r) => r.id);
    expect(moved).toEqual([late.events[0]!.header.id, door.events[5]!.header.id]);
    expect(await shown(ada)).toEqual(['in', 'out', 'in', 'out', 'in', 'out', 'in', 'in', 'out', 'in', 'out']);
  });

  test('a void removes its record from the day, and the rest is resolved again', async () => {
    const door = await kiosk();
    const ada = randomUUID();
    const wrong = checkin(door, ada, 0);
    checkin(door, ada, 3600, 'out');
    await deliverAll(door);
    await settle();
    door.append('void', { target: wrong.header.id, reason: 'not-me' }, { person: ada });
    checkin(door, ada, 7200, 'in');
    await deliver(door, door.events.slice(2), 3);
    await settle();
    expect(await shown(ada)).toEqual(['in', 'out', 'in']);
  });

  test('whatever the order and split of arriving batches, the result matches the rules', async () => {
    const step = fc.tuple(
      fc.nat(2),
      fc.constantFrom(0, 20, 59, 61, 3600, 43_190, 43_205, 86_400),
      fc.boolean(),
      fc.boolean(),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 12 }),
        fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 4 }), fc.boolean()), { maxLength: 12 }),
        async (steps, deliveries) => {
          const ada = randomUUID();
          const boxes = [await kiosk(), await kiosk(), await kiosk()];
          const claims: Claimed[] = [];
          let seconds = 0;
          for (const [k, wait, automatic, out] of steps) {
            seconds += wait;
            const { header } = checkin(boxes[k]!, ada, seconds, out ? 'out' : 'in', automatic);
            claims.push({
              id: header.id,
              at: Date.parse(header.at.utc),
              direction: out ? 'out' : 'in',
              automatic,
              voided: false,
            });
          }
          const sent = [0, 0, 0];
          const send = async (k: number, count: number) => {
            const part = boxes[k]!.events.slice(sent[k], sent[k]! + count);
            if (part.length > 0) await deliver(boxes[k]!, part, sent[k]! + 1);
            sent[k]! += part.length;
          };
          for (const [k, count, between] of deliveries) {
            await send(k, count);
            if (between) await settle();
          }
          for (const k of [2, 0, 1]) await send(k, 99);
          await settle();
          const expected = resolve(claims, rules);
          const got = await recordsOf(ada);
          expect(got.map((r) => r.id).sort()).toEqual(claims.map((c) => c.id).sort());
          for (const r of got)
            expect({ direction: r.resolved, duplicateOf: r.duplicateOf }).toEqual(expected.get(r.id));
        },
      ),
      { numRuns: 25 },
    );
  });

  test('a check-in from a kiosk with a dead clock is assigned to its day by the kiosk’s known offset', async () => {
    const door = await kiosk();
    const ada = randomUUID();
    const boot = Date.parse('1970-01-01T00:00:00Z');
    const offset = NOON - boot;
    const claim = (seconds: number, direction: 'in' | 'out') =>
      deadClock(checkin(door, ada, (boot - NOON) / 1000 + seconds, direction), offset);
    claim(0, 'in');
    claim(3600, 'out');
    checkin(door, ada, 7200);
    rechain(door);
    await deliverAll(door);
    const rows = await database.db.selectFrom('checkin').selectAll().where('person', '=', ada).orderBy('at').execute();
    expect(rows.map((r) => r.at.getTime())).toEqual([NOON, NOON + 3_600_000, NOON + 7_200_000]);
    const { rows: places } = await sql<{ place: string }>`
      select distinct tableoid::regclass::text as place from checkin where person = ${ada}`.execute(database.db);
    expect(places).toEqual([{ place: 'checkin_2026_07' }]);
    await settle();
    expect(await shown(ada)).toEqual(['in', 'out', 'in']);
    const { header } = await database.db
      .selectFrom('event')
      .select('header')
      .where('id', '=', door.events[0]!.header.id)
      .executeTakeFirstOrThrow();
    expect((header as WireEvent['header']).at, 'the claim itself stays').toMatchObject({
      utc: '1970-01-01T00:00:00.000Z',
      offset,
    });
  });

  test('a name set at a kiosk with a dead clock is dated by its true time', async () => {
    const door = await kiosk();
    const person = randomUUID();
    door.append('person', { change: 'added' }, { person, name: 'Ada Lovelace' }, new Date(NOON));
    const later = door.append('person', { change: 'updated' }, { person, name: 'Ada King' }, new Date(0));
    deadClock(later, NOON + 60_000);
    rechain(door);
    await deliverAll(door);
    expect((await namesOf(database.db, keys, [person])).get(person)).toBe('Ada King');
  });

  function deadClock(event: WireEvent, offset: number): void {
    event.header.at.offset = offset;
  }
  function rechain(box: MemoryOutbox): void {
    for (const [i, e] of box.events.entries()) if (i > 0) e.header.prev = headerHash(box.events[i - 1]!.header);
  }

  test('each month has its partition, and events claiming a future month are set aside until then', async () => {
    const door = await kiosk();
    const person = randomUUID();
    const [usual, wild] = [NOW, new Date('2025-03-10T00:00:00Z')];
    for (const at of [usual, wild, new Date('1999-01-01T00:00:00Z'), new Date('2027-03-10T00:00:00Z')])
      door.append('checkin', { direction: 'in', method: 'badge', liveness: 'not-needed' }, { person }, at);
    await deliverAll(door);
    const places = async () => {
      const { rows } = await sql<{ place: string }>`
        select tableoid::regclass::text as place from checkin where person = ${person} order by at`.execute(
        database.db,
      );
      return rows.map((r) => r.place);
    };
    // A claimed time in the future is capped at the time of arrival.
    expect(await places()).toEqual(['checkin_default', 'checkin_default', 'checkin_2026_07', 'checkin_2026_07']);
    const february = { db: database.db, now: () => new Date('2025-02-01T00:00:00Z') } as JobContext;
    expect(await partitionsJob.run(february)).toEqual({ made: 3 });
    expect(await places()).toEqual(['checkin_default', 'checkin_2025_03', 'checkin_2026_07', 'checkin_2026_07']);
    expect(await partitionsJob.run(february)).toEqual({ made: 0 });
  });

  test('an event of a newer schema waits, and is ingested once, in its place, when the server knows it', async () => {
    const door = await kiosk();
    const ada = door.person('Ada Lovelace');
    const later = checkin(door, ada, 0);
    checkin(door, ada, 3600, 'out');
    // A schema of a future build: the same event with the next version is quarantined.
    const newer = { ...later, header: { ...later.header, v: EVENT_VERSION + 1 } };
    const { ack } = await deliver(door, [door.events[0], newer, door.events[2]], 1);
    expect(ack.committed).toBe(3);
    expect(await retryQuarantine({ db: database.db, keys, modules: MODULES }, { device: door.device }, NOW)).toEqual({
      taken: 0,
      waiting: { 'event-newer-schema': 1 },
    });
    await replaceQuarantined(door, later);
    const [one, two] = await Promise.all([
      retryQuarantine({ db: database.db, keys, modules: MODULES }, { device: door.device }, NOW),
      retryQuarantine({ db: database.db, keys, modules: MODULES }, { device: door.device }, NOW),
    ]);
    expect(one.taken + two.taken).toBe(1);
    expect(await listQuarantine(database.db, { device: door.device })).toEqual([]);
    const log = await database.db
      .selectFrom('event')
      .select(['seq', 'id', 'chain'])
      .where('device', '=', door.device)
      .orderBy('seq')
      .execute();
    expect(log.map((r) => [Number(r.seq), r.id, r.chain])).toEqual(
      door.events.map((e, i) => [i + 1, e.header.id, 'whole']),
    );
    await settle();
    expect(await shown(ada)).toEqual(['in', 'out']);
    const again = await deliver(door, door.events, 1);
    expect(again).toMatchObject({ inserted: 0, quarantined: [], ack: { committed: 3 } });
  });

  /** Makes a quarantined event readable, as an update of the server would. */
  async function replaceQuarantined(door: MemoryOutbox, event: WireEvent): Promise<void> {
    const row = await database.db
      .selectFrom('quarantine')
      .selectAll()
      .where('device', '=', door.device)
      .executeTakeFirstOrThrow();
    const box = await personBox(database.db, keys, row.person ? [row.person] : []);
    const content = sealRefused(keys, box, { ...row, content: JSON.stringify(event) });
    await database.db.updateTable('quarantine').set({ content }).where('id', '=', row.id).execute();
  }

  test('an erasure covers the quarantine under every id, before and after it', async () => {
    const door = await kiosk();
    const [kept, merged] = [door.person('Ada Lovelace'), door.person('Ada King')];
    const bystander = door.person('Grace Hopper');
    await deliverAll(door);
    await mergePeople({ db: database.db, keys, modules: MODULES }, { kept, merged, by: 'test' }, NOW);
    const newer = (person: string) => {
      const { header, personal } = checkin(door, person, 60);
      return { header: { ...header, v: EVENT_VERSION + 1 }, personal };
    };
    await deliver(door, [newer(merged), newer(bystander)], 4);
    const held = () =>
      database.db
        .selectFrom('quarantine')
        .select(['seq', 'reason', 'person', 'content'])
        .where('device', '=', door.device)
        .orderBy('seq')
        .execute();
    expect((await held()).map((r) => r.person)).toEqual([merged, bystander]);
    door.append('person', { change: 'deleted' }, { person: kept });
    await deliver(door, door.events.slice(-1), 6);
    await closeErasures(database.db, keys);
    await deliver(door, [newer(merged)], 7);
    expect((await held()).map((r) => [Number(r.seq), r.reason, r.person, r.content !== null])).toEqual([
      [4, 'event-newer-schema', null, false],
      [5, 'event-newer-schema', bystander, true],
      [7, 'event-newer-schema', null, false],
    ]);
    expect(await retryQuarantine({ db: database.db, keys, modules: MODULES }, { device: door.device }, NOW)).toEqual({
      taken: 0,
      waiting: { 'event-newer-schema': 1 },
    });
    const day = 86_400_000;
    const dropOld = async (now: Date) => {
      const settings = { photoDays: 90, gpsDays: 30, templateDays: 365, attendanceDays: null, consentDays: 1095 };
      const more = { leaverDays: null, quarantineDays: 180, keyringBackupDays: 30, erasureUndoDays: 7 };
      const context = { db: database.db, keys, settings: { ...settings, ...more }, objects: null, now };
      expect((await runRetention(context, { kinds: ['quarantine'] }))[0]?.failed).toBeNull();
    };
    await dropOld(new Date(NOW.getTime() + 180 * day));
    expect((await held()).filter((r) => r.content !== null)).toHaveLength(1);
    await dropOld(new Date(NOW.getTime() + 181 * day + 1));
    expect((await held()).filter((r) => r.content !== null || r.person !== null)).toEqual([]);
  });

  test('retrying a quarantined event never creates a second row', async () => {
    const door = await kiosk();
    door.person('Ada Lovelace');
    const other = new MemoryOutbox(door.device);
    other.epoch = door.epoch;
    const { header, personal } = other.append('person', { change: 'added' }, { person: randomUUID(), name: 'Mallory' });
    await deliverAll(door);
    // The event's fields are in a different order from the schema's.
    await deliver(door, [{ personal, header }], 1);
    await retryQuarantine({ db: database.db, keys, modules: MODULES }, { device: door.device }, NOW);
    expect(await listQuarantine(database.db, { device: door.device })).toHaveLength(1);
  });

  test('people with the same number are shown to staff once, and a merge keeps all records', async () => {
    const [one, other] = [await kiosk(), await kiosk()];
    const number = randomUUID().slice(0, 8);
    const enrol = (box: MemoryOutbox, name: string): string => {
      const person = randomUUID();
      box.append('person', { change: 'added' }, { person, name, number, language: 'en' });
      return person;
    };
    const [kept, merged] = [enrol(one, 'Ada Lovelace'), enrol(other, 'Ada King')];
    const bystander = enrol(other, 'Grace Hopper');
    checkin(one, kept, 0);
    checkin(other, merged, 30);
    checkin(other, merged, 3600);
    await deliverAll(one);
    await deliverAll(other);
    await settle();
    const search = { db: database.db, keys, config: { weights: DEFAULT_WEIGHTS }, now: () => NOW } as JobContext;
    await duplicatesJob.run(search);
    const mine = async () =>
      (await listCandidates(database.db, keys, { sort: 'foundAt', limit: 200 })).items.filter((c) =>
        c.people.some((p) => [kept, merged, bystander].includes(p.id)),
      );
    const found = await mine();
    expect(found).toHaveLength(2);
    expect(found[0]).toMatchObject({ reason: 'number', score: null });
    const pairOf = (a: string, b: string) => found.find((c) => c.people.every((p) => [a, b].includes(p.id)));
    for (const candidate of found)
      if (candidate !== pairOf(kept, merged)) await rejectCandidate(database.db, candidate.id, 'test', NOW);
    const { records } = await mergePeople(
      { db: database.db, keys, modules: MODULES },
      { kept, merged, by: 'test' },
      NOW,
    );
    expect(records).toBe(2);
    await settle();
    expect(await shown(kept)).toEqual(['in', 'duplicate', 'out']);
    expect(await recordsOf(merged)).toEqual([]);
    expect(await mine()).toEqual([]);
    // Records that arrive later under the merged id also belong to the kept person.
    checkin(other, merged, 7200);
    await deliver(other, other.events.slice(-1), other.events.length);
    await settle();
    expect(await shown(kept)).toEqual(['in', 'duplicate', 'out', 'in']);
    await expect(
      mergePeople({ db: database.db, keys, modules: MODULES }, { kept, merged, by: 'test' }, NOW),
    ).rejects.toMatchObject({
      code: 'merge-not-possible',
    });
    await duplicatesJob.run(search);
    expect(await mine(), 'decided pairs are not asked about again').toEqual([]);
  });

  test('more faces than fit one comparison are compared in parts', async () => {
    const model = embedderId(embeddersIn(DEFAULT_WEIGHTS)[0]!);
    const faceOf = (i: number) => {
      const vector = new Float32Array(512);
      // The last two faces belong to one person.
      vector[Math.min(i, 500) % 512] = 1;
      return vector;
    };
    const people = Array.from({ length: 502 }, () => v7());
    await inTransaction(database.db, async (tx) => {
      for (const [i, id] of people.entries()) {
        await writePerson(tx, keys, { id, patch: { name: `Person ${i}` } }, NOW);
        const faces = [{ embedding: faceOf(i), pose: 'front', quality: null }] as const;
        await applyTemplates(tx, keys, id, madeHere(model, faces), new Date(NOW.getTime() + i));
      }
    });
    const run = async (minute: number) => {
      const at = new Date(NOW.getTime() + minute * 60_000);
      const context = { db: database.db, keys, config: { weights: DEFAULT_WEIGHTS }, now: () => at } as JobContext;
      const report = JSON.stringify(await duplicatesJob.run(context));
      await sql`insert into job_run (job, runner, started_at, lease_until, ended_at, outcome, report)
        values ('duplicates', ${randomUUID()}::uuid, ${at}, ${at}, ${at}, 'ok', ${report}::jsonb)`.execute(database.db);
      return (await listCandidates(database.db, keys, { sort: 'foundAt', limit: 200 })).items
        .map((pair) => pair.people.map(({ id }) => id))
        .filter((pair) => pair.every((id) => people.includes(id)));
    };
    expect(await run(1)).toEqual([]);
    expect(await run(2)).toEqual([people.slice(500)]);
  });

  test('erasing a person also erases the ids they had before a merge', async () => {
    const door = await kiosk();
    const [kept, merged] = [door.person('Ada Lovelace'), door.person('Ada King')];
    checkin(door, merged, 0);
    await deliverAll(door);
    await mergePeople({ db: database.db, keys, modules: MODULES }, { kept, merged, by: 'test' }, NOW);
    door.append('person', { change: 'deleted' }, { person: kept });
    checkin(door, merged, 3600);
    await deliver(door, door.events.slice(3), 4);
    await closeErasures(database.db, keys);
    const people = await database.db.selectFrom('person').selectAll().where('id', 'in', [kept, merged]).execute();
    for (const p of people) expect([p.profile, p.number_index, p.merged_into]).toEqual([null, null, null]);
    const left = async () =>
      (await database.db.selectFrom('event').selectAll().where('device', '=', door.device).execute()).map((e) => [
        e.person !== null,
        e.personal !== null,
      ]);
    expect((await left()).filter(([, personal]) => personal)).toEqual([]);
    // Unlinking removes the remaining references to them.
    await unlinkPeople(database.db, [kept, merged]);
    expect((await left()).filter(([person]) => person)).toEqual([]);
  });

  test('an older name that arrives late does not replace a newer one', async () => {
    const door = await kiosk();
    const person = randomUUID();
    const rename = (name: string, day: number) =>
      door.append('person', { change: 'updated' }, { person, name }, new Date(NOON + day * 86_400_000));
    rename('Ada Lovelace', 1);
    rename('Ada King', 2);
    rename('Ada Byron', 0);
    checkin(door, person, 5 * 86_400);
    await deliverAll(door);
    const board = await readBoard(
      { db: database.db, keys, logEpoch: database.logEpoch, site: SITE },
      {},
      new Date(NOON + 5 * 86_400_000),
    );
    expect(board.rows.find((r) => r.person === person)?.name).toBe('Ada King');
  });

  test('the feed’s position never passes uncommitted rows', async () => {
    const before = await horizon(database.db);
    await database.db.transaction().execute(async (tx) => {
      await sql`select pg_current_xact_id()`.execute(tx);
      expect(await horizon(tx)).toBeGreaterThanOrEqual(before);
    });
    expect(await horizon(database.db)).toBeGreaterThan(before);
  });
});
