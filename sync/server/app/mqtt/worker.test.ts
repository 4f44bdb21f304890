import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { Problem } from '../../../errors/problem.ts';
import { TYP } from '../../../protocol/wire/batch.ts';
import { presenceTopic, upTopic } from '../../../protocol/wire/topics.ts';
import { MqttWorker, type UpMessage } from './worker.ts';

const SERVER = randomUUID();
const turn = () => new Promise((resolve) => setImmediate(resolve));
const sealed = (typ: string = TYP.sealedBatch, rest = 'x.y.z') =>
  Buffer.from(`${Buffer.from(JSON.stringify({ typ })).toString('base64url')}.${rest}`);

function rig(options: { take?: (m: UpMessage) => Promise<string>; atOnce?: number } = {}) {
  const answers: [string, string][] = [];
  const presence: [string, boolean][] = [];
  const worker = new MqttWorker({
    serverId: SERVER,
    log: pino({ level: 'silent' }),
    take: options.take ?? (async (m) => `answer to a ${m.kind}`),
    refuse: async (_m, problem) => `refused: ${problem.code}`,
    presence: async (device, online) => void presence.push([device, online]),
    ...(options.atOnce && { atOnce: options.atOnce }),
  });
  const handle = (device: string, payload: Uint8Array = sealed(), topic = upTopic(SERVER, device)) =>
    worker.handle(topic, payload, async (to, answer) => void answers.push([to, answer]));
  return { worker, answers, presence, handle };
}

describe('the worker of messages from a broker', () => {
  test('answers batches and asks to their sender, also with a rejection', async () => {
    const device = randomUUID();
    const r = rig();
    await r.handle(device);
    await r.handle(device, sealed(TYP.sealedAsk));
    expect(r.answers).toEqual([
      [device, 'answer to a batch'],
      [device, 'answer to a ask'],
    ]);
    const refusing = rig({
      take: async () => {
        throw new Problem('bad-signature', { noun: 'batch' });
      },
    });
    await refusing.handle(device);
    expect(refusing.answers).toEqual([[device, 'refused: bad-signature']]);
  });

  test('answers an internal error without its message', async () => {
    const r = rig({
      take: async () => {
        throw new Error('select * from secrets failed');
      },
    });
    await r.handle(randomUUID());
    expect(r.answers[0]![1]).toBe('refused: internal-error');
  });

  test('drops and counts junk by its code, and goes on working', async () => {
    const device = randomUUID();
    const taken: UpMessage[] = [];
    const r = rig({
      take: async (m) => {
        taken.push(m);
        return 'x';
      },
    });
    await r.handle(device, Buffer.from([0, 255, 1, 2]));
    await r.handle(device, sealed(TYP.ack));
    await r.handle(device, Buffer.alloc(0));
    await r.handle('not-a-uuid');
    await r.handle(device, sealed(), `sp/v1/${randomUUID()}/up/${device}`);
    await r.handle(device, sealed(), `${upTopic(SERVER, device)}/more`);
    await r.handle(device, sealed(TYP.sealedBatch, 'A'.repeat(2_000_000)));
    expect(taken).toEqual([]);
    expect(r.answers).toEqual([]);
    expect(r.worker.dropped).toEqual({ 'unknown-message': 3, 'unknown-topic': 3, 'message-too-large': 1 });
    await r.handle(device);
    expect(r.answers).toHaveLength(1);
  });

  test('handles a limited number of messages at once, one at a time per device, in order', async () => {
    const open: (() => void)[] = [];
    const started: string[] = [];
    let now = 0;
    let most = 0;
    const r = rig({
      atOnce: 3,
      take: async (m) => {
        started.push(m.device);
        most = Math.max(most, ++now);
        await new Promise<void>((resolve) => open.push(resolve));
        now -= 1;
        return 'x';
      },
    });
    const devices = Array.from({ length: 5 }, () => randomUUID());
    const all = devices.flatMap((d) => [r.handle(d), r.handle(d)]);
    await turn();
    expect(started).toEqual(devices.slice(0, 3));
    while (started.length < 10 || now > 0) {
      open.shift()?.();
      await turn();
    }
    await Promise.all(all);
    expect(most).toBe(3);
    for (const d of devices) expect(started.filter((s) => s === d)).toHaveLength(2);
  });

  test('does not let a device that sends too many messages hold up the others', async () => {
    const greedy = randomUUID();
    const open: (() => void)[] = [];
    const r = rig({
      take: async (m) => {
        if (m.device === greedy) await new Promise<void>((resolve) => open.push(resolve));
        return 'x';
      },
    });
    const flood = Array.from({ length: 50 }, () => r.handle(greedy));
    await r.handle(randomUUID());
    expect(r.answers).toHaveLength(1);
    expect(r.worker.dropped).toEqual({ 'too-many-at-once': 48 });
    for (let i = 0; i < 2; i++) {
      await turn();
      open.shift()?.();
    }
    await Promise.all(flood);
  });

  test('accepts only the two words for presence', async () => {
    const device = randomUUID();
    const r = rig();
    for (const text of ['online', 'offline', 'elsewhere', '<script>alert(1)</script>', ''])
      await r.handle(device, Buffer.from(text), presenceTopic(SERVER, device));
    expect(r.presence).toEqual([
      [device, true],
      [device, false],
    ]);
  });

  test('only counts an answer that can’t be sent', async () => {
    const r = rig();
    const device = randomUUID();
    await r.worker.handle(upTopic(SERVER, device), sealed(), async () => {
      throw new Error('gone');
    });
    expect(r.worker.dropped).toEqual({ 'answer-not-sent': 1 });
  });
});
