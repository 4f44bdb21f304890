import { setTimeout as sleep } from 'node:timers/promises';
import { benchLine, median, resetPeak } from './harness.ts';
import { BareInsert } from './sync/bare-insert.ts';
import { Fleet } from './sync/fleet.ts';
import { KioskEnd, type Transport } from './sync/kiosk-end.ts';
import { type ServerAndBroker, startServerAndBroker } from './sync/server-and-broker.ts';
import { measurePlain, measureWire } from './sync/wire.ts';
import type { BenchContext, BenchGroup, BenchLine } from './types.ts';

/** Events of the backlog, and of one round of the throughput test. */
const BACKLOG = 50_000;
const ROUND = 10_000;
const ROUNDS = 3;
const TRANSPORTS = ['https', 'mqtt'] as const;
/** Minimum share of a bare insert, and minimum events per second. */
const SHARE = 0.25;
const LEAST = 2000;
/** Limit for a kiosk's memory above idle while it drains a backlog, MB of 10⁶ bytes. */
const KIOSK_MB = 150;
/** The morning peak: check-ins per second over all kiosks, and how long it lasts. */
const PEAK_RATE = 60;
const PEAK_SECONDS = 20;
const FLEETS = [10, 100, 1000] as const;
const PATIENCE_MS = 120_000;
const LEFT_OUT_OF_A_PEAK =
  'the network, photos and the people of other kiosks; all kiosks are in two processes of this machine, whose disk takes the flushes of all of them';

/**
 * The sync as a whole, with real parts: PostgreSQL and Mosquitto with TLS, the server as a process, a kiosk core's store and
 * uplink as a process. Everything runs on this one machine, so kiosk, broker, server and database share its cores.
 * docs/develop/protocol.md, "What it costs", explains each number.
 */
export const group: BenchGroup = {
  name: 'sync',
  describe: 'Events from the outbox to commit and ack, a backlog, a morning peak of many kiosks, bytes on the wire.',
  leavesOut: 'the network and photos: kiosk, broker, server and database share this machine and its cores',
  run: measure,
};

async function* measure(ctx: BenchContext): AsyncIterable<BenchLine> {
  ctx.note(`makes a kiosk with ${BACKLOG} check-ins of some months, and ${FLEETS.at(-1)} identities`);
  let kiosk!: KioskEnd;
  let fleet!: Fleet;
  const world = await startServerAndBroker(async (folder) => {
    kiosk = await KioskEnd.make(folder, BACKLOG);
    fleet = await Fleet.make(FLEETS.at(-1)!);
    return [kiosk.registration, ...fleet.registrations];
  });
  try {
    await kiosk.link();
    try {
      yield* throughput(ctx, world, kiosk);
      yield* backlog(ctx, world, kiosk);
    } finally {
      await kiosk.stop();
    }
    yield* onTheWire(ctx, world, fleet);
    yield* peaks(ctx, world, fleet);
  } finally {
    await world.close();
  }
}

/** Resets the server to its state before the events after `seq`, with empty tables, as the start of a round or of the peer. */
async function forget(world: ServerAndBroker, kiosk: KioskEnd, seq: number): Promise<void> {
  const sql = (text: string) => world.postgres.sql(text, 'sp');
  const end = performance.now() + PATIENCE_MS;
  // Wait, or the server's remaining resolving would count towards the next round.
  while (sql('select count(*) from attendance_due') !== '0') {
    if (performance.now() > end) throw new Error('the server does not come to an end with resolving');
    await sleep(100);
  }
  sql(`truncate event, checkin, attendance_due;
       update ack_mark set committed = ${seq} where device = '${kiosk.device}' and epoch = '${kiosk.epoch}'`);
}

/** @returns events per second, from before the connection is opened to the last ack on the kiosk's disk */
async function drained(world: ServerAndBroker, kiosk: KioskEnd, transport: Transport, count: number): Promise<number> {
  const from = kiosk.before + BACKLOG - count;
  await forget(world, kiosk, from);
  const waiting = await kiosk.rewind(from);
  if (waiting !== count) throw new Error(`${waiting} events wait instead of ${count}`);
  const ms = await kiosk.drain(transport);
  const arrived = Number(world.postgres.sql('select count(*) from event', 'sp'));
  if (arrived !== count) throw new Error(`${count} events were acknowledged and ${arrived} are there`);
  return (count / ms) * 1000;
}

async function* throughput(ctx: BenchContext, world: ServerAndBroker, kiosk: KioskEnd): AsyncIterable<BenchLine> {
  ctx.note(`throughput: ${ROUNDS} rounds of ${ROUND} events each way`);
  await kiosk.start();
  await kiosk.drain('mqtt');
  const bare = await BareInsert.open(world.postgres, kiosk.device);
  const rates: Record<Transport | 'bare', number[]> = { https: [], mqtt: [], bare: [] };
  try {
    for (let round = -1; round < ROUNDS; round++) {
      // Alternating, so that other load on the machine affects all three. Each is followed by the peer on the same rows.
      for (const transport of round % 2 === 0 ? TRANSPORTS : TRANSPORTS.toReversed()) {
        const rate = await drained(world, kiosk, transport, ROUND);
        const size = Number(
          world.postgres.sql('select round(avg(n)) from (select count(*) n from event group by xmin::text) b', 'sp'),
        );
        const peer = await bare.run(kiosk.device, kiosk.epoch, kiosk.before + BACKLOG - ROUND, size);
        if (round < 0) continue;
        rates[transport].push(rate);
        rates.bare.push(peer);
      }
    }
  } finally {
    await bare.close();
    await kiosk.stop();
  }
  for (const transport of TRANSPORTS) {
    const name = `events a second, outbox to commit and ack, ${transport.toUpperCase()}`;
    const line = { group: 'sync', unit: 'events/s', ours: median(rates[transport]), better: 'higher' } as const;
    const peer = { reference: 'bare batched insert of the same rows', referenceValue: median(rates.bare) };
    yield benchLine({ ...line, name, ...peer, bar: SHARE });
    yield benchLine({ ...line, name: 'the same', reference: 'limit', referenceValue: LEAST, bar: 1 });
  }
}

async function* backlog(ctx: BenchContext, world: ServerAndBroker, kiosk: KioskEnd): AsyncIterable<BenchLine> {
  ctx.note(`a backlog of ${BACKLOG} events`);
  await kiosk.start();
  await forget(world, kiosk, kiosk.before);
  await kiosk.rewind(kiosk.before);
  await sleep(2000);
  const ends = { kiosk: kiosk.process, server: world.server };
  const idle = { kiosk: ends.kiosk.memory().resident, server: ends.server.memory().resident };
  for (const { pid } of Object.values(ends)) resetPeak(pid);
  const ms = await kiosk.drain('mqtt');
  const peak = { kiosk: ends.kiosk.memory().peak, server: ends.server.memory().peak };
  const arrived = Number(world.postgres.sql('select count(distinct (device, epoch, seq)) from event', 'sp'));
  if (arrived !== BACKLOG) throw new Error(`${arrived} of ${BACKLOG} events arrived`);
  const name = `backlog of ${BACKLOG.toLocaleString('en')} events`;
  const none = { group: 'sync', reference: null, referenceValue: null, better: 'lower' } as const;
  yield benchLine({ ...none, name: `${name} drained and acknowledged, MQTT`, unit: 's', ours: ms / 1000 });
  yield benchLine({
    group: 'sync',
    name: `${name}: kiosk's peak above its idle`,
    unit: 'MB',
    ours: (peak.kiosk - idle.kiosk) / 1e6,
    reference: 'limit',
    referenceValue: KIOSK_MB,
    better: 'lower',
    bar: 1,
  });
  yield benchLine({
    group: 'sync',
    name: `${name}: server's peak`,
    unit: 'MB',
    ours: peak.server / 1e6,
    reference: 'before the backlog',
    referenceValue: idle.server / 1e6,
    better: 'lower',
  });
}

async function* onTheWire(ctx: BenchContext, world: ServerAndBroker, fleet: Fleet): AsyncIterable<BenchLine> {
  ctx.note('bytes on the wire');
  const person = world.postgres.sql('select id from person limit 1', 'sp');
  const member = fleet.member(0);
  for (const transport of TRANSPORTS) {
    const ours = await measureWire(world, member, transport, person);
    const plain = await measurePlain(ours.events, person);
    for (const [what, key] of [
      ['alone', 'single'],
      [`in full batches of ${ours.events}`, 'batch'],
    ] as const)
      yield benchLine({
        group: 'sync',
        name: `on the wire, an event ${what}, ${transport.toUpperCase()}`,
        unit: 'bytes',
        ours: ours[key],
        reference: 'plain JSON over TLS',
        referenceValue: plain[key],
        better: 'lower',
      });
  }
}

async function* peaks(ctx: BenchContext, world: ServerAndBroker, fleet: Fleet): AsyncIterable<BenchLine> {
  const peaks = [];
  for (const size of FLEETS) {
    ctx.note(`a morning peak at ${size} kiosks, ${PEAK_RATE} check-ins a second`);
    const peak = await fleet.peak(world, 'mqtt', size, PEAK_RATE, PEAK_SECONDS);
    if (peak.failures > 0) ctx.note(`${peak.failures} exchanges failed on their way and were tried again`);
    peaks.push(peak);
  }
  for (const key of ['p50', 'p99'] as const)
    for (const [i, peak] of peaks.entries()) {
      const before = peaks[i - 1];
      yield benchLine({
        group: 'sync',
        name: `${key} commit to commit, ${peak.kiosks.toLocaleString('en')} kiosks, ${PEAK_RATE}/s in all, MQTT`,
        unit: 'ms',
        ours: peak[key],
        reference: before ? `${before.kiosks} kiosks` : null,
        referenceValue: before ? before[key] : null,
        better: 'lower',
        leavesOut: LEFT_OUT_OF_A_PEAK,
      });
    }
}
