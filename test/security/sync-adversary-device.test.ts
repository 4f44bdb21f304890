import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { commit, headerHash } from '../../sync/protocol/seal/chain.ts';
import type { WireEvent } from '../../sync/protocol/wire/event.ts';
import { retryQuarantine } from '../../sync/server/app/ingest/quarantine.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { readBoard } from '../../sync/server/features/attendance/board.ts';
import { resolveDue } from '../../sync/server/features/attendance/resolve-due.ts';
import { ONE_DATABASE } from '../kit/databases.ts';
import { withDatabase } from '../kit/suite.ts';
import { json, rechain, recommit } from './raw-messages.ts';
import { type Kiosk, Target } from './target.ts';

/**
 * A kiosk whose keys were stolen can send anything in its own name, properly signed. Each event ends in the log or in the
 * quarantine with a documented reason, and its own batch, other kiosks, the console and the jobs keep working.
 */

/** Quarantine reasons that docs/develop/protocol.md lists. */
const REASONS =
  /^(event-newer-schema|event-malformed|event-foreign|event-wrong-sequence|event-commitment-mismatch|event-id-reused|sequence-reused|event-not-storable|person-unknown|erasure-not-asked)$/;

type Event = WireEvent;
type Anything = { header: Record<string, unknown>; personal: Record<string, unknown> };
interface Spoiled {
  readonly name: string;
  /** Reason for the quarantine; null if the event is stored. */
  readonly reason: string | null;
  /** Spoils a complete check-in; returns the event or its JSON text. */
  readonly spoil: (event: Event) => unknown;
}
const spoiled = (name: string, reason: Spoiled['reason'], spoil: Spoiled['spoil']): Spoiled => ({
  name,
  reason,
  spoil,
});
const header = (more: Record<string, unknown>) => (e: Event) => ({ ...e, header: { ...e.header, ...more } });
const at = (more: Record<string, unknown>) => (e: Event) => header({ at: { ...e.header.at, ...more } })(e);
const open = (more: Record<string, unknown>) => (e: Event) => header({ open: { ...e.header.open, ...more } })(e);
/** Sets personal values and the matching commitments. */
const personal = (more: Record<string, unknown>) => (e: Event) =>
  recommit({
    ...e,
    personal: {
      ...e.personal,
      ...Object.fromEntries(Object.entries(more).map(([field, value]) => [field, { salt: salt(), value }])),
    },
  });
const as = (type: string, body: Record<string, unknown>, values: Record<string, unknown>) => (e: Event) =>
  personal(values)({ ...e, header: { ...e.header, type: type as 'checkin', open: body }, personal: {} });
const salt = () => randomBytes(16).toString('base64url');
/** Edits the JSON text, for values that JavaScript can't represent. */
const text = (from: string | RegExp, to: string) => (e: Event) => JSON.stringify(e).replace(from, to);
const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const upper = (e: Event) => String(e.personal.person!.value).toUpperCase();

const SPOILED: Spoiled[] = [
  // Past, future and impossible schema versions.
  spoiled('schema 2', 'event-newer-schema', header({ v: 2 })),
  spoiled('schema 2 with fields that nobody knows', 'event-newer-schema', (e) => ({
    ...header({ v: 2, mood: 'good' })(e),
    signed: true,
  })),
  spoiled('schema 0', 'event-malformed', header({ v: 0 })),
  spoiled('schema "2"', 'event-malformed', header({ v: '2' })),
  spoiled('an unknown type', 'event-malformed', header({ type: 'coup' })),
  spoiled('a type out of the prototype', 'event-malformed', header({ type: 'constructor' })),
  spoiled('an unknown field in its header', 'event-malformed', header({ more: 1 })),
  spoiled('an unknown field beside its header', 'event-malformed', (e) => ({ ...e, more: 1 })),
  spoiled('an unknown field in its body', 'event-malformed', open({ more: 1 })),
  spoiled('an unknown personal field', 'event-malformed', personal({ shoeSize: 44 })),
  spoiled('no header', 'event-malformed', (e) => ({ personal: e.personal })),
  spoiled('nothing but a number', 'event-malformed', () => 42),
  spoiled('nothing but null', 'event-malformed', () => null),
  spoiled('a list for an event', 'event-malformed', (e) => [e]),
  // Device and position.
  spoiled('another device', 'event-foreign', header({ device: crypto.randomUUID() })),
  spoiled('another epoch', 'event-foreign', header({ epoch: crypto.randomUUID() })),
  spoiled('another sequence number', 'event-wrong-sequence', header({ seq: 77 })),
  spoiled('a sequence number beyond all integers', 'event-malformed', text(/"seq":\d+/, '"seq":1e400')),
  spoiled('a sequence number of 400 digits', 'event-malformed', text(/"seq":\d+/, `"seq":${'9'.repeat(400)}`)),
  spoiled('a sequence number of -1', 'event-malformed', header({ seq: -1 })),
  spoiled('a broken chain', null, header({ prev: 'B'.repeat(43) })),
  // Commitments and salts.
  spoiled('a value that is not the one committed to', 'event-commitment-mismatch', (e) => ({
    ...e,
    personal: { ...e.personal, score: { ...e.personal.score!, value: 0.99 } },
  })),
  spoiled('a salt that is not the one committed to', 'event-commitment-mismatch', (e) => ({
    ...e,
    personal: { ...e.personal, score: { ...e.personal.score!, salt: salt() } },
  })),
  spoiled('a value without its salt', 'event-malformed', (e) => ({
    ...e,
    personal: { ...e.personal, score: { value: 0.8 } },
  })),
  spoiled('a salt without its value', 'event-malformed', (e) => ({
    ...e,
    personal: { ...e.personal, score: { salt: e.personal.score!.salt } },
  })),
  spoiled('a value without a commitment', 'event-commitment-mismatch', (e) => {
    const { score: _, ...commitments } = e.header.commitments;
    return header({ commitments })(e);
  }),
  spoiled('values that were purged', null, (e) => ({ ...e, personal: {} })),
  spoiled('a commitment that nobody needs', null, (e) =>
    header({ commitments: { ...e.header.commitments, more: 'A'.repeat(43) } })(e),
  ),
  // Times and numbers.
  spoiled('the year 0', null, at({ utc: '0000-01-01T00:00:00.000Z' })),
  spoiled('the year 9999', null, at({ utc: '9999-12-31T23:59:59.999Z' })),
  spoiled('the year 1', null, at({ utc: '0001-01-01T00:00:00.000Z' })),
  spoiled('the 30th of February', 'event-malformed', at({ utc: '2026-02-30T00:00:00.000Z' })),
  spoiled('a leap second', 'event-malformed', at({ utc: '2016-12-31T23:59:60.000Z' })),
  spoiled('a time with an offset', 'event-malformed', at({ utc: '2026-01-01T00:00:00.000+01:00' })),
  spoiled('an offset of all integers', null, at({ offset: Number.MAX_SAFE_INTEGER })),
  spoiled('a clock of 1e308', null, at({ monotonic: 1e308 })),
  spoiled('a clock of 1e400', 'event-malformed', text(/"monotonic":[\d.]+/, '"monotonic":1e400')),
  spoiled('a clock of -0', null, text(/"monotonic":[\d.]+/, '"monotonic":-0')),
  spoiled('a score of 1e400', 'event-malformed', text('"value":0.8', '"value":1e400')),
  // Texts.
  spoiled('a NUL in its open half', 'event-not-storable', at({ bootId: 'a\0b' })),
  spoiled('a lone surrogate in its open half', 'event-malformed', at({ bootId: '\ud800' })),
  spoiled('a lone surrogate in a key', 'event-malformed', (e) =>
    header({ commitments: { ...e.header.commitments, '\ud800': 'A'.repeat(43) } })(e),
  ),
  spoiled('a NUL in a key', 'event-not-storable', (e) =>
    header({ commitments: { ...e.header.commitments, '\0': 'A'.repeat(43) } })(e),
  ),
  spoiled('a NUL in a name', null, (e) =>
    as('person', { change: 'added' }, { person: crypto.randomUUID(), name: 'A\0B', number: '\0' })(e),
  ),
  spoiled('a lone surrogate in a name', 'event-commitment-mismatch', (e) =>
    as('person', { change: 'added' }, { person: crypto.randomUUID(), name: 'Ada' })(e).header.type === 'person'
      ? (() => {
          const made = as('person', { change: 'added' }, { person: crypto.randomUUID(), name: 'Ada' })(e);
          return { ...made, personal: { ...made.personal, name: { ...made.personal.name!, value: '\udc00' } } };
        })()
      : e,
  ),
  spoiled('a right-to-left override in a name', null, (e) =>
    as('person', { change: 'added' }, { person: crypto.randomUUID(), name: '\u202eadA' })(e),
  ),
  // Misleading objects.
  spoiled('"__proto__" in its header', 'event-malformed', text('"header":{', '"header":{"__proto__":{"v":1},')),
  spoiled('"__proto__" in its body', 'event-malformed', text('"open":{', '"open":{"__proto__":{"direction":"in"},')),
  spoiled('"__proto__" among its commitments', 'event-malformed', (e) =>
    text('"commitments":{', `"commitments":{"__proto__":"${'A'.repeat(43)}",`)(e),
  ),
  spoiled('"__proto__" among its values', 'event-malformed', (e) =>
    text('"personal":{', `"personal":{"__proto__":{"salt":"${salt()}","value":1},`)(e),
  ),
  spoiled('"constructor" among its values', 'event-malformed', personal({ constructor: 1 })),
  spoiled('one key twice, the last of which counts', 'event-wrong-sequence', text(/"seq":(\d+)/, '"seq":$1,"seq":99')),
  // Depth and size.
  spoiled('a value of 1,000 levels', 'event-malformed', text('"value":0.8', `"value":${nested(1000)}`)),
  spoiled('a value of 10,000 levels', 'event-malformed', text('"value":0.8', `"value":${nested(10_000)}`)),
  spoiled('a value of 100,000 levels', 'event-malformed', text('"value":0.8', `"value":${nested(100_000)}`)),
  spoiled('a body of 100,000 levels', 'event-malformed', text('"open":{', `"open":{"x":${nested(100_000)},`)),
  spoiled('an event of nothing but 200,000 levels', 'event-malformed', () => nested(200_000)),
  spoiled('an object of 60,000 levels', 'event-malformed', () => `${'{"a":'.repeat(60_000)}1${'}'.repeat(60_000)}`),
  spoiled('20,000 commitments', null, (e) =>
    header({
      commitments: {
        ...e.header.commitments,
        ...Object.fromEntries(Array.from({ length: 8000 }, (_, i) => [`f${i}`, 'A'.repeat(43)])),
      },
    })(e),
  ),
  spoiled('a detail of 500,000 characters', null, (e) =>
    as('health', { code: 'x', detail: { text: 'x'.repeat(500_000) } }, {})(e),
  ),
  // Identifiers.
  spoiled('a person in capital letters', 'event-malformed', (e) => personal({ person: upper(e) })(e)),
  spoiled('a person’s change in capital letters', 'event-malformed', (e) =>
    as('person', { change: 'updated' }, { person: upper(e), name: 'X' })(e),
  ),
  spoiled('an erasure in capital letters', 'event-malformed', (e) =>
    as('person', { change: 'deleted' }, { person: upper(e) })(e),
  ),
  spoiled('a consent in capital letters', 'event-malformed', (e) =>
    as('consent', { action: 'given', textVersion: '1', language: 'en' }, { person: upper(e) })(e),
  ),
  spoiled('an id in capital letters', 'event-malformed', (e) => header({ id: e.header.id.toUpperCase() })(e)),
  spoiled('a target in capital letters', 'event-malformed', (e) =>
    as('void', { target: e.header.id.toUpperCase(), reason: 'staff' }, {})(e),
  ),
  spoiled('the nil UUID for a person', null, personal({ person: '00000000-0000-0000-0000-000000000000' })),
  spoiled('braces around a UUID', 'event-malformed', (e) =>
    personal({ person: `{${String(e.personal.person!.value)}}` })(e),
  ),
  // References to things that don't exist.
  spoiled('a check-in of nobody known', null, personal({ person: crypto.randomUUID() })),
  spoiled('a void of nothing', null, as('void', { target: crypto.randomUUID(), reason: 'not-me' }, {})),
  spoiled('a void of itself', null, (e) => as('void', { target: e.header.id, reason: 'not-me' }, {})(e)),
  spoiled(
    'the confirmation of an erasure that nobody asked for',
    null,
    as('erasureDone', { request: crypto.randomUUID() }, {}),
  ),
  spoiled('templates of nobody known', 'person-unknown', (e) =>
    as(
      'template',
      { change: 'added', model: 'x', count: 1 },
      {
        person: crypto.randomUUID(),
        templates: [{ id: crypto.randomUUID(), pose: 'front', vector: 'A'.repeat(2731) }],
      },
    )(e),
  ),
  spoiled('a template twice in one event', null, (e) => {
    const one = { id: crypto.randomUUID(), pose: 'front', vector: 'A'.repeat(2731) };
    return as(
      'template',
      { change: 'added', model: 'x', count: 2 },
      { person: e.personal.person!.value, templates: [one, one] },
    )(e);
  }),
  spoiled('a consent of the year 9999', null, (e) =>
    at({ utc: '9999-12-31T23:59:59.999Z' })(
      as(
        'consent',
        { action: 'given', textVersion: '1', language: 'en' },
        { person: e.personal.person!.value },
      )(e) as Event,
    ),
  ),
  spoiled('a model with a NUL', 'event-not-storable', open({ model: '\0' })),
];

let target: Target;
let kiosk: Kiosk;
let other: Kiosk;

describe.each(ONE_DATABASE)('on $name', (kind) => {
  withDatabase(kind, async (database) => {
    target = await Target.open(database);
    [kiosk, other] = [await target.kiosk(), await target.kiosk()];
  });
  beforeEach(() => {
    kiosk.box.newEpoch();
  });

  const present = (k: Kiosk) => k.box.events.filter((e) => e.header.epoch === k.box.epoch);
  /** Sends events given as values or as JSON texts. */
  async function send(k: Kiosk, events: readonly unknown[], first = 1) {
    const body = `{"sentAt":"${new Date().toISOString()}","events":[${events
      .map((e) => (typeof e === 'string' ? e : JSON.stringify(e)))
      .join(',')}]}`;
    const sealed = await target.seal(target.jws(k, events, { first, body: () => json(body) }));
    return target.openAck(k, await target.take(k, sealed));
  }
  /** Checks that everything else still works: another kiosk, the screens, the jobs. */
  async function restGoesOn(): Promise<void> {
    other.box.newEpoch();
    other.box.checkin(other.box.person('Grace Hopper'));
    expect(await send(other, present(other))).toMatchObject({ committed: 2 });
    expect((await target.held(other)).quarantined).toEqual([]);
    expect(await target.take(other, await target.ask(other), 'ask')).toMatch(/^ey/);
  }

  test.each(SPOILED)('an event with $name does not stop anything', async ({ reason, spoil }) => {
    const person = kiosk.box.person('Ada Lovelace');
    for (let i = 0; i < 3; i++) kiosk.box.checkin(person);
    const events: unknown[] = present(kiosk);
    events[2] = spoil(structuredClone(events[2]) as Event);
    for (let i = 0; i < 2; i++) {
      expect(await send(kiosk, events)).toMatchObject({ committed: 4 });
      expect(await target.held(kiosk)).toEqual(
        reason === null ? { events: [1, 2, 3, 4], quarantined: [] } : { events: [1, 2, 4], quarantined: [[3, reason]] },
      );
    }
    if (reason !== null) {
      expect(reason).toMatch(REASONS);
      expect(target.lines.some((line) => line.includes(reason))).toBe(true);
      expect(
        await retryQuarantine(
          { db: target.database.db, keys: target.keys, modules: MODULES },
          { device: kiosk.box.device, reason },
          new Date(),
        ),
      ).toMatchObject({ taken: 0 });
      expect((await target.held(kiosk)).quarantined).toEqual([[3, reason]]);
    }
    await restGoesOn();
  });

  test('the console and the jobs can read the results of all that', async () => {
    const { db, logEpoch } = target.database;
    let left: number | undefined;
    do left = (await resolveDue(db))?.taken;
    while (left);
    const source = { db, keys: target.keys, logEpoch, site: { name: 'Test', timeZone: 'Europe/Berlin' } };
    expect((await readBoard(source, {}, new Date())).rows.length).toBeGreaterThan(0);
  });

  test('an id this device already used under another number is kept as evidence', async () => {
    const person = kiosk.box.person('Ada Lovelace');
    kiosk.box.checkin(person);
    await send(kiosk, present(kiosk));
    const [first, second] = present(kiosk) as [Event, Event];
    const again = rechain([first, second, header({ seq: 3 })(second) as Event]);
    expect(await send(kiosk, again)).toMatchObject({ committed: 3 });
    expect(await target.held(kiosk)).toEqual({ events: [1, 2], quarantined: [[3, 'event-id-reused']] });
    await restGoesOn();
  });

  test('an id used twice in one batch is one event and one piece of evidence', async () => {
    const person = kiosk.box.person('Ada Lovelace');
    kiosk.box.checkin(person);
    const [first, second] = present(kiosk) as [Event, Event];
    expect(await send(kiosk, [first, second, header({ seq: 3 })(second)])).toMatchObject({ committed: 3 });
    expect(await target.held(kiosk)).toEqual({ events: [1, 2], quarantined: [[3, 'event-id-reused']] });
  });

  test('another device’s event id is kept as evidence, and that device’s event stays', async () => {
    other.box.newEpoch();
    other.box.person('Grace Hopper');
    await send(other, present(other));
    const stolen = present(other)[0]!.header.id;
    kiosk.box.person('Mallory');
    expect(await send(kiosk, [header({ id: stolen })(present(kiosk)[0]!)])).toMatchObject({ committed: 1 });
    expect(await target.held(kiosk)).toEqual({ events: [], quarantined: [[1, 'event-id-reused']] });
    expect(await target.held(other)).toEqual({ events: [1], quarantined: [] });
  });

  test('different content under a used number is kept as evidence, and the first stays', async () => {
    const person = kiosk.box.person('Ada Lovelace');
    kiosk.box.checkin(person, 'in');
    await send(kiosk, present(kiosk));
    const before = await target.database.db
      .selectFrom('event')
      .selectAll()
      .where('device', '=', kiosk.box.device)
      .execute();
    const changed = header({ open: { ...present(kiosk)[1]!.header.open, direction: 'out' }, id: crypto.randomUUID() })(
      present(kiosk)[1]!,
    );
    for (let i = 0; i < 2; i++) expect(await send(kiosk, [present(kiosk)[0], changed])).toMatchObject({ committed: 2 });
    expect(await target.held(kiosk)).toEqual({ events: [1, 2], quarantined: [[2, 'sequence-reused']] });
    expect(
      await target.database.db.selectFrom('event').selectAll().where('device', '=', kiosk.box.device).execute(),
    ).toEqual(before);
  });

  test('a void of another device’s check-in, and a number far ahead, have no effect on others', async () => {
    other.box.newEpoch();
    const checkin = other.box.checkin(other.box.person('Grace Hopper'));
    await send(other, present(other));
    kiosk.box.append('void', { target: checkin.header.id, reason: 'staff' }, {});
    const ahead = { ...present(kiosk)[0]!, header: { ...present(kiosk)[0]!.header, seq: Number.MAX_SAFE_INTEGER } };
    expect(await send(kiosk, [ahead], Number.MAX_SAFE_INTEGER)).toMatchObject({ committed: 0 });
    const voids = await target.database.db
      .selectFrom('checkin_void')
      .select('device')
      .where('target', '=', checkin.header.id)
      .execute();
    expect(voids.map((v) => v.device)).not.toContain(other.box.device);
    await restGoesOn();
  });

  test('any field changed to anything is accepted or quarantined with a reason, the same on replay, and stops nothing', async () => {
    const hostile = fc.oneof(
      fc.constantFrom<unknown>(
        null,
        true,
        0,
        -0,
        -1,
        1e308,
        2 ** 53,
        0.1,
        '',
        '\0',
        '\ud800',
        '__proto__',
        'constructor',
        [],
        {},
        [[[]]],
        { __proto__: null, a: 1 },
        'A'.repeat(43),
        'in',
        'checkin',
        '2026-01-01T00:00:00.000Z',
        '0000-01-01T00:00:00.000Z',
        crypto.randomUUID(),
        crypto.randomUUID().toUpperCase(),
        'x'.repeat(10_000),
      ),
      fc.jsonValue({ maxDepth: 3 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        hostile,
        fc.constantFrom('set', 'remove', 'add' as const),
        fc.boolean(),
        fc.constantFrom(
          'checkin',
          'person',
          'void',
          'consent',
          'template',
          'purge',
          'erasureDone',
          'health',
          'pin' as const,
        ),
        async (place, value, how, consistent, type) => {
          kiosk.box.newEpoch();
          const person = kiosk.box.person('Ada Lovelace');
          append(kiosk, type, person);
          kiosk.box.checkin(person);
          const events: unknown[] = structuredClone(present(kiosk));
          const altered = events[1] as Anything;
          const places = placesOf(altered);
          const [object, key] = places[place % places.length]!;
          if (how === 'remove') delete (object as Record<string, unknown>)[key];
          else (object as Record<string, unknown>)[how === 'add' ? 'added' : key] = value;
          if (consistent) makeConsistent(altered);
          for (let i = 0; i < 2; i++) {
            expect(await send(kiosk, events)).toMatchObject({ committed: 3 });
            const { events: kept, quarantined } = await target.held(kiosk);
            expect([...kept, ...quarantined.map(([seq]) => seq)].sort()).toEqual([1, 2, 3]);
            expect(kept).toEqual(expect.arrayContaining([1, 3]));
            for (const [, reason] of quarantined) expect(reason).toMatch(REASONS);
          }
        },
      ),
      { numRuns: 150 },
    );
    await restGoesOn();
  });
});

function append({ box }: Kiosk, type: string, person: string): void {
  switch (type) {
    case 'void':
      return void box.append('void', { target: crypto.randomUUID(), reason: 'staff' }, { person });
    case 'consent':
      return void box.append('consent', { action: 'given', textVersion: '1', language: 'en' }, { person });
    case 'template':
      return void box.append(
        'template',
        { change: 'added', model: 'x', count: 1 },
        { person, templates: [{ id: crypto.randomUUID(), pose: 'front', vector: 'A'.repeat(2731) }] },
      );
    case 'purge':
      return void box.append('purge', { what: 'gps', before: new Date().toISOString(), removed: 1 }, {});
    case 'erasureDone':
      return void box.append('erasureDone', { request: crypto.randomUUID() }, { person });
    case 'health':
      return void box.append('health', { code: 'x', detail: { a: 1, b: 'x', c: true } }, {});
    case 'pin':
      return void box.append('pin', { change: 'set' }, { person });
    case 'person':
      return void box.person('Grace Hopper', person);
    default:
      return void box.checkin(person);
  }
}

/** Returns every place in a value, as the containing object and the key. */
function placesOf(value: unknown): [object, string][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.keys(value).flatMap((key): [object, string][] => [
    [value, key],
    ...placesOf((value as Record<string, unknown>)[key]),
  ]);
}

/** Recomputes the commitments from the present values where possible. */
function makeConsistent(event: Anything): void {
  try {
    for (const [field, held] of Object.entries(event.personal as WireEvent['personal']))
      (event.header.commitments as Record<string, string>)[field] = commit(held.salt, held.value);
    headerHash(event.header as unknown as WireEvent['header']);
  } catch {
    // The event has no canonical form or no place for commitments, so it is sent as it is.
  }
}
