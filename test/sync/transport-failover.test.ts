import { describe, expect, test } from 'vitest';
import { type Broker, FailoverTransport } from '../../sync/edge/transport/failover.ts';
import type { Transport } from '../../sync/edge/transport/interface.ts';
import { Problem } from '../../sync/errors/problem.ts';
import { codeOf } from '../kit/client.ts';

const never = new AbortController().signal;
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Creates a failover transport whose connections, answers and timers the test controls. */
function newFailover({ brokers = 1 } = {}) {
  const inFlight = { now: 0, most: 0 };
  const sent: string[] = [];
  const carry = async (name: string, answer: () => Promise<string>) => {
    inFlight.most = Math.max(inFlight.most, ++inFlight.now);
    sent.push(name);
    try {
      return await answer();
    } finally {
      inFlight.now -= 1;
    }
  };
  const make = (name: string) => {
    const state = {
      up: true,
      connects: 0,
      answer: async () => 'from broker',
      lose(code: string) {
        broker.connected = false;
        broker.onDown?.(Problem.from({ code, message: code, nextStep: '' }));
      },
    };
    const broker: { -readonly [K in keyof Broker]: Broker[K] } = {
      broker: name,
      connected: false,
      onNudge: null,
      onDown: null,
      async connect() {
        state.connects += 1;
        if (!state.up) throw new Problem('broker-unreachable', { reason: 'ENOENT' });
        broker.connected = true;
      },
      exchange: () => carry(name, () => state.answer()),
      close: async () => undefined,
    };
    return { state, broker };
  };
  const all = Array.from({ length: brokers }, (_, i) => make(`broker-${i}`));
  const https: Transport = {
    name: 'https',
    onNudge: null,
    exchange: () => carry('https', async () => 'from https'),
    close: async () => undefined,
  };
  const timers: { ms: number; wake: () => void }[] = [];
  const transport = new FailoverTransport({
    brokers: all.map((b) => b.broker),
    https,
    random: () => 0.5,
    after: (ms, wake) => {
      const timer = { ms, wake };
      timers.push(timer);
      return () => {
        if (timers.includes(timer)) timers.splice(timers.indexOf(timer), 1);
      };
    },
  });
  const wake = async () => {
    timers.splice(0, 1)[0]!.wake();
    await turn();
    await turn();
  };
  return {
    transport,
    all,
    first: all[0]!,
    sent,
    inFlight,
    timers,
    wake,
    send: () => transport.exchange('batch', 'x', never),
  };
}

describe('failover', () => {
  test('takes the first broker that connects, in their order', async () => {
    const r = newFailover({ brokers: 3 });
    r.first.state.up = false;
    expect(await r.send()).toBe('from broker');
    expect(r.sent).toEqual(['broker-1']);
    expect(r.transport.state).toEqual({ using: 'mqtt', broker: 'broker-1', why: null });
    expect(r.all[2]!.state.connects).toBe(0);
  });

  test('uses HTTPS while no broker is reachable, says why, and switches back automatically', async () => {
    const r = newFailover();
    r.first.state.up = false;
    expect(await r.send()).toBe('from https');
    expect(r.transport.state).toMatchObject({ using: 'https', why: { code: 'broker-unreachable' } });
    r.first.state.up = true;
    await r.wake();
    expect(r.transport.name).toBe('mqtt');
    expect(await r.send()).toBe('from broker');
    expect(r.sent).toEqual(['https', 'broker-0']);
  });

  test('a broker that doesn’t answer delays the first exchange by seconds only', async () => {
    const r = newFailover();
    r.first.broker.connect = () => new Promise(() => undefined);
    const answer = r.send();
    await turn();
    expect(r.timers.map((t) => t.ms)).toEqual([5000]);
    await r.wake();
    expect(await answer).toBe('from https');
  });

  test('a failure during an exchange ends it with an error, and only the next one uses the other transport', async () => {
    const r = newFailover();
    r.first.state.answer = async () => {
      r.first.state.lose('server-silent');
      throw new Problem('server-silent');
    };
    expect(await codeOf(r.send())).toBe('server-silent');
    expect(r.sent).toEqual(['broker-0']);
    expect(await r.send()).toBe('from https');
    expect(r.inFlight.most).toBe(1);
  });

  test('a rejection by the server is passed on and does not change the transport', async () => {
    const r = newFailover();
    r.first.state.answer = async () => {
      throw new Problem('device-revoked');
    };
    expect(await codeOf(r.send())).toBe('device-revoked');
    expect(r.transport.name).toBe('mqtt');
  });

  test('a broker that returns during an HTTPS exchange is used after it', async () => {
    const r = newFailover();
    r.first.state.up = false;
    await r.send();
    r.first.state.up = true;
    const over = r.send();
    await r.wake();
    expect(await over).toBe('from https');
    expect(await r.send()).toBe('from broker');
    expect(r.inFlight.most).toBe(1);
  });

  test('a second exchange during another is refused, not sent', async () => {
    const r = newFailover();
    const first = r.send();
    expect(await codeOf(r.send())).toBe('exchange-in-flight');
    await first;
    expect(r.sent).toHaveLength(1);
  });

  test('a broker that connects but gets no answers is tried ever less often, until an answer arrives through it', async () => {
    const r = newFailover();
    const silent = async () => {
      r.first.state.lose('server-silent');
      throw new Problem('server-silent');
    };
    const pauses: number[] = [];
    r.first.state.answer = silent;
    for (let i = 0; i < 5; i++) {
      await codeOf(r.send());
      pauses.push(r.timers.at(-1)!.ms);
      await r.wake();
      expect(r.transport.name).toBe('mqtt');
    }
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
    expect(new Set(pauses).size).toBe(5);
    r.first.state.answer = async () => 'from broker';
    await r.send();
    r.first.state.answer = silent;
    await codeOf(r.send());
    expect(r.timers.at(-1)!.ms).toBe(pauses[0]);
  });

  test('nudges from any broker are passed on, and nothing is retried after closing', async () => {
    const r = newFailover();
    let nudges = 0;
    r.transport.onNudge = () => {
      nudges += 1;
    };
    await r.send();
    r.first.broker.onNudge?.();
    expect(nudges).toBe(1);
    r.first.state.lose('broker-lost');
    expect(r.timers).toHaveLength(1);
    await r.transport.close();
    expect(r.timers).toHaveLength(0);
    expect(await codeOf(r.send())).toBe('exchange-aborted');
  });
});
