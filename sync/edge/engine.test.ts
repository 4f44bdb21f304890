import { describe, expect, test } from 'vitest';
import { MemoryOutbox } from '../../test/sync/kit.ts';
import { signAck } from '../protocol/seal/ack.ts';
import { openAsk } from '../protocol/seal/ask.ts';
import { openBatch } from '../protocol/seal/batch.ts';
import { newSealingKey, newSigningKey, publicHalf } from '../protocol/seal/keys.ts';
import { sealPage } from '../protocol/seal/page.ts';
import type { Ack } from '../protocol/wire/ack.ts';
import type { Change } from '../protocol/wire/changes.ts';
import type { WireEvent } from '../protocol/wire/event.ts';
import { Problem } from '../protocol/wire/problem.ts';
import type { ServerBundle } from '../protocol/wire/provisioning.ts';
import { LONGEST_PAUSE_MS, pauseAfter } from './backoff.ts';
import type { ChangeSink, ChangesPage } from './changes/asker.ts';
import { IDLE_MS, SyncEngine, type SyncStatus } from './engine.ts';
import { createDeviceIdentity, deviceFingerprint, deviceRequest } from './identity.ts';
import type { Transport } from './transport/interface.ts';

const LOG = '55555555-5555-4555-8555-555555555555';
const signing = newSigningKey();
const sealing = newSealingKey();
const bundle: ServerBundle = {
  serverId: '66666666-6666-4666-8666-666666666666',
  serverUrl: 'https://127.0.0.1:1',
  tlsCertPem: '',
  mqttUrls: [],
  keys: { serial: 1, signing: [publicHalf(signing)], sealing: publicHalf(sealing), caPem: ['CA'] },
  site: { id: '77777777-7777-4777-8777-777777777777', name: 'Test', timeZone: 'UTC' },
};

/** A server of a few lines, a clock that moves when told, and the engine between them. */
async function rig(options: { batchEvents?: number; onServerTime?: (serverMs: number) => void } = {}) {
  const source = new MemoryOutbox();
  const secret = await createDeviceIdentity(source.device);
  const received: number[][] = [];
  const statuses: SyncStatus[] = [];
  const pauses: { ms: number; wake: () => void }[] = [];
  const faults: (() => void | Promise<void>)[] = [];
  const server = {
    committed: new Map<string, number>(),
    change: (ack: Ack): Ack => ack,
    key: signing,
    logEpoch: LOG,
    inFlight: 0,
    mostInFlight: 0,
    /** Epochs asked about, in order. */
    asked: [] as string[],
    /** Pages to give, each once; then empty ones. */
    pages: [] as { changes?: Change[]; whole?: boolean; more?: boolean; cursor?: string }[],
    time: Date.parse('2026-01-01T00:00:00.000Z'),
  };
  const sink: ChangeSink & { at: string; readonly pages: ChangesPage[]; restarts: number } = {
    at: '',
    pages: [],
    restarts: 0,
    cursor: () => sink.at,
    presenceAfter: () => null,
    async apply(page) {
      sink.pages.push(page);
      sink.at = page.cursor;
    },
    restart() {
      sink.restarts += 1;
      sink.at = '';
    },
  };
  const answer = (epoch: string) =>
    signAck(
      server.change({
        device: source.device,
        epoch,
        committed: server.committed.get(epoch) ?? 0,
        safe: 0,
        logEpoch: server.logEpoch,
        serverTime: new Date(server.time++).toISOString(),
      }),
      server.key,
    );
  const transport: Transport = {
    name: 'https',
    onNudge: null,
    async exchange(kind, sealed) {
      server.mostInFlight = Math.max(server.mostInFlight, ++server.inFlight);
      try {
        await faults.shift()?.();
        if (kind === 'ask') return await page(sealed);
        const { header, body } = await openBatch(
          sealed,
          { sealing: async () => sealing, device: async () => publicHalf(secret.signing) },
          { serverId: bundle.serverId, device: source.device },
        );
        received.push(body.events.map((_e, i) => header.first + i));
        const before = server.committed.get(header.epoch) ?? 0;
        if (header.first <= before + 1) server.committed.set(header.epoch, Math.max(before, header.last));
        return await answer(header.epoch);
      } finally {
        server.inFlight -= 1;
      }
    },
    close: async () => undefined,
  };
  const sealingKey = async () => sealing;
  const page = async (sealed: string): Promise<string> => {
    const { header, ask } = await openAsk(
      sealed,
      { sealing: sealingKey, device: async () => publicHalf(secret.signing) },
      { serverId: bundle.serverId, device: source.device },
    );
    if (ask.what !== 'changes') throw new Error('another ask');
    server.asked.push(ask.epoch);
    const given = ask.limit === 1 ? {} : (server.pages.shift() ?? {});
    return sealPage(
      {
        what: 'changes',
        device: source.device,
        jti: header.jti,
        whole: given.whole ?? false,
        changes: given.changes ?? [],
        cursor: given.cursor ?? (ask.cursor || 'c0'),
        more: given.more ?? false,
        presence: [],
        ack: await answer(ask.epoch),
      },
      { signing: server.key, device: publicHalf(secret.sealing) },
    );
  };
  const engine = new SyncEngine({
    secret,
    bundle,
    source,
    transport,
    changes: sink,
    onStatus: (s) => statuses.push(s),
    surroundings: {
      now: () => 0,
      random: () => 0.5,
      after(ms, wake) {
        const pause = { ms, wake };
        pauses.push(pause);
        return () => void pauses.splice(pauses.indexOf(pause), 1);
      },
    },
    ...options,
  });
  /** Runs until the engine waits, and says for how long. */
  const untilPause = async (): Promise<number> => {
    while (pauses.length === 0) await new Promise((resolve) => setImmediate(resolve));
    return pauses[0]!.ms;
  };
  const wake = () => pauses.splice(0, 1)[0]!.wake();
  return { source, secret, server, sink, transport, received, statuses, pauses, faults, engine, untilPause, wake };
}

const fail = (code: string) => () => {
  throw new Problem(code, code);
};

describe('the sync engine', () => {
  test('empties the outbox in order, in bounded batches, one in flight, then rests', async () => {
    const r = await rig({ batchEvents: 4 });
    for (let i = 0; i < 10; i++) r.source.person(`Person ${i}`);
    r.engine.start();
    expect(await r.untilPause()).toBe(IDLE_MS);
    expect(r.received).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
      [9, 10],
    ]);
    expect(r.server.mostInFlight).toBe(1);
    expect(r.engine.status).toMatchObject({ online: true, queued: 0, problem: null });
    expect(r.engine.status.lastSyncAt).toMatch(/^2026-01-01T/);
    await r.engine.stop();
  });

  test('wakes for a new event', async () => {
    const r = await rig();
    r.engine.start();
    await r.untilPause();
    r.source.person('Ada');
    r.engine.nudge();
    while (r.source.pendingCount() > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(r.received).toEqual([[1]]);
    await r.engine.stop();
  });

  test('keeps everything and backs off longer each time the server is away, then sends it once', async () => {
    const r = await rig();
    r.source.person('Ada');
    for (let i = 0; i < 5; i++) r.faults.push(fail('server-unreachable'));
    r.engine.start();
    const waited: number[] = [];
    for (let i = 0; i < 5; i++) {
      waited.push(await r.untilPause());
      expect(r.engine.status).toMatchObject({ online: false, queued: 1, problem: { code: 'server-unreachable' } });
      r.engine.nudge();
      expect(r.pauses.length, 'a nudge does not cut a pause after a failure short').toBe(1);
      r.wake();
    }
    expect(waited).toEqual([...waited].sort((a, b) => a - b));
    expect(new Set(waited).size).toBe(5);
    expect(await r.untilPause()).toBe(IDLE_MS);
    expect(r.received).toEqual([[1]]);
    expect(r.engine.status).toMatchObject({ online: true, queued: 0, problem: null });
    await r.engine.stop();
  });

  test('forgets nothing on an ack that is forged, of another device, or altered', async () => {
    const spoils: Partial<Awaited<ReturnType<typeof rig>>['server']>[] = [
      { key: newSigningKey() },
      { change: (ack) => ({ ...ack, device: LOG }) },
      { change: (ack) => ({ ...ack, epoch: LOG }) },
    ];
    for (const spoil of spoils) {
      const r = await rig();
      r.source.person('Ada');
      Object.assign(r.server, spoil);
      r.engine.start();
      expect(await r.untilPause()).toBeLessThan(IDLE_MS);
      expect(r.source.acks).toEqual([]);
      expect(r.engine.status).toMatchObject({ online: false, queued: 1 });
      expect(r.engine.status.problem?.code).toMatch(/^(unknown-server-key|ack-of-another)$/);
      await r.engine.stop();
    }
  });

  test('sends again what was lost on the way back, and takes the same marks', async () => {
    const r = await rig();
    r.source.person('Ada');
    const change = r.server.change;
    r.server.change = (ack) => {
      if (ack.committed === 0) return ack;
      r.server.change = change;
      throw new Problem('server-unreachable', 'the answer was lost');
    };
    r.engine.start();
    await r.untilPause();
    expect(r.source.pendingCount()).toBe(1);
    // The next question would hear of the mark first; whoever asks no more sends again.
    r.server.committed.clear();
    r.wake();
    expect(await r.untilPause()).toBe(IDLE_MS);
    expect(r.received).toEqual([[1], [1]]);
    expect(r.source.pendingCount()).toBe(0);
    await r.engine.stop();
  });

  test('does not spin when the server has a hole beneath what is left', async () => {
    const r = await rig();
    r.source.person('Ada');
    r.source.person('Grace');
    r.source.events.shift();
    r.engine.start();
    expect(await r.untilPause()).toBeGreaterThan(0);
    expect(r.received).toEqual([[2]]);
    expect(r.engine.status.problem?.code).toBe('server-misses-events');
    await r.engine.stop();
  });

  test('splits a batch that outgrows the largest bucket', async () => {
    const r = await rig();
    for (let i = 0; i < 90; i++) r.source.append('health', { code: 'x', detail: { text: 'y'.repeat(15_000) } }, {});
    r.engine.start();
    await r.untilPause();
    expect(r.received.flat()).toEqual(Array.from({ length: 90 }, (_, i) => i + 1));
    expect(r.received.length).toBeGreaterThan(1);
    await r.engine.stop();
  });

  test('finishes an old epoch before the new one, each with its own acks', async () => {
    const r = await rig();
    r.source.person('Ada');
    r.source.newEpoch();
    r.source.person('Grace');
    r.engine.start();
    await r.untilPause();
    expect(r.received).toEqual([[1], [1]]);
    expect(new Set(r.source.acks.map((a) => a.epoch)).size).toBe(2);
    expect(r.source.pendingCount()).toBe(0);
    await r.engine.stop();
  });

  test('refuses an ack of a log that was since replaced', async () => {
    const r = await rig();
    r.engine.start();
    await r.untilPause();
    const { change } = r.server;
    r.server.change = (ack) => {
      if (ack.committed === 0) return ack;
      r.server.change = change;
      return { ...ack, logEpoch: bundle.serverId, serverTime: '2025-12-31T00:00:00.000Z' };
    };
    r.source.person('Ada');
    r.wake();
    await r.untilPause();
    expect(r.statuses.map((status) => status.problem?.code)).toContain('ack-older');
    expect(r.sink.restarts).toBe(0);
    await r.engine.stop();
  });

  test('sends the next batch as soon as the one before is acknowledged, made while that was on its way', async () => {
    const r = await rig({ batchEvents: 2 });
    for (let i = 0; i < 4; i++) r.source.person(`Person ${i}`);
    let readWhileFlying = 0;
    const { pending } = r.source;
    r.source.pending = (...args) => {
      if (r.server.inFlight > 0) readWhileFlying += 1;
      return pending.apply(r.source, args);
    };
    r.engine.start();
    await r.untilPause();
    expect(r.received).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(readWhileFlying).toBeGreaterThan(0);
    expect(r.server.mostInFlight).toBe(1);
    await r.engine.stop();
  });

  test('sends nothing that was erased after the batch was made', async () => {
    const r = await rig({ batchEvents: 1 });
    r.source.person('Ada');
    r.source.person('Grace');
    const sent: boolean[] = [];
    const { exchange } = r.transport;
    r.transport.exchange = async (kind, sealed, ...rest) => {
      if (kind === 'batch') {
        const { body } = await openBatch(
          sealed,
          { sealing: async () => sealing, device: async () => publicHalf(r.secret.signing) },
          { serverId: bundle.serverId, device: r.source.device },
        );
        sent.push('name' in (body.events[0] as WireEvent).personal);
        if (sent.length === 1) {
          // The second batch lies ready by now.
          await new Promise((resolve) => setTimeout(resolve, 20));
          r.source.events[1]!.personal = {};
          r.source.removals += 1;
        }
      }
      return exchange.call(r.transport, kind, sealed, ...rest);
    };
    r.engine.start();
    await r.untilPause();
    expect(sent).toEqual([true, false]);
    await r.engine.stop();
  });

  test.each([
    ['under the same log', LOG],
    ['under a new log', bundle.serverId],
  ])('sends again to a server that was restored from an older copy, %s, and asks for a snapshot', async (_how, log) => {
    const r = await rig();
    for (let i = 0; i < 5; i++) r.source.person(`Person ${i}`);
    r.engine.start();
    await r.untilPause();
    r.server.committed.set(r.source.epoch, 2);
    r.server.logEpoch = log;
    r.wake();
    while (r.source.pendingCount() > 0 || r.received.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(await r.untilPause()).toBe(IDLE_MS);
    expect(r.received).toEqual([
      [1, 2, 3, 4, 5],
      [3, 4, 5],
    ]);
    expect(r.source.rewinds).toEqual([{ epoch: r.source.epoch, committed: 2 }]);
    expect(r.sink.restarts).toBe(1);
    expect(r.engine.status).toMatchObject({ online: true, problem: null });
    await r.engine.stop();
  });

  test('one answer of a year ahead does not make the right ones old: the server is heard on, and its losses are found', async () => {
    const heard: number[] = [];
    const r = await rig({ onServerTime: (serverMs) => heard.push(serverMs) });
    for (let i = 0; i < 3; i++) r.source.person(`Person ${i}`);
    r.engine.start();
    await r.untilPause();
    const right = r.server.time;
    r.server.time += 365 * 86_400_000;
    r.wake();
    await r.untilPause();
    r.server.time = right;
    r.server.committed.set(r.source.epoch, 1);
    const before = heard.length;
    r.wake();
    while (r.received.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(await r.untilPause()).toBe(IDLE_MS);
    expect(r.received.at(-1)).toEqual([2, 3]);
    expect(heard.slice(before).length).toBeGreaterThan(0);
    expect(Math.max(...heard.slice(before))).toBeLessThan(right + 1000);
    expect(r.engine.status).toMatchObject({ online: true, queued: 0, problem: null });
    expect(r.engine.status.lastSyncAt).toMatch(/^2026-/);
    await r.engine.stop();
  });

  test('takes nothing back by an ack that is played again', async () => {
    const r = await rig();
    for (let i = 0; i < 3; i++) r.source.person(`Person ${i}`);
    let old = '';
    const { exchange } = r.transport;
    r.transport.exchange = async (kind, ...rest) => {
      const answer = await exchange.call(r.transport, kind, ...rest);
      if (kind === 'ask') return answer;
      if (!old) {
        old = answer;
        return answer;
      }
      return old;
    };
    r.engine.start();
    await r.untilPause();
    r.source.person('Grace');
    r.engine.nudge();
    while (r.engine.status.problem === null) await new Promise((resolve) => setImmediate(resolve));
    expect(r.engine.status.problem).toMatchObject({ code: 'batch-not-committed' });
    expect(r.source.rewinds).toEqual([]);
    expect(r.source.pendingCount()).toBe(1);
    await r.engine.stop();
  });

  test('a broker’s old, forged or foreign answers are not the one waited for', async () => {
    const r = await rig();
    r.source.person('Ada');
    const judged: boolean[] = [];
    let before = '';
    const { exchange } = r.transport;
    r.transport.exchange = async (kind, sealed, signal, accept) => {
      const answer = await exchange.call(r.transport, kind, sealed, signal, accept);
      const ask = async (text: string) => judged.push(await accept!(text).catch(() => false));
      if (before) await ask(before);
      await ask('a.b.c');
      await ask(answer);
      before = answer;
      return answer;
    };
    r.engine.start();
    await r.untilPause();
    expect(judged).toEqual([false, true, false, false, true]);
    await r.engine.stop();
  });

  test('sends what lies behind a hole once, says so, and rests until the server has what it lacked', async () => {
    const r = await rig({ batchEvents: 1 });
    for (let i = 0; i < 4; i++) r.source.person(`Person ${i}`);
    r.source.events.shift();
    r.engine.start();
    expect(await r.untilPause()).toBe(IDLE_MS);
    expect(r.received).toEqual([[2], [3], [4]]);
    expect(r.engine.status).toMatchObject({ online: true, problem: { code: 'server-misses-events' } });
    r.server.committed.set(r.source.epoch, 4);
    r.wake();
    expect(await r.untilPause()).toBe(IDLE_MS);
    expect(r.engine.status).toMatchObject({ online: true, queued: 0, problem: null });
    await r.engine.stop();
  });

  test('a server whose hole lies below what was trimmed is told of, and costs no loop and no snapshots', async () => {
    const r = await rig({ batchEvents: 1 });
    for (let i = 0; i < 4; i++) r.source.person(`Person ${i}`);
    r.engine.start();
    await r.untilPause();
    r.source.trimmed.set(r.source.epoch, 3);
    r.source.events.splice(0, 3);
    r.server.committed.set(r.source.epoch, 1);
    const [asked, sent] = [r.server.asked.length, r.received.length];
    for (let i = 0; i < 3; i++) {
      r.wake();
      expect(await r.untilPause()).toBe(IDLE_MS);
      expect(r.engine.status).toMatchObject({ online: true, problem: { code: 'server-misses-events' } });
    }
    expect(r.received.slice(sent)).toEqual([[4]]);
    expect(r.server.asked.length - asked).toBeLessThan(8);
    // What was not trimmed went out again once; then there is nothing left to take back.
    expect([r.sink.restarts, r.source.rewinds.length]).toEqual([1, 1]);
    await r.engine.stop();
  });

  test('a hole in one epoch is neither forgotten nor sent again for what the server says of another', async () => {
    const r = await rig({ batchEvents: 1 });
    for (let i = 0; i < 3; i++) r.source.person(`Person ${i}`);
    const holed = [r.source.epoch];
    r.source.newEpoch();
    for (let i = 0; i < 3; i++) r.source.person(`Person ${i}`);
    holed.push(r.source.epoch);
    r.source.events.splice(3, 1);
    r.source.events.splice(0, 1);
    r.source.newEpoch();
    r.source.person('Ada');
    r.engine.start();
    for (let i = 0; i < 7; i++) {
      expect(await r.untilPause()).toBe(IDLE_MS);
      expect(r.engine.status.problem?.code).toBe('server-misses-events');
      if (i === 3) r.source.person('Grace');
      r.wake();
    }
    await r.untilPause();
    expect(r.received).toEqual([[2], [3], [2], [3], [1], [2]]);
    expect(new Set(r.server.asked).size).toBe(3);
    const told = r.statuses.slice(r.statuses.findIndex((s) => s.problem !== null));
    expect(told.filter((s) => s.problem === null)).toEqual([]);
    for (const epoch of holed) r.server.committed.set(epoch, 3);
    for (let i = 0; i < 3; i++) {
      r.wake();
      await r.untilPause();
    }
    expect(r.engine.status).toMatchObject({ online: true, queued: 0, problem: null });
    await r.engine.stop();
  });

  test('opens a new epoch when the server has events that this store never made, and sends what it made since', async () => {
    const r = await rig();
    r.source.person('Ada');
    r.source.person('Grace');
    const old = r.source.epoch;
    r.server.committed.set(old, 9);
    r.engine.start();
    await r.untilPause();
    expect(r.source.epoch).not.toBe(old);
    expect(r.received).toEqual([[1, 2]]);
    expect(r.source.acks).toEqual([{ epoch: old, committed: 2, safe: 0 }]);
    await r.engine.stop();
  });

  test('asks of every epoch in turn, and at once when the server has something to tell', async () => {
    const r = await rig();
    r.source.person('Ada');
    const first = r.source.epoch;
    r.source.newEpoch();
    r.source.person('Grace');
    r.engine.start();
    await r.untilPause();
    const asked = r.server.asked.length;
    r.transport.onNudge!();
    while (r.server.asked.length === asked) await new Promise((resolve) => setImmediate(resolve));
    await r.untilPause();
    expect(new Set(r.server.asked)).toEqual(new Set([first, r.source.epoch]));
    await r.engine.stop();
  });

  test('applies pages in order until there is no more, beside a backlog', async () => {
    const r = await rig({ batchEvents: 1 });
    for (let i = 0; i < 3; i++) r.source.person(`Person ${i}`);
    r.server.pages = [{ cursor: 'c1', more: true }, { cursor: 'c2', more: true }, { cursor: 'c3' }];
    r.engine.start();
    expect(await r.untilPause()).toBe(IDLE_MS);
    expect(r.sink.pages.map((page) => page.cursor).slice(0, 3)).toEqual(['c1', 'c2', 'c3']);
    expect(r.source.pendingCount()).toBe(0);
    await r.engine.stop();
  });

  test('hears of every epoch’s marks before a snapshot’s last page drops anybody', async () => {
    const r = await rig();
    r.source.person('Ada');
    const old = r.source.epoch;
    r.source.newEpoch();
    r.source.person('Grace');
    r.source.acknowledge(old, { committed: 1, safe: 0 });
    r.server.pages = [{ whole: true, cursor: 'c1' }];
    const order: string[] = [];
    const { rewind } = r.source;
    r.source.rewind = (...args) => {
      order.push('rewind');
      rewind.apply(r.source, args);
    };
    const { apply } = r.sink;
    r.sink.apply = async (page) => {
      order.push('apply');
      await apply(page);
    };
    // The server lost what it had of the old epoch; the ask that brings the page is about the first in the list.
    r.server.committed.set(old, 0);
    r.engine.start();
    await r.untilPause();
    expect(order.indexOf('rewind')).toBe(0);
    expect(r.received.flat()).toEqual([1, 1]);
    await r.engine.stop();
  });

  test('never throws into the core: a broken store and a broken listener become status', async () => {
    const r = await rig();
    r.source.pending = () => {
      throw new Error('disk on fire');
    };
    r.engine.start();
    await r.untilPause();
    expect(r.engine.status).toMatchObject({ online: false, problem: { code: 'sync-failed' } });
    await r.engine.stop();

    const listener = new SyncEngine({
      secret: r.secret,
      bundle,
      source: new MemoryOutbox(),
      transport: { name: 'https', onNudge: null, exchange: fail('x'), close: async () => undefined },
      onStatus: () => {
        throw new Error('listener');
      },
      surroundings: { now: () => 0, random: () => 0, after: () => () => undefined },
    });
    listener.start();
    while (!listener.status.problem) await new Promise((resolve) => setImmediate(resolve));
    expect(listener.status.problem?.code).toBe('sync-failed');
    await listener.stop();
  });
});

test('a pause doubles up to its ceiling and is spread over three quarters of itself', () => {
  expect([1, 2, 3].map((n) => pauseAfter(n, 1))).toEqual([500, 1000, 2000]);
  expect(pauseAfter(1, 0)).toBe(125);
  expect(pauseAfter(1000, 0.999)).toBeLessThanOrEqual(LONGEST_PAUSE_MS);
});

test('a device’s fingerprint stays the same over requests and differs between devices', async () => {
  const [a, b] = [await createDeviceIdentity(LOG), await createDeviceIdentity(LOG)];
  const print = async (s: typeof a) => deviceFingerprint(await deviceRequest(s, 'Door'));
  expect(await print(a)).toMatch(/^([0-9a-f]{4} ){3}[0-9a-f]{4}$/);
  expect(await print(a)).toBe(await print(a));
  expect(await print(a)).not.toBe(await print(b));
  expect(JSON.stringify(await deviceRequest(a, 'Door'))).not.toContain(a.signing.d);
});
