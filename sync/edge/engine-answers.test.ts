import { describe, expect, test } from 'vitest';
import { bundle, fail, INVENTORY, LOG, newEngine } from '../../test/kit/engine.ts';
import { MemoryOutbox } from '../../test/kit/outbox.ts';
import { newSigningKey } from '../protocol/seal/keys.ts';
import { IDLE_MS, SyncEngine } from './engine.ts';

describe('the sync engine, receiving answers,', () => {
  test('deletes nothing on an ack that is forged, altered or for another device', async () => {
    const spoils: Partial<Awaited<ReturnType<typeof newEngine>>['server']>[] = [
      { key: newSigningKey() },
      { change: (ack) => ({ ...ack, device: LOG }) },
      { change: (ack) => ({ ...ack, epoch: LOG }) },
    ];
    for (const spoil of spoils) {
      const r = await newEngine();
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

  test('rejects an ack of a log that has since been replaced', async () => {
    const r = await newEngine();
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

  test.each([
    ['under the same log', LOG],
    ['under a new log', bundle.serverId],
  ])('resends to a server restored from an older copy, %s, and requests a snapshot', async (_how, log) => {
    const r = await newEngine();
    for (let i = 0; i < 5; i++) r.source.person(`Person ${i}`);
    r.engine.start();
    await r.untilPause();
    r.server.committed.set(r.source.epoch, 2);
    r.server.logEpoch = log;
    // Made for the cursor that is dropped because of this very answer.
    r.server.pages = [{ cursor: 'of the dropped' }];
    r.wake();
    while (r.source.pendingCount() > 0 || r.received.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(await r.untilPause()).toBe(IDLE_MS);
    expect(r.received).toEqual([
      [1, 2, 3, 4, 5],
      [3, 4, 5],
    ]);
    expect(r.source.rewinds).toEqual([{ epoch: r.source.epoch, committed: 2 }]);
    expect(r.sink.restarts).toBe(1);
    expect(r.sink.pages.map(({ cursor }) => cursor)).not.toContain('of the dropped');
    expect(r.engine.status).toMatchObject({ online: true, problem: null });
    await r.engine.stop();
  });

  test('sends no report with its first ask, which may get the answer to an earlier one', async () => {
    const r = await newEngine({ report: () => INVENTORY });
    r.engine.start();
    await r.untilPause();
    expect(r.server.reported).toEqual([null, INVENTORY]);
    await r.engine.stop();
  });

  test('asks again at once if nudged during an ask', async () => {
    const r = await newEngine();
    r.faults.push(() => r.transport.onNudge!());
    r.engine.start();
    expect(await r.untilPause()).toBe(IDLE_MS);
    expect(r.server.asked).toHaveLength(2);
    await r.engine.stop();
  });

  test('asks as often during a slow backlog as when idle', async () => {
    const r = await newEngine({ batchEvents: 1 });
    for (let i = 0; i < 4; i++) r.source.person(`Person ${i}`);
    const slowly = () => {
      r.clock.now += IDLE_MS;
    };
    for (let i = 0; i < 8; i++) r.faults.push(slowly);
    r.engine.start();
    await r.untilPause();
    expect(r.received).toHaveLength(4);
    expect(r.server.asked.length).toBeGreaterThan(3);
    await r.engine.stop();
  });

  test('an answer dated a year ahead does not make later ones look old: they count, and losses are detected', async () => {
    const heard: number[] = [];
    const r = await newEngine({ onServerTime: (serverMs) => heard.push(serverMs) });
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

  test('lowers no mark on a replayed ack', async () => {
    const r = await newEngine();
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

  test('ignores old, forged or foreign answers from a broker', async () => {
    const r = await newEngine();
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

  test('starts a new epoch if the server has events that this store never made, and sends its newer events', async () => {
    const r = await newEngine();
    r.source.person('Ada');
    r.source.person('Grace');
    const old = r.source.epoch;
    r.server.committed.set(old, 9);
    r.server.change = (ack) => ({ ...ack, safe: ack.committed });
    r.engine.start();
    await r.untilPause();
    expect(r.source.epoch).not.toBe(old);
    expect(r.received).toEqual([[1, 2]]);
    expect(r.source.acks).toEqual([{ epoch: old, committed: 2, safe: 2 }]);
    await r.engine.stop();
  });

  test('asks about every epoch in turn, and at once when nudged', async () => {
    const r = await newEngine();
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

  test('applies pages in order until there are no more, even during a backlog', async () => {
    const r = await newEngine({ batchEvents: 1 });
    for (let i = 0; i < 3; i++) r.source.person(`Person ${i}`);
    r.server.pages = [{ cursor: 'c1', more: true }, { cursor: 'c2', more: true }, { cursor: 'c3' }];
    r.engine.start();
    expect(await r.untilPause()).toBe(IDLE_MS);
    expect(r.sink.pages.map((page) => page.cursor).slice(0, 3)).toEqual(['c1', 'c2', 'c3']);
    expect(r.source.pendingCount()).toBe(0);
    await r.engine.stop();
  });

  test('sends the outbox although a page can’t be applied, however long the pause between attempts', async () => {
    const r = await newEngine({ batchEvents: 1 });
    const { apply } = r.sink;
    r.server.pages = [{ cursor: 'c1', more: true }];
    r.sink.apply = async (page) => (page.more ? apply(page) : fail('store-damaged')());
    const wakeInTime = async () => {
      r.clock.now += await r.untilPause();
      r.wake();
    };
    r.engine.start();
    while ((await r.untilPause()) <= IDLE_MS) await wakeInTime();
    for (const people of [3, 1]) {
      const asked = r.server.asked.length;
      for (let i = 0; i < people; i++) r.source.person(`Person ${i}`);
      await wakeInTime();
      expect(await r.untilPause()).toBeGreaterThan(IDLE_MS);
      expect(r.server.asked).toHaveLength(asked + 1);
      expect(r.engine.status).toMatchObject({ online: false, queued: 0, problem: { code: 'store-damaged' } });
    }
    expect(r.received).toEqual([[1], [2], [3], [4]]);
    r.sink.apply = apply;
    r.wake();
    expect(await r.untilPause()).toBe(IDLE_MS);
    expect(r.engine.status).toMatchObject({ online: true, problem: null });
    await r.engine.stop();
  });

  test('gets the marks of every epoch before a snapshot’s first page changes anyone', async () => {
    const r = await newEngine();
    r.source.person('Ada');
    const old = r.source.epoch;
    r.source.newEpoch();
    r.source.person('Grace');
    const middle = r.source.epoch;
    r.source.newEpoch();
    r.source.person('Lina');
    for (const epoch of [old, middle]) r.source.acknowledge(epoch, { committed: 1, safe: 0 });
    r.server.pages = [
      { whole: true, cursor: 'c1', more: true },
      { whole: true, cursor: 'c1' },
    ];
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
    // The server lost its events of the middle epoch. The ask that fetches the page is about the first epoch in the list.
    r.server.committed.set(old, 1);
    r.server.committed.set(middle, 0);
    r.engine.start();
    await r.untilPause();
    expect(order.indexOf('rewind')).toBe(0);
    expect(r.received.flat()).toEqual([1, 1]); // of the middle epoch and of the current one
    await r.engine.stop();
  });

  test('never throws into the core: failures of the store or a listener become status', async () => {
    const r = await newEngine();
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
      runtime: { now: () => 0, random: () => 0, after: () => () => undefined },
    });
    listener.start();
    while (!listener.status.problem) await new Promise((resolve) => setImmediate(resolve));
    expect(listener.status.problem?.code).toBe('sync-failed');
    await listener.stop();
  });
});
