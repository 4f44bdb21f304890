import { describe, expect, test } from 'vitest';
import { bundle, fail, newEngine, sealing } from '../../test/kit/engine.ts';
import { Problem } from '../errors/problem.ts';
import { openBatch } from '../protocol/seal/batch.ts';
import { publicHalf } from '../protocol/seal/keys.ts';
import type { WireEvent } from '../protocol/wire/event.ts';
import { IDLE_MS } from './engine.ts';

describe('the sync engine, sending,', () => {
  test('sends the outbox in order, in bounded batches, one at a time, then pauses', async () => {
    const r = await newEngine({ batchEvents: 4 });
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
    const r = await newEngine();
    r.engine.start();
    await r.untilPause();
    r.source.person('Ada');
    r.engine.nudge();
    while (r.source.pendingCount() > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(r.received).toEqual([[1]]);
    await r.engine.stop();
  });

  test('keeps everything while the server is unreachable, backs off longer each time, then sends it once', async () => {
    const r = await newEngine();
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

  test('backs off longer each time while the server refuses a batch but answers asks', async () => {
    const r = await newEngine();
    r.source.person('Ada');
    const { exchange } = r.transport;
    r.transport.exchange = async (kind, ...rest) =>
      kind === 'batch' ? fail('batch-malformed')() : exchange(kind, ...rest);
    r.engine.start();
    const waited: number[] = [];
    for (let i = 0; i < 5; i++) {
      waited.push(await r.untilPause());
      expect(r.engine.status).toMatchObject({ online: false, queued: 1, problem: { code: 'batch-malformed' } });
      r.wake();
    }
    expect(waited).toEqual([...new Set(waited)].sort((a, b) => a - b));
    r.transport.exchange = exchange;
    await r.untilPause();
    r.wake();
    expect(await r.untilPause()).toBe(IDLE_MS);
    expect(r.engine.status).toMatchObject({ online: true, queued: 0, problem: null });
    await r.engine.stop();
  });

  test('resends a batch whose ack was lost, and gets the same marks', async () => {
    const r = await newEngine();
    r.source.person('Ada');
    const change = r.server.change;
    r.server.change = (ack) => {
      if (ack.committed === 0) return ack;
      r.server.change = change;
      throw new Problem('server-unreachable', { reason: 'ENOENT' });
    };
    r.engine.start();
    await r.untilPause();
    expect(r.source.pendingCount()).toBe(1);
    // The next ask would get the mark first. A kiosk that has stopped asking sends again.
    r.server.committed.clear();
    r.wake();
    expect(await r.untilPause()).toBe(IDLE_MS);
    expect(r.received).toEqual([[1], [1]]);
    expect(r.source.pendingCount()).toBe(0);
    await r.engine.stop();
  });

  test('does not loop if the server lacks events that the kiosk no longer has', async () => {
    const r = await newEngine();
    r.source.person('Ada');
    r.source.person('Grace');
    r.source.events.shift();
    r.engine.start();
    expect(await r.untilPause()).toBeGreaterThan(0);
    expect(r.received).toEqual([[2]]);
    expect(r.engine.status.problem?.code).toBe('server-misses-events');
    await r.engine.stop();
  });

  test('splits a batch that exceeds the largest bucket', async () => {
    const r = await newEngine();
    for (let i = 0; i < 90; i++) r.source.append('health', { code: 'x', detail: { text: 'y'.repeat(15_000) } }, {});
    r.engine.start();
    await r.untilPause();
    expect(r.received.flat()).toEqual(Array.from({ length: 90 }, (_, i) => i + 1));
    expect(r.received.length).toBeGreaterThan(1);
    await r.engine.stop();
  });

  test('finishes an old epoch before the new one, each with its own acks', async () => {
    const r = await newEngine();
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

  test('sends the next batch as soon as the one before is acknowledged, prepared while that one was being sent', async () => {
    const r = await newEngine({ batchEvents: 2 });
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

  test('sends nothing that was erased after the batch was prepared', async () => {
    const r = await newEngine({ batchEvents: 1 });
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
          // By now the second batch is prepared.
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

  test('sends events after a gap once, reports the gap, and pauses until the server has the missing ones', async () => {
    const r = await newEngine({ batchEvents: 1 });
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

  test('reports a gap below the trimmed events, without a loop or snapshots', async () => {
    const r = await newEngine({ batchEvents: 1 });
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
    // Untrimmed events were sent again once. After that there is nothing left to rewind.
    expect([r.sink.restarts, r.source.rewinds.length]).toEqual([1, 1]);
    await r.engine.stop();
  });

  test('acks of another epoch neither clear a gap nor cause resending', async () => {
    const r = await newEngine({ batchEvents: 1 });
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
    const notified = r.statuses.slice(r.statuses.findIndex((s) => s.problem !== null));
    expect(notified.filter((s) => s.problem === null)).toEqual([]);
    for (const epoch of holed) r.server.committed.set(epoch, 3);
    for (let i = 0; i < 3; i++) {
      r.wake();
      await r.untilPause();
    }
    expect(r.engine.status).toMatchObject({ online: true, queued: 0, problem: null });
    await r.engine.stop();
  });
});
