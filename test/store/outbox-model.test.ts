import { randomUUID } from 'node:crypto';
import { cpSync, rmSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openKeys } from '../../electron/core/keys/index.ts';
import { openStore, type SqlStore } from '../../electron/core/store/index.ts';
import { outboxOf } from '../../electron/core/sync/outbox-of.ts';
import { AckBook } from '../../sync/edge/acks.ts';
import { Problem } from '../../sync/errors/problem.ts';
import { headerHash } from '../../sync/protocol/seal/chain.ts';
import type { Ack } from '../../sync/protocol/wire/ack.ts';
import { printedSeed } from '../chance.ts';
import { aCheckin, aPerson, aPhoto, newFolder } from './kiosk.ts';

/**
 * The outbox as a state machine (fast-check commands) against the real store. Whatever happens in whatever order, the server gets
 * each event once, in order, and nothing is deleted that it lacks.
 */

const LOG = randomUUID();

/** The required state. */
interface Model {
  /** Every event ever made, in order: its place, and the people it names. */
  readonly made: { id: string; epoch: string; seq: number; person: string | null }[];
  /** Number of events per epoch that the kiosk may count as received. */
  readonly committed: Map<string, number>;
  readonly people: string[];
  /** People whose values are destroyed. */
  readonly erased: Set<string>;
}

/** The real system: a store, and a minimal server with its clock. */
interface Real {
  home: string;
  store: SqlStore;
  book: AckBook;
  /** Ids that the server has, by epoch and sequence number. */
  readonly server: Map<string, (string | undefined)[]>;
  time: number;
  /** Every ack that was accepted. */
  readonly acks: Ack[];
  readonly hashes: Map<string, string>;
}

async function start(): Promise<Real> {
  const home = newFolder();
  const store = await open(home);
  const time = Date.UTC(2027, 0, 1);
  return { home, store, book: bookOf(store), server: new Map(), time, acks: [], hashes: new Map() };
}

function end({ store, home }: Real): void {
  store.close();
  rmSync(home, { recursive: true, force: true });
}

const open = async (home: string) =>
  openStore({ home, keys: await openKeys({ home, deviceSecret: null, allowSecretFile: true }) });
const bookOf = (store: SqlStore) =>
  new AckBook(outboxOf(store), () => {
    throw new Error('nothing is verified here');
  });

/** The number of events before the first gap. */
function committedBy({ server }: Real, epoch: string): number {
  const there = Array.from(server.get(epoch) ?? []);
  const hole = there.indexOf(undefined);
  return hole === -1 ? there.length : hole;
}

function ackOf(real: Real, epoch: string): Ack {
  real.time += 1000;
  return {
    device: real.store.device,
    epoch,
    committed: committedBy(real, epoch),
    safe: 0,
    logEpoch: LOG,
    serverTime: new Date(real.time).toISOString(),
  };
}

function take(real: Real, ack: Ack, sent?: number): void {
  real.book.take(ack, sent);
  real.acks.push(ack);
}

/** The server receives a batch. What it already has changes nothing, and a different event in the same place is a failure. */
function receive(real: Real, limit: number): { epoch: string; seq: number } | null {
  const pending = real.store.outbox.pending(limit, 100_000).map(({ header }) => header);
  const batch = pending.filter(({ epoch }) => epoch === pending[0]!.epoch);
  for (const { id, epoch, seq } of batch) {
    const there = real.server.get(epoch) ?? [];
    expect(there[seq - 1] ?? id).toBe(id);
    there[seq - 1] = id;
    real.server.set(epoch, there);
  }
  return batch.at(-1) ?? null;
}

/** Asks about every epoch, as an idle kiosk does. */
function askAll(real: Real): void {
  for (const { epoch } of real.store.outbox.marks()) take(real, ackOf(real, epoch));
}

function compare(model: Model, { store, hashes }: Real): void {
  const pending = store.outbox.pending(10_000);
  const due = model.made.filter(({ epoch, seq }) => seq > (model.committed.get(epoch) ?? 0));
  expect(pending.map(({ header }) => header.id)).toEqual(due.map(({ id }) => id));
  expect(store.outbox.count()).toBe(pending.length);
  for (const { header, personal } of pending) {
    const { person } = model.made.find(({ id }) => id === header.id)!;
    if (person && header.type === 'checkin')
      expect(personal.person?.value).toBe(model.erased.has(person) ? undefined : person);
    const hash = headerHash(header);
    expect(hashes.get(header.id) ?? hash).toBe(hash);
    hashes.set(header.id, hash);
  }
}

/** Records in the model what the store appended since, as belonging to `person`. */
function note(model: Model, { store }: Real, person: string | null): void {
  const known = new Set(model.made.map(({ id }) => id));
  for (const { id, epoch, seq } of store.outbox.pending(10_000).map(({ header }) => header))
    if (!known.has(id)) model.made.push({ id, epoch, seq, person });
}

type Command = fc.AsyncCommand<Model, Real>;
const command = (
  name: string,
  run: (model: Model, real: Real) => Promise<void> | void,
  check: (model: Readonly<Model>) => boolean = () => true,
): Command => ({
  check: (model) => check(model),
  async run(model, real) {
    await run(model, real);
    compare(model, real);
  },
  toString: () => name,
});
const livingPerson = (model: Readonly<Model>) => model.people.length > 0;
const pick = (model: Model, n: number) => model.people[n % model.people.length]!;

const commands = [
  fc.constant(
    command('enrol', async (model, real) => {
      const { id } = await real.store.people.add(aPerson());
      model.people.push(id);
      note(model, real, null);
    }),
  ),
  fc.tuple(fc.nat(9), fc.boolean()).map(([n, photo]) =>
    command(
      `check in ${n}${photo ? ' with a photo' : ''}`,
      async (model, real) => {
        const person = pick(model, n);
        await real.store.checkins.record(aCheckin(person, { photo: photo ? aPhoto(50) : null, gps: 'sealed' }));
        note(model, real, person);
      },
      livingPerson,
    ),
  ),
  fc.integer({ min: 1, max: 7 }).map((limit) =>
    command(`send ${limit}`, (model, real) => {
      const sent = receive(real, limit);
      if (!sent) return;
      take(real, ackOf(real, sent.epoch), sent.seq);
      model.committed.set(sent.epoch, committedBy(real, sent.epoch));
    }),
  ),
  fc
    .integer({ min: 1, max: 7 })
    .map((limit) => command(`send ${limit}, the ack is lost`, (_model, real) => void receive(real, limit))),
  fc.nat(20).map((n) =>
    command(`ack ${n} is played again`, (model, real) => {
      const ack = real.acks[n % Math.max(1, real.acks.length)];
      if (!ack) return;
      try {
        real.book.take(ack, ack.committed);
      } catch (error) {
        if (!(error instanceof Problem && error.code === 'ack-older')) throw error;
      }
      // An ack from before a restore may claim too much until the server answers again. None takes anything back.
      model.committed.set(ack.epoch, Math.max(model.committed.get(ack.epoch) ?? 0, ack.committed));
    }),
  ),
  fc.nat(5).map((lost) =>
    command(`the server is restored without its last ${lost}`, (model, real) => {
      for (const there of real.server.values()) there.length = Math.max(0, there.length - lost);
      askAll(real);
      for (const { epoch } of real.store.outbox.marks()) model.committed.set(epoch, committedBy(real, epoch));
    }),
  ),
  fc.constant(
    command('the process dies, and a copy of its files as they were opens', async (model, real) => {
      const copy = newFolder();
      cpSync(real.home, copy, { recursive: true });
      real.store.close();
      rmSync(real.home, { recursive: true });
      real.home = copy;
      real.store = await open(copy);
      real.book = bookOf(real.store);
      note(model, real, null);
    }),
  ),
  fc.constant(
    command('photos and positions are purged', async (model, real) => {
      const before = new Date(Date.now() + 60_000).toISOString();
      await real.store.removal.purgePhotos(before);
      real.store.removal.purgeGps(before);
      note(model, real, null);
    }),
  ),
  fc.nat(9).map((n) =>
    command(
      `the server erases ${n}`,
      async (model, real) => {
        const person = pick(model, n);
        model.people.splice(model.people.indexOf(person), 1);
        model.erased.add(person);
        await real.store.roster.apply({
          whole: false,
          more: false,
          cursor: 'c',
          changes: [{ kind: 'erase', request: randomUUID(), person }],
        });
        note(model, real, null);
      },
      livingPerson,
    ),
  ),
  fc.nat(9).map((n) =>
    command(
      `${n} leaves the site`,
      async (model, real) => {
        const person = pick(model, n);
        model.people.splice(model.people.indexOf(person), 1);
        const change = { kind: 'removed', person } as const;
        await real.store.roster.apply({ whole: false, more: false, cursor: 'c', changes: [change] });
        await real.store.roster.sweep();
      },
      livingPerson,
    ),
  ),
];

it('whatever happens to it, the outbox delivers every event once and in order, and what is erased is never sent', async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 40, size: '+1' }), async (some) => {
      const real = await start();
      const model: Model = { made: [], committed: new Map(), people: [], erased: new Set() };
      try {
        await fc.asyncModelRun(() => ({ model, real }), some);
        askAll(real);
        for (let sent = receive(real, 5); sent; sent = receive(real, 5)) take(real, ackOf(real, sent.epoch), sent.seq);
        expect([...real.server.values()].flat()).toHaveLength(model.made.length);
        for (const { id, epoch, seq } of model.made) expect(real.server.get(epoch)?.[seq - 1]).toBe(id);
        expect((await real.store.check()).problems).toEqual([]);
      } finally {
        end(real);
      }
    }),
    { numRuns: 40, seed: printedSeed('outbox model') },
  );
}, 180_000);

it('an ack that was already overtaken takes nothing back when it is played again after a restart', async () => {
  const real = await start();
  try {
    await real.store.people.add(aPerson());
    const sent = receive(real, 1)!;
    take(real, ackOf(real, sent.epoch), sent.seq);
    real.server.clear();
    askAll(real);
    askAll(real);
    const [full, , empty] = real.acks;
    real.book.take(full!);
    real.book = bookOf(real.store);
    expect(() => real.book.take(empty!)).toThrow(expect.objectContaining({ code: 'ack-older' }));
    expect(real.store.outbox.marks()).toContainEqual(expect.objectContaining({ committed: 1 }));
  } finally {
    end(real);
  }
});
