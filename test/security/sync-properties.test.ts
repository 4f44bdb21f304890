import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WireEvent } from '../../sync/protocol/wire/event.ts';
import { takeMessage } from '../../sync/server/app/devices/messages.ts';
import { retryQuarantine } from '../../sync/server/app/ingest/quarantine.ts';
import { MODULES } from '../../sync/server/app/modules.ts';
import { unlinkPeople } from '../../sync/server/features/privacy/erasure/unlink.ts';
import type { Db } from '../../sync/server/platform/database/schema.ts';
import { DATABASES } from '../kit/databases.ts';
import { withDatabase } from '../kit/suite.ts';
import { closeErasures } from '../sync/erasing.ts';
import { type Delivered, IngestModel, type Place, type Snapshot, snapshotOf } from './ingest-model.ts';
import { recommit } from './raw-messages.ts';
import { type Kiosk, Target } from './target.ts';

/**
 * Ingest as a state machine (fast-check commands): whatever kiosks, network and database do, in any order, the database
 * matches the model after every single step.
 */

/** The kiosks' true logs, and the server that receives parts of them. */
interface World {
  readonly replicas: readonly Target[];
  readonly kiosks: readonly Kiosk[];
  /** All events that each kiosk made, by place. */
  readonly logs: { readonly kiosk: Kiosk; readonly place: Place; readonly events: WireEvent[] }[];
  readonly people: string[];
  clock: number;
  turn: number;
}
type Model = { now: IngestModel };
type Command = fc.AsyncCommand<Model, World>;

/** Number of runs; raise it to search for rare failures. */
const RUNS = Number(process.env.SP_PROPERTY_RUNS ?? 30);

const FAULTS = ['value', 'newer', 'junk', 'nul', 'rewritten', 'id'] as const;
type Fault = (typeof FAULTS)[number];

/** A batch cut from a true log. */
interface Cut {
  readonly log: number;
  readonly from: number;
  readonly length: number;
}
const cut: fc.Arbitrary<Cut> = fc.record({ log: fc.nat(), from: fc.nat(), length: fc.integer({ min: 1, max: 6 }) });

/** Checks that the database exactly matches one of the candidates, which becomes the current model. */
async function settle(model: Model, world: World, candidates: readonly IngestModel[]): Promise<void> {
  const devices = world.kiosks.map((k) => k.box.device);
  // An erasure changes the remaining rows after the ingest (erasure/steps.ts); the model only has the end result.
  const { db } = world.replicas[0]!.database;
  await closeErasures(db, world.replicas[0]!.keys);
  const erased = await db.selectFrom('person').select('id').where('deleted_at', 'is not', null).execute();
  await unlinkPeople(
    db,
    erased.map((row) => row.id),
  );
  for (const candidate of candidates) candidate.unlink();
  const found = await snapshotOf(world.replicas[0]!, devices, world.people);
  const wanted = candidates.map((c) => withoutIdle(c.snapshot()));
  const index = wanted.findIndex((w) => JSON.stringify(w) === JSON.stringify(withoutIdle(found)));
  if (index === -1) expect(withoutIdle(found)).toEqual(wanted.at(-1));
  model.now = candidates[Math.max(index, 0)]!;
}
/** Drops marks of 0, which may or may not have a row. */
const withoutIdle = (s: Snapshot) => ({ ...s, marks: s.marks.filter(([, , mark]) => mark > 0) });

function pick(world: World, { log, from, length }: Cut) {
  const filled = world.logs.filter((l) => l.events.length > 0);
  const { kiosk, place, events } = filled[log % filled.length]!;
  const start = from % events.length;
  return { kiosk, place, first: start + 1, events: events.slice(start, start + length) };
}

const sound = (events: readonly WireEvent[]): Delivered[] => events.map((raw) => ({ raw, fault: null }));

function spoil(event: WireEvent, fault: Fault, all: readonly WireEvent[], at: number): Delivered {
  const { header, personal } = event;
  switch (fault) {
    case 'value':
      return personal.person
        ? {
            raw: { ...event, personal: { ...personal, person: { ...personal.person, value: crypto.randomUUID() } } },
            fault: 'event-commitment-mismatch',
          }
        : { raw: { ...event, more: 1 }, fault: 'event-malformed' };
    case 'newer':
      return { raw: { ...event, header: { ...header, v: 2 } }, fault: 'event-newer-schema' };
    case 'junk':
      return { raw: [header.seq], fault: 'event-malformed' };
    case 'nul':
      return {
        raw: { ...event, header: { ...header, at: { ...header.at, bootId: '\0' } } },
        fault: 'event-not-storable',
      };
    case 'rewritten':
      return {
        raw: recommit({ ...event, header: { ...header, id: crypto.randomUUID(), at: { ...header.at, offset: 1 } } }),
        fault: null,
      };
    case 'id':
      return { raw: { ...event, header: { ...header, id: all[at % all.length]!.header.id } }, fault: null };
  }
}

async function send(
  world: World,
  target: Target,
  kiosk: Kiosk,
  place: Place,
  first: number,
  items: readonly Delivered[],
  db: Db = target.database.db,
): Promise<number> {
  const events = items.map((i) => i.raw);
  const sealed = await target.seal(target.jws(kiosk, events, { first, header: (h) => ({ ...h, epoch: place.epoch }) }));
  const context = { ...target.context, db, now: () => new Date(world.clock) };
  const signed = await takeMessage(context, { kind: 'batch', sealed, device: place.device });
  return (await target.openAck(kiosk, signed, place.epoch)).committed;
}

/** Moves the kiosks' clocks forward by one second. */
function tick(world: World): Date {
  world.clock += 1000;
  return new Date(world.clock);
}

/** How often each intended event really happened. */
const happened = new Map<string, number>();
const count = (what: string) => happened.set(what, (happened.get(what) ?? 0) + 1);

const named = (name: string, run: Command['run']): Command => ({
  check: () => true,
  run,
  toString: () => name,
});

/** Makes a kiosk create an event. */
const make = (who: number, what: 'person' | 'rename' | 'checkin' | 'void' | 'health' | 'erase', which: number) =>
  named(`${what} ${which} on kiosk ${who}`, async (_model, world) => {
    const kiosk = world.kiosks[who % world.kiosks.length]!;
    const at = tick(world);
    const { box } = kiosk;
    const someone = world.people[which % world.people.length]!;
    const made =
      what === 'person' || what === 'rename'
        ? box.append('person', { change: 'updated' }, { person: someone, name: `Name ${which}`, number: '7' }, at)
        : what === 'erase'
          ? box.append('person', { change: 'deleted' }, { person: someone }, at)
          : what === 'checkin'
            ? box.checkin(someone, which % 2 ? 'in' : 'out', at)
            : what === 'void'
              ? box.append('void', { target: anyCheckin(world, which), reason: 'not-me' }, {}, at)
              : box.append('health', { code: 'x', detail: {} }, {}, at);
    logOf(world, kiosk).push(made);
  });

function anyCheckin(world: World, which: number): string {
  const all = world.logs.flatMap((l) => l.events.filter((e) => e.header.type === 'checkin'));
  return all.length ? all[which % all.length]!.header.id : crypto.randomUUID();
}

function logOf(world: World, kiosk: Kiosk): WireEvent[] {
  const place = { device: kiosk.box.device, epoch: kiosk.box.epoch };
  const there = world.logs.find((l) => l.place.device === place.device && l.place.epoch === place.epoch);
  if (there) return there.events;
  const events: WireEvent[] = [];
  world.logs.push({ kiosk, place, events });
  return events;
}

const newEpoch = (who: number) =>
  named(`new epoch on kiosk ${who}`, async (_model, world) => {
    world.kiosks[who % world.kiosks.length]!.box.newEpoch();
  });

const deliver = (what: Cut, times: number) =>
  named(`deliver ${JSON.stringify(what)} ${times} times`, async (model, world) => {
    const { kiosk, place, first, events } = pick(world, what);
    const next = model.now.clone();
    for (let i = 0; i < times; i++) {
      const mark = next.deliver(place, first, sound(events));
      expect(await send(world, replica(world), kiosk, place, first, sound(events))).toBe(mark);
    }
    await settle(model, world, [next]);
    count('delivered');
  });

const deliverSpoiled = (what: Cut, fault: Fault, where: number) =>
  named(`deliver ${JSON.stringify(what)} with ${fault} at ${where}`, async (model, world) => {
    const { kiosk, place, first, events } = pick(world, what);
    const at = where % events.length;
    const all = world.logs.flatMap((l) => l.events);
    const items = sound(events).with(at, spoil(events[at]!, fault, all, where));
    const next = model.now.clone();
    const mark = next.deliver(place, first, items);
    expect(await send(world, replica(world), kiosk, place, first, items)).toBe(mark);
    await settle(model, world, [next]);
    count(fault);
  });

/** Delivers a batch while the database fails midway: all of it is stored or nothing. */
const killed = (what: Cut, after: number) =>
  named(`deliver ${JSON.stringify(what)}, the database fails at statement ${after}`, async (model, world) => {
    const { kiosk, place, first, events } = pick(world, what);
    const target = replica(world);
    let left = after;
    const failing = target.database.db.withPlugin({
      transformQuery: ({ node }) => {
        if (--left < 0) throw Object.assign(new Error('the connection broke'), { code: '08006' });
        return node;
      },
      transformResult: async ({ result }) => result,
    });
    const next = model.now.clone();
    const mark = next.deliver(place, first, sound(events));
    try {
      expect(await send(world, target, kiosk, place, first, sound(events), failing)).toBe(mark);
      await settle(model, world, [next]);
    } catch (cause) {
      if ((cause as { code?: string }).code !== '08006') throw cause;
      const before = model.now;
      await settle(model, world, [before, next]);
      count(model.now === before ? 'nothing of a batch' : 'all of a batch, and no ack');
    }
  });

/** Makes two simultaneous deliveries, on two replicas if there are two. */
const race = (one: Cut, two: Cut) =>
  named(`at once ${JSON.stringify(one)} and ${JSON.stringify(two)}`, async (model, world) => {
    const [a, b] = [pick(world, one), pick(world, two)];
    const [left, right] = [world.replicas[0]!, world.replicas.at(-1)!];
    const both = await Promise.all([
      send(world, left, a.kiosk, a.place, a.first, sound(a.events)),
      send(world, right, b.kiosk, b.place, b.first, sound(b.events)),
    ]);
    const orders = [
      [a, b],
      [b, a],
    ].map((order) => {
      const next = model.now.clone();
      for (const { place, first, events } of order) next.deliver(place, first, sound(events));
      return next;
    });
    for (const [i, { place, first, events }] of [a, b].entries()) {
      // At most the final mark, and at least the whole batch if it continues the log.
      expect(both[i]).toBeLessThanOrEqual(orders[0]!.committed(place));
      if (first <= model.now.committed(place) + 1)
        expect(both[i]).toBeGreaterThanOrEqual(Math.max(model.now.committed(place), first + events.length - 1));
    }
    await settle(model, world, orders);
    count('raced');
  });

const retry = () =>
  named('retry the quarantine', async (model, world) => {
    const next = model.now.clone();
    const { database, keys } = replica(world);
    for (const { box } of world.kiosks) {
      next.retry(box.device);
      await retryQuarantine({ db: database.db, keys, modules: MODULES }, { device: box.device }, new Date(world.clock));
    }
    await settle(model, world, [next]);
    if (model.now.quarantine.size > 0) count('retried');
  });

const replica = (world: World) => world.replicas[world.turn++ % world.replicas.length]!;

const kioskNumber = fc.nat({ max: 1 });
const COMMANDS = [
  fc
    .tuple(
      kioskNumber,
      fc.constantFrom('person', 'rename', 'checkin', 'checkin', 'checkin', 'void', 'health', 'erase' as const),
      fc.nat({ max: 30 }),
    )
    .map((a) => make(...a)),
  fc
    .tuple(kioskNumber, fc.constantFrom('person', 'checkin', 'checkin', 'void' as const), fc.nat({ max: 30 }))
    .map((a) => make(...a)),
  kioskNumber.map(newEpoch),
  fc.tuple(cut, fc.constantFrom(1, 1, 1, 2)).map((a) => deliver(...a)),
  fc.tuple(cut, fc.constantFrom(1, 1, 1, 2)).map((a) => deliver(...a)),
  fc.tuple(cut, fc.constantFrom(...FAULTS), fc.nat()).map((a) => deliverSpoiled(...a)),
  fc.tuple(cut, fc.nat({ max: 25 })).map((a) => killed(...a)),
  fc.tuple(cut, cut).map((a) => race(...a)),
  fc.constant(retry()),
];

let replicas: Target[];

describe.each(DATABASES)('on $name', ({ name, ...kind }) => {
  withDatabase(kind, async (database, _, host) => {
    const first = await Target.open(database);
    replicas = [first];
    if (name === 'PostgreSQL') replicas.push(await Target.open(await host.open(), first.keys));
  });

  test('log, quarantine, marks and screens match the model after each step', async () => {
    happened.clear();
    await fc.assert(
      fc.asyncProperty(fc.commands(COMMANDS, { maxCommands: 30, size: 'max' }), async (commands) => {
        await fc.asyncModelRun(async () => {
          const target = replicas[0]!;
          const kiosks = [await target.kiosk(), await target.kiosk()];
          const people = Array.from({ length: 3 }, () => crypto.randomUUID() as string);
          const world: World = { replicas, kiosks, logs: [], people, clock: Date.now() - 3_600_000, turn: 0 };
          for (const kiosk of kiosks)
            for (const person of people) logOf(world, kiosk).push(kiosk.box.checkin(person, 'in', tick(world)));
          return { model: { now: new IngestModel() }, real: world };
        }, commands);
      }),
      { numRuns: RUNS },
    );
    // Each of these must have happened.
    for (const what of ['delivered', 'raced', 'retried', 'nothing of a batch'])
      expect(happened.get(what) ?? 0, what).toBeGreaterThan(0);
    // In so few runs, some of the six faults may be missing by chance.
    expect(FAULTS.filter((fault) => happened.has(fault)).length).toBeGreaterThanOrEqual(4);
  });
});
